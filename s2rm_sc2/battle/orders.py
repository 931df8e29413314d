"""Orders: giving one to a unit, SMAC's action numbers as orders, and what a unit does in a loop to follow its own.

An order replaces the one before and lasts until it is done, another is given or its target dies.
"""

import math

import numpy as np

from s2rm_sc2.actions import EAST, FIRST_TARGET, NO_OP, NORTH, SOUTH, STOP, WEST
from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.combat import begin_attack, call_off, can_heal, can_hit, gap, mend, winding_up
from s2rm_sc2.battle.compiled import part, rule
from s2rm_sc2.battle.field import Flags, Reals, Wholes
from s2rm_sc2.battle.ground import Cells
from s2rm_sc2.battle.random import States
from s2rm_sc2.battle.ways import Ways, heading

STAND, MOVE, ATTACK, ATTACK_MOVE, HUNT, HEAL = range(6)
"""Orders: none (an active unit's goal is then its post); walk to the goal; attack the target wherever it goes; walk to
the goal and attack on the way (active units); attack the nearest foe on the map until it is dead, then the next (active
units); heal the target wherever it goes. A healer that fights on its own heals where others attack."""

POST_SLACK = np.float32(1.0)
"""Cells that an idle active unit may be off its post, by a crowd's pushing, before it walks back."""
ZERO, ONE = np.float32(0.0), np.float32(1.0)


@rule
def give(
    real: Reals, whole: Wholes, i: int, order: int, x: float, y: float, target: int, types: Reals, damage: Reals
) -> None:
    """Give unit i an order in place of its present one; x, y is the goal, target a row or -1.

    An attack order on the target already under attack does not restart the swing. To attack what the weapon cannot
    hit, or to heal what cannot be healed, is refused: the unit keeps its present order.
    """
    if order == ATTACK and not can_hit(whole, i, target, damage):
        return
    if order == HEAL and not can_heal(whole, i, target, types):
        return
    if order != ATTACK or target != whole[r.TARGET, i]:
        call_off(real, whole, i, types)
        whole[r.ENGAGED, i] = -1
        whole[r.SIDE, i] = 0
    whole[r.ORDER, i] = order
    whole[r.TARGET, i] = target
    real[r.GOAL_X, i], real[r.GOAL_Y, i] = x, y


@rule
def act(
    real: Reals,
    whole: Wholes,
    alive: Flags,
    i: int,
    action: int,
    n_agents: int,
    step: float,
    types: Reals,
    damage: Reals,
) -> None:
    """Give agent i the order that a SMAC action number stands for; no-op keeps the present order, moves are a step."""
    if action == NO_OP or not alive[i]:
        return
    x, y, order, target = float(real[r.X, i]), float(real[r.Y, i]), MOVE, -1
    if action == STOP:
        order = STAND
    elif action == NORTH:
        y += step
    elif action == SOUTH:
        y -= step
    elif action == EAST:
        x += step
    elif action == WEST:
        x -= step
    elif types[whole[r.TYPE, i], r.HEAL_RATE] > 0.0:
        order, target = HEAL, action - FIRST_TARGET
    else:
        order, target = ATTACK, n_agents + action - FIRST_TARGET
    give(real, whole, i, order, x, y, target, types, damage)  # once, for it is compiled into every place it is called


