"""The start of a battle: units of a group in a packed hexagonal cluster around its point, turned by the seed.

StarCraft II's own formation is not stored in the maps; a cluster packed around the spawn point stands for it. Groups
that share a point fill the places that earlier groups of the script left free.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.compiled import FINGERPRINT, entry, rule
from s2rm_sc2.battle.field import Field, Reals, Wholes
from s2rm_sc2.battle.ground import Cells, fits
from s2rm_sc2.battle.orders import ATTACK_MOVE, HUNT, STAND
from s2rm_sc2.battle.random import States, uniform
from s2rm_sc2.errors import ScenarioUnsupported
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.units import UNIT_NAMES

SPACE = 0.1
"""Cells left between the edges of two bodies of a group."""
JITTER = 0.05
"""Largest displacement of a unit from its place in the cluster, cells; half of :data:`SPACE`, so bodies never meet."""
RINGS = 48
"""Hexagonal rings searched for a place: more than any map is wide."""

MISSING = ("medivac", "baneling", "spine_crawler")
"""Unit types that the engine does not play yet."""

_ORDERS = {"point": ATTACK_MOVE, "segment": ATTACK_MOVE, "units": HUNT, "none": STAND}


Points = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plan:
    """A scenario's start as arrays.

    Attributes:
        rows: int64 ``[U]``, the table row of each unit in order of creation (allies' groups, then enemies').
        points: float64 ``[U, 2]``, the spawn point of each unit in order of creation.
        groups: int64 ``[U]``, number of the group of each unit in order of creation.
        sorts: int64 ``[k, 2]``, first and last + 1 row of each allied type; rows within are sorted by x, then y.
        order: the enemies' order.
        goal: float64 ``[2, 2]``, ends of the segment on which the enemies' goal lies.
    """

    rows: Wholes
    points: Points
    groups: Wholes
    sorts: Wholes
    order: int
    goal: Points


def plan(scenario: Scenario) -> Plan:
    """Work out who is created where, from the scenario's data."""
    groups = scenario.allies + scenario.enemies
    created = [number for number, group in enumerate(groups) for _ in range(group.count)]
    names = [groups[number].unit for number in created[: scenario.n_agents]]
    rows = np.arange(scenario.n_units)
    rows[np.argsort(names, kind="stable")] = np.arange(scenario.n_agents)
    ordered = sorted(names)
    sorts = [(ordered.index(name), ordered.index(name) + ordered.count(name)) for name in sorted(set(names))]
    points = scenario.order.points or ((0.0, 0.0),)
    return Plan(
        rows=rows,
        points=np.array([(groups[number].x, groups[number].y) for number in created]),
        groups=np.array(created),
        sorts=np.array(sorts),
        order=_ORDERS[scenario.order.kind],
        goal=np.array([points[0], points[-1]]),
    )


@rule
def _free(real: Reals, rows: Wholes, placed: int, row: int, x: float, y: float) -> bool:
    for other in rows[:placed]:
        dx, dy = real[r.X, other] - x, real[r.Y, other] - y
        contact = real[r.BODY, other] + real[r.BODY, row]
        if dx * dx + dy * dy < contact * contact:
            return False
    return True


@rule
def _hexagon(ring: int, number: int) -> tuple[float, float]:
    """The number-th of the 6 * ring places of a ring of the hexagonal lattice with spacing 1."""
    if ring == 0:
        return 0.0, 0.0
    corner, along = number // ring, number % ring
    start, turn = math.pi / 3 * corner, math.pi / 3 * (corner + 2)
    return ring * math.cos(start) + along * math.cos(turn), ring * math.sin(start) + along * math.sin(turn)


