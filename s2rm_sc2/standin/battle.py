"""A map of the stand-in: battles on the embedded engine, one after another, their units addressed by tags.

As SMAC's map scripts do, the map creates its units anew when none of either side lives.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from s2rm_sc2 import seeds
from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.field import Field
from s2rm_sc2.battle.loop import advance, order
from s2rm_sc2.battle.orders import ATTACK, HEAL, HUNT, MOVE, STAND
from s2rm_sc2.battle.spawn import plan, spawn
from s2rm_sc2.battle.tactics import OPPONENTS
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.sides import ALLY, ENEMY
from s2rm_sc2.starcraft import numbers
from s2rm_sc2.units import UNIT_TYPES, UnitType

FIRST_TAG, TAG_STEP = 4294967297, 262144
"""Tags grow as StarCraft II's do; none is used twice."""


def battle_seed(random_seed: int, number: int) -> int:
    """The engine's seed of a game's battle ``number``, counted from 0: the first has the game's own."""
    return random_seed if number == 0 else seeds.number(random_seed, "stand-in", number)


@dataclass(frozen=True)
class Sighted:
    """One living unit; places in map cells, points and game loops as the unit table has them."""

    tag: int
    kind: UnitType
    team: int
    x: float
    y: float
    health: float
    shield: float
    energy: float
    cooldown: float


class Battles:
    """The battles of one game on one map.

    Args:
        scenario: the map.
        random_seed: of the game; battle k plays as the engine does with ``battle_seed(random_seed, k)``.

    Raises:
        ScenarioUnsupported: the engine cannot play the scenario.
    """

    def __init__(self, scenario: Scenario, random_seed: int) -> None:
        self.scenario, self.random_seed = scenario, random_seed
        self._plan, self._next_tag, self._number = plan(scenario), FIRST_TAG, 0
        self._field: Field
        self._tags: list[int]
        self._listed: list[int]  # rows, as they are told of
        self._respawn()

    def seen(self) -> list[Sighted]:
        """The living: allies in no order that means anything (youngest first), enemies as they were created."""
        rows = [row for row in self._listed if self._field.alive[0, row]]
        real, whole = self._field.real[0], self._field.whole[0]
        return [
            Sighted(
                self._tags[row],
                UNIT_TYPES[whole[r.TYPE, row]],
                int(whole[r.TEAM, row]),
                *map(float, real[[r.X, r.Y, r.HEALTH, r.SHIELD, r.ENERGY, r.COOLDOWN], row]),
            )
            for row in rows
        ]

    def command(self, tag: int, ability: int, x: float, y: float, target: int) -> bool:
        """Give an ally one of StarCraft II's orders; False where unit, target or ability is none that it can obey."""
        unit = self._living(tag)
        if unit < 0 or self._field.whole[0, r.TEAM, unit] != ALLY:
            return False
        own_x, own_y = map(float, self._field.real[0, [r.X, r.Y], unit])
        if ability == numbers.STOP:
            order(self._field, 0, unit, STAND, own_x, own_y)
        elif ability == numbers.MOVE:
            order(self._field, 0, unit, MOVE, x, y)
        elif ability in (numbers.ATTACK, numbers.HEAL) and (row := self._living(target)) >= 0:
            order(self._field, 0, unit, HEAL if ability == numbers.HEAL else ATTACK, own_x, own_y, row)
        else:
            return False
        return True

    def advance(self, loops: int) -> None:
        """Let game loops pass; when none lives at their end the next battle begins."""
        if self._field.alive.any():
            advance(self._field, loops)
        if not self._field.alive.any():
            self._number += 1
            self._respawn()

    def kill(self, tags: Sequence[int]) -> None:
        """Remove units; tags of nobody alive are passed over."""
        for unit in filter(lambda row: row >= 0, map(self._living, tags)):
            self._field.alive[0, unit] = False
            self._field.real[0, [r.HEALTH, r.SHIELD, r.ENERGY, r.COOLDOWN], unit] = 0.0
            self._field.whole[0, r.HITS, unit] = 0

    def create(self, kinds: Sequence[UnitType], team: int, x: float, y: float) -> None:
        """Add units at a place: enemies hunt, as in SMACv2's map script; bodies that overlap push each other apart."""
        old = self._field
        U, teams = len(old.types), old.teams + (team,) * len(kinds)
        new = self._field = Field(1, old.types + tuple(kinds), teams, self.scenario.terrain)
        new.real[..., :U], new.whole[..., :U], new.alive[:, :U] = old.real, old.whole, old.alive
        new.random[:], new.clock[:], new.opponent = old.random, old.clock, old.opponent
        for row in range(U, len(new.types)):
            ring = 0.01 * (row - U)  # bodies in one point would not know where to go
            for axis, place in ((r.X, x + ring), (r.Y, y), (r.GOAL_X, x), (r.GOAL_Y, y)):
                new.real[0, axis, row] = place
            if team == ENEMY:
                new.whole[0, r.ORDER, row] = HUNT
        self._tags += self._new_tags(len(kinds))
        self._listed += range(U, len(new.types))

    def _respawn(self) -> None:
        scenario, A = self.scenario, self.scenario.n_agents
        kinds = scenario.ally_kinds[:1] * scenario.n_units if scenario.draw else scenario.unit_types
        self._field = Field(1, kinds, (ALLY,) * A + (ENEMY,) * scenario.n_enemies, scenario.terrain)
        self._field.opponent = OPPONENTS.index(scenario.opponent)
        seed = np.array([battle_seed(self.random_seed, self._number)], np.uint64)
        spawn(self._field, self._plan, np.arange(1), seed, scenario.name)
        self._tags = self._new_tags(scenario.n_units)
        self._listed = [*range(A - 1, -1, -1), *range(A, scenario.n_units)]

    def _new_tags(self, count: int) -> list[int]:
        first = self._next_tag
        self._next_tag += count * TAG_STEP
        return list(range(first, self._next_tag, TAG_STEP))

    def _living(self, tag: int) -> int:
        """The row of a living unit, -1 for none."""
        row = self._tags.index(tag) if tag in self._tags else -1
        return row if row >= 0 and self._field.alive[0, row] else -1
