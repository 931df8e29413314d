"""Attacks, from their start to the damage: swings, hits, missiles, splash, blasts, armour, recovery, healing, death.

Fair by construction: units act on what stood at the start of the loop, damage of a loop lands in full, and the dead
are removed only at its end, so two units can kill each other and the order of rows favours no side.
"""

import math

import numpy as np

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.compiled import rule
from s2rm_sc2.battle.field import Flags, Reals, Wholes
from s2rm_sc2.battle.random import States, uniform
from s2rm_sc2.units import LEAST_DAMAGE, LOOPS_PER_SECOND, SHIELD_DELAY, SHIELD_REGENERATION

SHIELD_WAIT = SHIELD_DELAY * LOOPS_PER_SECOND
SHIELD_RATE = np.float32(SHIELD_REGENERATION / LOOPS_PER_SECOND)
DELAY_LEAST, DELAY_SPAN = -0.0625 * LOOPS_PER_SECOND, 0.1875 * LOOPS_PER_SECOND
"""SC2 adds a random delay of -0.0625 to +0.125 s to each cooldown; its distribution is taken as uniform."""
ZERO, ONE = np.float32(0.0), np.float32(1.0)


@rule
def gap(real: Reals, i: int, j: int) -> float:
    """Distance between the edges of two bodies, cells."""
    dx, dy = real[r.X, j] - real[r.X, i], real[r.Y, j] - real[r.Y, i]
    return float(math.sqrt(dx * dx + dy * dy) - real[r.RADIUS, i] - real[r.RADIUS, j])


@rule
def can_hit(whole: Wholes, i: int, j: int, damage: Reals) -> bool:
    """Whether unit i's weapon reaches the plane that unit j is on; False without a weapon."""
    return bool(damage[whole[r.TYPE, i], whole[r.TYPE, j]] > 0.0)


@rule
def can_heal(whole: Wholes, i: int, j: int, types: Reals) -> bool:
    """Whether unit i heals and unit j is another, biological unit of its side."""
    heals = types[whole[r.TYPE, i], r.HEAL_RATE] > 0.0 and types[whole[r.TYPE, j], r.BIOLOGICAL] > 0.0
    return bool(heals and i != j and whole[r.TEAM, i] == whole[r.TEAM, j])


@rule
def recover(real: Reals, whole: Wholes, alive: Flags, types: Reals) -> None:
    """Regenerate health (zerg), energy and, after 160 loops without damage, shields (protoss) for one loop."""
    kinds, shields, calm = whole[r.TYPE], real[r.SHIELD], real[r.CALM]
    for i in range(alive.shape[0]):
        if not alive[i]:
            continue
        kind = kinds[i]
        if types[kind, r.REGENERATION] > ZERO:
            real[r.HEALTH, i] = min(types[kind, r.MAX_HEALTH], real[r.HEALTH, i] + types[kind, r.REGENERATION])
        if types[kind, r.ENERGY_RATE] > ZERO:
            real[r.ENERGY, i] = min(types[kind, r.MAX_ENERGY], real[r.ENERGY, i] + types[kind, r.ENERGY_RATE])
        if calm[i] > ZERO:
            calm[i] -= ONE
        elif shields[i] < types[kind, r.MAX_SHIELD]:
            shields[i] = min(types[kind, r.MAX_SHIELD], shields[i] + SHIELD_RATE)


@rule
def winding_up(real: Reals, whole: Wholes, i: int, types: Reals) -> bool:
    """Whether an attack has begun and its damage point is still to come."""
    return bool(whole[r.HITS, i] > 0 and whole[r.HITS, i] == types[whole[r.TYPE, i], r.N_HITS])


@rule
def call_off(real: Reals, whole: Wholes, i: int, types: Reals) -> None:
    """Break off an attack before its damage point; it costs no cooldown."""
    if winding_up(real, whole, i, types):
        whole[r.HITS, i] = 0
        real[r.COOLDOWN, i] = 0.0


