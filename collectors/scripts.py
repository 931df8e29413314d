"""What scripted agents do: compiled decisions for whole batches of battles, made from the true unit table.

Agents of a battle decide one after the other in row order and count the damage that the ones before them have already
ordered, so that fire is focused without being wasted. A battle's decisions do not depend on the battles beside it.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

from s2rm_sc2.actions import FIRST_TARGET, NO_OP, NORTH, STOP
from s2rm_sc2.battle.compiled import FINGERPRINT
from s2rm_sc2.battle.tactics import RANGED
from s2rm_sc2.units import LOOPS_PER_SECOND, LOOPS_PER_STEP, UNIT_TYPES, UnitType

SCRIPTS = ("random", "nearest", "focus", "kite", "scripted", "listed", "paired")
"""The scripts by name; a script's place here is its number."""

RANDOM, NEAREST, FOCUS, KITE, SCRIPTED, LISTED, PAIRED = range(7)

SLACK = 0.5
"""How far beyond its reach a target still counts as reached, cells: about half a step of walking."""
SOON = 4.0
"""A weapon that cools down no longer than this still fires within the coming step; game loops."""
SHY = 3.0
"""While the weapon cools down, melee enemies are kept this far beyond what they reach in the coming step, cells."""
AHEAD = 3.0
"""How far ahead a unit that steps back weighs the places it could go to, cells."""
EDGE = 0.3
"""How much a unit that steps back minds the border of the map, beside one melee enemy at the same distance."""
WOUNDED, STRONGER = 0.6, 2.0
"""A unit below this share of its full points steps back while an ally has that many times its points left."""
PATIENCE = 40
"""Steps for which a team without melee units awaits its attackers."""
NEARER = 0.3
"""Points by which a target a cell further off must be weaker to be chosen."""
FAR, WASTED = 1e6, 1e4
"""Added to the score of targets out of reach, and of those who will die anyway."""

# Rows of the float32 array of a battle.
X, Y, HEALTH, LIFE, COOLDOWN = range(5)  # LIFE: health and shield

# Columns of the unit type constants.
RADIUS, REACH, STRIDE, HEALS, BIOLOGICAL, FULL_HEALTH, FULL_LIFE, DANGER = range(8)

F = TypeVar("F", bound=Callable[..., Any])
Reals = npt.NDArray[np.float32]
Wholes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def _row(unit: UnitType) -> list[float]:
    weapon = unit.weapon
    danger = weapon.hits * (weapon.damage + weapon.bonus / 2) / weapon.period if weapon else 0.1
    stride = unit.speed * LOOPS_PER_STEP / LOOPS_PER_SECOND
    kind = [float(unit.heal is not None), float("biological" in unit.attributes)]
    return [unit.radius, weapon.range if weapon else 0.0, stride, *kind, unit.health, unit.health + unit.shield, danger]


TYPES: Reals = np.array([_row(unit) for unit in UNIT_TYPES], np.float32)
BLOWS: Reals = np.array([[attacker.blow(target) for target in UNIT_TYPES] for attacker in UNIT_TYPES], np.float32)


def _rule(function: F) -> F:
    return cast(F, njit(nogil=True, error_model="numpy")(function))


def _entry(function: F) -> F:
    # Numba's cache watches this file only; the name under which it keeps an entry says what else is compiled into it.
    function.__qualname__ += f"_{FINGERPRINT}"
    return cast(F, njit(cache=True, nogil=True, error_model="numpy")(function))


@_rule
def _apart(real: Reals, i: int, j: int) -> float:
    dx, dy = real[X, j] - real[X, i], real[Y, j] - real[Y, i]
    return float(np.sqrt(dx * dx + dy * dy))


@_rule
def _melee(kind: int, types: Reals) -> bool:
    return bool(types[kind, HEALS] == 0.0 and types[kind, REACH] < RANGED)


@_rule
def _at_random(available: Flags, draw: float) -> int:
    """One of the available actions, all equally likely; no-op where there is none."""
    left = int(draw * available.sum())
    for action in range(available.shape[0]):
        if available[action]:
            if left == 0:
                return action
            left -= 1
    return NO_OP


@_rule
def _towards(east: float, north: float, available: Flags) -> int:
    """The available move that leads most in this direction; stop where none is available."""
    best, chosen = -np.inf, STOP
    gains = (north, -north, east, -east)
    for move in range(4):
        if available[NORTH + move] and gains[move] > best:
            best, chosen = gains[move], NORTH + move
    return chosen