@part
def follow(
    real: Reals,
    whole: Wholes,
    alive: Flags,
    types: Reals,
    random: States,
    battle: int,
    ground: Cells,
    ways: Ways,
) -> None:
    """Decide what every living unit does in this loop: its deed, and the displacement it wishes for."""
    targets, orders, deeds, actives = whole[r.TARGET], whole[r.ORDER], whole[r.DEED], whole[r.ACTIVE]
    wish_x, wish_y, goal_x, goal_y = real[r.WISH_X], real[r.WISH_Y], real[r.GOAL_X], real[r.GOAL_Y]
    for i in range(alive.shape[0]):
        if not alive[i]:
            continue
        walked = deeds[i] == r.WALKING
        wish_x[i] = wish_y[i] = ZERO
        deeds[i] = r.IDLE
        target = targets[i]
        if target >= 0 and not alive[target]:
            target = targets[i] = whole[r.ENGAGED, i] = -1
            if orders[i] == ATTACK or orders[i] == HEAL:
                orders[i] = STAND
                goal_x[i], goal_y[i] = real[r.X, i], real[r.Y, i]
        if target >= 0 and types[whole[r.TYPE, i], r.HEAL_RATE] > ZERO:
            _tend(real, whole, i, target, types, ground, ways)
        elif target >= 0:
            _fight(real, whole, i, target, types, random, battle, ground, ways)
        elif winding_up(real, whole, i, types) and alive[whole[r.STRUCK, i]]:  # it has given up whom it strikes
            deeds[i] = r.FIGHTING
        elif orders[i] == MOVE or orders[i] == ATTACK_MOVE:
            if _walk(real, whole, i, goal_x[i], goal_y[i], ground, ways):
                orders[i] = STAND
        elif orders[i] == STAND and actives[i] == 1:
            dx, dy = goal_x[i] - real[r.X, i], goal_y[i] - real[r.Y, i]
            if dx * dx + dy * dy > POST_SLACK * POST_SLACK:
                _walk(real, whole, i, goal_x[i], goal_y[i], ground, ways)
        if deeds[i] != r.WALKING:
            real[r.EXPECT_X, i] = real[r.EXPECT_Y, i] = real[r.PACE, i] = ZERO
            whole[r.TURN, i] = 0
        elif walked:
            real[r.EXPECT_X, i], real[r.EXPECT_Y, i] = real[r.STEP_X, i], real[r.STEP_Y, i]
        else:
            real[r.EXPECT_X, i], real[r.EXPECT_Y, i] = wish_x[i], wish_y[i]


@rule
def _walk(real: Reals, whole: Wholes, i: int, x: float, y: float, ground: Cells, ways: Ways) -> bool:
    """Wish to go towards a place, round walls, as far as one loop allows; True when that is far enough."""
    if real[r.STRIDE, i] == ZERO:
        return False
    to_x, to_y = x, y
    if whole[r.KIND, i] == r.GROUND:
        to_x, to_y = heading(ways, ground[0], real[r.X, i], real[r.Y, i], x, y)
    dx, dy = to_x - real[r.X, i], to_y - real[r.Y, i]
    pace = min(real[r.STRIDE, i], real[r.PACE, i] + real[r.ACCELERATION, i])
    square = dx * dx + dy * dy
    whole[r.DEED, i] = r.WALKING
    real[r.PACE, i] = pace
    if square <= pace * pace:
        real[r.WISH_X, i], real[r.WISH_Y, i] = dx, dy
        return bool(to_x == x and to_y == y)
    part = pace / math.sqrt(square)
    real[r.WISH_X, i], real[r.WISH_Y, i] = dx * part, dy * part
    return False


@rule
def _tend(real: Reals, whole: Wholes, i: int, patient: int, types: Reals, ground: Cells, ways: Ways) -> None:
    """Stay within healing range of the patient and heal it; at full health just stay with it."""
    if gap(real, i, patient) > types[whole[r.TYPE, i], r.HEAL_RANGE]:
        _walk(real, whole, i, real[r.X, patient], real[r.Y, patient], ground, ways)
    else:
        whole[r.DEED, i] = r.FIGHTING
        mend(real, whole, i, patient, types)


@rule
def _fight(
    real: Reals,
    whole: Wholes,
    i: int,
    target: int,
    types: Reals,
    random: States,
    battle: int,
    ground: Cells,
    ways: Ways,
) -> None:
    """Stand and fire while the target is in range, else chase it; fire over the slop when the weapon is ready."""
    if winding_up(real, whole, i, types):
        whole[r.DEED, i] = r.FIGHTING
        return
    distance, reach = gap(real, i, target), real[r.REACH, i]
    slop = reach + types[whole[r.TYPE, i], r.SLOP]
    if distance > slop:
        whole[r.ENGAGED, i] = -1
    if real[r.COOLDOWN, i] < 1.0 and distance <= (slop if whole[r.ENGAGED, i] == target else reach):
        begin_attack(real, whole, i, target, types, random, battle)
        whole[r.DEED, i] = r.FIGHTING
    elif distance <= reach:
        whole[r.DEED, i] = r.FIGHTING
    else:
        _walk(real, whole, i, real[r.X, target], real[r.Y, target], ground, ways)
