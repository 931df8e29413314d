"""Battles turned and mirrored: the symmetries of the square that leave a terrain as it is give new battles for free.

A symmetry is a number 0..7: x is mirrored where bit 0 is set, y where bit 1 is, and then x and y change places
where bit 2 is; 0 is the identity, 3 the half turn, 5 and 6 are the quarter turns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from s2rm_sc2.actions import EAST, FIRST_TARGET, NORTH, SOUTH, WEST
from s2rm_sc2.scenarios.terrain import Terrain
from worldmodel.windows.slices import Windows

Grid = npt.NDArray[Any]

N_SYMMETRIES = 8
_MIRROR_X, _MIRROR_Y, _SWAP = 1, 2, 4

SHIFT = 8.0
"""Cells by which windows on open ground are moved at most along each axis: half the way between the middle and the
border of a tile, so that fights may be anywhere."""


@cache
def symmetries(terrain: Terrain) -> tuple[int, ...]:
    """Those symmetries of the square that leave walkable cells, heights, cliffs and halved cells as they are.

    Where the two sides start is no part of the ground: a battle that begins elsewhere is fought by the same rules.
    """
    ground = (terrain.walkable, terrain.height, terrain.cliffs)
    return tuple(
        symmetry
        for symmetry in range(N_SYMMETRIES)
        if all(np.array_equal(_turned_grid(grid, symmetry), grid) for grid in ground)
        and np.array_equal(_turned_halves(_turned_grid(terrain.halved, symmetry), symmetry), terrain.halved)
    )


def turned(windows: Windows, symmetry: Tensor) -> Windows:
    """The windows as they would have been recorded on the turned map: places, moves and the map's size change.

    What is seen, lost or won does not. Actions are exact; a mirrored coordinate is rounded to float32 once, which
    moves it by 2e-6 cells at most on a map of 32.

    Args:
        windows: N of them.
        symmetry: int64 ``[N]``, one for each window; must leave its terrain as it is (:func:`symmetries`).
    """
    x, y = turned_places(windows.units.x, windows.units.y, windows.size[:, None, None], symmetry[:, None, None])
    moves = _MOVES[symmetry[:, None, None], windows.actions.clamp(max=FIRST_TARGET - 1)]
    swapped = (symmetry & _SWAP != 0)[:, None]
    return replace(
        windows,
        units=replace(windows.units, x=x, y=y),
        actions=torch.where(windows.actions < FIRST_TARGET, moves, windows.actions),
        size=torch.where(swapped, windows.size.flip(1), windows.size),
    )


def moved(windows: Windows, by: Tensor) -> Windows:
    """The windows as they would have been recorded elsewhere on open ground.

    Args:
        windows: N of them, on a terrain without walls (:func:`is_open`).
        by: float32 ``[N, 2]``, cells.
    """
    x, y = windows.units.x + by[:, 0, None, None], windows.units.y + by[:, 1, None, None]
    return replace(windows, units=replace(windows.units, x=x, y=y))


def relocated(windows: Windows, terrains: Sequence[Terrain], rng: np.random.Generator) -> Windows:
    """The windows turned and mirrored by a symmetry of their terrain, drawn at random, and moved where it is open.

    Fights start at the same points of a map in every episode; after this no place means anything by itself.

    Args:
        windows: N of them.
        terrains: of each window.
        rng: draws two numbers and a symmetry for each, whatever its terrain.
    """
    drawn = rng.integers(N_SYMMETRIES, size=len(terrains))
    # The order of a subgroup divides 8, so every element of it is drawn equally often.
    groups = (np.resize(symmetries(terrain), N_SYMMETRIES) for terrain in terrains)
    symmetry = torch.tensor([int(group[number]) for group, number in zip(groups, drawn, strict=True)])
    by = rng.uniform(-SHIFT, SHIFT, size=(len(terrains), 2)) * [[is_open(terrain)] for terrain in terrains]
    return moved(turned(windows, symmetry), torch.from_numpy(by.astype(np.float32)))


@cache
def is_open(terrain: Terrain) -> bool:
    """Whether the ground has no walls but its border."""
    return bool(terrain.walkable.all()) and not terrain.halved.any()


def turned_places(x: Tensor, y: Tensor, size: Tensor, symmetry: Tensor) -> tuple[Tensor, Tensor]:
    """Where places ``[...]`` come to lie; sizes ``[..., 2]`` and symmetries ``[...]`` broadcast against them."""
    x = torch.where(symmetry & _MIRROR_X != 0, size[..., 0] - x, x)
    y = torch.where(symmetry & _MIRROR_Y != 0, size[..., 1] - y, y)
    swapped = symmetry & _SWAP != 0
    return torch.where(swapped, y, x), torch.where(swapped, x, y)


def _turned_grid(grid: Grid, symmetry: int) -> Grid:
    """The cells ``[x, y]`` of the turned map."""
    grid = grid[::-1] if symmetry & _MIRROR_X else grid
    grid = grid[:, ::-1] if symmetry & _MIRROR_Y else grid
    return grid.T if symmetry & _SWAP else grid


def _turned_halves(halved: Grid, symmetry: int) -> Grid:
    """The codes of halved cells (:class:`Terrain`) after a symmetry: to which corner the blocked half then points."""
    codes = np.zeros(5, dtype=halved.dtype)
    for right, above in np.ndindex(2, 2):
        corner = right ^ (symmetry & _MIRROR_X), above ^ ((symmetry & _MIRROR_Y) >> 1)
        to_right, to_above = reversed(corner) if symmetry & _SWAP else corner
        codes[1 + right + 2 * above] = 1 + to_right + 2 * to_above
    return codes.take(halved.astype(np.int64))


def _after(symmetry: int) -> Iterable[int]:
    """What becomes of the actions below :data:`FIRST_TARGET`."""
    headings = {NORTH: (0, 1), SOUTH: (0, -1), EAST: (1, 0), WEST: (-1, 0)}
    for action in range(FIRST_TARGET):
        if action not in headings:
            yield action
            continue
        dx, dy = headings[action]
        dx, dy = -dx if symmetry & _MIRROR_X else dx, -dy if symmetry & _MIRROR_Y else dy
        after = (dy, dx) if symmetry & _SWAP else (dx, dy)
        yield next(move for move, heading in headings.items() if heading == after)


_MOVES = torch.tensor([list(_after(symmetry)) for symmetry in range(N_SYMMETRIES)])