@rule
def _place(
    real: Reals, rows: Wholes, points: Points, groups: Wholes, ground: Cells, random: States, battle: int
) -> bool:
    """Place all units in order of creation; False when one finds no room."""
    ring, number, turn = 0, 0, 0.0
    for k in range(len(rows)):
        row = rows[k]
        if k == 0 or groups[k] != groups[k - 1]:
            ring, number, turn = 0, 0, uniform(random, battle) * 2.0 * math.pi
        spacing = 2.0 * real[r.RADIUS, row] + SPACE
        placed = False
        while not placed and ring <= RINGS:
            a, b = _hexagon(ring, number)
            angle, length = 2.0 * math.pi * uniform(random, battle), JITTER * uniform(random, battle)
            x = points[k, 0] + spacing * (a * math.cos(turn) - b * math.sin(turn)) + length * math.cos(angle)
            y = points[k, 1] + spacing * (a * math.sin(turn) + b * math.cos(turn)) + length * math.sin(angle)
            placed = fits(ground, x, y, real[r.INNER, row]) and _free(real, rows, k, row, x, y)
            if placed:
                real[r.X, row], real[r.Y, row] = x, y
            number += 1
            if number >= max(1, 6 * ring):
                ring, number = ring + 1, 0
        if not placed:
            return False
    return True


@rule
def _sort(real: Reals, first: int, last: int) -> None:
    """Sort the places of some rows by x, then y."""
    for i in range(first + 1, last):
        x, y, k = real[r.X, i], real[r.Y, i], i
        while k > first and (real[r.X, k - 1] > x or (real[r.X, k - 1] == x and real[r.Y, k - 1] > y)):
            real[r.X, k], real[r.Y, k] = real[r.X, k - 1], real[r.Y, k - 1]
            k -= 1
        real[r.X, k], real[r.Y, k] = x, y


def _compile(fingerprint: int) -> Callable[..., Any]:
    @entry
    def spawn_all(
        real: Reals,
        whole: Wholes,
        random: States,
        battles: Wholes,
        rows: Wholes,
        points: Points,
        groups: Wholes,
        sorts: Wholes,
        order: int,
        goal: Points,
        ground: Cells,
    ) -> int:
        for b in battles:
            if not _place(real[b], rows, points, groups, ground, random, b):
                return -1
            for k in range(sorts.shape[0]):
                _sort(real[b], sorts[k, 0], sorts[k, 1])
            part = uniform(random, b)
            for i in range(rows.shape[0]):
                if i >= sorts[-1, 1] and order != STAND:
                    whole[b, r.ORDER, i] = order
                    real[b, r.GOAL_X, i] = goal[0, 0] + part * (goal[1, 0] - goal[0, 0])
                    real[b, r.GOAL_Y, i] = goal[0, 1] + part * (goal[1, 1] - goal[0, 1])
                else:
                    real[b, r.GOAL_X, i], real[b, r.GOAL_Y, i] = real[b, r.X, i], real[b, r.Y, i]
        return fingerprint

    return spawn_all


_spawn_all = _compile(FINGERPRINT)


def spawn(field: Field, plan: Plan, battles: Wholes, seeds: States, name: str) -> None:
    """Start some battles of a field anew, each from its own 64-bit seed.

    Raises:
        ScenarioUnsupported: the terrain has no room for the units of scenario ``name``.
    """
    field.clear(battles)
    field.random[battles] = seeds
    done = _spawn_all(
        field.real, field.whole, field.random, battles, plan.rows, plan.points, plan.groups, plan.sorts,
        plan.order, plan.goal, field.cells[0],
    )  # fmt: skip
    if done < 0:
        raise ScenarioUnsupported(
            f"Scenario {name!r} has more units than its terrain has room for around the spawn points; "
            "choose fewer units or a larger terrain (such as @flat)."
        )


def supported(scenario: Scenario) -> None:
    """Check that the engine can play a scenario faithfully.

    Raises:
        ScenarioUnsupported: it has unit types that the engine does not master yet; they are named.
    """
    missing = [name for name in UNIT_NAMES if name in MISSING and name in {u.name for u in scenario.unit_types}]
    if missing:
        raise ScenarioUnsupported(
            f"The embedded engine cannot play {scenario.name!r} faithfully: it lacks {', '.join(missing)}; "
            "choose another scenario or another backend."
        )
