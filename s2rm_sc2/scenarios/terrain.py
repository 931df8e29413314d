"""Terrains as data: which cells can be walked, how high they lie, where the two sides start."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import numpy as np
import numpy.typing as npt

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
    """Names of all terrains."""
    return tuple(_rows())


@cache
def terrain(name: str) -> Terrain:
    """The terrain of this name.

    Raises:
        KeyError: no such row in ``terrains.toml``.
    """
    row = _rows()[name]
    walkable = np.zeros((32, 32), dtype=np.bool_)
    for x0, x1, y0, y1 in row["blocks"]:
        walkable[int(x0) : int(x1) + 1, int(y0) : int(y1) + 1] = True
    height = np.where(walkable, np.float32(8.0), np.float32(0.0)).astype(np.float32)
    for x0, x1, y0, y1, level in row.get("heights", []):
        height[int(x0) : int(x1) + 1, int(y0) : int(y1) + 1] = level
    walkable.flags.writeable = height.flags.writeable = False
    (ax, ay), (ex, ey) = row["spawns"]
    needs: tuple[Need, ...] = tuple(row.get("needs", ()))  # type: ignore[arg-type]
    return Terrain(name, walkable, height, ((ax, ay), (ex, ey)), needs)
