"""What a scripted agent does: decisions of whole batches of battles, compiled, from the true unit table."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

from s2rm_sc2.actions import EAST, FIRST_TARGET, NO_OP, NORTH, SOUTH, STOP, WEST
from s2rm_sc2.units import LOOPS_PER_STEP, UNIT_TYPES, UnitType

SCRIPTS = ("nearest", "focus", "kite", "scripted")
NEAREST, FOCUS, KITE, SCRIPTED = range(4)

SLACK = 0.5
MELEE = 2.0
FAR = 1e4
OVER = 1e3

# Columns of the unit type constants.
RADIUS, REACH, SPEED, DAMAGE_POINT, HEALS, LIFE, BIOLOGICAL = range(7)
WAIT = 0

F = TypeVar("F", bound=Callable[..., Any])
Reals = npt.NDArray[np.float32]


def _row(unit: UnitType) -> list[float]:
    tool = unit.weapon or unit.heal
    return [
        unit.radius,
        tool.range if tool else 0.0,
        unit.speed * LOOPS_PER_STEP / 16,
        unit.weapon.damage_point * 16 if unit.weapon else 0.0,
        float(unit.heal is not None),
        unit.health + unit.shield,
        float("biological" in unit.attributes),
    ]


def _hit(attacker: UnitType, target: UnitType) -> float:
    weapon = attacker.weapon
    if weapon is None:
        return 0.0
    bonus = weapon.bonus if weapon.bonus_against in target.attributes else 0.0
    return weapon.hits * max(weapon.damage + bonus - target.armor, 0.5)


TYPES = np.array([_row(unit) for unit in UNIT_TYPES], np.float32)
HITS = np.array([[_hit(a, t) for t in UNIT_TYPES] for a in UNIT_TYPES], np.float32)


def _compiled(function: F) -> F:
    return cast(F, njit(cache=True, nogil=True, error_model="numpy")(function))


@_compiled
def decide(x, y, life, health, cooldown, alive, kind, available, script, epsilon, draws, steps, types, hits, size, P, action):
    B, A, N = available.shape
    U = x.shape[1]
    planned = np.zeros(U, np.float32)
    for b in range(B):
        planned[:] = 0
        engaged = False
        for i in range(A):
            for k in range(FIRST_TARGET, N):
                if available[b, i, k] and types[kind[b,i],HEALS]==0:
                    engaged = True
        for i in range(A):
            if not alive[b, i]:
                action[b, i] = NO_OP
            elif draws[b, 0, i] < epsilon[b]:
                action[b, i] = _random(available[b, i], draws[b, 1, i])
            else:
                action[b, i] = _scripted(i, A, x[b], y[b], life[b], health[b], cooldown[b], alive[b], kind[b], available[b, i], script[b], types, hits, planned, engaged, steps[b], size, P)


@_compiled
def _random(available, draw):
    n = 0
    for k in range(available.shape[0]):
        n += available[k]
    left = int(draw * n)
    for k in range(available.shape[0]):
        if available[k]:
            if left == 0:
                return k
            left -= 1
    return 0


@_compiled
def _apart(x, y, i, j):
    dx, dy = x[j] - x[i], y[j] - y[i]
    return np.sqrt(dx * dx + dy * dy)


@_compiled
def _scripted(i, A, x, y, life, health, cooldown, alive, kind, available, script, types, hits, planned, engaged, step, size, P):
    U, N = x.shape[0], available.shape[0]
    me = kind[i]
    if types[me, HEALS] > 0:
        return _heal(i, A, x, y, life, alive, kind, available, types)
    if script >= KITE and types[me, REACH] >= MELEE:
        back = _step_back(i, A, x, y, life, alive, kind, available, types, size, P, P[3] if cooldown[i] > P[1] else P[7], MELEE)
        if back >= 0:
            return back
    if script == SCRIPTED and life[i] < P[8] * types[me, LIFE] and cooldown[i] > P[10]:
        others = False
        for j in range(A):
            if j != i and alive[j] and life[j] > life[i] * P[11]:
                others = True
        if others:
            back = _step_back(i, A, x, y, life, alive, kind, available, types, size, P, P[9], 100.0)
            if back >= 0:
                return back
    best, chosen = np.float32(np.inf), -1
    for k in range(N - FIRST_TARGET):
        j = A + k
        if j >= U or not available[FIRST_TARGET + k]:
            continue
        distance = _apart(x, y, i, j)
        score = distance
        if script != NEAREST:
            if distance > types[me, REACH] + types[me, RADIUS] + types[kind[j], RADIUS] + SLACK:
                score = FAR + distance
            else:
                left = life[j] - planned[j]
                score = left if left > 0 else OVER + distance
                if P[4] > 0:
                    score += P[4]*distance
        if score < best:
            best, chosen = score, j
    if chosen >= 0:
        if cooldown[i] < LOOPS_PER_STEP and best < OVER:
            planned[chosen] += hits[me, kind[chosen]]
        return FIRST_TARGET + chosen - A
    if P[0] > 0 and not engaged and step < P[0]:
        return STOP
    near, goal = np.float32(np.inf), -1
    for j in range(A, U):
        if alive[j]:
            distance = _apart(x, y, i, j)
            if distance < near:
                near, goal = distance, j
    return _towards(x[goal] - x[i], y[goal] - y[i], available) if goal >= 0 else STOP


@_compiled
def _towards(east, north, available):
    best, chosen = np.float32(-np.inf), STOP
    gains = (north, -north, east, -east)
    for m in range(4):
        if available[NORTH + m] and gains[m] > best:
            best, chosen = gains[m], NORTH + m
    return chosen


@_compiled
def _step_back(i, A, x, y, life, alive, kind, available, types, size, P, margin, most):
    U = x.shape[0]
    near = np.float32(np.inf)
    for j in range(A, U):
        if alive[j] and types[kind[j], REACH] < most:
            gap = _apart(x, y, i, j) - types[kind[i], RADIUS] - types[kind[j], RADIUS] - types[kind[j], REACH]
            near = min(near, gap - P[2] * types[kind[j], SPEED])
    if near > margin:
        return -1
    best, chosen = np.float32(-np.inf), -1
    for m in range(4):
        if not available[NORTH + m]:
            continue
        dx = (np.float32(m == 2) - np.float32(m == 3))*P[5]
        dy = (np.float32(m == 0) - np.float32(m == 1))*P[5]
        score = np.float32(0.0)
        for j in range(A, U):
            if alive[j] and types[kind[j], REACH] < most:
                ex, ey = x[j] - x[i] - dx, y[j] - y[i] - dy
                score -= 1.0 / (ex * ex + ey * ey + 0.01)
        px, py = x[i] + dx, y[i] + dy
        wall = min(min(px, size[0] - px), min(py, size[1] - py))
        score -= P[6] / max(wall, 0.3)**2
        if score > best:
            best, chosen = score, NORTH + m
    return chosen


@_compiled
def _heal(i, A, x, y, life, alive, kind, available, types):
    best, chosen = np.float32(np.inf), -1
    goal = -1
    for j in range(A):
        if j == i or not alive[j] or types[kind[j], BIOLOGICAL] == 0:
            continue
        share = life[j] / types[kind[j], LIFE]
        if FIRST_TARGET + j < available.shape[0] and available[FIRST_TARGET + j] and share < 1.0 and share < best:
            best, chosen = share, j
    if chosen >= 0:
        return FIRST_TARGET + chosen
    near = np.float32(np.inf)
    for j in range(A):
        if j != i and alive[j] and types[kind[j], HEALS] == 0:
            distance = _apart(x, y, i, j) - 100 * np.float32(life[j] < types[kind[j], LIFE] and types[kind[j], BIOLOGICAL] > 0)
            if distance < near:
                near, goal = distance, j
    if goal < 0:
        return STOP
    return _towards(x[goal] - x[i], y[goal] - y[i], available)
