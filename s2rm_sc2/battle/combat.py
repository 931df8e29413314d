"""Attacks, from their start to the damage: swings, hits, missiles, splash, armour, shields, regeneration, death.

Fair by construction: units act on what stood at the start of the loop, damage of a loop lands in full, and the dead
are removed only at its end, so two units can kill each other and the order of rows favours no side.
"""

import math

from s2rm_sc2.battle.compiled import rule
from s2rm_sc2.battle.field import (
    ARMOR, ATTACKER, CALM, CIRCLE, CIRCLES, COOLDOWN, DAMAGE_POINT, DEED, ENERGY, ENGAGED, HEALTH, HIT_DELAY,
    HITS, IDLE, MAX_HEALTH, MAX_SHIELD, MISSILE, MISSILE_SPEED, MISSILE_X, MISSILE_Y, N_HITS, PERIOD, RADIUS, REACH,
    REGENERATION, SHIELD, SLOP, SPACING, STEP_X, STEP_Y, STRUCK, SWING, TEAM, TYPE, Flags, Reals, Wholes, X, Y,
)  # fmt: skip
from s2rm_sc2.battle.random import States, uniform
from s2rm_sc2.units import LOOPS_PER_SECOND, SHIELD_DELAY, SHIELD_REGENERATION

SHIELD_WAIT = SHIELD_DELAY * LOOPS_PER_SECOND
SHIELD_RATE = SHIELD_REGENERATION / LOOPS_PER_SECOND
DELAY_LEAST, DELAY_SPAN = -0.0625 * LOOPS_PER_SECOND, 0.1875 * LOOPS_PER_SECOND
"""SC2 adds a random delay of -0.0625 to +0.125 s to each cooldown; its distribution is taken as uniform."""
LEAST_DAMAGE = 0.5
"""Points that armour always leaves of a hit."""


@rule
def gap(real: Reals, i: int, j: int) -> float:
    """Distance between the edges of two bodies, cells."""
    dx, dy = real[X, j] - real[X, i], real[Y, j] - real[Y, i]
    return math.sqrt(dx * dx + dy * dy) - real[RADIUS, i] - real[RADIUS, j]


@rule
def recover(real: Reals, whole: Wholes, alive: Flags, types: Reals) -> None:
    """Regenerate health (zerg) and, after 160 loops without damage, shields (protoss) for one loop."""
    for i in range(alive.shape[0]):
        if not alive[i]:
            continue
        kind = whole[TYPE, i]
        if types[kind, REGENERATION] > 0.0:
            real[HEALTH, i] = min(types[kind, MAX_HEALTH], real[HEALTH, i] + types[kind, REGENERATION])
        if real[CALM, i] > 0.0:
            real[CALM, i] -= 1.0
        elif real[SHIELD, i] < types[kind, MAX_SHIELD]:
            real[SHIELD, i] = min(types[kind, MAX_SHIELD], real[SHIELD, i] + SHIELD_RATE)


@rule
def winding_up(real: Reals, whole: Wholes, i: int, types: Reals) -> bool:
    """Whether an attack has begun and its damage point is still to come."""
    return whole[HITS, i] > 0 and whole[HITS, i] == types[whole[TYPE, i], N_HITS]


@rule
def call_off(real: Reals, whole: Wholes, i: int, types: Reals) -> None:
    """Break off an attack before its damage point; it costs no cooldown."""
    if winding_up(real, whole, i, types):
        whole[HITS, i] = 0
        real[COOLDOWN, i] = 0.0


@rule
def begin_attack(real: Reals, whole: Wholes, i: int, target: int, types: Reals, random: States, battle: int) -> None:
    """Start an attack within this loop, at the moment the cooldown ends; the period counts from that moment."""
    kind = whole[TYPE, i]
    moment = real[COOLDOWN, i]
    real[SWING, i] = moment + types[kind, DAMAGE_POINT]
    real[COOLDOWN, i] = moment + types[kind, PERIOD] + DELAY_LEAST + DELAY_SPAN * uniform(random, battle)
    whole[HITS, i] = int(types[kind, N_HITS])
    whole[STRUCK, i] = whole[ENGAGED, i] = target


@rule
def hurt(real: Reals, whole: Wholes, attacker: int, target: int, types: Reals, damage: Reals) -> None:
    """One hit: the shield takes what it can, the rest less armour (at least 0.5) is taken from health."""
    amount = damage[whole[TYPE, attacker], whole[TYPE, target]]
    absorbed = min(real[SHIELD, target], amount)
    real[SHIELD, target] -= absorbed
    rest = amount - absorbed
    if rest > 0.0:
        real[HEALTH, target] -= max(rest - types[whole[TYPE, target], ARMOR], min(rest, LEAST_DAMAGE))
    real[CALM, target] = SHIELD_WAIT
    whole[ATTACKER, target] = attacker


