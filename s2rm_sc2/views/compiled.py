"""SMAC's vectors in compiled loops, for tables in the CPU's memory: equal to the tensor operations bit for bit.

All compiled code is in this file, as numba's cache on disk watches no other; whatever changes with a scenario or an
option is an argument, so that one compilation serves them all.
"""

import math
import operator

import numpy as np
import torch
from numba import types
from torch import Tensor

from s2rm_sc2.actions import FIRST_TARGET, NO_OP, NORTH
from s2rm_sc2.table import UnitTable
from s2rm_sc2.views.compiling import Array, array, entry, rule
from s2rm_sc2.views.layout import N_PLANES, NOTHING, PLANES, RELATIVE, STATE_PLANES, SmacLayout

# Arguments: tables may have any strides (the engine's have), results and constants lie in one piece.
_FLOATS, _WHOLES, _FLAGS = array("float32", 2), array("int64", 2), array("boolean", 2)
_MASKS, _CLOCK = array("boolean", 3), array("float32", 1)
_REACH, _CODES, _HEALS = array("float64", 1, "C"), array("int64", 1, "C"), array("boolean", 1, "C")
_GRID, _OPEN, _POINTS = array("float32", 2, "C"), array("boolean", 2, "C"), array("float64", 2, "C")
_AROUND, _ROW, _TABLE = array("int64", 2, "C"), array("float32", 1, "C"), array("float32", 2, "C")
_OUT2, _OUT3, _FLAGS_OUT = array("float32", 2, "C"), array("float32", 3, "C"), array("boolean", 3, "C")
_COUNT, _LENGTH = types.int64, types.float64


@rule
def _cell(place: float, size: int) -> int:
    """Index of a place in a grid with a border, truncated towards zero; ``size`` counts the border."""
    return min(max(int(place), -1), size - 2) + 1


@rule
def _acted(last: int, alive: bool, action: int) -> float:
    """SMAC's last-action bit; the living do something, so 0 is then no action yet."""
    return 1.0 if last == action and (last > NO_OP or not alive) else 0.0


@entry(_WHOLES, _FLOATS, _FLOATS, _FLAGS, _REACH, _HEALS, _OPEN, _POINTS, _FLAGS_OUT)
def _fill_masks(
    kind: Array, x: Array, y: Array, alive: Array, reach: Array, heals: Array, ground: Array, moves: Array, out: Array
) -> None:  # fmt: skip
    """Available actions; ``reach`` is the largest squared distance in range, per type."""
    A, U, n_targets = out.shape[1], x.shape[1], out.shape[2] - FIRST_TARGET
    for b in range(out.shape[0]):
        for a in range(A):
            row = out[b, a]
            row[:] = False
            if not alive[b, a]:
                row[NO_OP] = True
                continue
            row[NO_OP + 1] = True
            here_x, here_y = np.float64(x[b, a]), np.float64(y[b, a])
            for m in range(moves.shape[0]):
                column = _cell(here_x + moves[m, 0], ground.shape[0])
                row[NORTH + m] = ground[column, _cell(here_y + moves[m, 1], ground.shape[1])]
            healer, limit = heals[kind[b, a]], reach[kind[b, a]]
            first = 0 if healer else A
            for target in range(min(n_targets, A if healer else U - A)):
                unit = first + target
                dx, dy = np.float64(x[b, unit]) - here_x, np.float64(y[b, unit]) - here_y
                may = alive[b, unit] and dx * dx + dy * dy <= limit
                row[FIRST_TARGET + target] = may and not (healer and heals[kind[b, unit]])


@entry(_WHOLES, _FLOATS, _FLOATS, _FLAGS, _REACH, _FLAGS_OUT)
def _fill_sees(kind: Array, x: Array, y: Array, alive: Array, sight: Array, out: Array) -> None:
    """Who sees whom; ``sight`` is the largest squared distance in sight, per type."""
    for b in range(out.shape[0]):
        for a in range(out.shape[1]):
            here_x, here_y, limit = np.float64(x[b, a]), np.float64(y[b, a]), sight[kind[b, a]]
            for u in range(out.shape[2]):
                dx, dy = np.float64(x[b, u]) - here_x, np.float64(y[b, u]) - here_y
                out[b, a, u] = alive[b, a] and alive[b, u] and dx * dx + dy * dy <= limit


_STATE_HEALTH, _STATE_SHIELD, _STATE_CHARGE, _STATE_X, _STATE_Y = STATE_PLANES.values()
_STATE_BITS = len(STATE_PLANES)
_SEEN = RELATIVE
_HEALTH, _SHIELD, _X, _Y = (PLANES[name] for name in ("health", "shield", "x", "y"))


