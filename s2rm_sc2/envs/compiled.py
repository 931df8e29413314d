"""The bookkeeping of a batch of battles in compiled loops, for tables in the CPU's memory.

As in :mod:`s2rm_sc2.views.compiled` one compilation serves all scenarios.
"""

from dataclasses import fields

import numpy as np
import torch
from numba import types
from torch import Tensor

from s2rm_sc2.actions import NO_OP
from s2rm_sc2.envs.bookkeeping import Ledger
from s2rm_sc2.reward import has_healers, worth
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_TYPES
from s2rm_sc2.views.compiling import Array, Arrays, array, entry, rule
from s2rm_sc2.views.options import SmacOptions

_FLOATS, _WHOLES, _FLAGS = array("float32", 2), array("int64", 2), array("boolean", 2)
_MASKS, _DONE, _COUNTS, _REWARD = array("boolean", 3), array("boolean", 1), array("int64", 1), array("float32", 1)
_WORTH, _HEALS = array("float64", 1, "C"), array("boolean", 1, "C")

# Places of the options in an array.
_SPARSE, _SIGNED, _VERSION, _DEATH, _WIN, _DEFEAT, _NEGATIVE, _SCALE, _HEALERS, _LIMIT = range(10)


@entry(_WHOLES, _MASKS, _DONE, _WHOLES, returns=types.int64)
def _give_orders(actions: Array, available: Array, active: Array, out: Array) -> int:
    wrong = -1
    for b in range(actions.shape[0]):
        for a in range(actions.shape[1]):
            action = actions[b, a]
            out[b, a] = action if active[b] else NO_OP
            if active[b] and wrong < 0 and not (0 <= action < available.shape[2] and available[b, a, action]):
                wrong = b * actions.shape[1] + a
    return wrong


@rule
def _count(alive: Array, kind: Array, heals: Array, first: int, last: int) -> tuple[int, int]:
    """How many of these units live, and how many of those are no medivacs."""
    living, fighters = 0, 0
    for u in range(first, last):
        living += alive[u]
        fighters += alive[u] and not heals[kind[u]]
    return living, fighters


@rule
def _outcome(alive: Array, kind: Array, heals: Array, A: int, rules: Array) -> tuple[bool, bool, bool]:
    """Won, lost, and whether it is over."""
    allies, ally_fighters = _count(alive, kind, heals, 0, A)
    enemies, enemy_fighters = _count(alive, kind, heals, A, alive.shape[0])
    lost, won = allies == 0 and enemies > 0, allies > 0 and enemies == 0
    if rules[_HEALERS] > 0:
        lost = lost or ally_fighters == 0
        won = won or (enemy_fighters == 0 and (rules[_VERSION] == 2 or enemies == 1))
    return won and not lost, lost, won or lost or (allies == 0 and enemies == 0)


@rule
def _change(
    health: Array, shield: Array, alive: Array, then_health: Array, then_shield: Array, then_alive: Array, A: int,
    rules: Array,
) -> float:  # fmt: skip
    """What enemies lost, deaths included, less the allies' weighted losses if rewards are signed.

    All is added unit by unit in SMAC's order: weighted losses round.
    """
    points, lost, deaths = 0.0, 0.0, 0.0
    death, scale = rules[_DEATH], rules[_NEGATIVE]
    for u in range(alive.shape[0]):
        if u < A and rules[_SIGNED] == 0:
            continue
        before = np.float64(then_health[u]) + np.float64(then_shield[u])
        change = before - (np.float64(health[u]) + np.float64(shield[u]))
        killed = 1.0 if then_alive[u] and not alive[u] else 0.0
        if u < A:
            lost += scale * change
            deaths -= death * scale * killed
        else:
            points += change
            deaths += death * killed
    return points + deaths - lost


