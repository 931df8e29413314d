"""Walking: around whoever stands in the way, apart from whoever is too close, never into a wall.

A walker whose straight way is blocked takes the free heading nearest to it, and keeps to the side it chose until the
way is clear, so the rear rank of melee units flows around the front rank. Whatever overlap is left is pushed apart
from positions of the same loop; fighters yield least. Rows are treated alike, whatever their order.
"""

import math

import numpy as np

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.compiled import rule
from s2rm_sc2.battle.field import Flags, Lists, Reals, Wholes
from s2rm_sc2.battle.ground import Cells, fits, layer, settle
from s2rm_sc2.battle.orders import ATTACK_MOVE, MOVE, STAND

MARGIN = np.float32(0.75)
"""Cells between two bodies within which they heed each other; two walkers close 0.74 at most in a period."""
SEARCH_PERIOD = 2
"""Loops between two searches for neighbours."""
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
ZERO, ONE = np.float32(0.0), np.float32(1.0)
FAR, DEAD_KIND = np.float32(1e6), 9
"""Squared distance between bodies of different kinds; the dead are a kind of their own."""
YIELDS = np.array([0.5, 1.0, 0.1], np.float32)
"""How much a unit yields to a push, by its deed: idle, walking, fighting."""
HEADINGS = 5
TURN_COS = np.cos(np.radians(22.5) * np.arange(HEADINGS + 1)).astype(np.float32)
TURN_SIN = np.sin(np.radians(22.5) * np.arange(HEADINGS + 1)).astype(np.float32)
"""Detours tried, to either side: 22.5 to 112.5 degrees off the straight way."""


@rule
def walk(real: Reals, whole: Wholes, alive: Flags, near: Lists, ground: Cells, clock: int) -> None:
    """Move every unit for one loop by what it wishes and what others and the ground allow."""
    if clock % SEARCH_PERIOD == 0:
        find_neighbours(real, whole, alive, near)
    for i in range(alive.shape[0]):
        if alive[i] and whole[r.DEED, i] == r.WALKING:
            _steer(real, whole, alive, near, i, ground)
    for i in range(alive.shape[0]):
        if alive[i]:
            real[r.NEXT_X, i] = real[r.X, i] + real[r.WISH_X, i]
            real[r.NEXT_Y, i] = real[r.Y, i] + real[r.WISH_Y, i]
    for _ in range(PASSES):
        if not _push_apart(real, whole, alive, near):
            break
    for i in range(alive.shape[0]):
        if not alive[i]:
            continue
        x, y, good = settle(ground[layer(whole[r.KIND, i])], real[r.NEXT_X, i], real[r.NEXT_Y, i], real[r.INNER, i])
        old_x, old_y = real[r.X, i], real[r.Y, i]
        if good:
            real[r.X, i], real[r.Y, i] = x, y
        real[r.STEP_X, i], real[r.STEP_Y, i] = real[r.X, i] - old_x, real[r.Y, i] - old_y


@rule
def find_neighbours(real: Reals, whole: Wholes, alive: Flags, near: Lists) -> None:
    """List for every unit the living units that its body may meet until the next search."""
    n_units = alive.shape[0]
    slack, plane = real[r.SLACK], real[r.PLANE]
    for j in range(n_units):
        plane[j] = FAR * (whole[r.KIND, j] if alive[j] else DEAD_KIND)
    xs, ys, bodies = real[r.X], real[r.Y], real[r.BODY]
    for i in range(n_units):
        row, count = near[i], np.uint32(0)
        if alive[i]:
            x, y, body, own_plane = xs[i], ys[i], bodies[i] + MARGIN, plane[i]
            for j in range(n_units):  # no branches, so that it compiles to vector instructions
                dx, dy, reach = xs[j] - x, ys[j] - y, bodies[j] + body
                slack[j] = dx * dx + dy * dy + abs(plane[j] - own_plane) - reach * reach
            slack[i] = FAR
            for j in range(n_units):  # every row is written, only neighbours advance: no branch to mispredict
                row[1 + count] = j
                count += np.uint32(slack[j] < ZERO)
        row[0] = count