@rule
def _known(
    plane: int, x: float, y: float, health: np.float32, shield: np.float32, alive: bool, last: int,
    of: int, kinds: Array, bits: int,
) -> np.float32:  # fmt: skip
    """A plane that is the same for all observers; adding 0 turns -0 into the 0 that SMAC has. ``x, y`` are shares."""
    zero = np.float32(0.0)
    value = zero
    if plane == _HEALTH:
        value = health / kinds[0, of] + zero
    elif plane == _SHIELD:
        value = shield / kinds[1, of] + zero
    elif plane == _X:
        value = np.float32(x) + zero
    elif plane == _Y:
        value = np.float32(y) + zero
    elif plane >= N_PLANES + bits:
        value = np.float32(_acted(last, alive, plane - N_PLANES - bits))
    elif plane != NOTHING:
        value = kinds[3 + plane - N_PLANES, of]
    return value


@rule
def _look(row: Array, n: int, x: float, y: float, points: Array, count: int, grid: Array) -> int:
    """Write the grid at points around the truncated place from column n; the column after them."""
    for p in range(count):
        column = _cell(np.float64(int(x) + points[p, 0]), grid.shape[0])
        row[n + p] = grid[column, _cell(np.float64(int(y) + points[p, 1]), grid.shape[1])]
    return n + count


@rule
def _regard(a: int, reach: float, limit: float, place: Array, living: Array, view: Array) -> None:
    """How all units stand to agent a, rows of ``view``: flag, distance, dx, dy, and 1 if seen; 0 where they are not."""
    px, py = place[0], place[1]
    for u in range(px.shape[0]):
        dx, dy = px[u] - px[a], py[u] - py[a]
        square = dx * dx + dy * dy
        seen = living[u] if square <= limit else np.float32(0.0)
        view[0, u] = view[_SEEN, u] = seen
        # Adding 0 turns the -0 of a masked negative offset into the 0 that SMAC has.
        view[1, u] = np.float32(math.sqrt(square) / reach) * seen + np.float32(0.0)
        view[2, u] = np.float32(dx / reach) * seen + np.float32(0.0)
        view[3, u] = np.float32(dy / reach) * seen + np.float32(0.0)


@rule
def _show(row: Array, n: int, first: int, last: int, view: Array, body: Array, base: int, columns: int) -> int:
    """Write the columns of units ``first`` to ``last`` from column n; the column after them.

    ``body`` has the columns of all units from unit ``base`` on; those that differ from observer to observer are free.
    """
    start = (first - base) * columns
    for k in range((last - first) * columns):
        row[np.uintp(n + k)] = body[np.uintp(start + k)]
    for u in range(first, last):
        # Unsigned indices spare the test for indices that count from the end.
        for c in range(RELATIVE):
            row[np.uintp(n + c)] = view[c, u]
        if view[_SEEN, u] == 0.0:
            for c in range(RELATIVE, columns):
                row[np.uintp(n + c)] *= np.float32(0.0)  # a plain 0 would become a slow call of memset
        n += columns
    return n