@_rule
def _heal(real: Reals, alive: Flags, kinds: Wholes, i: int, available: Flags, types: Reals) -> int:
    """Heal the weakest wounded biological ally in reach; else go to the nearest wounded one, else to any fighter."""
    weakest, chosen, near, goal = 1.0, -1, np.inf, -1
    for j in range(min(available.shape[0] - FIRST_TARGET, alive.shape[0])):
        if j == i or not alive[j] or types[kinds[j], HEALS] > 0.0:
            continue
        share = real[HEALTH, j] / types[kinds[j], FULL_HEALTH]
        wounded = types[kinds[j], BIOLOGICAL] > 0.0 and share < 1.0
        if wounded and available[FIRST_TARGET + j] and share < weakest:
            weakest, chosen = share, j
        distance = _apart(real, i, j) + (0.0 if wounded else FAR)
        if distance < near:
            near, goal = distance, j
    if chosen >= 0:
        return FIRST_TARGET + chosen
    if goal < 0:
        return STOP
    return _towards(real[X, goal] - real[X, i], real[Y, goal] - real[Y, i], available)


@_rule
def _step_back(
    real: Reals, alive: Flags, kinds: Wholes, i: int, n_agents: int, available: Flags, margin: float,
    everyone: bool, types: Reals, size: Reals,
) -> int:  # fmt: skip
    """The move out of the enemies' reach, melee enemies' or everyone's; -1 where none comes nearer than ``margin``."""
    near = np.inf
    for j in range(n_agents, alive.shape[0]):
        if alive[j] and (everyone or _melee(kinds[j], types)) and types[kinds[j], HEALS] == 0.0:
            bodies = types[kinds[i], RADIUS] + types[kinds[j], RADIUS]
            near = min(near, _apart(real, i, j) - bodies - types[kinds[j], REACH] - types[kinds[j], STRIDE])
    if near > margin:
        return -1
    best, chosen = -np.inf, -1
    for move in range(4):
        if not available[NORTH + move]:
            continue
        x = real[X, i] + AHEAD * ((move == 2) - (move == 3))
        y = real[Y, i] + AHEAD * ((move == 0) - (move == 1))
        border = max(min(x, size[0] - x, y, size[1] - y), 0.3)
        score = -EDGE / (border * border)
        for j in range(n_agents, alive.shape[0]):
            if alive[j] and (everyone or _melee(kinds[j], types)) and types[kinds[j], HEALS] == 0.0:
                dx, dy = real[X, j] - x, real[Y, j] - y
                score -= 1.0 / (dx * dx + dy * dy + 0.01)
        if score > best:
            best, chosen = score, NORTH + move
    return chosen


@_rule
def _is_wounded(real: Reals, alive: Flags, kinds: Wholes, i: int, n_agents: int, types: Reals) -> bool:
    """Whether unit i has few points left and an ally that has many more."""
    if real[LIFE, i] >= WOUNDED * types[kinds[i], FULL_LIFE]:
        return False
    strongest = np.float32(0.0)
    for j in range(n_agents):
        if alive[j]:
            strongest = max(strongest, real[LIFE, j])
    return bool(strongest > STRONGER * real[LIFE, i])


@_rule
def _attack(
    real: Reals, kinds: Wholes, i: int, n_agents: int, available: Flags, script: int, planned: Reals,
    types: Reals, blows: Reals,
) -> int:  # fmt: skip
    """The enemy to attack, -1 for none: nearest, first in the list, or in reach and soonest rid of for its danger.

    SMAC's masks offer targets that the weapon cannot hit (a marauder's: medivacs); the engine refuses such orders.
    """
    best, chosen, mine = np.inf, -1, kinds[i]
    for j in range(n_agents, min(kinds.shape[0], n_agents + available.shape[0] - FIRST_TARGET)):
        if not available[FIRST_TARGET + j - n_agents] or blows[mine, kinds[j]] == 0.0:
            continue
        score, left = _turn(real, i, j, n_agents, kinds.shape[0], script), real[LIFE, j] - planned[j]
        if script < LISTED and script != NEAREST:
            reach = types[mine, REACH] + types[mine, RADIUS] + types[kinds[j], RADIUS] + SLACK
            if score > reach:
                score += FAR
            elif left <= 0.0:
                score += WASTED
            else:
                score = left / types[kinds[j], DANGER] + NEARER * score
        if score < best:
            best, chosen = score, j
    if chosen >= 0 and best < WASTED and real[COOLDOWN, i] < LOOPS_PER_STEP:
        planned[chosen] += blows[mine, kinds[chosen]]
    return chosen