@rule
def _blocker(real: Reals, whole: Wholes, alive: Flags, near: Lists, i: int, step_x: float, step_y: float) -> int:
    """The first neighbour (not the target) that unit i would run into on this heading; -1 when it is free."""
    for n in range(near[i, 0]):
        j = near[i, 1 + n]
        if j == whole[r.TARGET, i] or not alive[j]:
            continue
        away_x, away_y = real[r.X, j] - real[r.X, i], real[r.Y, j] - real[r.Y, i]
        closing_x = (step_x - real[r.EXPECT_X, j]) * FORESIGHT
        closing_y = (step_y - real[r.EXPECT_Y, j]) * FORESIGHT
        approach = away_x * closing_x + away_y * closing_y
        if approach <= ZERO:
            continue
        part = min(ONE, approach / (closing_x * closing_x + closing_y * closing_y))
        miss_x, miss_y = away_x - part * closing_x, away_y - part * closing_y
        contact = (real[r.BODY, i] + real[r.BODY, j]) * TOLERANCE
        if miss_x * miss_x + miss_y * miss_y < contact * contact:
            return int(j)
    return -1


@rule
def _steer(real: Reals, whole: Wholes, alive: Flags, near: Lists, i: int, ground: Cells) -> None:
    """Turn the wish of a walker aside as little as its neighbours demand; without a way it stands for this loop."""
    wish_x, wish_y = real[r.WISH_X, i], real[r.WISH_Y, i]
    blocker = _blocker(real, whole, alive, near, i, wish_x, wish_y)
    if blocker < 0:
        whole[r.SIDE, i] = 0
        return
    real[r.WISH_X, i] = real[r.WISH_Y, i] = 0.0
    if _arrived(real, whole, i, blocker):
        whole[r.ORDER, i] = STAND
        whole[r.DEED, i] = r.IDLE
        real[r.GOAL_X, i], real[r.GOAL_Y, i] = real[r.X, i], real[r.Y, i]
        return
    own = ground[layer(whole[r.KIND, i])]
    settled = whole[r.SIDE, i] != 0
    side = whole[r.SIDE, i] if settled else 1
    for trial in range(2 * HEADINGS):
        turn = 1 + (trial % HEADINGS if settled else trial // 2)
        hand = side if (trial < HEADINGS if settled else trial % 2 == 0) else -side
        step_x = wish_x * TURN_COS[turn] - hand * wish_y * TURN_SIN[turn]
        step_y = wish_y * TURN_COS[turn] + hand * wish_x * TURN_SIN[turn]
        if fits(own, real[r.X, i] + step_x, real[r.Y, i] + step_y, real[r.INNER, i]) and (
            _blocker(real, whole, alive, near, i, step_x, step_y) < 0
        ):
            real[r.WISH_X, i], real[r.WISH_Y, i] = step_x, step_y
            whole[r.SIDE, i] = hand
            return


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
def _push_apart(real: Reals, whole: Wholes, alive: Flags, near: Lists) -> bool:
    """One round: every overlap moves both bodies apart, each by its share of the yielding; False when none is left."""
    overlap = False
    for i in range(alive.shape[0]):
        real[r.PUSH_X, i] = real[r.PUSH_Y, i] = 0.0
        if not alive[i]:
            continue
        yielding = YIELDS[whole[r.DEED, i]]
        for n in range(near[i, 0]):
            j = near[i, 1 + n]
            dx, dy = real[r.NEXT_X, i] - real[r.NEXT_X, j], real[r.NEXT_Y, i] - real[r.NEXT_Y, j]
            contact = real[r.BODY, i] + real[r.BODY, j]
            square = dx * dx + dy * dy
            if square >= contact * contact or not alive[j]:
                continue
            overlap = True
            distance = math.sqrt(square)
            if distance == 0.0:
                dx, dy, distance = 0.0, (1.0 if i < j else -1.0), 1.0
                square = 0.0
            share = FIRMNESS * yielding / (yielding + YIELDS[whole[r.DEED, j]])
            amount = share * (contact - math.sqrt(square)) / distance
            real[r.PUSH_X, i] += amount * dx
            real[r.PUSH_Y, i] += amount * dy
    if overlap:
        for i in range(alive.shape[0]):
            if alive[i]:
                real[r.NEXT_X, i] += real[r.PUSH_X, i]
                real[r.NEXT_Y, i] += real[r.PUSH_Y, i]
    return overlap
