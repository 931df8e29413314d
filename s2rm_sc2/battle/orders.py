"""Orders: giving one to a unit, SMAC's action numbers as orders, and what a unit does in a loop to follow its own.

An order replaces the one before and lasts until it is done, another is given or its target dies.
"""

import math

from s2rm_sc2.battle.combat import begin_attack, call_off, gap, winding_up
from s2rm_sc2.battle.compiled import rule
from s2rm_sc2.battle.field import (
    ACTIVE, COOLDOWN, DEED, ENGAGED, EXPECT_X, EXPECT_Y, FIGHTING, GOAL_X, GOAL_Y, IDLE, ORDER, REACH, SIDE, SLOP,
    STEP_X, STEP_Y, STRIDE, TARGET, TYPE, WALKING, WISH_X, WISH_Y, Flags, Reals, Wholes, X, Y,
)  # fmt: skip
from s2rm_sc2.battle.random import States

STAND, MOVE, ATTACK, ATTACK_MOVE, HUNT = range(5)
"""Orders: none (an active unit's goal is then its post); walk to the goal; attack the target wherever it goes; walk to
the goal and attack on the way (active units); attack the nearest foe on the map (active units)."""

NO_OP, STOP, NORTH, SOUTH, EAST, WEST, FIRST_ATTACK = range(7)
"""SMAC's action numbers; FIRST_ATTACK + k attacks enemy k."""

MOVE_AMOUNT = 2.0
"""Cells between a unit and the place that a move action sends it to (SMAC's default)."""

POST_SLACK = 1.0
"""Cells that an idle active unit may be off its post, by a crowd's pushing, before it walks back."""


@rule
def give(real: Reals, whole: Wholes, i: int, order: int, x: float, y: float, target: int, types: Reals) -> None:
    """Give unit i an order in place of its present one; x, y is the goal, target a row or -1.

    An attack order on the target already under attack does not restart the swing.
    """
    if order != ATTACK or target != whole[TARGET, i]:
        call_off(real, whole, i, types)
        whole[ENGAGED, i] = -1
        whole[SIDE, i] = 0
    whole[ORDER, i] = order
    whole[TARGET, i] = target
    real[GOAL_X, i], real[GOAL_Y, i] = x, y


@rule
def act(real: Reals, whole: Wholes, alive: Flags, i: int, action: int, n_agents: int, types: Reals) -> None:
    """Give agent i the order that a SMAC action number stands for; no-op keeps the present order."""
    if action == NO_OP or not alive[i]:
        return
    x, y = real[X, i], real[Y, i]
    if action == STOP:
        give(real, whole, i, STAND, x, y, -1, types)
    elif action == NORTH:
        give(real, whole, i, MOVE, x, y + MOVE_AMOUNT, -1, types)
    elif action == SOUTH:
        give(real, whole, i, MOVE, x, y - MOVE_AMOUNT, -1, types)
    elif action == EAST:
        give(real, whole, i, MOVE, x + MOVE_AMOUNT, y, -1, types)
    elif action == WEST:
        give(real, whole, i, MOVE, x - MOVE_AMOUNT, y, -1, types)
    else:
        give(real, whole, i, ATTACK, x, y, n_agents + action - FIRST_ATTACK, types)


@rule
def follow(real: Reals, whole: Wholes, alive: Flags, types: Reals, random: States, battle: int) -> None:
    """Decide what every living unit does in this loop: its deed, and the displacement it wishes for."""
    for i in range(alive.shape[0]):
        if not alive[i]:
            continue
        walked = whole[DEED, i] == WALKING
        real[WISH_X, i] = real[WISH_Y, i] = 0.0
        whole[DEED, i] = IDLE
        target = whole[TARGET, i]
        if target >= 0 and not alive[target]:
            target = whole[TARGET, i] = whole[ENGAGED, i] = -1
            if whole[ORDER, i] == ATTACK:
                whole[ORDER, i] = STAND
                real[GOAL_X, i], real[GOAL_Y, i] = real[X, i], real[Y, i]
        if target >= 0:
            _fight(real, whole, i, target, types, random, battle)
        elif whole[ORDER, i] == MOVE or whole[ORDER, i] == ATTACK_MOVE:
            if real[X, i] == real[GOAL_X, i] and real[Y, i] == real[GOAL_Y, i]:
                whole[ORDER, i] = STAND
            else:
                _walk(real, whole, i, real[GOAL_X, i], real[GOAL_Y, i])
        elif whole[ORDER, i] == STAND and whole[ACTIVE, i] == 1:
            dx, dy = real[GOAL_X, i] - real[X, i], real[GOAL_Y, i] - real[Y, i]
            if dx * dx + dy * dy > POST_SLACK * POST_SLACK:
                _walk(real, whole, i, real[GOAL_X, i], real[GOAL_Y, i])
        real[EXPECT_X, i] = real[STEP_X, i] if walked else real[WISH_X, i]
        real[EXPECT_Y, i] = real[STEP_Y, i] if walked else real[WISH_Y, i]
        if whole[DEED, i] != WALKING:
            real[EXPECT_X, i] = real[EXPECT_Y, i] = 0.0


@rule
def _walk(real: Reals, whole: Wholes, i: int, x: float, y: float) -> None:
    """Wish to go straight towards a place, as far as one loop allows."""
    if real[STRIDE, i] == 0.0:
        return
    dx, dy = x - real[X, i], y - real[Y, i]
    distance = math.sqrt(dx * dx + dy * dy)
    part = min(1.0, real[STRIDE, i] / max(distance, 1e-9))
    real[WISH_X, i], real[WISH_Y, i] = dx * part, dy * part
    whole[DEED, i] = WALKING


@rule
def _fight(real: Reals, whole: Wholes, i: int, target: int, types: Reals, random: States, battle: int) -> None:
    """Stand and fire while the target is in range, else chase it; fire over the slop when the weapon is ready."""
    if winding_up(real, whole, i, types):
        whole[DEED, i] = FIGHTING
        return
    distance, reach = gap(real, i, target), real[REACH, i]
    slop = reach + types[whole[TYPE, i], SLOP]
    if distance > slop:
        whole[ENGAGED, i] = -1
    if real[COOLDOWN, i] < 1.0 and distance <= (slop if whole[ENGAGED, i] == target else reach):
        begin_attack(real, whole, i, target, types, random, battle)
        whole[DEED, i] = FIGHTING
    elif distance <= reach:
        whole[DEED, i] = FIGHTING
    else:
        _walk(real, whole, i, real[X, target], real[Y, target])
