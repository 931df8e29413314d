"""Who is near whom: a sweep along the units in order of x, which hardly changes from one search to the next."""

import numpy as np

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.compiled import rule
from s2rm_sc2.battle.field import Flags, Lists, Reals, Wholes

MARGIN = np.float32(0.75)
"""Cells between two bodies within which they heed each other; two walkers close 0.74 at most in a period."""
SEARCH_PERIOD = 2
"""Loops between two searches for neighbours."""
TOTAL, EARLIER, FIRST = 0, 1, 2
"""Columns of a unit's list: how many neighbours, how many of them come before it in the line, and the rows, those
first; so each pair can be met once (from the unit that comes first) or twice."""
COLLIDES = np.array([0b1001, 0b1110, 0b0110, 0b1011], np.int64)
"""Kinds (bits) that a body of each kind collides with: ground with ground and structures, cliff walkers with their like,
air and structures, air with air and cliff walkers; nothing else."""


@rule
def find_neighbours(real: Reals, whole: Wholes, alive: Flags, near: Lists) -> None:
    """List for every unit the living units that its body may meet until the next search."""
    _line_up(real, whole)
    n_living, widest = _muster(real, whole, alive, near)
    xs, ys, bodies = real[r.LINE_X], real[r.LINE_Y], real[r.LINE_BODY]
    crew, kinds = whole[r.CREW], whole[r.KIND]
    end = np.uint64(0)
    for a in range(np.uint64(n_living)):
        i, x, y, body = np.uint32(crew[a]), xs[a], ys[a], bodies[a] + MARGIN
        while end < np.uint64(n_living) and xs[end] - x < MARGIN + widest + widest:
            end += np.uint64(1)
        found = earlier = near[i, TOTAL]
        for b in range(a + np.uint64(1), end):  # every row is written, only neighbours count: no branch to mispredict
            dx, dy, reach = xs[b] - x, ys[b] - y, bodies[b] + body
            near[i, FIRST + found] = crew[b]
            found += np.uint32(dx * dx + dy * dy < reach * reach)
        total, partners = earlier, COLLIDES[kinds[i]]
        for n in range(FIRST + earlier, FIRST + found):
            j = near[i, n]
            if (partners >> kinds[j]) & 1:
                near[i, FIRST + total] = j
                total += np.uint32(1)
                theirs = near[j, TOTAL]
                near[j, FIRST + theirs] = i
                near[j, TOTAL] = theirs + np.uint32(1)
        near[i, EARLIER], near[i, TOTAL] = earlier, total


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
def _muster(real: Reals, whole: Wholes, alive: Flags, near: Lists) -> tuple[int, float]:
    """Empty the lists, and note the living in order of x, side by side; their number and the largest body."""
    xs, ys, bodies = real[r.LINE_X], real[r.LINE_Y], real[r.LINE_BODY]
    line, crew = whole[r.LINE], whole[r.CREW]
    n_living, widest = 0, np.float32(0.0)
    for a in range(line.shape[0]):
        i = np.uint32(line[a])
        near[i, TOTAL] = near[i, EARLIER] = 0
        if alive[i]:
            crew[n_living] = i
            xs[n_living], ys[n_living], bodies[n_living] = real[r.X, i], real[r.Y, i], real[r.BODY, i]
            widest = max(widest, real[r.BODY, i])
            n_living += 1
    return n_living, widest