@entry(
    *(_WHOLES, _FLOATS, _FLOATS, _FLOATS, _FLOATS, _FLAGS, _MASKS, _WHOLES, _CLOCK),
    *(_TABLE, _REACH, _REACH, _GRID, _GRID, _AROUND, _CODES, _CODES, _CODES),
    *(_COUNT, _COUNT, _COUNT, _LENGTH, _LENGTH, _POINTS, _ROW, _TABLE, _ROW, _ROW, _OUT3),
)
def _fill_observation(
    kind: Array, x: Array, y: Array, health: Array, shield: Array, alive: Array, available: Array, last: Array,
    clock: Array, kinds: Array, scale: Array, sight: Array, pathing: Array, elevation: Array, around: Array,
    enemy: Array, ally: Array, own: Array, n_pathing: int, n_heights: int, bits: int, width: float, height: float,
    place: Array, living: Array, view: Array, allies: Array, enemies: Array, out: Array,
) -> None:  # fmt: skip
    """Observations; ``enemy``, ``ally``, ``own`` hold the planes of their columns, ``scale`` the ranges of sight.

    Room to work in: ``place`` float64 ``[2, U]``; float32 ``living`` ``[U]``, ``view`` ``[5, U]`` (what one observer
    sees), ``allies`` ``[A * columns]`` and ``enemies`` (what is the same for all observers).
    """
    A, U = out.shape[1], x.shape[1]
    for b in range(out.shape[0]):
        for u in range(U):
            place[0, u], place[1, u], living[u] = x[b, u], y[b, u], alive[b, u]
            if u < A:
                for c in range(RELATIVE, ally.shape[0]):
                    allies[u * ally.shape[0] + c] = _known(
                        ally[c], 0.0, 0.0, health[b, u], shield[b, u], alive[b, u], last[b, u], kind[b, u], kinds, bits
                    )
            else:
                of, start = kind[b, u] + kinds.shape[1] // 2, (u - A) * enemy.shape[0]
                for c in range(RELATIVE, enemy.shape[0]):
                    enemies[start + c] = _known(
                        enemy[c], 0.0, 0.0, health[b, u], shield[b, u], True, NO_OP, of, kinds, bits
                    )
        for a in range(A):
            row = out[b, a]
            if not alive[b, a]:
                row[:] = 0.0
            if clock.shape[0] > 0:
                row[row.shape[0] - 1] = clock[b]
            if not alive[b, a]:
                continue
            here_x, here_y = place[0, a], place[1, a]
            _regard(a, scale[kind[b, a]], sight[kind[b, a]], place, living, view)
            n = FIRST_TARGET - NORTH
            for m in range(n):
                row[m] = available[b, a, NORTH + m]
            n = _look(row, n, here_x, here_y, around, n_pathing, pathing)
            n = _look(row, n, here_x, here_y, around, n_heights, elevation)
            for u in range(A, U):
                view[0, u] *= np.float32(available[b, a, FIRST_TARGET + u - A])
            n = _show(row, n, A, U, view, enemies, A, enemy.shape[0])
            n = _show(row, n, 0, a, view, allies, 0, ally.shape[0])
            n = _show(row, n, a + 1, A, view, allies, 0, ally.shape[0])
            x_share, y_share = here_x / width, here_y / height
            for c in range(own.shape[0]):
                row[n + c] = _known(
                    own[c], x_share, y_share, health[b, a], shield[b, a], True, NO_OP, kind[b, a], kinds, bits
                )