@entry(
    *(_WHOLES, _FLOATS, _FLOATS, _FLAGS, _FLOATS, _FLOATS, _FLAGS, _WHOLES, _DONE, _HEALS, _WORTH, _WORTH),
    *(_COUNTS, _WHOLES, _REWARD, _DONE, _DONE, _DONE),
)
def _settle(
    kind: Array, health: Array, shield: Array, alive: Array, then_health: Array, then_shield: Array,
    then_alive: Array, orders: Array, active: Array, heals: Array, worth: Array, rules: Array, steps: Array,
    last_action: Array, reward: Array, terminated: Array, truncated: Array, won: Array,
) -> None:  # fmt: skip
    """Write the step into copies of the ledger's columns."""
    A, U = orders.shape[1], kind.shape[1]
    for b in range(kind.shape[0]):
        if not active[b]:
            reward[b] = 0.0
            continue
        steps[b] += 1
        for a in range(A):
            last_action[b, a] = orders[b, a]
        wins, loses, over = _outcome(alive[b], kind[b], heals, A, rules)
        victory, defeat = (1.0 if wins else 0.0), (1.0 if loses else 0.0)
        if rules[_SPARSE] > 0:
            value = victory - defeat
        else:
            now = health[b], shield[b], alive[b], then_health[b], then_shield[b], then_alive[b]
            value = _change(*now, A, rules)
            if rules[_SIGNED] == 0:
                value = max(value, 0.0) if rules[_VERSION] == 2 else abs(value)
            value = value + rules[_WIN] * victory + rules[_DEFEAT] * defeat
        if rules[_SCALE] > 0:
            points = 0.0
            for u in range(A, U):
                points += worth[kind[b, u]]
            value = value / ((points + rules[_DEATH] * (U - A) + rules[_WIN]) / rules[_SCALE])
        reward[b] = value
        terminated[b] = terminated[b] or over
        truncated[b] = truncated[b] or (not over and steps[b] >= rules[_LIMIT])
        won[b] = won[b] or wins


class CompiledBook:
    """Methods as those of :class:`s2rm_sc2.envs.bookkeeping.TensorBook`."""

    def __init__(self, scenario: Scenario, options: SmacOptions) -> None:
        self._arrays = Arrays()
        self._before: tuple[Array, Array, Array]
        self._last: tuple[Ledger | None, list[Array]] = None, []  # spares asking torch for arrays made here
        self._heals = np.array([unit.heal is not None for unit in UNIT_TYPES])
        self._worth: Array = worth().numpy()
        rules = {
            _SPARSE: options.reward_sparse,
            _SIGNED: not options.reward_only_positive,
            _VERSION: scenario.smac_version,
            _DEATH: options.reward_death_value,
            _WIN: options.reward_win,
            _DEFEAT: options.reward_defeat,
            _NEGATIVE: options.reward_negative_scale,
            _SCALE: options.reward_scale_rate if options.reward_scale else 0,
            _HEALERS: has_healers(scenario),
            _LIMIT: scenario.limit,
        }
        self._rules = np.array([rules[place] for place in range(len(rules))], np.float64)

    def keep(self, units: UnitTable) -> None:
        """Copy what the next step's reward is made of."""
        of = self._arrays.of(units)
        self._before = of["health"].copy(), of["shield"].copy(), of["alive"].copy()

    def orders(self, actions: Tensor, available: Tensor, active: Tensor) -> tuple[Tensor, int]:
        """What is played, and the first order that is not allowed."""
        out = np.empty(actions.shape, np.int64)
        wrong = _give_orders(actions.numpy(), available.numpy(), active.numpy(), out)
        return torch.from_numpy(out), int(wrong)

    def settle(self, ledger: Ledger, orders: Tensor, active: Tensor, after: UnitTable) -> Ledger:
        """The ledger after a step that led from the table kept last to this one."""
        last, columns = self._last
        if last is not ledger:
            columns = [getattr(ledger, field.name).numpy() for field in fields(Ledger)]
        of, columns = self._arrays.of(after), [column.copy() for column in columns]
        _settle(
            of["type"], of["health"], of["shield"], of["alive"], *self._before, orders.numpy(), active.numpy(),
            self._heals, self._worth, self._rules, *columns,
        )  # fmt: skip
        new = Ledger(*(torch.from_numpy(column) for column in columns))
        self._last = new, columns
        return new
