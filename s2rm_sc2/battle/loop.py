"""The clock of a batch of battles: one game loop of one battle, and the compiled entries that Python calls."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from s2rm_sc2.actions import MOVE_AMOUNT
from s2rm_sc2.battle.combat import bury, fly, recover, strike
from s2rm_sc2.battle.compiled import FINGERPRINT, entry, part
from s2rm_sc2.battle.field import RULES, Field, Flags, Lists, Reals, Wholes
from s2rm_sc2.battle.ground import Cells
from s2rm_sc2.battle.movement import walk
from s2rm_sc2.battle.opponent import choose_targets
from s2rm_sc2.battle.orders import act, follow, give
from s2rm_sc2.battle.random import States
from s2rm_sc2.battle.tactics import KITE, step_back
from s2rm_sc2.battle.ways import Ways


@part
def _play_loop(
    real: Reals,
    whole: Wholes,
    alive: Flags,
    near: Lists,
    random: States,
    battle: int,
    clock: int,
    types: Reals,
    damage: Reals,
    ground: Cells,
    ways: Ways,
    opponent: int,
) -> None:
    """One game loop: recover, choose, act, hit, walk, and at its end the dead leave."""
    recover(real, whole, alive, types)
    choose_targets(real, whole, alive, types, damage, clock, opponent)
    follow(real, whole, alive, types, random, battle, ground, ways)
    if opponent == KITE:
        step_back(real, whole, alive, types, damage)
    strike(real, whole, alive, types, damage)
    fly(real, whole, alive, types, damage)
    walk(real, whole, alive, near, ground, clock)
    bury(real, whole, alive, types, damage)


def _compile(fingerprint: int) -> tuple[Callable[..., Any], ...]:
    @entry
    def advance_all(
        real: Reals,
        whole: Wholes,
        alive: Flags,
        near: Lists,
        random: States,
        clock: Wholes,
        active: Flags,
        loops: int,
        types: Reals,
        damage: Reals,
        ground: Cells,
        ways: Ways,
        opponent: int,
    ) -> int:
        for b in range(alive.shape[0]):
            if active[b]:
                for _ in range(loops):
                    _play_loop(
                        real[b], whole[b], alive[b], near[b], random, b, clock[b], types, damage, ground, ways, opponent
                    )  # fmt: skip
                    clock[b] += 1
        return fingerprint

    @entry
    def act_all(
        real: Reals,
        whole: Wholes,
        alive: Flags,
        active: Flags,
        actions: Wholes,
        step: float,
        types: Reals,
        damage: Reals,
    ) -> int:
        for b in range(alive.shape[0]):
            if active[b]:
                for i in range(actions.shape[1]):
                    act(real[b], whole[b], alive[b], i, actions[b, i], actions.shape[1], step, types, damage)
        return fingerprint

    @entry
    def give_one(
        real: Reals, whole: Wholes, i: int, order: int, x: float, y: float, target: int, types: Reals, damage: Reals
    ) -> int:
        give(real, whole, i, order, x, y, target, types, damage)
        return fingerprint

    @entry
    def find_undecided(alive: Flags, n_agents: int, playing: Flags) -> int:
        for b in range(alive.shape[0]):
            left, right = False, False
            for i in range(alive.shape[1]):
                left |= alive[b, i] and i < n_agents
                right |= alive[b, i] and i >= n_agents
            playing[b] &= left and right
        return fingerprint

    return advance_all, act_all, give_one, find_undecided


_advance_all, _act_all, _give_one, _find_undecided = _compile(FINGERPRINT)


def advance(field: Field, loops: int, active: Flags | None = None) -> None:
    """Let ``loops`` game loops pass in the battles where ``active`` (bool ``[B]``, all by default) is True."""
    _advance_all(
        field.real, field.whole, field.alive, field.near, field.random, field.clock,
        _everywhere(field) if active is None else active, loops, RULES.types, RULES.damage, field.cells,
        field.ways, field.opponent,
    )  # fmt: skip


def act_smac(
    field: Field, actions: npt.NDArray[np.int64], active: Flags | None = None, move_amount: float = MOVE_AMOUNT
) -> None:
    """Turn SMAC's action numbers, int64 ``[B, A]`` for the first A rows, into orders."""
    active = _everywhere(field) if active is None else active
    step = float(move_amount)
    _act_all(field.real, field.whole, field.alive, active, actions, step, RULES.types, RULES.damage)


def undecided(field: Field, n_agents: int, active: Flags | None = None) -> Flags:
    """The battles of ``active`` (all by default) where the first ``n_agents`` rows and the rest both have someone."""
    playing = _everywhere(field) if active is None else active.copy()
    _find_undecided(field.alive, n_agents, playing)
    return playing


def order(field: Field, battle: int, unit: int, kind: int, x: float = 0.0, y: float = 0.0, target: int = -1) -> None:
    """Give one unit of either team one order of :mod:`s2rm_sc2.battle.orders`; one it cannot carry out is refused."""
    real, whole = field.real[battle], field.whole[battle]
    _give_one(real, whole, unit, kind, float(x), float(y), target, RULES.types, RULES.damage)


def _everywhere(field: Field) -> Flags:
    return np.ones(field.n_battles, np.bool_)
