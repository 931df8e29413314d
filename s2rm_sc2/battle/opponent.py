"""Units that fight on their own: whom an active unit attacks (the scripted enemy; allies are passive, as in SMAC).

All stock units share one target priority, so an active unit takes the closest foe that it can scan and hit, answers
whoever damages it, and is called to help by friends under attack. A healer looks after the most wounded instead.
"""

import math

import numpy as np

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.combat import can_heal, can_hit, gap
from s2rm_sc2.battle.compiled import part, rule
from s2rm_sc2.battle.field import Flags, Reals, Wholes
from s2rm_sc2.battle.orders import ATTACK, HEAL, HUNT, MOVE, STAND
from s2rm_sc2.battle.tactics import SMAC, weakest_in_reach
from s2rm_sc2.units import LOOPS_PER_SECOND

SCAN_RANGE = np.float32(5.0)
"""Least distance, edge to edge, at which a unit acquires targets, whatever its weapon's range."""
SCAN_PERIOD = 4
"""Loops between two scans; all units scan in the same loop, so that no side sees the other first."""
HUNT_PERIOD = 8
"""Loops between two looks round of a hunter without prey (SMACv2's script: half a second)."""
LEASH = np.float32(21.0)
"""Cells from its post at which an idle unit no longer pursues."""
HELP_RADIUS = np.float32(4.0)
HELP_PERIOD = np.float32(2.0 * LOOPS_PER_SECOND)
"""A unit under attack calls friends within the radius, at most once in a period (loops)."""
ANYWHERE = np.float32(1e9)
ZERO, ONE = np.float32(0.0), np.float32(1.0)


@part
def choose_targets(
    real: Reals, whole: Wholes, alive: Flags, types: Reals, damage: Reals, clock: int, opponent: int
) -> None:
    """Let every active unit whose order leaves the choice to it keep, drop or take a target."""
    scanning = clock % SCAN_PERIOD == 0
    hush, attackers, attacked = real[r.HUSH], whole[r.ATTACKER], False
    for i in range(alive.shape[0]):
        hush[i] = max(ZERO, hush[i] - ONE)
    for i in range(alive.shape[0]):
        attacked |= attackers[i] >= 0
        if not alive[i] or not _free_to_choose(whole, i):
            continue
        if types[whole[r.TYPE, i], r.HEAL_RATE] > ZERO:
            if scanning:
                whole[r.TARGET, i] = _patient(real, whole, alive, i, types)
            continue
        whole[r.TARGET, i] = _prey(real, whole, alive, i, types, damage, clock, opponent)
    if not attacked:
        return
    _answer_calls(real, whole, alive, damage)
    for i in range(alive.shape[0]):
        if attackers[i] >= 0 and hush[i] == ZERO:
            hush[i] = HELP_PERIOD
        attackers[i] = -1


@rule
def _prey(
    real: Reals, whole: Wholes, alive: Flags, i: int, types: Reals, damage: Reals, clock: int, opponent: int
) -> int:
    """Whom unit i attacks: its present target, a better one that it scans, or else whoever damaged it; -1 for none."""
    target, order, scanning = whole[r.TARGET, i], whole[r.ORDER, i], clock % SCAN_PERIOD == 0
    bereft = target >= 0 and not alive[target]
    if bereft or (scanning and target >= 0 and _out_of_reach(real, whole, i, target, types)):
        target = -1
    if opponent != SMAC and (bereft or scanning):
        weakest = weakest_in_reach(real, whole, alive, i, damage)
        if weakest >= 0:
            return weakest
    if bereft or (scanning and (target < 0 or (order != HUNT and gap(real, i, target) > real[r.REACH, i]))):
        scan = float(max(SCAN_RANGE, real[r.REACH, i]))
        if order == HUNT and clock % HUNT_PERIOD == 0:
            scan = float(ANYWHERE)
        nearest = closest_foe(real, whole, alive, i, scan, damage)
        if nearest >= 0 and not _out_of_reach(real, whole, i, nearest, types):
            target = nearest
    attacker = whole[r.ATTACKER, i]
    if target < 0 and attacker >= 0 and alive[attacker] and can_hit(whole, i, attacker, damage):
        target = attacker
    return int(target)


