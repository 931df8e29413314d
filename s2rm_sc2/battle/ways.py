"""Ways round walls: which convex corner of a wall to walk to first on the shortest way between any two cells.

A terrain's walls become line segments, their convex corners places to turn at. The ways between those and the cells are
worked out once per terrain; a walker then looks up its next turn and cuts corners as soon as it can see past them.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from s2rm_sc2.battle.compiled import FINGERPRINT, entry, rule
from s2rm_sc2.battle.ground import BLOCKED, OPEN, Cells, cells, settle
from s2rm_sc2.scenarios import Terrain

Points = npt.NDArray[np.float64]

ROOM = 0.5
"""Cells that a planned way keeps from the corners of walls: no walker but the colossus is wider."""
TURN = 0.55
"""Cells between a place to turn at and the walls that meet there."""
SIGHT_ROOM = 0.4
"""Cells that a walker wants to have between corners and the straight way to what it goes to next."""
REACH = 0.75
"""Cells from the middle of a cell to any place in it, and a bit."""
STRAIGHT = 255
"""In place of a turn: go straight."""


class Ways(NamedTuple):
    """A terrain's ways; all arrays are empty where every way is straight.

    Attributes:
        first: uint8 ``[N, N]``, the turn to go to from a walkable cell on the way to another.
        then: uint8 ``[K, N]``, the turn after a turn on the way to a cell.
        number: int64 ``[width, height]``, the nearest walkable cell of each cell.
        middles: float64 ``[N, 2]``, where a walker stands in each walkable cell.
        turns: float64 ``[K, 2]``, the places to turn at.
        corners: float64 ``[C, 2]``, the convex corners of walls.
        walls: float64 ``[W, 4]``, from x, y to x, y.
    """

    first: Cells
    then: Cells
    number: npt.NDArray[np.int64]
    middles: Points
    turns: Points
    corners: Points
    walls: Points


@cache
def ways(terrain: Terrain) -> Ways:
    """Work out a terrain's ways."""
    walls, corners, turns = outline(terrain)
    if len(corners) == 0:
        none, no_points = np.zeros((0, 0), np.uint8), np.zeros((0, 2))
        return Ways(none, none, np.zeros((0, 0), np.int64), no_points, no_points, no_points, np.zeros((0, 4)))
    places = np.ascontiguousarray(np.argwhere(terrain.walkable))
    apart = np.square(np.indices(terrain.size).reshape(2, -1, 1) - places.T[:, None]).sum(0)
    number = apart.argmin(1).reshape(terrain.size)
    n, k = len(places), len(turns)
    found = Ways(
        np.full((n, n), STRAIGHT, np.uint8), np.full((k, n), STRAIGHT, np.uint8), number,
        np.add(places, 0.5, dtype=np.float64), turns, corners, walls,
    )  # fmt: skip
    _survey(found, cells(terrain)[0], np.full((k, k), np.inf), np.full((k, n), np.inf), np.full((k, n), np.inf))
    return found


def outline(terrain: Terrain) -> tuple[Points, Points, Points]:
    """The walls of a terrain.

    Returns:
        Walls ``[W, 4]`` as straight pieces with the open ground to their left, their convex corners ``[C, 2]``, and the
        places to turn at ``[C, 2]``.
    """
    after: dict[tuple[int, int], list[tuple[int, int]]] = {}
    layer = cells(terrain)[0][1:-1, 1:-1]
    for x, y in np.argwhere((layer != OPEN) & (layer != BLOCKED)):
        for start, end in _sides(terrain, int(x), int(y)):
            after.setdefault(start, []).append(end)
    walls, corners, turns = [], [], []
    while after:
        loop = [min(after)]
        while loop[-1] in after:
            loop.append(_take(after, loop))
        steps = np.diff(np.array(loop), axis=0)
        bends = [i for i in range(len(steps)) if tuple(steps[i - 1]) != tuple(steps[i])]
        for i, j in zip(bends, [*bends[1:], bends[0]], strict=True):
            walls.append((*loop[i], *loop[j]))
            (ax, ay), (bx, by) = (step / np.hypot(*step) for step in (steps[i - 1], steps[i]))
            if ax * by - ay * bx < 0:
                corners.append(loop[i])
                away = np.array([-ay - by, ax + bx])
                turns.append(np.array(loop[i]) + TURN * 2 / (away @ away) * away)
    return np.array(walls, np.float64), np.array(corners, np.float64), np.array(turns, np.float64)