@rule
def begin_attack(real: Reals, whole: Wholes, i: int, target: int, types: Reals, random: States, battle: int) -> None:
    """Start an attack within this loop, at the moment the cooldown ends; the period counts from that moment."""
    kind = whole[r.TYPE, i]
    moment = real[r.COOLDOWN, i]
    real[r.SWING, i] = moment + types[kind, r.DAMAGE_POINT]
    real[r.COOLDOWN, i] = moment + types[kind, r.PERIOD] + DELAY_LEAST + DELAY_SPAN * uniform(random, battle)
    whole[r.HITS, i] = int(types[kind, r.N_HITS])
    whole[r.STRUCK, i] = whole[r.ENGAGED, i] = target


@rule
def hurt(real: Reals, whole: Wholes, attacker: int, target: int, types: Reals, damage: Reals) -> None:
    """One hit: the shield takes what it can, the rest less armour (at least 0.5) is taken from health."""
    amount = damage[whole[r.TYPE, attacker], whole[r.TYPE, target]]
    absorbed = min(real[r.SHIELD, target], amount)
    real[r.SHIELD, target] -= absorbed
    rest = amount - absorbed
    if rest > 0.0:
        real[r.HEALTH, target] -= max(rest - types[whole[r.TYPE, target], r.ARMOR], min(rest, LEAST_DAMAGE))
    real[r.CALM, target] = SHIELD_WAIT
    other = whole[r.ATTACKER, target]
    if other < 0 or gap(real, target, attacker) < gap(real, target, other):
        whole[r.ATTACKER, target] = attacker


@rule
def mend(real: Reals, whole: Wholes, i: int, patient: int, types: Reals) -> None:
    """Heal a patient for one loop, as far as it is wounded and the energy lasts."""
    kind = whole[r.TYPE, i]
    missing = types[whole[r.TYPE, patient], r.MAX_HEALTH] - real[r.HEALTH, patient]
    points = min(types[kind, r.HEAL_RATE], missing, real[r.ENERGY, i] / types[kind, r.HEAL_COST])
    if points > 0.0:
        real[r.HEALTH, patient] += points
        real[r.ENERGY, i] = max(0.0, real[r.ENERGY, i] - points * types[kind, r.HEAL_COST])


@rule
def sweep(real: Reals, whole: Wholes, alive: Flags, attacker: int, target: int, types: Reals, damage: Reals) -> None:
    """The end of a colossus' sweep: the target, and foes touched by a row of circles across the shot, are hit once."""
    kind = whole[r.TYPE, attacker]
    dx, dy = real[r.X, target] - real[r.X, attacker], real[r.Y, target] - real[r.Y, attacker]
    length = math.sqrt(dx * dx + dy * dy)
    if length == 0.0:
        dx, length = 1.0, 1.0
    across_x, across_y = -dy / length * types[kind, r.SPACING], dx / length * types[kind, r.SPACING]
    n_circles = int(types[kind, r.CIRCLES])
    for j in range(alive.shape[0]):
        if not alive[j] or whole[r.TEAM, j] == whole[r.TEAM, attacker] or not can_hit(whole, attacker, j, damage):
            continue
        touched = j == target
        reach = types[kind, r.CIRCLE] + real[r.RADIUS, j]
        for circle in range(n_circles):
            if touched:
                break
            place = circle - (n_circles - 1) / 2
            cx = real[r.X, target] + place * across_x - real[r.X, j]
            cy = real[r.Y, target] + place * across_y - real[r.Y, j]
            touched = cx * cx + cy * cy <= reach * reach
        if touched:
            hurt(real, whole, attacker, j, types, damage)


@rule
def strike(real: Reals, whole: Wholes, alive: Flags, types: Reals, damage: Reals) -> None:
    """Deal the hits and launch the missiles that fall within this loop, then let all timers run."""
    hits, swings, cooldowns = whole[r.HITS], real[r.SWING], real[r.COOLDOWN]
    for i in range(alive.shape[0]):
        if hits[i] <= 0 or not alive[i]:
            continue
        kind, target = whole[r.TYPE, i], whole[r.STRUCK, i]
        if not alive[target] and (types[kind, r.CIRCLES] == ZERO or winding_up(real, whole, i, types)):
            call_off(real, whole, i, types)
            hits[i] = 0
        while hits[i] > 0 and swings[i] < ONE:
            hits[i] -= 1
            if types[kind, r.CIRCLES] > ZERO:
                if hits[i] + 1 < types[kind, r.N_HITS]:  # the first marks where the sweeping begins
                    sweep(real, whole, alive, i, target, types, damage)
            elif types[kind, r.BLAST] > ZERO:
                real[r.HEALTH, i] = ZERO  # it explodes as it dies
            elif types[kind, r.MISSILE_SPEED] > ZERO:
                _launch(real, whole, i, target, types)
            else:
                hurt(real, whole, i, target, types, damage)
            swings[i] += types[kind, r.HIT_DELAY]
    for i in range(alive.shape[0]):  # the timers of all, the dead included: no branches
        swings[i] -= ONE
    for i in range(alive.shape[0]):
        cooldowns[i] = max(ZERO, cooldowns[i] - ONE)


