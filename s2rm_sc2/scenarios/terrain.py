"""Terrains as data: which cells can be walked, how high they lie, where the two sides start."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import numpy as np
import numpy.typing as npt

TILE = 32
"""Cells along a side of SMAC's maps; flat maps of any multiple of it exist besides."""

Need = Literal["cliffs", "diagonals"]


@dataclass(frozen=True, eq=False)
class Terrain:
    """A map's ground.

    Attributes:
        walkable: bool ``[width, height]``, indexed ``[x, y]`` as SMAC's ``pathing_grid``; cell x covers [x, x+1).
        height: float32 ``[width, height]``, StarCraft II's height units.
        spawns: the allies' and the enemies' default spawn points, map cells.
        needs: what an engine must master beyond blocked cells.
    """

    name: str
    walkable: npt.NDArray[np.bool_]
    height: npt.NDArray[np.float32]
    spawns: tuple[tuple[float, float], tuple[float, float]]
    needs: tuple[Need, ...]

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
    walkable = np.zeros((side, side), dtype=np.bool_)
    for x0, x1, y0, y1 in row["blocks"]:
        walkable[int(x0) : int(x1) + 1, int(y0) : int(y1) + 1] = True
    height = np.where(walkable, np.float32(8.0), np.float32(0.0)).astype(np.float32)
    for x0, x1, y0, y1, level in row.get("heights", []):
        height[int(x0) : int(x1) + 1, int(y0) : int(y1) + 1] = level
    walkable.flags.writeable = height.flags.writeable = False
    (ax, ay), (ex, ey) = row["spawns"]
    needs: tuple[Need, ...] = tuple(row.get("needs", ()))  # type: ignore[arg-type]
    return Terrain(name, walkable, height, ((ax, ay), (ex, ey)), needs)