@entry(
    *(_WHOLES, _FLOATS, _FLOATS, _FLOATS, _FLOATS, _FLOATS, _FLOATS, _FLAGS, _WHOLES, _CLOCK),
    *(_TABLE, _HEALS, _CODES, _CODES, _LENGTH, _LENGTH, _COUNT, _OUT2),
)
def _fill_state(
    kind: Array, x: Array, y: Array, health: Array, shield: Array, energy: Array, cooldown: Array, alive: Array,
    last: Array, clock: Array, kinds: Array, heals: Array, ally: Array, enemy: Array, width: float, height: float,
    n_actions: int, out: Array,
) -> None:  # fmt: skip
    """States; ``ally`` and ``enemy`` hold the planes of their columns, ``n_actions`` is 0 without last actions."""
    A, U = last.shape[1], x.shape[1]
    for b in range(out.shape[0]):
        row, n = out[b], 0
        for u in range(U):
            codes, of = (ally, kind[b, u]) if u < A else (enemy, kind[b, u] + kinds.shape[1] // 2)
            for c in range(codes.shape[0]):
                plane, value = codes[c], np.float32(0.0)
                if not alive[b, u]:
                    value = np.float32(0.0)
                elif plane == _STATE_HEALTH:
                    value = health[b, u] / kinds[0, of]
                elif plane == _STATE_SHIELD:
                    value = shield[b, u] / kinds[1, of]
                elif plane == _STATE_CHARGE:
                    value = (energy[b, u] if heals[kind[b, u]] else cooldown[b, u]) / kinds[2, of]
                elif plane == _STATE_X:
                    value = np.float32((np.float64(x[b, u]) - width / 2) / width)
                elif plane == _STATE_Y:
                    value = np.float32((np.float64(y[b, u]) - height / 2) / height)
                else:
                    value = kinds[3 + plane - _STATE_BITS, of]
                row[n + c] = value
            n += codes.shape[0]
        for a in range(A):
            for action in range(n_actions):
                row[n + action] = _acted(last[b, a], alive[b, a], action)
            n += n_actions
        if clock.shape[0] > 0:
            row[n] = clock[b]


class CompiledViews:
    """The vectors of one layout; methods as :class:`s2rm_sc2.views.smac.SmacViews` describes them."""

    def __init__(self, layout: SmacLayout) -> None:
        self._layout, options = layout, layout.options
        constants = layout.constants()
        self._kinds = constants.kinds.numpy()
        self._heals = constants.heals.numpy()
        self._healers = self._heals & layout.has_healers
        self._open, self._moves = constants.open.numpy(), constants.moves.numpy()
        self._pathing, self._elevation = constants.pathing.numpy(), constants.elevation.numpy()
        self._around, self._scale = constants.around.numpy(), constants.sight.numpy()
        self._shoot = np.array([_largest_square(reach, inclusive=True) for reach in constants.shoot.tolist()])
        self._sight = np.array([_largest_square(reach, inclusive=False) for reach in constants.sight.tolist()])
        planes = layout.planes()
        self._enemy, self._ally, self._own = (np.array(planes[part], np.int64) for part in ("enemy", "ally", "own"))
        self._state_ally, self._state_enemy = (np.array(part, np.int64) for part in layout.state_planes())
        self._counts = (8 * options.obs_pathing_grid, 9 * options.obs_terrain_height, layout.scenario.type_bits)
        self._n_actions = layout.n_actions * options.state_last_action
        width, height = layout.scenario.terrain.size
        self._size = float(width), float(height)

    def available_actions(self, units: UnitTable) -> Tensor:
        """Bool ``[B, A, n_actions]``."""
        out = torch.empty((len(units.x), self._layout.n_agents, self._layout.n_actions), dtype=torch.bool)
        table = units.type.numpy(), units.x.numpy(), units.y.numpy(), units.alive.numpy()
        _fill_masks(*table, self._shoot, self._healers, self._open, self._moves, out.numpy())
        return out

    def sees(self, units: UnitTable) -> Tensor:
        """Bool ``[B, A, U]``."""
        out = torch.empty((len(units.x), self._layout.n_agents, units.x.shape[1]), dtype=torch.bool)
        _fill_sees(units.type.numpy(), units.x.numpy(), units.y.numpy(), units.alive.numpy(), self._sight, out.numpy())
        return out

    def observation(
        self, units: UnitTable, available: Tensor, last_action: Tensor | None, step: Tensor | None
    ) -> Tensor:
        """Float32 ``[B, A, obs]``."""
        (B, U), A = units.x.shape, self._layout.n_agents
        out = torch.empty((B, A, self._layout.obs_size))
        if last_action is None:
            last_action = torch.zeros((B, A), dtype=torch.int64)
        _fill_observation(
            units.type.numpy(), units.x.numpy(), units.y.numpy(), units.health.numpy(), units.shield.numpy(),
            units.alive.numpy(), available.numpy(), last_action.numpy(),
            self._clock(B, step, self._layout.options.obs_timestep_number), self._kinds, self._scale, self._sight,
            self._pathing, self._elevation, self._around, self._enemy, self._ally, self._own, *self._counts,
            *self._size, np.empty((2, U)), np.empty(U, np.float32), np.empty((5, U), np.float32),
            np.empty(A * len(self._ally), np.float32), np.empty((U - A) * len(self._enemy), np.float32), out.numpy(),
        )  # fmt: skip
        return out

    def state(self, units: UnitTable, last_action: Tensor, step: Tensor) -> Tensor:
        """Float32 ``[B, state]``, not made of observations."""
        out = torch.empty((len(units.x), self._layout.state_size))
        _fill_state(
            units.type.numpy(), units.x.numpy(), units.y.numpy(), units.health.numpy(), units.shield.numpy(),
            units.energy.numpy(), units.cooldown.numpy(), units.alive.numpy(), last_action.numpy(),
            self._clock(len(units.x), step, self._layout.options.state_timestep_number), self._kinds, self._heals,
            self._state_ally, self._state_enemy, *self._size, self._n_actions, out.numpy(),
        )  # fmt: skip
        return out

    def _clock(self, battles: int, step: Tensor | None, shown: bool) -> Array:
        """Elapsed share of the limit, float32 ``[B]``; empty where it is not shown."""
        if not shown:
            return _NO_CLOCK
        if step is None:
            return np.zeros(battles, np.float32)
        return (step.numpy() / float(self._layout.scenario.limit)).astype(np.float32)


_NO_CLOCK = np.zeros(0, np.float32)


def _largest_square(reach: float, inclusive: bool) -> float:
    """The largest square of a distance whose root is at most (or below) ``reach``: spares comparing roots."""
    square, within = reach * reach, operator.le if inclusive else operator.lt
    while within(math.sqrt(math.nextafter(square, math.inf)), reach):
        square = math.nextafter(square, math.inf)
    while not within(math.sqrt(square), reach):
        square = math.nextafter(square, -math.inf)
    return square
