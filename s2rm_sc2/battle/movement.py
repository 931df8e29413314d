"""Walking: around whoever stands in the way, apart from whoever is too close, never into a wall.

A walker whose straight way is blocked takes the free heading nearest to it, and keeps to the side it chose until the
way is clear, so the rear rank of melee units flows around the front rank. Whatever overlap is left is pushed apart
from positions of the same loop; fighters yield least. Rows are treated alike, whatever their order.
"""

import math

import numpy as np

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.compiled import part, rule
from s2rm_sc2.battle.field import Flags, Lists, Reals, Wholes
from s2rm_sc2.battle.ground import Cells, fits, layer, settle
from s2rm_sc2.battle.neighbours import SEARCH_PERIOD, find_pairs
from s2rm_sc2.battle.orders import ATTACK_MOVE, MOVE, STAND

FORESIGHT = np.float32(4.0)
"""Loops of walking that a heading must be free for."""
TOLERANCE = np.float32(0.98)
"""Share of the contact distance that counts as a collision, so that bodies may graze."""
CROWD = np.float32(4.0)
"""Cells from its goal within which a unit that meets standing friends has arrived."""
PASSES = 2
"""Rounds of pushing apart in a loop."""
FIRMNESS = np.float32(0.8)
"""Share of an overlap that a round removes."""
ZERO, ONE, TWO, NOWHERE = np.float32(0.0), np.float32(1.0), np.float32(2.0), np.float32(1e6)
YIELDS = np.array([0.5, 1.0, 0.1], np.float32)
"""How much a unit yields to a push, by its deed: idle, walking, fighting."""
HEADINGS = 5
"""Detours tried, to either side: 22.5 to 112.5 degrees off the straight way."""
STUCK = -HEADINGS - 1
"""The turn of a walker that has no way."""
LANES = 12
"""Turns from STUCK to HEADINGS, computed at once; whole vector registers."""
_TURNS = np.arange(LANES) + STUCK
_GOES = _TURNS != STUCK
TURN_COS = (np.cos(np.radians(22.5) * _TURNS) * _GOES).astype(np.float32)
TURN_SIN = (np.sin(np.radians(22.5) * _TURNS) * _GOES).astype(np.float32)
_LEFT, _RIGHT = [*range(1, HEADINGS + 1)], [*range(-1, STUCK, -1)]
TRIALS = np.array([_RIGHT + _LEFT, [t for both in zip(_LEFT, _RIGHT, strict=True) for t in both], _LEFT + _RIGHT])
"""The order in which detours are tried by the side kept: right, none, left."""


@part
def walk(real: Reals, whole: Wholes, alive: Flags, near: Lists, ground: Cells, clock: int) -> None:
    """Move every unit for one loop by what it wishes and what others and the ground allow."""
    if clock % SEARCH_PERIOD == 0:
        find_pairs(real, whole, alive, near)
        if _look_ahead(real, whole, near):
            _look_round(real, whole, near)
        for i in range(alive.shape[0]):
            if alive[i] and whole[r.DEED, i] == r.WALKING:
                _steer(real, whole, i, ground)
    _set_off(real, whole, alive)
    for _ in range(PASSES):
        if not _push_apart(real, whole, near):
            break
    for i in range(alive.shape[0]):
        if not alive[i]:
            continue
        old_x, old_y = real[r.X, i], real[r.Y, i]
        x, y, good = settle(ground[layer(whole[r.KIND, i])], real[r.NEXT_X, i], real[r.NEXT_Y, i], real[r.INNER, i])
        if good:
            real[r.X, i], real[r.Y, i] = x, y
        real[r.STEP_X, i], real[r.STEP_Y, i] = real[r.X, i] - old_x, real[r.Y, i] - old_y


@rule
def _set_off(real: Reals, whole: Wholes, alive: Flags) -> None:
    """Put every unit where its wish, turned as it steers, takes it; the dead are nowhere."""
    xs, ys, wish_x, wish_y = real[r.X], real[r.Y], real[r.WISH_X], real[r.WISH_Y]
    next_x, next_y, turns = real[r.NEXT_X], real[r.NEXT_Y], whole[r.TURN]
    for i in range(alive.shape[0]):
        step_x, step_y = _turned(wish_x[i], wish_y[i], turns[i])
        next_x[i] = xs[i] + step_x if alive[i] else NOWHERE * np.float32(1 + i)
        next_y[i] = ys[i] + step_y