@rule
def sweep(real: Reals, whole: Wholes, alive: Flags, attacker: int, target: int, types: Reals, damage: Reals) -> None:
    """A colossus' sweep: the target, and foes touched by a row of circles across the line of fire, are hit once."""
    kind = whole[TYPE, attacker]
    dx, dy = real[X, target] - real[X, attacker], real[Y, target] - real[Y, attacker]
    length = math.sqrt(dx * dx + dy * dy)
    if length == 0.0:
        dx, length = 1.0, 1.0
    across_x, across_y = -dy / length * types[kind, SPACING], dx / length * types[kind, SPACING]
    n_circles = int(types[kind, CIRCLES])
    for j in range(alive.shape[0]):
        if not alive[j] or whole[TEAM, j] == whole[TEAM, attacker]:
            continue
        touched = j == target
        reach = types[kind, CIRCLE] + real[RADIUS, j]
        for circle in range(n_circles):
            if touched:
                break
            place = circle - (n_circles - 1) / 2
            cx = real[X, target] + place * across_x - real[X, j]
            cy = real[Y, target] + place * across_y - real[Y, j]
            touched = cx * cx + cy * cy <= reach * reach
        if touched:
            hurt(real, whole, attacker, j, types, damage)


@rule
def strike(real: Reals, whole: Wholes, alive: Flags, types: Reals, damage: Reals) -> None:
    """Deal the hits and launch the missiles that fall within this loop, then let all timers run."""
    for i in range(alive.shape[0]):
        if not alive[i]:
            continue
        kind, target = whole[TYPE, i], whole[STRUCK, i]
        if whole[HITS, i] > 0 and not alive[target] and types[kind, CIRCLES] == 0.0:
            call_off(real, whole, i, types)
            whole[HITS, i] = 0
        while whole[HITS, i] > 0 and real[SWING, i] < 1.0:
            whole[HITS, i] -= 1
            if types[kind, CIRCLES] > 0.0:
                sweep(real, whole, alive, i, target, types, damage)
            elif types[kind, MISSILE_SPEED] > 0.0:
                _launch(real, whole, i, target, types)
            else:
                hurt(real, whole, i, target, types, damage)
            real[SWING, i] += types[kind, HIT_DELAY]
        real[SWING, i] -= 1.0
        real[COOLDOWN, i] = max(0.0, real[COOLDOWN, i] - 1.0)


@rule
def _launch(real: Reals, whole: Wholes, i: int, target: int, types: Reals) -> None:
    """Set the missile so far back that a full loop's flight takes it as far as the rest of this loop does."""
    whole[MISSILE, i] = target
    dx, dy = real[X, target] - real[X, i], real[Y, target] - real[Y, i]
    distance = max(math.sqrt(dx * dx + dy * dy), 1e-6)
    back = real[SWING, i] * types[whole[TYPE, i], MISSILE_SPEED] / distance
    real[MISSILE_X, i], real[MISSILE_Y, i] = real[X, i] - back * dx, real[Y, i] - back * dy


@rule
def fly(real: Reals, whole: Wholes, alive: Flags, types: Reals, damage: Reals) -> None:
    """Move all missiles towards their targets' centres; they hit on arrival and are lost when the target is dead."""
    for i in range(alive.shape[0]):
        target = whole[MISSILE, i]
        if target < 0:
            continue
        if not alive[target]:
            whole[MISSILE, i] = -1
            continue
        speed = types[whole[TYPE, i], MISSILE_SPEED]
        dx, dy = real[X, target] - real[MISSILE_X, i], real[Y, target] - real[MISSILE_Y, i]
        distance = math.sqrt(dx * dx + dy * dy)
        if distance <= speed:
            hurt(real, whole, i, target, types, damage)
            whole[MISSILE, i] = -1
        else:
            real[MISSILE_X, i] += dx * speed / distance
            real[MISSILE_Y, i] += dy * speed / distance


@rule
def bury(real: Reals, whole: Wholes, alive: Flags) -> None:
    """Remove whoever has no health left; the body stays where it fell, out of everyone's way."""
    for i in range(alive.shape[0]):
        if alive[i] and real[HEALTH, i] <= 0.0:
            alive[i] = False
            real[HEALTH, i] = real[SHIELD, i] = real[ENERGY, i] = real[COOLDOWN, i] = 0.0
            real[STEP_X, i] = real[STEP_Y, i] = 0.0
            whole[HITS, i] = 0
            whole[DEED, i] = IDLE
