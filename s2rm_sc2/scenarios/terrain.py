"""Terrains as data: which cells can be walked, how high they lie, where the two sides start."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

TILE = 32
"""Cells along a side of SMAC's maps; flat maps of any multiple of it exist besides."""
BLOCK = 2
"""Width and height of the blocks of cells in which the maps' cliffs are made."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Terrain:
    """A map's ground; arrays are indexed ``[x, y]`` as SMAC's ``pathing_grid``, and cell x covers [x, x+1).

    Attributes:
        walkable: bool ``[width, height]``, cells of which at least a part can be walked.
        height: float32 ``[width, height]``, StarCraft II's height units.
        spawns: the allies' and the enemies' default spawn points, map cells.
        halved: uint8 ``[width, height]``, walkable cells that are cut along a diagonal: 1 + (1 where the blocked half
            is to the right) + (2 where it is above); 0 elsewhere.
        cliffs: bool ``[width, height]``, cells that cliff walkers alone can cross.
    """

    name: str
    walkable: Mask
    height: npt.NDArray[np.float32]
    spawns: tuple[tuple[float, float], tuple[float, float]]
    halved: npt.NDArray[np.uint8]
    cliffs: Mask

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the map in cells."""
        return self.walkable.shape[0], self.walkable.shape[1]


@cache
def _rows() -> dict[str, dict[str, list[list[float]]]]:
    return tomllib.loads(resources.files("s2rm_sc2.scenarios").joinpath("terrains.toml").read_text())


def terrain_names() -> tuple[str, ...]:
    """Names of SMAC's terrains; larger flat ones are named by :func:`flat`."""
    return tuple(_rows())


def flat(side: int) -> str:
    """The name of the flat terrain of this side, a multiple of 32 below 1000: ``flat``, ``flat64``, ``flat96``."""
    return "flat" if side == TILE else f"flat{side}"


def _side(name: str) -> int:
    larger = re.fullmatch(r"flat([1-9]\d{1,2})", name)
    return int(larger[1]) if larger and int(larger[1]) % TILE == 0 else TILE


def _flat(side: int) -> dict[str, list[list[float]]]:
    """A larger flat terrain, as a row of ``terrains.toml``: SMAC's spawn points around its middle."""
    shift = (side - TILE) / 2
    spawns = [[x + shift, y + shift] for x, y in _rows()["flat"]["spawns"]]
    return {"blocks": [[0, side - 1, 0, side - 1]], "spawns": spawns}


@cache
def terrain(name: str) -> Terrain:
    """The terrain of this name.

    Raises:
        KeyError: no such row in ``terrains.toml``, and no flat terrain's name.
    """
    side = _side(name)
    row = _rows()[name] if side == TILE else _flat(side)
    (ax, ay), (ex, ey) = row["spawns"]
    whole, cliffs = _mask(row["blocks"], side), _mask(row.get("cliffs", []), side)
    walkable, halved = _cut(whole)
    height = np.where(walkable | cliffs, np.float32(8.0), np.float32(0.0)).astype(np.float32)
    for x0, x1, y0, y1, level in row.get("heights", []):
        height[int(x0) : int(x1) + 1, int(y0) : int(y1) + 1] = level
    for array in (walkable, height, halved, cliffs):
        array.flags.writeable = False
    return Terrain(name, walkable, height, ((ax, ay), (ex, ey)), halved, cliffs)


def _mask(rectangles: list[list[float]], side: int) -> Mask:
    mask = np.zeros((side, side), dtype=np.bool_)
    for x0, x1, y0, y1 in rectangles:
        mask[int(x0) : int(x1) + 1, int(y0) : int(y1) + 1] = True
    return mask


def _cut(whole: Mask) -> tuple[Mask, npt.NDArray[np.uint8]]:
    """Opens the near half of every block at the corner of a diagonal cliff; the maps flag such blocks whole.

    A closed block between exactly two open blocks, on sides that share a corner, is cut along its other diagonal: the
    cell at that corner is open, the far one stays closed, the two between are halved.

    Returns:
        The walkable cells and the halved ones (see :class:`Terrain`).
    """
    walkable, halved = whole.copy(), np.zeros(whole.shape, dtype=np.uint8)
    padded = np.pad(whole[::BLOCK, ::BLOCK], 1)
    left, right, below, above = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
    corners = ~padded[1:-1, 1:-1] & (left ^ right) & (below ^ above)
    for i, j in np.argwhere(corners):
        x, y, far_x, far_y = BLOCK * i, BLOCK * j, int(left[i, j]), int(below[i, j])  # the far cell, 1: right, above
        walkable[x : x + BLOCK, y : y + BLOCK] = True
        walkable[x + far_x, y + far_y] = False
        for between in ((x + far_x, y + 1 - far_y), (x + 1 - far_x, y + far_y)):
            halved[between] = 1 + far_x + 2 * far_y
    return walkable, halved
