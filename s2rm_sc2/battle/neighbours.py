"""Which bodies may meet soon: a flat list of pairs, found by comparing units that stand close in a line ordered by x.

The line hardly changes from one search to the next. Units one place apart are compared first, then units two places
apart, and so on until all are too far apart in x: long loops without branches, which compile to vector instructions.
"""

import numpy as np

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.compiled import rule
from s2rm_sc2.battle.field import Flags, Lists, Reals, Wholes

MARGIN = np.float32(0.75)
"""Cells between two bodies within which they heed each other; two walkers close 0.74 at most in a period."""
SEARCH_PERIOD = 2
"""Loops between two searches for neighbours."""
COLLIDES = np.array([0b1001, 0b1110, 0b0110, 0b1011], np.int64)
"""Kinds (bits) that a body of each kind collides with, as in SC2: ground with ground and structures; cliff walkers with
their like, air and structures; air with air and cliff walkers; structures with all but air."""
ZERO = np.float32(0.0)


@rule
def find_pairs(real: Reals, whole: Wholes, alive: Flags, near: Lists) -> None:
    """List the pairs of living units whose bodies may meet until the next search, as columns of near.

    Their number is ``near[0, 0]``; the first pair is column 1.
    """
    _line_up(real, whole)
    n_living, widest = _muster(real, whole, alive)
    apart, found, close = 1, 0, True
    while close and apart < n_living:
        close = _compare(real, n_living, apart, MARGIN + widest + widest)
        slack, firsts, seconds = real[r.SLACK], near[0], near[1]
        for a in range(n_living - apart):  # every pair is written, only neighbours count: no branch to mispredict
            firsts[1 + found], seconds[1 + found] = a, a + apart
            found += int(slack[a] < ZERO)
        apart += 1
    crew, kinds, pairs = whole[r.CREW], whole[r.KIND], 0
    for n in range(found):
        i, j = crew[near[0, 1 + n]], crew[near[1, 1 + n]]
        near[0, 1 + pairs], near[1, 1 + pairs] = i, j
        pairs += (COLLIDES[kinds[i]] >> kinds[j]) & 1
    near[0, 0] = pairs


@rule
def _line_up(real: Reals, whole: Wholes) -> None:
    """Bring the line of all units, the dead included, into order of x."""
    xs, line = real[r.X], whole[r.LINE]
    for a in range(1, line.shape[0]):
        i, k = line[a], a
        x = xs[i]
        while k > 0 and xs[line[k - 1]] > x:
            line[k] = line[k - 1]
            k -= 1
        line[k] = i


@rule
def _muster(real: Reals, whole: Wholes, alive: Flags) -> tuple[int, np.float32]:
    """Note the living side by side in order of x; their number and the largest body."""
    xs, ys, bodies = real[r.LINE_X], real[r.LINE_Y], real[r.LINE_BODY]
    line, crew, n_living, widest = whole[r.LINE], whole[r.CREW], 0, ZERO
    for a in range(line.shape[0]):
        i = np.uint32(line[a])
        crew[n_living] = i
        xs[n_living], ys[n_living], bodies[n_living] = real[r.X, i], real[r.Y, i], real[r.BODY, i]
        widest = max(widest, bodies[n_living])
        n_living += int(alive[i])
    return n_living, widest


@rule
def _compare(real: Reals, n_living: int, apart: int, window: np.float32) -> bool:
    """Square distance beyond reach of all units so many places apart; whether any are within the window in x."""
    xs, ys, bodies, slack = real[r.LINE_X], real[r.LINE_Y], real[r.LINE_BODY], real[r.SLACK]
    close = 0
    for a in range(n_living - apart):
        dx, dy, reach = xs[a + apart] - xs[a], ys[a + apart] - ys[a], bodies[a + apart] + bodies[a] + MARGIN
        slack[a] = dx * dx + dy * dy - reach * reach
        close |= int(dx < window)
    return close != 0
