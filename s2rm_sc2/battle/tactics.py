"""Stronger scripted enemies: fire concentrated on the weakest foe in reach, and steps back from melee foes.

They replace only the choice of targets and what ranged units do between two shots; orders, acquisition, response and
calls for help stay the built-in ones of :mod:`s2rm_sc2.battle.opponent`.
"""

import math
from typing import get_args

import numpy as np

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.combat import can_hit, gap, winding_up
from s2rm_sc2.battle.compiled import rule
from s2rm_sc2.battle.field import Flags, Reals, Wholes
from s2rm_sc2.scenarios import Opponent

OPPONENTS = get_args(Opponent)
"""Values of a scenario's ``opponent``; the engine knows them by their place."""
SMAC, FOCUS, KITE = range(3)
RANGED = 2.0
"""Least range of a ranged unit, cells; melee units of SMAC reach 0.25 at most."""
SAFETY = 1.0
"""Cells by which a ranged unit lets melee foes into its range before it steps back, so that it can fire again."""
ONE = np.float32(1.0)


@rule
def weakest_in_reach(real: Reals, whole: Wholes, alive: Flags, i: int, damage: Reals) -> int:
    """The foe with the least health and shield that unit i's weapon reaches now, the nearest of equals; -1 for none."""
    best, least, nearest = -1, 1e9, 1e9
    for j in range(alive.shape[0]):
        if not alive[j] or whole[r.TEAM, j] == whole[r.TEAM, i]:
            continue
        distance, strength = gap(real, i, j), real[r.HEALTH, j] + real[r.SHIELD, j]
        if distance > real[r.REACH, i] or strength > least or not can_hit(whole, i, j, damage):
            continue
        if strength < least or distance < nearest:
            best, least, nearest = j, strength, distance
    return best


@rule
def step_back(real: Reals, whole: Wholes, alive: Flags, types: Reals, damage: Reals) -> None:
    """Turn ranged units that fight on their own away from the closest melee foe while their weapon cools down.

    The ground stops them at walls as it stops every walker; cornered they stand, and fire as soon as they can.
    """
    for i in range(alive.shape[0]):
        if not alive[i] or whole[r.ACTIVE, i] == 0 or whole[r.TARGET, i] < 0:
            continue
        if real[r.REACH, i] < RANGED or real[r.COOLDOWN, i] < ONE or winding_up(real, whole, i, types):
            continue
        foe = _closest_melee_foe(real, whole, alive, i, real[r.REACH, i] - SAFETY, damage)
        if foe < 0:
            continue
        dx, dy = real[r.X, i] - real[r.X, foe], real[r.Y, i] - real[r.Y, foe]
        part = real[r.STRIDE, i] / max(math.sqrt(dx * dx + dy * dy), 1e-6)
        real[r.WISH_X, i], real[r.WISH_Y, i] = dx * part, dy * part
        real[r.EXPECT_X, i], real[r.EXPECT_Y, i] = real[r.WISH_X, i], real[r.WISH_Y, i]
        whole[r.DEED, i] = r.WALKING if real[r.STRIDE, i] > 0.0 else r.FIGHTING


@rule
def _closest_melee_foe(real: Reals, whole: Wholes, alive: Flags, i: int, distance: float, damage: Reals) -> int:
    """The closest foe within ``distance`` that must touch unit i to hurt it; -1 for none."""
    best, nearest = distance, -1
    for j in range(alive.shape[0]):
        if alive[j] and whole[r.TEAM, j] != whole[r.TEAM, i] and real[r.REACH, j] < RANGED:
            apart = gap(real, i, j)
            if apart <= best and can_hit(whole, j, i, damage):
                best, nearest = apart, j
    return nearest