def _sides(terrain: Terrain, x: int, y: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The sides of a walkable cell that are walls, open ground to their left."""
    far = int(terrain.halved[x, y]) - 1
    ring = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
    if far >= 0:
        ring.remove((x + far % 2, y + far // 2))
    sides = []
    for start, end in zip(ring, [*ring[1:], ring[0]], strict=True):
        across = (x + (end[1] - start[1]), y - (end[0] - start[0]))
        slanted = start[0] != end[0] and start[1] != end[1]
        if slanted or not _open(terrain, *across, start, end):
            sides.append((start, end))
    return sides


def _open(terrain: Terrain, x: int, y: int, *side: tuple[int, int]) -> bool:
    """Whether a cell is open along one of its sides."""
    width, height = terrain.size
    if not (0 <= x < width and 0 <= y < height and terrain.walkable[x, y]):
        return False
    far = int(terrain.halved[x, y]) - 1
    return far < 0 or (x + far % 2, y + far // 2) not in side


def _take(after: dict[tuple[int, int], list[tuple[int, int]]], loop: list[tuple[int, int]]) -> tuple[int, int]:
    """Remove and return the next point of a loop; where walls touch, the one that turns left most."""
    x, y = loop[-1]
    dx, dy = (x - loop[-2][0], y - loop[-2][1]) if len(loop) > 1 else (0, 0)
    ends = after[x, y]
    end = max(ends, key=lambda end: dx * (end[1] - y) - dy * (end[0] - x))
    ends.remove(end)
    if not ends:
        del after[x, y]
    return end


@rule
def clear(ways: Ways, x: float, y: float, to_x: float, to_y: float, room: float, slack: float) -> bool:
    """Whether the straight way between two open places meets no wall and keeps ``room`` from all convex corners.

    Corners behind its ends count up to ``slack`` cells behind.
    """
    dx, dy = to_x - x, to_y - y
    length = math.sqrt(dx * dx + dy * dy)
    if length == 0.0:
        return True
    dx, dy = dx / length, dy / length
    for c in range(ways.corners.shape[0]):
        ax, ay = ways.corners[c, 0] - x, ways.corners[c, 1] - y
        along = ax * dx + ay * dy
        if abs(ax * dy - ay * dx) < room and -slack < along < length + slack:
            return False
    for w in range(ways.walls.shape[0]):
        ax, ay = ways.walls[w, 0] - x, ways.walls[w, 1] - y
        bx, by = ways.walls[w, 2] - x, ways.walls[w, 3] - y
        left, right = ay * dx - ax * dy, by * dx - bx * dy
        if (left > 0.0) != (right > 0.0):
            along = (ax * dx + ay * dy) + ((bx - ax) * dx + (by - ay) * dy) * left / (left - right)
            if 0.0 < along < length:
                return False
    return True


@rule
def heading(ways: Ways, ground: Cells, x: float, y: float, goal_x: float, goal_y: float) -> tuple[float, float]:
    """The place to walk straight to now: the goal itself, or the next turn of the shortest way to it.

    A goal off the walkable ground is gone to by way of the walkable cell nearest to it.

    Args:
        ways: of the terrain.
        ground: the walkers' layer of :func:`s2rm_sc2.battle.ground.cells`.
        x, y: where the walker is.
        goal_x, goal_y: where it wants to go.
    """
    if ways.first.shape[0] == 0:
        return goal_x, goal_y
    width, height = ways.number.shape
    here = ways.number[min(max(int(x), 0), width - 1), min(max(int(y), 0), height - 1)]
    there = ways.number[min(max(int(goal_x), 0), width - 1), min(max(int(goal_y), 0), height - 1)]
    turn = ways.first[here, there]
    if turn == STRAIGHT:
        return goal_x, goal_y
    middle_x, middle_y = ways.middles[there, 0], ways.middles[there, 1]
    dx, dy = middle_x - x, middle_y - y
    if dx * dx + dy * dy < REACH * REACH:
        return goal_x, goal_y
    end_x, end_y, good = settle(ground, goal_x, goal_y, ROOM)
    if good and clear(ways, x, y, end_x, end_y, SIGHT_ROOM, 0.0):
        return goal_x, goal_y
    if clear(ways, x, y, middle_x, middle_y, SIGHT_ROOM, 0.0):
        return middle_x, middle_y
    then = ways.then[turn, there]
    while then != STRAIGHT and clear(ways, x, y, ways.turns[then, 0], ways.turns[then, 1], SIGHT_ROOM, 0.0):
        turn = then
        then = ways.then[turn, there]
    return ways.turns[turn, 0], ways.turns[turn, 1]


def _compile(fingerprint: int) -> Callable[..., Any]:
    @entry
    def survey(ways: Ways, ground: Cells, apart: Points, reach: Points, far: Points) -> int:
        """Fill in middles, first, then; apart ``[K, K]``, reach and far ``[K, N]`` come as infinities, for scratch."""
        middles, turns = ways.middles, ways.turns
        n_cells, n_turns = middles.shape[0], turns.shape[0]
        for a in range(n_cells):
            x, y, good = settle(ground, middles[a, 0], middles[a, 1], ROOM)
            if good:
                middles[a, 0], middles[a, 1] = x, y
        for k in range(n_turns):
            x, y = turns[k, 0], turns[k, 1]
            for j in range(n_turns):
                if clear(ways, x, y, turns[j, 0], turns[j, 1], ROOM, 0.0):
                    apart[k, j] = math.hypot(turns[j, 0] - x, turns[j, 1] - y)
            for a in range(n_cells):
                if clear(ways, x, y, middles[a, 0], middles[a, 1], ROOM, 0.0):
                    reach[k, a] = math.hypot(middles[a, 0] - x, middles[a, 1] - y)
        for a in range(n_cells):
            _lengths(ways.then, apart, reach, far, a)
        for a in range(n_cells):
            for b in range(n_cells):
                if clear(ways, middles[a, 0], middles[a, 1], middles[b, 0], middles[b, 1], ROOM + REACH, REACH):
                    continue
                best = math.inf
                for k in range(n_turns):
                    if reach[k, a] + far[k, b] < best:
                        best = reach[k, a] + far[k, b]
                        ways.first[a, b] = k
        return fingerprint

    return survey


@rule
def _lengths(then: Cells, apart: Points, reach: Points, far: Points, a: int) -> None:
    """Lengths of the shortest ways from all turns to cell a, and the turn after each (Bellman and Ford)."""
    n_turns = far.shape[0]
    for k in range(n_turns):
        far[k, a] = reach[k, a]
    changed = True
    while changed:
        changed = False
        for k in range(n_turns):
            for j in range(n_turns):
                if j != k and apart[k, j] + far[j, a] < far[k, a] - 1e-9:
                    far[k, a] = apart[k, j] + far[j, a]
                    then[k, a] = j
                    changed = True


_survey = _compile(FINGERPRINT)
