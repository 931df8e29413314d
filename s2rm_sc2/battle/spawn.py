"""The start of a battle: units of a group in a packed hexagonal cluster around its point, turned by the seed.

StarCraft II's own formation is not stored in the maps; a cluster packed around the spawn point stands for it. Groups
that share a point, and types of a drawn group, fill the places that the ones before them left free.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.compiled import FINGERPRINT, entry, rule
from s2rm_sc2.battle.field import RULES, Field, Reals, Wholes
from s2rm_sc2.battle.ground import Cells, fits
from s2rm_sc2.battle.muster import Lots, Points, draw_places, draw_teams, lots
from s2rm_sc2.battle.orders import ATTACK_MOVE, HUNT, STAND
from s2rm_sc2.battle.random import States, uniform
from s2rm_sc2.errors import ScenarioUnsupported
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.units import UNIT_NAMES

SPACE = 0.1
"""Cells left between the edges of two bodies of a group."""
JITTER = 0.05
"""Largest displacement of a unit from its place in the cluster, cells; half of :data:`SPACE`, so bodies never meet."""
NUDGE = 0.5
"""Radii between the places searched around a point of a unit's own."""
RINGS = 48
"""Hexagonal rings searched for a place: those of a cluster reach further than SMAC's maps are wide."""

_ORDERS = {"point": ATTACK_MOVE, "segment": ATTACK_MOVE, "groups": ATTACK_MOVE, "units": HUNT, "none": STAND}


@dataclass(frozen=True, eq=False)
class Plan:
    """A scenario's start as arrays.

    Attributes:
        n_agents: A.
        rows: int64 ``[U]``, the table row of each unit in order of creation (allies' groups, then enemies').
        points: float64 ``[U, 2]``, the spawn point of each unit in order of creation.
        groups: int64 ``[U]``, number of the group of each unit in order of creation.
        ranks: int64 ``[n_types]``, places of the types in the order of agents; those of one type stand by x, then y.
        order: the enemies' order.
        goals: float64 ``[U, 2, 2]``, ends of the segment on which the goal of each row lies.
        lots: how types, points and groups are drawn in every battle; without types they stand as above.
    """

    n_agents: int
    rows: Wholes
    points: Points
    groups: Wholes
    ranks: Wholes
    order: int
    goals: Points
    lots: Lots


def plan(scenario: Scenario) -> Plan:
    """Work out who is created where, from the scenario's data."""
    groups = scenario.allies + scenario.enemies
    created = [number for number, group in enumerate(groups) for _ in range(group.count)]
    names = [groups[number].unit for number in created[: scenario.n_agents]]
    rows = np.arange(scenario.n_units)
    rows[np.argsort(names, kind="stable")] = np.arange(scenario.n_agents)
    ends = scenario.order.points[:1] + scenario.order.points[-1:] or ((0.0, 0.0),) * 2
    goals = np.tile(np.array(ends), (scenario.n_units, 1, 1))
    if scenario.order.kind == "groups":
        for k in range(scenario.n_agents, scenario.n_units):
            goals[k] = scenario.order.points[created[k] - len(scenario.allies)]
    return Plan(
        n_agents=scenario.n_agents,
        rows=rows,
        points=np.array([(groups[number].x, groups[number].y) for number in created]),
        groups=np.array(created),
        ranks=np.array([sorted(UNIT_NAMES).index(name) for name in UNIT_NAMES]),
        order=_ORDERS[scenario.order.kind],
        goals=goals,
        lots=lots(scenario),
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
    real: Reals,
    whole: Wholes,
    rows: Wholes,
    points: Points,
    groups: Wholes,
    mirrored: tuple[int, int],
    width: float,
    ground: Cells,
    random: States,
    battle: int,
) -> bool:
    """Place all units in order of creation; False when one finds no room.

    ``mirrored``: the first and last + 1 of those that start opposite to the first unit, the second, ...; those before
    and those after stay in their half of the map.
    """
    ring, number, turn = 0, 0, 0.0
    first, last = mirrored
    alone = first < last  # everyone has a point of its own, and steps aside from it as little as it must
    for k in range(len(rows)):
        row = rows[k]
        if k == 0 or groups[k] != groups[k - 1]:
            ring, number, turn = 0, 0, uniform(random, battle) * 2.0 * math.pi
        elif whole[r.TYPE, row] != whole[r.TYPE, rows[k - 1]]:
            ring, number = 0, 0  # another lattice
        middle_x, middle_y = points[k, 0], points[k, 1]
        if first <= k < last:
            middle_x, middle_y = width - real[r.X, rows[k - first]], float(real[r.Y, rows[k - first]])
        spacing = NUDGE * real[r.RADIUS, row] if alone else 2.0 * real[r.RADIUS, row] + SPACE
        west, east = 0.0, width
        if k < first:
            east = width / 2.0 - real[r.BODY, row]
        elif alone and k >= last:
            west = width / 2.0 + real[r.BODY, row]
        placed = False
        while not placed and ring <= RINGS:
            a, b = _hexagon(ring, number)
            angle, length = 2.0 * math.pi * uniform(random, battle), JITTER * uniform(random, battle)
            if alone:
                length = 0.0
            x = middle_x + spacing * (a * math.cos(turn) - b * math.sin(turn)) + length * math.cos(angle)
            y = middle_y + spacing * (a * math.sin(turn) + b * math.cos(turn)) + length * math.sin(angle)
            placed = west <= x <= east and fits(ground, x, y, real[r.INNER, row]) and _free(real, rows, k, row, x, y)
            if placed:
                real[r.X, row], real[r.Y, row] = x, y
            number += 1
            if number >= max(1, 6 * ring):
                ring, number = ring + 1, 0
        if not placed:
            return False
    return True


