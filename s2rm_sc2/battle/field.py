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
Lists = npt.NDArray[np.uint32]

INSTANT = 1000.0
"""Cells/s² of a unit type without an acceleration of its own: full speed within a loop (SC2's data)."""


@dataclass(frozen=True, eq=False)
class Rules:
    """Unit types as flat arrays.

    Attributes:
        types: float32 ``[n_types, N_CONSTANTS]``, columns of :mod:`s2rm_sc2.battle.rows`.
        damage: float32 ``[n_types, n_types]``, points a hit of the row's type does to the column's, before armour.
    """

    types: Reals
    damage: Reals


def kind(unit: UnitType) -> int:
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
        return row + [0.0] * 8
    row += [weapon.period * n, weapon.damage_point * n, weapon.hits, weapon.hit_delay * n, weapon.missile_speed / n]
    return [*row, weapon.splash_circles, weapon.splash_spacing, weapon.splash_radius]


def _hit(attacker: UnitType, target: UnitType) -> float:
    weapon = attacker.weapon
    if weapon is None:
        return 0.0
    return weapon.damage + (weapon.bonus if weapon.bonus_against in target.attributes else 0.0)


RULES = Rules(
    np.array([_type_row(unit) for unit in UNIT_TYPES], np.float32),
    np.array([[_hit(attacker, target) for target in UNIT_TYPES] for attacker in UNIT_TYPES], np.float32),
)


class Field:
    """B battles of U units each on one terrain; plain arrays that may be set by hand.

    Args:
        n_battles: B.
        types: the U unit types, in row order, the same in all battles.
        teams: the U teams (0 ally, 1 enemy).
        terrain: the ground.

    Attributes:
        real: float32 ``[B, R, U]``, see :mod:`s2rm_sc2.battle.rows`.
        whole: int64 ``[B, W, U]``, see :mod:`s2rm_sc2.battle.rows`.
        alive: bool ``[B, U]``.
        near: uint32 ``[B, 2, 2 + U * (U - 1) / 2]``, pairs of neighbours, see :mod:`s2rm_sc2.battle.neighbours`.
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
        self.near: Lists = np.zeros((n_battles, 2, 2 + U * (U - 1) // 2), np.uint32)
        self.random: States = np.zeros(n_battles, np.uint64)
        self.clock: Wholes = np.zeros(n_battles, np.int64)
        self.cells: Cells = cells(terrain)
        self.clear(np.arange(n_battles))

    def clear(self, battles: npt.NDArray[np.int64]) -> None:
        """Put units of full health at the origin, without orders, loops at 0."""
        units = self.types
        reals: dict[int, list[float]] = {
            r.HEALTH: [unit.health for unit in units],
            r.SHIELD: [unit.shield for unit in units],
            r.ENERGY: [unit.energy_start for unit in units],
            r.RADIUS: [unit.radius for unit in units],
            r.BODY: [unit.separation for unit in units],
            r.INNER: [unit.inner for unit in units],
            r.REACH: [unit.weapon.range if unit.weapon else 0.0 for unit in units],
            r.STRIDE: [unit.speed / LOOPS_PER_SECOND for unit in units],
            r.ACCELERATION: [(unit.acceleration or INSTANT) / LOOPS_PER_SECOND**2 for unit in units],
        }
        wholes: dict[int, list[int]] = {
            r.TYPE: [unit.index for unit in units],
            r.TEAM: [*self.teams],
            r.ACTIVE: [int(team != ALLY) for team in self.teams],
            r.KIND: [kind(unit) for unit in units],
            r.LINE: [*range(len(units))],
            **dict.fromkeys((r.TARGET, r.STRUCK, r.ENGAGED, r.MISSILE, r.ATTACKER), [-1] * len(units)),
        }
        self.real[battles], self.whole[battles] = 0.0, 0
        self.alive[battles], self.clock[battles] = True, 0
        for row, values in reals.items():
            self.real[battles, row] = values
        for row, numbers in wholes.items():
            self.whole[battles, row] = numbers

    def place(self, points: Sequence[tuple[float, float]]) -> None:
        """Put the U units of every battle at these places (cells), which become their posts."""
        for rows in ((r.X, r.Y), (r.GOAL_X, r.GOAL_Y)):
            self.real[:, rows] = np.asarray(points, np.float32).T