@rule
def _free_to_choose(whole: Wholes, i: int) -> bool:
    """Whether unit i fights on its own and its order does not say whom or what to ignore."""
    order = whole[r.ORDER, i]
    return bool(whole[r.ACTIVE, i] == 1 and order != MOVE and order != ATTACK and order != HEAL)


@rule
def _out_of_reach(real: Reals, whole: Wholes, i: int, target: int, types: Reals) -> bool:
    """A target out of the unit's sight is given up; a unit at its post also gives up whoever leaves the leash."""
    if whole[r.ORDER, i] == HUNT:
        return False
    if gap(real, i, target) > types[whole[r.TYPE, i], r.SIGHT]:
        return True
    dx, dy = real[r.X, target] - real[r.GOAL_X, i], real[r.Y, target] - real[r.GOAL_Y, i]
    return bool(whole[r.ORDER, i] == STAND and dx * dx + dy * dy > LEASH * LEASH)


@rule
def closest_foe(real: Reals, whole: Wholes, alive: Flags, i: int, scan: float, damage: Reals) -> int:
    """The living foe that unit i can hit whose edge is closest and within ``scan`` cells of unit i's; -1 for none."""
    xs, ys, radii, teams = real[r.X], real[r.Y], real[r.RADIUS], whole[r.TEAM]
    x, y, radius, team = xs[i], ys[i], radii[i], teams[i]
    best, nearest = np.float32(scan), -1
    for j in range(alive.shape[0]):
        if teams[j] != team and alive[j]:
            dx, dy, reach = xs[j] - x, ys[j] - y, best + radius + radii[j]
            square = dx * dx + dy * dy
            if square <= reach * reach and can_hit(whole, i, j, damage):
                best, nearest = np.float32(math.sqrt(square) - radius - radii[j]), j
    return nearest


@rule
def _patient(real: Reals, whole: Wholes, alive: Flags, i: int, types: Reals) -> int:
    """Whom healer i looks after: its present patient until it is well, else the most wounded nearby; -1 for none.

    Beginning takes more energy than going on. A hunter without patients flies with its closest friend.
    """
    kind, present = whole[r.TYPE, i], whole[r.TARGET, i]
    if present >= 0 and alive[present] and gap(real, i, present) <= types[kind, r.HEAL_SCAN]:
        wounded = real[r.HEALTH, present] < types[whole[r.TYPE, present], r.MAX_HEALTH]
        if wounded and real[r.ENERGY, i] >= types[kind, r.HEAL_RATE] * types[kind, r.HEAL_COST]:
            return int(present)
    patient, friend, least, close, closest = -1, -1, ONE, float(ANYWHERE), float(ANYWHERE)
    for j in range(alive.shape[0]):
        if not alive[j] or not can_heal(whole, i, j, types):
            continue
        distance = gap(real, i, j)
        if distance < closest:
            friend, closest = j, distance
        life = real[r.HEALTH, j] / types[whole[r.TYPE, j], r.MAX_HEALTH]
        if life == ONE or life > least or distance > types[kind, r.HEAL_SCAN]:
            continue
        if life < least or distance < close:
            patient, least, close = j, life, distance
    if patient >= 0 and real[r.ENERGY, i] >= types[kind, r.HEAL_START]:
        return patient
    return friend if whole[r.ORDER, i] == HUNT else -1


@rule
def _answer_calls(real: Reals, whole: Wholes, alive: Flags, damage: Reals) -> None:
    """Units that fight nobody turn on the closest of those who attack a calling friend within the radius."""
    for i in range(alive.shape[0]):
        if not alive[i] or whole[r.TARGET, i] >= 0 or not _free_to_choose(whole, i):
            continue
        best = float(ANYWHERE)
        for j in range(alive.shape[0]):
            attacker = whole[r.ATTACKER, j]
            if attacker < 0 or not alive[attacker] or real[r.HUSH, j] > ZERO:
                continue
            if not can_hit(whole, i, attacker, damage):
                continue
            if whole[r.TEAM, j] != whole[r.TEAM, i] or whole[r.ACTIVE, j] == 0:
                continue
            dx, dy = real[r.X, j] - real[r.X, i], real[r.Y, j] - real[r.Y, i]
            distance = gap(real, i, attacker)
            if dx * dx + dy * dy <= HELP_RADIUS * HELP_RADIUS and distance < best:
                best = distance
                whole[r.TARGET, i] = attacker
