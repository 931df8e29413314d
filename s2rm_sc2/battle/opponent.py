"""Units that fight on their own: whom an active unit attacks (the scripted enemy; allies are passive, as in SMAC).

All stock units share one target priority, so an active unit takes the closest foe that it can scan, answers whoever
damages it, and is called to help by friends under attack.
"""

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.combat import gap
from s2rm_sc2.battle.compiled import rule
from s2rm_sc2.battle.field import Flags, Reals, Wholes
from s2rm_sc2.battle.orders import ATTACK, HUNT, MOVE, STAND
from s2rm_sc2.units import LOOPS_PER_SECOND

SCAN_RANGE = 5.0
"""Least distance, edge to edge, at which a unit acquires targets, whatever its weapon's range."""
SCAN_PERIOD = 4
"""Loops between two scans; all units scan in the same loop, so that no side sees the other first."""
LEASH = 21.0
"""Cells from its post at which an idle unit no longer pursues."""
HELP_RADIUS = 4.0
HELP_PERIOD = 2.0 * LOOPS_PER_SECOND
"""A unit under attack calls friends within the radius, at most once in a period (loops)."""
ANYWHERE = 1e9


@rule
def choose_targets(real: Reals, whole: Wholes, alive: Flags, types: Reals, clock: int) -> None:
    """Let every active unit whose order leaves the choice to it keep, drop or take a target."""
    scanning = clock % SCAN_PERIOD == 0
    for i in range(alive.shape[0]):
        attacker = whole[r.ATTACKER, i]
        whole[r.ATTACKER, i] = -1
        order = whole[r.ORDER, i]
        if not alive[i] or whole[r.ACTIVE, i] == 0 or order in (MOVE, ATTACK):
            continue
        target = whole[r.TARGET, i]
        bereft = target >= 0 and not alive[target]
        if bereft or (scanning and target >= 0 and _out_of_reach(real, whole, i, target, types)):
            target = -1
        if bereft or (scanning and (target < 0 or gap(real, i, target) > real[r.REACH, i])):
            scan = ANYWHERE if order == HUNT else max(SCAN_RANGE, real[r.REACH, i])
            nearest = closest_foe(real, whole, alive, i, scan)
            if nearest >= 0 and not _out_of_reach(real, whole, i, nearest, types):
                target = nearest
        if target < 0 and attacker >= 0 and alive[attacker]:
            target = attacker
        whole[r.TARGET, i] = target
        real[r.HUSH, i] = max(0.0, real[r.HUSH, i] - 1.0)
        if attacker >= 0 and alive[attacker] and real[r.HUSH, i] == 0.0:
            real[r.HUSH, i] = HELP_PERIOD
            _call_for_help(real, whole, alive, i, attacker)


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
def closest_foe(real: Reals, whole: Wholes, alive: Flags, i: int, scan: float) -> int:
    """The living unit of the other side whose edge is closest and within ``scan`` cells of unit i's; -1 for none."""
    best, nearest = scan, -1
    for j in range(alive.shape[0]):
        if alive[j] and whole[r.TEAM, j] != whole[r.TEAM, i]:
            distance = gap(real, i, j)
            if distance <= best:
                best, nearest = distance, j
    return nearest


@rule
def _call_for_help(real: Reals, whole: Wholes, alive: Flags, i: int, attacker: int) -> None:
    """Friends within the radius that fight nobody turn on the attacker."""
    for j in range(alive.shape[0]):
        order = whole[r.ORDER, j]
        if j == i or not alive[j] or whole[r.TEAM, j] != whole[r.TEAM, i] or whole[r.ACTIVE, j] == 0:
            continue
        if whole[r.TARGET, j] >= 0 or order in (MOVE, ATTACK):
            continue
        dx, dy = real[r.X, j] - real[r.X, i], real[r.Y, j] - real[r.Y, i]
        if dx * dx + dy * dy <= HELP_RADIUS * HELP_RADIUS:
            whole[r.TARGET, j] = attacker