@_rule
def _turn(real: Reals, i: int, j: int, n_agents: int, n_units: int, script: int) -> float:
    """When agent i comes to enemy j: by distance; or by the list, from the first on or from its own number."""
    if script < LISTED:
        return _apart(real, i, j)
    begin = i if script == PAIRED else 0
    return float((j - n_agents - begin) % (n_units - n_agents))


@_rule
def _scripted(
    real: Reals, alive: Flags, kinds: Wholes, i: int, n_agents: int, available: Flags, script: int, waits: bool,
    kites: bool, planned: Reals, types: Reals, blows: Reals, size: Reals,
) -> int:  # fmt: skip
    """The action of one living agent by script."""
    if types[kinds[i], HEALS] > 0.0:
        return _heal(real, alive[:n_agents], kinds, i, available, types)
    cooling = real[COOLDOWN, i] > SOON
    if kites and not _melee(kinds[i], types):
        margin = SHY if cooling else 0.0
        back = _step_back(real, alive, kinds, i, n_agents, available, margin, False, types, size)
        if back >= 0:
            return back
    if script == SCRIPTED and cooling and _is_wounded(real, alive, kinds, i, n_agents, types):
        back = _step_back(real, alive, kinds, i, n_agents, available, 0.0, True, types, size)
        if back >= 0:
            return back
    target = _attack(real, kinds, i, n_agents, available, script, planned, types, blows)
    if target >= 0:
        return FIRST_TARGET + target - n_agents
    near, goal = np.inf, -1
    for j in range(n_agents, alive.shape[0]):
        if alive[j] and blows[kinds[i], kinds[j]] > 0.0:
            score = _turn(real, i, j, n_agents, alive.shape[0], script)
            if score < near:
                near, goal = score, j
    if goal < 0 or waits:
        return STOP
    return _towards(real[X, goal] - real[X, i], real[Y, goal] - real[Y, i], available)


@_entry
def decide(
    real: Reals, alive: Flags, kinds: Wholes, available: Flags, scripts: Wholes, epsilon: npt.NDArray[np.float64],
    draws: npt.NDArray[np.float64], steps: Wholes, types: Reals, blows: Reals, size: Reals, actions: Wholes,
) -> None:  # fmt: skip
    """Choose an available action for every agent.

    Args:
        real: float32 ``[B, 5, U]``, the rows above.
        alive, kinds: bool and int64 ``[B, U]``; kinds are indices of unit types.
        available: bool ``[B, A, N]``.
        scripts: int64 ``[B]``.
        epsilon: ``[B]``, the share of actions taken at random.
        draws: uniform numbers ``[B, 2, A]``: whether an agent acts at random, and how.
        steps: int64 ``[B]``, steps played.
        types, blows: :data:`TYPES`, :data:`BLOWS`.
        size: width and height of the map, cells.
        actions: int64 ``[B, A]``, the result.
    """
    n_agents = available.shape[1]
    planned = np.zeros(alive.shape[1], np.float32)
    for b in range(alive.shape[0]):
        planned[:] = 0.0
        script = scripts[b]
        shielded = met = False  # melee allies in front; an enemy that somebody may attack
        for i in range(n_agents):
            if alive[b, i] and types[kinds[b, i], HEALS] == 0.0:
                shielded |= _melee(kinds[b, i], types)
                met |= bool(available[b, i, FIRST_TARGET:].any())
        kites = script == KITE or (script == SCRIPTED and not shielded)
        waits = script == SCRIPTED and not shielded and not met and steps[b] < PATIENCE
        for i in range(n_agents):
            if not alive[b, i]:
                actions[b, i] = NO_OP
            elif script == RANDOM or draws[b, 0, i] < epsilon[b]:
                actions[b, i] = _at_random(available[b, i], draws[b, 1, i])
            else:
                actions[b, i] = _scripted(
                    real[b], alive[b], kinds[b], i, n_agents, available[b, i], script, waits, kites,
                    planned, types, blows, size,
                )  # fmt: skip
