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
from s2rm_sc2.scenarios import Terrain
from s2rm_sc2.table import ALLY
from s2rm_sc2.units import LOOPS_PER_SECOND, UNIT_TYPES, UnitType

Reals = npt.NDArray[np.float32]
Wholes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Lists = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Rules:
    """Unit types as flat arrays.

    Attributes:
        types: float32 ``[n_types, N_CONSTANTS]``, columns of :mod:`s2rm_sc2.battle.rows`.
        damage: float32 ``[n_types, n_types]``, points a hit of the row's type does to the column's, before armour.
        bodies: float32 ``[n_types, N_REALS]``, the quantities of a fresh unit at the origin.
        kinds: int64 ``[n_types]``, the types' kinds of body.
    """

    types: Reals
    damage: Reals
    bodies: Reals
    kinds: Wholes


def _type_row(unit: UnitType) -> list[float]:
    weapon, n = unit.weapon, float(LOOPS_PER_SECOND)
    row = [unit.health, unit.shield, unit.armor, unit.regeneration / n, unit.range_slop, unit.sight]
    if weapon is None:
        return row + [0.0] * 8
    row += [weapon.period * n, weapon.damage_point * n, weapon.hits, weapon.hit_delay * n, weapon.missile_speed / n]
    return [*row, weapon.splash_circles, weapon.splash_spacing, weapon.splash_radius]


def _hit(attacker: UnitType, target: UnitType) -> float:
    weapon = attacker.weapon
    if weapon is None:
        return 0.0
    return weapon.damage + (weapon.bonus if weapon.bonus_against in target.attributes else 0.0)


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
    }
    return [quantities.get(row, 0.0) for row in range(r.N_REALS)]


RULES = Rules(
    np.array([_type_row(unit) for unit in UNIT_TYPES], np.float32),
    np.array([[_hit(attacker, target) for target in UNIT_TYPES] for attacker in UNIT_TYPES], np.float32),
    np.array([_body(unit) for unit in UNIT_TYPES], np.float32),
    np.array([int(unit.walks_cliffs) for unit in UNIT_TYPES], np.int64),
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
        near: int32 ``[B, U, 1 + U]``, scratch: number of neighbours, then their rows.
        random: uint64 ``[B]``, states of the battles' generators.
        clock: int64 ``[B]``, game loops since the battle began.
        cells: the terrain as the engine reads it.
    """

    def __init__(self, n_battles: int, types: tuple[UnitType, ...], teams: tuple[int, ...], terrain: Terrain) -> None:
        U = len(types)
        self.n_battles, self.types, self.teams = n_battles, types, teams
        self.real: Reals = np.zeros((n_battles, r.N_REALS, U), np.float32)
        self.whole: Wholes = np.zeros((n_battles, r.N_WHOLES, U), np.int64)
        self.alive: Flags = np.zeros((n_battles, U), np.bool_)
        self.near: Lists = np.zeros((n_battles, U, 1 + U), np.int32)
        self.random: States = np.zeros(n_battles, np.uint64)
        self.clock: Wholes = np.zeros(n_battles, np.int64)
        self.cells: Cells = cells(terrain)
        self.clear(np.arange(n_battles))

    def clear(self, battles: npt.NDArray[np.int64]) -> None:
        """Put units of full health at the origin, without orders, loops at 0."""
        types = np.array([unit.index for unit in self.types])
        teams = np.array(self.teams)
        whole = np.zeros((r.N_WHOLES, len(types)), np.int64)
        whole[[r.TARGET, r.STRUCK, r.ENGAGED, r.MISSILE, r.ATTACKER]] = -1
        whole[r.TYPE], whole[r.KIND] = types, RULES.kinds[types]
        whole[r.TEAM], whole[r.ACTIVE] = teams, teams != ALLY
        self.real[battles], self.whole[battles] = RULES.bodies[types].T, whole
        self.alive[battles], self.clock[battles] = True, 0

    def place(self, points: Sequence[tuple[float, float]]) -> None:
        """Put the U units of every battle at these places (cells), which become their posts."""
        for rows in ((r.X, r.Y), (r.GOAL_X, r.GOAL_Y)):
            self.real[:, rows] = np.asarray(points, np.float32).T
