"""The field of a batch of battles: every quantity of every unit as rows of plain arrays, and unit types as constants.

Compiled code reads ``real[b][r.X, i]``: few arrays, so calls are cheap, yet each quantity of a battle lies contiguous.
Python reads and writes the same memory: ``field.real[:, r.X]`` is the ``[B, U]`` view of that row.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.ground import Cells, cells
from s2rm_sc2.battle.random import States
from s2rm_sc2.battle.ways import Ways, ways
from s2rm_sc2.scenarios import Terrain
from s2rm_sc2.sides import ALLY
from s2rm_sc2.units import LOOPS_PER_SECOND, UNIT_TYPES, UnitType

Reals = npt.NDArray[np.float32]
Wholes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Lists = npt.NDArray[np.uint32]

INSTANT = 1000.0
"""Cells/s² of a unit type without an acceleration of its own: full speed within a loop (SC2's data)."""


@dataclass(frozen=True, eq=False)
class Rules:
    """Unit types as flat arrays.

    Attributes:
        types: float32 ``[n_types, N_CONSTANTS]``, columns of :mod:`s2rm_sc2.battle.rows`.
        damage: float32 ``[n_types, n_types]``, points a hit of the row's type does to the column's, before armour; 0
            where it cannot hit it.
        bodies: float32 ``[n_types, N_REALS]``, the quantities of a fresh unit at the origin.
        kinds: int64 ``[n_types]``, the types' kinds of body.
    """

    types: Reals
    damage: Reals
    bodies: Reals
    kinds: Wholes


def _kind(unit: UnitType) -> int:
    """The kind of a unit type's body, of :mod:`s2rm_sc2.battle.rows`."""
    if unit.plane == "air":
        return r.AIR
    if "structure" in unit.attributes:
        return r.STRUCTURE
    return r.CLIFF if unit.walks_cliffs else r.GROUND


def _type_row(unit: UnitType) -> list[float]:
    weapon, n = unit.weapon, float(LOOPS_PER_SECOND)
    row = [unit.health, unit.shield, unit.armor, unit.regeneration / n, unit.range_slop, unit.sight]
    if weapon is None:
        row += [0.0] * 9
    else:
        line = weapon.splash == "line"  # damage falls at a sweep's end, so the first sweep's start is one "hit" more
        row += [weapon.period * n, weapon.damage_point * n, weapon.hits + line, weapon.hit_delay * n]
        row += [weapon.missile_speed / n, weapon.splash_circles, weapon.splash_spacing]
        row += [weapon.splash_radius, 0.0] if line else [0.0, weapon.splash_radius]
    row += [float(unit.can_be_healed), unit.energy, unit.energy_regeneration / n]
    heal = unit.heal
    if heal is None:
        return row + [0.0] * 5
    return [*row, heal.rate / n, heal.range, heal.acquire, heal.energy_per_health, heal.energy_to_start]


def _body(unit: UnitType) -> list[float]:
    quantities = {
        r.HEALTH: unit.health,
        r.SHIELD: unit.shield,
        r.ENERGY: unit.energy_start,
        r.RADIUS: unit.radius,
        r.BODY: unit.separation,
        r.INNER: unit.inner,
        r.REACH: unit.weapon.range if unit.weapon else 0.0,
        r.STRIDE: unit.speed / LOOPS_PER_SECOND,
        r.ACCELERATION: (unit.acceleration or INSTANT) / LOOPS_PER_SECOND**2,
    }
    return [quantities.get(row, 0.0) for row in range(r.N_REALS)]


RULES = Rules(
    np.array([_type_row(unit) for unit in UNIT_TYPES], np.float32),
    np.array([[attacker.hit(target) for target in UNIT_TYPES] for attacker in UNIT_TYPES], np.float32),
    np.array([_body(unit) for unit in UNIT_TYPES], np.float32),
    np.array([_kind(unit) for unit in UNIT_TYPES], np.int64),
)


class Field:
    """B battles of U units each on one terrain; plain arrays that may be set by hand.

    Args:
        n_battles: B.
        types: the U unit types, in row order; a start that draws the teams (:mod:`s2rm_sc2.battle.spawn`) puts others
            in their place, battle by battle.
        teams: the U teams (0 ally, 1 enemy).
        terrain: the ground.

    Attributes:
        real: float32 ``[B, R, U]``, see :mod:`s2rm_sc2.battle.rows`.
        whole: int64 ``[B, W, U]``, see :mod:`s2rm_sc2.battle.rows`.
        alive: bool ``[B, U]``.
        near: uint32 ``[B, 2, 2 + U * (U - 1) / 2]``, pairs of neighbours, see :mod:`s2rm_sc2.battle.neighbours`.
        random: uint64 ``[B]``, states of the battles' generators.
        clock: int64 ``[B]``, game loops since the battle began.
        cells: the terrain as the engine reads it, a layer per kind of body.
        ways: the walkers' ways round its walls.
        opponent: how units that fight on their own choose, see :mod:`s2rm_sc2.battle.tactics`.
    """

    def __init__(self, n_battles: int, types: tuple[UnitType, ...], teams: tuple[int, ...], terrain: Terrain) -> None:
        U = len(types)
        self.n_battles, self.types, self.teams = n_battles, types, teams
        self.opponent = 0
        self.real: Reals = np.zeros((n_battles, r.N_REALS, U), np.float32)
        self.whole: Wholes = np.zeros((n_battles, r.N_WHOLES, U), np.int64)
        self.alive: Flags = np.zeros((n_battles, U), np.bool_)
        self.near: Lists = np.zeros((n_battles, 2, 2 + U * (U - 1) // 2), np.uint32)
        self.random: States = np.zeros(n_battles, np.uint64)
        self.clock: Wholes = np.zeros(n_battles, np.int64)
        self.cells: Cells = cells(terrain)
        self.ways: Ways = ways(terrain)
        self.clear(np.arange(n_battles))

    def clear(self, battles: npt.NDArray[np.int64]) -> None:
        """Put units of full health at the origin, without orders, loops at 0."""
        types = np.array([unit.index for unit in self.types])
        teams = np.array(self.teams)
        whole = np.zeros((r.N_WHOLES, len(types)), np.int64)
        whole[[r.TARGET, r.STRUCK, r.ENGAGED, r.MISSILE, r.ATTACKER]] = -1
        whole[r.TYPE], whole[r.KIND], whole[r.LINE] = types, RULES.kinds[types], np.arange(len(types))
        whole[r.TEAM], whole[r.ACTIVE] = teams, teams != ALLY
        self.real[battles], self.whole[battles] = RULES.bodies[types].T, whole
        self.alive[battles], self.clock[battles] = True, 0

    def place(self, points: Sequence[tuple[float, float]]) -> None:
        """Put the U units of every battle at these places (cells), which become their posts."""
        for rows in ((r.X, r.Y), (r.GOAL_X, r.GOAL_Y)):
            self.real[:, rows] = np.asarray(points, np.float32).T