@rule
def _launch(real: Reals, whole: Wholes, i: int, target: int, types: Reals) -> None:
    """Set the missile so far back that a full loop's flight takes it as far as the rest of this loop does."""
    whole[r.MISSILE, i] = target
    dx, dy = real[r.X, target] - real[r.X, i], real[r.Y, target] - real[r.Y, i]
    distance = max(math.sqrt(dx * dx + dy * dy), 1e-6)
    back = real[r.SWING, i] * types[whole[r.TYPE, i], r.MISSILE_SPEED] / distance
    real[r.MISSILE_X, i], real[r.MISSILE_Y, i] = real[r.X, i] - back * dx, real[r.Y, i] - back * dy


@rule
def fly(real: Reals, whole: Wholes, alive: Flags, types: Reals, damage: Reals) -> None:
    """Move all missiles towards their targets' centres; they hit on arrival and are lost when the target is dead."""
    for i in range(alive.shape[0]):
        target = whole[r.MISSILE, i]
        if target < 0:
            continue
        if not alive[target]:
            whole[r.MISSILE, i] = -1
            continue
        speed = types[whole[r.TYPE, i], r.MISSILE_SPEED]
        dx, dy = real[r.X, target] - real[r.MISSILE_X, i], real[r.Y, target] - real[r.MISSILE_Y, i]
        distance = math.sqrt(dx * dx + dy * dy)
        if distance <= speed:
            hurt(real, whole, i, target, types, damage)
            whole[r.MISSILE, i] = -1
        else:
            real[r.MISSILE_X, i] += dx * speed / distance
            real[r.MISSILE_Y, i] += dy * speed / distance


@rule
def explode(real: Reals, whole: Wholes, alive: Flags, types: Reals, damage: Reals) -> None:
    """Blow up the dying banelings of both sides, and those that die of it, until no more do.

    Who explodes and what each foe takes does not depend on the order: blasts of one loop all land in full.
    """
    burst = True
    while burst:
        burst = False
        for i in range(alive.shape[0]):
            radius = types[whole[r.TYPE, i], r.BLAST]
            if not alive[i] or radius == 0.0 or real[r.HEALTH, i] > 0.0 or whole[r.DEED, i] == r.BURST:
                continue
            whole[r.DEED, i] = r.BURST
            burst = True
            for j in range(alive.shape[0]):
                if not alive[j] or whole[r.TEAM, j] == whole[r.TEAM, i] or not can_hit(whole, i, j, damage):
                    continue
                if gap(real, i, j) + real[r.RADIUS, i] <= radius:
                    hurt(real, whole, i, j, types, damage)


@rule
def bury(real: Reals, whole: Wholes, alive: Flags, types: Reals, damage: Reals) -> None:
    """Remove whoever has no health left; the body stays where it fell, out of everyone's way."""
    dying, blasts = False, False
    for i in range(alive.shape[0]):
        if alive[i] and real[r.HEALTH, i] <= 0.0:
            dying = True
            blasts |= types[whole[r.TYPE, i], r.BLAST] > 0.0
    if not dying:
        return
    if blasts:
        explode(real, whole, alive, types, damage)
    for i in range(alive.shape[0]):
        if real[r.HEALTH, i] <= ZERO and alive[i]:
            alive[i] = False
            real[r.HEALTH, i] = real[r.SHIELD, i] = real[r.ENERGY, i] = real[r.COOLDOWN, i] = 0.0
            real[r.STEP_X, i] = real[r.STEP_Y, i] = 0.0
            whole[r.HITS, i] = 0
            whole[r.DEED, i] = r.IDLE