@rule
def _sort(real: Reals, whole: Wholes, n_agents: int, ranks: Wholes) -> None:
    """Sort types and places of the allies by rank of the type, then x, then y."""
    for i in range(1, n_agents):
        kind, x, y, k = whole[r.TYPE, i], real[r.X, i], real[r.Y, i], i
        while k > 0 and _after(real, whole, k - 1, ranks, ranks[kind], x, y):
            whole[r.TYPE, k], real[r.X, k], real[r.Y, k] = whole[r.TYPE, k - 1], real[r.X, k - 1], real[r.Y, k - 1]
            k -= 1
        whole[r.TYPE, k], real[r.X, k], real[r.Y, k] = kind, x, y


@rule
def _after(real: Reals, whole: Wholes, row: int, ranks: Wholes, rank: int, x: float, y: float) -> bool:
    """Whether the unit of a row stands behind another in the order of agents."""
    own = ranks[whole[r.TYPE, row]]
    if own != rank:
        return bool(own > rank)
    return bool(real[r.X, row] > x or (real[r.X, row] == x and real[r.Y, row] > y))


@rule
def _embody(real: Reals, whole: Wholes, i: int, bodies: Reals, kinds: Wholes) -> None:
    """Make unit i a fresh one of its type, where it stands."""
    kind = whole[r.TYPE, i]
    x, y = real[r.X, i], real[r.Y, i]
    for row in range(r.N_REALS):
        real[row, i] = bodies[kind, row]
    real[r.X, i], real[r.Y, i] = x, y
    whole[r.KIND, i] = kinds[kind]


@rule
def _command(real: Reals, whole: Wholes, n_agents: int, order: int, goals: Points, random: States, battle: int) -> None:
    """Give the enemies their order; everyone else's goal is where it stands."""
    part = uniform(random, battle)
    for i in range(real.shape[1]):
        if i >= n_agents and order != STAND:
            whole[r.ORDER, i] = order
            real[r.GOAL_X, i] = goals[i, 0, 0] + part * (goals[i, 1, 0] - goals[i, 0, 0])
            real[r.GOAL_Y, i] = goals[i, 0, 1] + part * (goals[i, 1, 1] - goals[i, 0, 1])
        else:
            real[r.GOAL_X, i], real[r.GOAL_Y, i] = real[r.X, i], real[r.Y, i]


def _compile(fingerprint: int) -> Callable[..., Any]:
    @entry
    def spawn_all(
        real: Reals,
        whole: Wholes,
        random: States,
        battles: Wholes,
        n_agents: int,
        rows: Wholes,
        points: Points,
        groups: Wholes,
        ranks: Wholes,
        order: int,
        goals: Points,
        types: Wholes,
        odds: Points,
        surrounded: float,
        size: Points,
        ground: Cells,
        bodies: Reals,
        kinds: Wholes,
    ) -> int:
        for b in battles:
            mirrored = (0, 0)
            if len(types) > 0:
                draw_teams(whole[b], n_agents, types, odds, random, b)
                if draw_places(points, groups, n_agents, surrounded, size, random, b):
                    mirrored = (n_agents, min(2 * n_agents, len(rows)))
                for i in range(len(rows)):
                    _embody(real[b], whole[b], i, bodies, kinds)
            if not _place(real[b], whole[b], rows, points, groups, mirrored, size[0], ground, random, b):
                return -1
            _sort(real[b], whole[b], n_agents, ranks)
            if len(types) > 0:
                for i in range(n_agents):
                    _embody(real[b], whole[b], i, bodies, kinds)
            _command(real[b], whole[b], n_agents, order, goals, random, b)
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
    drawn = plan.lots
    points, groups = (plan.points.copy(), plan.groups.copy()) if len(drawn.types) else (plan.points, plan.groups)
    done = _spawn_all(
        field.real, field.whole, field.random, battles, plan.n_agents, plan.rows, points, groups, plan.ranks,
        plan.order, plan.goals, drawn.types, drawn.odds, drawn.surrounded, drawn.size, field.cells[0],
        RULES.bodies, RULES.kinds,
    )  # fmt: skip
    if done < 0:
        raise ScenarioUnsupported(
            f"Scenario {name!r} has more units than its terrain has room for around the spawn points; "
            "choose fewer units or a larger terrain (such as @flat)."
        )