@rule
def _turned(x: float, y: float, turn: int) -> tuple[float, float]:
    """A displacement turned by so many headings, left positive; none when there is no way."""
    cos, sin = TURN_COS[turn - STUCK], TURN_SIN[turn - STUCK]
    return x * cos - y * sin, y * cos + x * sin


@rule
def _look_ahead(real: Reals, whole: Wholes, near: Lists) -> bool:
    """Find for every walker a neighbour, but for its target, that stands in its straight way; whether any has one."""
    xs, ys, bodies, wish_x, wish_y = real[r.X], real[r.Y], real[r.BODY], real[r.WISH_X], real[r.WISH_Y]
    expect_x, expect_y, blocker, targets = real[r.EXPECT_X], real[r.EXPECT_Y], whole[r.BLOCKER], whole[r.TARGET]
    deeds, found = whole[r.DEED], False
    blocker[:] = -1
    for n in range(1, 1 + near[0, 0]):
        i, j = near[0, n], near[1, n]
        if deeds[i] != r.WALKING and deeds[j] != r.WALKING:
            continue
        away_x, away_y, contact = xs[j] - xs[i], ys[j] - ys[i], (bodies[i] + bodies[j]) * TOLERANCE
        room = away_x * away_x + away_y * away_y - contact * contact
        if _meets(away_x, away_y, room, wish_x[i] - expect_x[j], wish_y[i] - expect_y[j]) and targets[i] != j:
            blocker[i], found = j, True
        if _meets(-away_x, -away_y, room, wish_x[j] - expect_x[i], wish_y[j] - expect_y[i]) and targets[j] != i:
            blocker[j], found = i, True
    return found


@rule
def _meets(away_x: float, away_y: float, room: float, closes_x: float, closes_y: float) -> bool:
    """Whether a body that is away, at a square distance of room beyond contact, is met within the foresight."""
    closing_x, closing_y = closes_x * FORESIGHT, closes_y * FORESIGHT
    approach = away_x * closing_x + away_y * closing_y
    path = closing_x * closing_x + closing_y * closing_y
    # Where they come closest, or at the end of the foresight if that is earlier.
    passing = (approach < path) & (room * path < approach * approach)
    ending = (approach >= path) & (room + path < approach + approach)
    return bool((approach > ZERO) & (passing | ending))


@rule
def _look_round(real: Reals, whole: Wholes, near: Lists) -> None:
    """Find the blocked headings of the walkers whose straight way is blocked."""
    blocker, blocked, targets, deeds = whole[r.BLOCKER], whole[r.BLOCKED], whole[r.TARGET], whole[r.DEED]
    blocked[:] = 0
    for n in range(1, 1 + near[0, 0]):
        i, j = near[0, n], near[1, n]
        if blocker[i] >= 0 and deeds[i] == r.WALKING and targets[i] != j:
            blocked[i] |= _headings_into(real, i, j)
        if blocker[j] >= 0 and deeds[j] == r.WALKING and targets[j] != i:
            blocked[j] |= _headings_into(real, j, i)


@rule
def _headings_into(real: Reals, i: int, j: int) -> int:
    """Bit by bit, whether unit i would run into unit j on each heading; the test is that of the straight way."""
    wish_x, wish_y = real[r.WISH_X, i] * FORESIGHT, real[r.WISH_Y, i] * FORESIGHT
    other_x, other_y = real[r.EXPECT_X, j] * FORESIGHT, real[r.EXPECT_Y, j] * FORESIGHT
    away_x, away_y = real[r.X, j] - real[r.X, i], real[r.Y, j] - real[r.Y, i]
    contact = (real[r.BODY, i] + real[r.BODY, j]) * TOLERANCE
    room = away_x * away_x + away_y * away_y - contact * contact
    ahead, across = away_x * wish_x + away_y * wish_y, away_y * wish_x - away_x * wish_y
    along, aside = other_x * wish_x + other_y * wish_y, other_y * wish_x - other_x * wish_y
    retreat = away_x * other_x + away_y * other_y
    paths = wish_x * wish_x + wish_y * wish_y + other_x * other_x + other_y * other_y
    blocked = 0
    for h in range(LANES):
        approach = ahead * TURN_COS[h] + across * TURN_SIN[h] - retreat
        path = paths - TWO * (along * TURN_COS[h] + aside * TURN_SIN[h])
        passing = (approach < path) & (room * path < approach * approach)
        ending = (approach >= path) & (room + path < approach + approach)
        blocked |= int((approach > ZERO) & (passing | ending)) << h
    return blocked


