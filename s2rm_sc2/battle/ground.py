"""The ground under a body: a disc of the unit's inner radius may not touch what is blocked for it or leave the map."""

import math

import numpy as np
import numpy.typing as npt

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.compiled import rule
from s2rm_sc2.scenarios import Terrain

Cells = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

BLOCKED, EDGE, OPEN, HALVED = 0, 1, 2, 3
"""Cell values: not walkable; walkable with a blocked or halved cell among its eight neighbours; walkable otherwise;
from HALVED on: one half is blocked, + 1 where it is to the right, + 2 where it is above."""

NEAR = 1e-6
"""Cells by which a disc may miss its place."""


def cells(terrain: Terrain) -> Cells:
    """The terrain as uint8 ``[3, width + 2, height + 2]``: cell (x, y) at [layer, x + 1, y + 1] in a blocked frame.

    Walkers have the walkable cells; cliff walkers the cliffs between them as well; flyers the whole map.
    """
    halved, whole = terrain.halved, np.zeros_like(terrain.halved)
    everywhere = np.ones_like(terrain.walkable)
    layers = [(terrain.walkable, halved), (terrain.walkable | terrain.cliffs, halved), (everywhere, whole)]
    return np.stack([_layer(walkable, parts) for walkable, parts in layers])


def _layer(walkable: Mask, halved: Cells) -> Cells:
    whole = np.pad(walkable & (halved == 0), 1)
    frame = np.pad(whole, 1)
    width, height = whole.shape
    inside = np.ones_like(whole)
    for dx in range(3):
        for dy in range(3):
            inside &= frame[dx : dx + width, dy : dy + height]
    values: Cells = np.pad(np.where(halved > 0, halved + (HALVED - 1), BLOCKED).astype(np.uint8), 1)
    values[whole], values[inside] = EDGE, OPEN
    return values


@rule
def layer(kind: int) -> int:
    """The layer of the ground that a kind of body is bound to."""
    return 0 if kind == r.STRUCTURE else kind


@rule
def settle(ground: Cells, x: float, y: float, inner: float) -> tuple[float, float, bool]:
    """The nearest place where the disc fits, if its centre is in a walkable cell.

    Args:
        ground: one layer, uint8 ``[width + 2, height + 2]``.
        x, y: the centre, map cells.
        inner: the radius, below 1.

    Returns:
        x, y and whether the disc fits there.
    """
    column, row = int(x), int(y)
    width, height = ground.shape
    if x < 0.0 or y < 0.0 or column >= width - 2 or row >= height - 2:
        return x, y, False
    cell = ground[column + 1, row + 1]
    if cell in (OPEN, BLOCKED):
        return x, y, cell == OPEN
    if x - column < inner and ground[column, row + 1] == BLOCKED:
        x = column + inner
    if column + 1 - x < inner and ground[column + 2, row + 1] == BLOCKED:
        x = column + 1 - inner
    if y - row < inner and ground[column + 1, row] == BLOCKED:
        y = row + inner
    if row + 1 - y < inner and ground[column + 1, row + 2] == BLOCKED:
        y = row + 1 - inner
    for i in range(column, column + 3):
        for j in range(row, row + 3):
            if ground[i, j] >= HALVED:
                x, y, good = _off_diagonal(ground[i, j] - HALVED, i - 0.5, j - 0.5, x, y, inner)
                if not good:
                    return x, y, False
    for i in range(column, column + 2):  # no wall's corner beyond the cell's own four is within 1
        for j in range(row, row + 2):
            dx, dy = x - i, y - j
            square = dx * dx + dy * dy
            if square < (inner - NEAR) * (inner - NEAR) and _solid(ground, i, j):
                distance = math.sqrt(square)
                if distance == 0.0:
                    return x, y, False
                x, y = i + dx * inner / distance, j + dy * inner / distance
    return x, y, True


@rule
def _off_diagonal(
    far: int, middle_x: float, middle_y: float, x: float, y: float, inner: float
) -> tuple[float, float, bool]:
    """Push the disc off the diagonal of a halved cell; False when its centre is in the blocked half."""
    normal_x, normal_y = (1 - 2 * (far & 1)) * math.sqrt(0.5), (1 - 2 * (far >> 1)) * math.sqrt(0.5)
    dx, dy = x - middle_x, y - middle_y
    if abs(dy * normal_x - dx * normal_y) > math.sqrt(0.5):
        return x, y, True
    distance = dx * normal_x + dy * normal_y
    if distance >= inner or distance < -math.sqrt(0.5):
        return x, y, True
    lack = inner - distance
    return x + lack * normal_x, y + lack * normal_y, distance >= 0.0


@rule
def _solid(ground: Cells, i: int, j: int) -> bool:
    """Whether the corner of cells at (i, j) belongs to a blocked cell or to the blocked half of one."""
    for side in range(2):
        for level in range(2):
            cell = ground[i + side, j + level]
            if cell == BLOCKED or (cell >= HALVED and cell - HALVED != side + 2 * level):
                return True
    return False


@rule
def fits(ground: Cells, x: float, y: float, inner: float) -> bool:
    """Whether the disc lies on walkable ground as it is."""
    settled_x, settled_y, good = settle(ground, x, y, inner)
    return good and abs(settled_x - x) + abs(settled_y - y) < NEAR
