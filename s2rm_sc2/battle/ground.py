"""The ground under a body: a disc of the unit's inner radius may not touch a blocked cell or leave the map."""

import math

import numpy as np
import numpy.typing as npt

from s2rm_sc2.battle.compiled import rule
from s2rm_sc2.scenarios import Terrain

Cells = npt.NDArray[np.uint8]

BLOCKED, EDGE, OPEN = 0, 1, 2
"""Cell values: not walkable; walkable with a blocked cell among its eight neighbours; walkable otherwise."""


def cells(terrain: Terrain) -> Cells:
    """The terrain as uint8 ``[width + 2, height + 2]``: cell (x, y) at [x + 1, y + 1] within a blocked frame."""
    walkable = np.pad(terrain.walkable, 1)
    frame = np.pad(walkable, 1)
    width, height = walkable.shape
    inside = np.ones_like(walkable)
    for dx in range(3):
        for dy in range(3):
            inside &= frame[dx : dx + width, dy : dy + height]
    return (walkable.astype(np.uint8) + inside).astype(np.uint8)


@rule
def settle(ground: Cells, x: float, y: float, inner: float) -> tuple[float, float, bool]:
    """The nearest place where the disc fits, if its centre is in a walkable cell.

    Returns:
        x, y and whether the disc fits there; inner must be below 1.
    """
    column, row = int(x), int(y)
    width, height = ground.shape
    if x < 0.0 or y < 0.0 or column >= width - 2 or row >= height - 2:
        return x, y, False
    cell = ground[column + 1, row + 1]
    if cell != EDGE:
        return x, y, cell == OPEN
    left, right = x - column < inner, column + 1 - x < inner
    down, up = y - row < inner, row + 1 - y < inner
    if left and ground[column, row + 1] == BLOCKED:
        x, left = column + inner, False
    if right and ground[column + 2, row + 1] == BLOCKED:
        x, right = column + 1 - inner, False
    if down and ground[column + 1, row] == BLOCKED:
        y, down = row + inner, False
    if up and ground[column + 1, row + 2] == BLOCKED:
        y, up = row + 1 - inner, False
    for side in range(2):
        if not (left if side == 0 else right):
            continue
        for level in range(2):
            if (down if level == 0 else up) and ground[column + 2 * side, row + 2 * level] == BLOCKED:
                dx, dy = x - (column + side), y - (row + level)
                distance = math.sqrt(dx * dx + dy * dy)
                if distance < inner:
                    if distance == 0.0:
                        return x, y, False
                    x, y = column + side + dx * inner / distance, row + level + dy * inner / distance
    return x, y, True


@rule
def fits(ground: Cells, x: float, y: float, inner: float) -> bool:
    """Whether the disc lies on walkable ground as it is."""
    settled_x, settled_y, good = settle(ground, x, y, inner)
    return good and abs(settled_x - x) + abs(settled_y - y) < 1e-6