@rule
def _steer(real: Reals, whole: Wholes, i: int, ground: Cells) -> None:
    """Turn a walker aside as little as its neighbours demand; without a way it stands until it steers again."""
    whole[r.TURN, i] = 0
    if whole[r.BLOCKER, i] < 0:
        whole[r.SIDE, i] = 0
        return
    wish_x, wish_y = real[r.WISH_X, i], real[r.WISH_Y, i]
    if _arrived(real, whole, i, whole[r.BLOCKER, i]):
        whole[r.ORDER, i] = STAND
        whole[r.DEED, i] = r.IDLE
        real[r.WISH_X, i] = real[r.WISH_Y, i] = ZERO
        real[r.GOAL_X, i], real[r.GOAL_Y, i] = real[r.X, i], real[r.Y, i]
        return
    for turn in TRIALS[whole[r.SIDE, i] + 1]:
        if (whole[r.BLOCKED, i] >> (turn - STUCK)) & 1:
            continue
        step_x, step_y = _turned(wish_x, wish_y, turn)
        if fits(ground[layer(whole[r.KIND, i])], real[r.X, i] + step_x, real[r.Y, i] + step_y, real[r.INNER, i]):
            whole[r.TURN, i], whole[r.SIDE, i] = turn, 1 if turn > 0 else -1
            return
    whole[r.TURN, i] = STUCK


@rule
def _arrived(real: Reals, whole: Wholes, i: int, blocker: int) -> bool:
    """Whether a blocked unit need go no further: it covers its goal, or standing friends have taken the goal."""
    order = whole[r.ORDER, i]
    if whole[r.TARGET, i] >= 0 or (order != MOVE and order != ATTACK_MOVE):
        return False
    dx, dy = real[r.GOAL_X, i] - real[r.X, i], real[r.GOAL_Y, i] - real[r.Y, i]
    distance = math.sqrt(dx * dx + dy * dy)
    if distance < real[r.BODY, i]:
        return True
    if whole[r.DEED, blocker] != r.IDLE or whole[r.TEAM, blocker] != whole[r.TEAM, i]:
        return False
    if order == ATTACK_MOVE:
        return bool(distance < CROWD)
    dx, dy = real[r.GOAL_X, i] - real[r.X, blocker], real[r.GOAL_Y, i] - real[r.Y, blocker]
    return bool(math.sqrt(dx * dx + dy * dy) < real[r.BODY, i] + real[r.BODY, blocker])


@rule
def _push_apart(real: Reals, whole: Wholes, near: Lists) -> bool:
    """One round: every overlap moves both bodies apart, each by its share of the yielding; False when none is left."""
    xs, ys, bodies, push_x, push_y = real[r.NEXT_X], real[r.NEXT_Y], real[r.BODY], real[r.PUSH_X], real[r.PUSH_Y]
    overlap = False
    for n in range(1, 1 + near[0, 0]):
        i, j = near[0, n], near[1, n]
        dx, dy, contact = xs[i] - xs[j], ys[i] - ys[j], bodies[i] + bodies[j]
        if dx * dx + dy * dy < contact * contact:
            if not overlap:
                push_x[:], push_y[:] = ZERO, ZERO
                overlap = True
            _push_pair(real, whole, i, j, dx, dy, contact)
    if overlap:
        for i in range(xs.shape[0]):
            xs[i] += push_x[i]
        for i in range(xs.shape[0]):
            ys[i] += push_y[i]
    return overlap


@rule
def _push_pair(real: Reals, whole: Wholes, i: int, j: int, dx: float, dy: float, contact: float) -> None:
    """Add to the pushes of two overlapping bodies, the second of which is dx, dy away from the first."""
    distance = math.sqrt(dx * dx + dy * dy)
    amount = FIRMNESS * (contact - distance)
    if distance == ZERO:
        dx, dy, distance = 0.0, (1.0 if i < j else -1.0), 1.0
    own, others = _yielding(whole, i), _yielding(whole, j)
    if own + others == ZERO:
        return
    amount /= distance * (own + others)
    real[r.PUSH_X, i] += own * amount * dx
    real[r.PUSH_Y, i] += own * amount * dy
    real[r.PUSH_X, j] -= others * amount * dx
    real[r.PUSH_Y, j] -= others * amount * dy


@rule
def _yielding(whole: Wholes, i: int) -> np.float32:
    """How much a unit yields to a push; a structure never does."""
    return ZERO if whole[r.KIND, i] == r.STRUCTURE else YIELDS[whole[r.DEED, i]]
