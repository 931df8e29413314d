"""SMAC's built-in player for the agents: everybody shoots the nearest enemy until it falls, medivacs heal."""

import math
from collections.abc import Sequence

from s2rm_sc2.actions import EAST, FIRST_TARGET, NO_OP, NORTH, SOUTH, WEST
from s2rm_sc2.envs.unit import Unit


class Heuristic:
    """Chooses an action per agent and remembers whom each agent is after.

    An agent keeps its target until it dies, then takes the nearest living enemy; a medivac keeps its patient until it
    dies or is well, then takes the nearest hurt ally that is no medivac, and without one carries on with its last
    order. Actions may be outside SMAC's masks: an attack at any distance is an order to go there and attack.

    SMAC tells marauders to pass over medivacs, but compares with the id of *allied* medivacs, which no enemy has;
    so nobody is passed over here either.

    Args:
        rest: walk towards targets out of range, along the longer axis, instead of attacking at any distance.
    """

    def __init__(self, rest: bool) -> None:
        self._rest = rest
        self._targets: dict[int, int] = {}

    def reset(self) -> None:
        """Forget all targets: a new episode begins."""
        self._targets.clear()

    def choose(self, allies: Sequence[Unit], enemies: Sequence[Unit], available: Sequence[Sequence[int]]) -> list[int]:
        """One action per agent; 0 for the dead and for medivacs without a patient."""
        return [self._action(agent, unit, allies, enemies, available[agent]) for agent, unit in enumerate(allies)]

    def _action(
        self, agent: int, unit: Unit, allies: Sequence[Unit], enemies: Sequence[Unit], available: Sequence[int]
    ) -> int:
        heals = unit.kind.heal is not None
        pool = allies if heals else enemies
        wanted = [i for i, other in enumerate(pool) if (_hurt(other) if heals else other.health > 0)]
        target = self._targets.get(agent)
        if unit.health == 0 or not wanted:
            return NO_OP
        if target not in wanted:
            target = self._targets[agent] = min(wanted, key=lambda i: _distance(unit, pool[i]))
        if self._rest and not available[FIRST_TARGET + target]:
            return _towards(unit, pool[target])
        return FIRST_TARGET + target


def _hurt(unit: Unit) -> bool:
    return unit.kind.heal is None and 0 < unit.health < unit.health_max


def _distance(unit: Unit, other: Unit) -> float:
    return math.hypot(other.pos.x - unit.pos.x, other.pos.y - unit.pos.y)


def _towards(unit: Unit, other: Unit) -> int:
    dx, dy = other.pos.x - unit.pos.x, other.pos.y - unit.pos.y
    if abs(dx) > abs(dy):
        return EAST if dx > 0 else WEST
    return NORTH if dy > 0 else SOUTH
