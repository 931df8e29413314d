"""The field of a batch of battles: every quantity of every unit as rows of plain arrays, and unit types as constants.

Compiled code reads ``real[b][X, i]``: few arrays, so calls are cheap, yet each quantity of a battle lies contiguous.
Python reads and writes the same memory by name: ``field["x"]`` is the ``[B, U]`` view of that row.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from s2rm_sc2.battle.ground import Cells, cells
from s2rm_sc2.battle.random import States
from s2rm_sc2.scenarios import Terrain
from s2rm_sc2.table import ALLY
from s2rm_sc2.units import LOOPS_PER_SECOND, UNIT_TYPES, UnitType

Reals = npt.NDArray[np.float32]
Wholes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Lists = npt.NDArray[np.int32]

REAL_ROWS: tuple[str, ...] = (
    "x", "y", "health", "shield", "energy", "cooldown",
    "radius", "body", "inner", "reach", "stride",
    "swing", "calm", "hush", "goal_x", "goal_y", "wish_x", "wish_y", "step_x", "step_y",
    "expect_x", "expect_y", "next_x", "next_y", "push_x", "push_y", "missile_x", "missile_y",
    "slack", "plane",
)  # fmt: skip
"""float32 rows. Times are loops, distances cells.

radius, body (separation), inner, reach (weapon range, edge to edge), stride (cells a loop): the unit's constants.
swing: until the next hit of the attack under way. calm: until shields regenerate. hush: until it may call for help
again. goal: where its order sends it. wish: the displacement it wants this loop. step: its last displacement.
expect: what others expect it to walk this loop. next, push: position being settled. missile: place of its missile. slack, plane: scratch.
"""

WHOLE_ROWS: tuple[str, ...] = (
    "type", "team", "order", "target", "hits", "struck", "engaged", "missile", "attacker", "side", "active", "kind",
    "deed",
)  # fmt: skip
"""int64 rows; unit numbers are rows of the table, -1 for none.

order: see :mod:`s2rm_sc2.battle.orders`. target: whom it attacks. hits: hits left of the attack under way; struck:
whom that attack was begun on. engaged: the target it has fired at without losing touch. missile: whom its missile
flies to. attacker: who damaged it last. side: which way round it walks past a blocker (-1, 0, 1). active: acquires
targets by itself. kind: bodies collide within their kind. deed: what it does this loop (IDLE, WALKING, FIGHTING).
"""

(
    X, Y, HEALTH, SHIELD, ENERGY, COOLDOWN, RADIUS, BODY, INNER, REACH, STRIDE, SWING, CALM, HUSH, GOAL_X, GOAL_Y,
    WISH_X, WISH_Y, STEP_X, STEP_Y, EXPECT_X, EXPECT_Y, NEXT_X, NEXT_Y, PUSH_X, PUSH_Y, MISSILE_X, MISSILE_Y, SLACK, PLANE,
) = range(len(REAL_ROWS))  # fmt: skip
(
    TYPE, TEAM, ORDER, TARGET, HITS, STRUCK, ENGAGED, MISSILE, ATTACKER, SIDE, ACTIVE, KIND, DEED,
) = range(len(WHOLE_ROWS))  # fmt: skip

IDLE, WALKING, FIGHTING = 0, 1, 2
"""Deeds of a loop; they decide how much a unit yields to others."""

(
    MAX_HEALTH, MAX_SHIELD, ARMOR, REGENERATION, SLOP, SIGHT, PERIOD, DAMAGE_POINT, N_HITS, HIT_DELAY, MISSILE_SPEED,
    CIRCLES, SPACING, CIRCLE,
) = range(14)  # fmt: skip
"""Columns of :attr:`Rules.types`; times in loops, speeds and rates per loop."""


@dataclass(frozen=True, eq=False)
class Rules:
    """Unit types as flat arrays.

    Attributes:
        types: float32 ``[n_types, 14]``, columns above.
        damage: float32 ``[n_types, n_types]``, points a hit of the row's type does to the column's, before armour.
    """

    types: Reals
    damage: Reals


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
        real: float32 ``[B, R, U]``, rows :data:`REAL_ROWS`.
        whole: int64 ``[B, W, U]``, rows :data:`WHOLE_ROWS`.
        alive: bool ``[B, U]``.
        near: int32 ``[B, U, 1 + U]``, scratch: number of neighbours, then their rows.
        random: uint64 ``[B]``, states of the battles' generators.
        clock: int64 ``[B]``, game loops since the battle began.
        cells: the terrain as the engine reads it.
    """

    def __init__(self, n_battles: int, types: tuple[UnitType, ...], teams: tuple[int, ...], terrain: Terrain) -> None:
        U = len(types)
        self.n_battles, self.types, self.teams = n_battles, types, teams
        self.real: Reals = np.zeros((n_battles, len(REAL_ROWS), U), np.float32)
        self.whole: Wholes = np.zeros((n_battles, len(WHOLE_ROWS), U), np.int64)
        self.alive: Flags = np.zeros((n_battles, U), np.bool_)
        self.near: Lists = np.zeros((n_battles, U, 1 + U), np.int32)
        self.random: States = np.zeros(n_battles, np.uint64)
        self.clock: Wholes = np.zeros(n_battles, np.int64)
        self.cells: Cells = cells(terrain)
        self.clear(np.arange(n_battles))

    def __getitem__(self, row: str) -> npt.NDArray[Any]:
        """The ``[B, U]`` view of a row by name."""
        if row in REAL_ROWS:
            return self.real[:, REAL_ROWS.index(row)]
        return self.whole[:, WHOLE_ROWS.index(row)]

    def clear(self, battles: npt.NDArray[np.int64]) -> None:
        """Put units of full health at the origin, without orders, loops at 0."""
        constants = {
            "health": [unit.health for unit in self.types],
            "shield": [unit.shield for unit in self.types],
            "energy": [unit.energy_start for unit in self.types],
            "radius": [unit.radius for unit in self.types],
            "body": [unit.separation for unit in self.types],
            "inner": [unit.inner for unit in self.types],
            "reach": [unit.weapon.range if unit.weapon else 0.0 for unit in self.types],
            "stride": [unit.speed / LOOPS_PER_SECOND for unit in self.types],
            "type": [unit.index for unit in self.types],
            "team": list(self.teams),
            "active": [int(team != ALLY) for team in self.teams],
            "kind": [int(unit.walks_cliffs) for unit in self.types],
            **{name: [-1] * len(self.types) for name in ("target", "struck", "engaged", "missile", "attacker")},
        }
        self.real[battles], self.whole[battles] = 0.0, 0
        self.alive[battles], self.clock[battles] = True, 0
        for name, values in constants.items():
            self[name][battles] = values
