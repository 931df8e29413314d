"""Ways round walls: shortest, free, symmetric, and walked by crowds."""

import heapq
import math

import numpy as np
import numpy.typing as npt
import pytest

from s2rm_sc2.backends.embedded import EmbeddedBackend
from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.field import Field
from s2rm_sc2.battle.ground import cells, fits, settle
from s2rm_sc2.battle.loop import advance, order
from s2rm_sc2.battle.orders import ATTACK, MOVE
from s2rm_sc2.battle.ways import ROOM, STRAIGHT, heading, outline, ways
from s2rm_sc2.scenarios import Terrain, get, terrain, terrain_names
from s2rm_sc2.units import unit_type

Points = npt.NDArray[np.float64]
WINDING = ("corridor", "diagonal", "two_levels")
STEP = 0.25
"""Spacing of the lattice on which shortest ways are worked out anew."""
LEAPS = [(i, j) for i in range(-4, 5) for j in range(-4, 5) if math.gcd(i, j) == 1]


def places(ground: Terrain, n: int, inner: float, seed: int) -> Points:
    """Random places where a disc fits."""
    rng, layer = np.random.default_rng(seed), cells(ground)[0]
    found: list[Points] = []
    while len(found) < n:
        place = rng.uniform(0, 32, 2)
        if fits(layer, place[0], place[1], inner):
            found.append(place)
    return np.array(found)


def free(ground: Terrain, start: Points, end: Points, inner: float) -> bool:
    """Whether a disc can be slid straight from one place to another, tried in steps of a twentieth of a cell."""
    layer = cells(ground)[0]
    parts = np.linspace(0, 1, max(2, int(np.hypot(*(end - start)) / 0.05)))
    return all(fits(layer, x, y, inner) for x, y in start + parts[:, None] * (end - start))


def shortest(ground: Terrain, start: Points, ends: Points, inner: float) -> Points:
    """Lengths of shortest ways by Dijkstra's algorithm on a lattice, to the lattice points nearest to the ends."""
    layer, size = cells(ground)[0], int(32 / STEP)
    good = np.array([[fits(layer, i * STEP, j * STEP, inner - 1e-3) for j in range(size)] for i in range(size)])
    points = np.argwhere(good)

    def nearest(place: Points) -> tuple[int, int]:
        i, j = points[np.square(points * STEP - place).sum(1).argmin()]
        return int(i), int(j)

    between = {leap: [(round(leap[0] * k / 8), round(leap[1] * k / 8)) for k in range(1, 9)] for leap in LEAPS}
    lengths, first = np.full(good.shape, np.inf), nearest(start)
    lengths[first] = 0.0
    queue = [(0.0, first)]
    while queue:
        length, (i, j) = heapq.heappop(queue)
        if length > lengths[i, j]:
            continue
        for leap in LEAPS:
            to = i + leap[0], j + leap[1]
            new = length + STEP * math.hypot(*leap)
            if not (0 <= to[0] < size and 0 <= to[1] < size) or new >= lengths[to] - 1e-9:
                continue
            if all(good[i + a, j + b] for a, b in between[leap]):
                lengths[to] = new
                heapq.heappush(queue, (new, to))
    return np.array([lengths[nearest(end)] for end in ends])


@pytest.mark.parametrize("name", terrain_names())
def test_an_outline_encloses_the_walkable_ground(name: str) -> None:
    ground = terrain(name)
    walls, corners, turns = outline(ground)
    area = 0.5 * (walls[:, 0] * walls[:, 3] - walls[:, 2] * walls[:, 1]).sum()
    assert area == ground.walkable.sum() - 0.5 * (ground.halved > 0).sum()
    assert np.allclose(np.sort(walls[:, :2], 0), np.sort(walls[:, 2:], 0))
    assert len(corners) == len(turns)
    assert all(fits(cells(ground)[0], x, y, ROOM) for x, y in turns)
    assert (len(corners) > 0) == (name in WINDING)


def test_ways_are_small_and_of_one_type() -> None:
    found = [ways(terrain(name)) for name in terrain_names()]
    assert max(sum(array.nbytes for array in way) for way in found) < 2e6
    assert len({tuple((a.dtype, a.ndim, a.flags.c_contiguous, a.flags.writeable) for a in way) for way in found}) == 1


def test_on_convex_ground_every_way_is_straight() -> None:
    for name in set(terrain_names()) - set(WINDING):
        found, layer = ways(terrain(name)), cells(terrain(name))[0]
        assert heading(found, layer, 9.0, 9.0, 20.0, 22.0) == (20.0, 22.0)


@pytest.mark.parametrize("name", WINDING)
def test_the_table_agrees_with_sliding_discs(name: str) -> None:
    ground, found = terrain(name), ways(terrain(name))
    pairs = np.random.default_rng(1).integers(0, len(found.middles), (400, 2))
    straight = found.first[pairs[:, 0], pairs[:, 1]] == STRAIGHT
    for (a, b), direct in zip(pairs, straight, strict=True):
        start, end = found.middles[a], found.middles[b]
        if direct:
            assert free(ground, start, end, ROOM - 1e-3)
        else:
            turn = found.turns[found.first[a, b]]
            assert free(ground, start, turn, ROOM - 1e-3)
            then = found.then[found.first[a, b], b]
            assert free(ground, turn, end if then == STRAIGHT else found.turns[then], ROOM - 1e-3)
    assert 0.2 < straight.mean() < 0.8


@pytest.mark.parametrize("name", WINDING)
def test_from_anywhere_the_heading_is_free(name: str) -> None:
    ground, found = terrain(name), ways(terrain(name))
    layer = cells(ground)[0]
    starts, ends = places(ground, 300, 0.375, 2), places(ground, 300, 0.375, 3)
    blocked = 0
    for start, end in zip(starts, ends, strict=True):
        to = np.array(heading(found, layer, *start, *end))
        blocked += not free(ground, start, to, 0.3)
    assert blocked <= 3


@pytest.mark.parametrize("name", WINDING)
@pytest.mark.parametrize("unit", ["zergling", "stalker"])
def test_walkers_arrive_by_nearly_the_shortest_way(name: str, unit: str) -> None:
    ground, kind = terrain(name), unit_type(unit)
    (start,), ends = places(ground, 1, kind.inner, 4), places(ground, 60, kind.inner, 5)
    field = Field(len(ends), (kind,), (0,), ground)
    field.place([tuple(start)])
    for battle, (x, y) in enumerate(ends):
        order(field, battle, 0, MOVE, x=x, y=y)
    walked, here = np.zeros(len(ends)), field.real[:, r.X : r.Y + 1, 0].copy()
    for _ in range(int(60 * 16 / kind.speed)):
        advance(field, 1)
        there = field.real[:, r.X : r.Y + 1, 0].copy()
        walked += np.hypot(*(there - here).T)
        here = there
    assert np.allclose(here, ends, atol=1e-3)
    assert (walked <= 1.05 * shortest(ground, start, ends, kind.inner) + 0.5).all()


def test_mirrored_ground_has_mirrored_ways() -> None:
    ground, found = terrain("two_levels"), ways(terrain("two_levels"))
    layer = cells(ground)[0]
    for start, end in zip(places(ground, 300, 0.5, 6), places(ground, 300, 0.5, 7), strict=True):
        if abs(start[0] + end[0] - 32) < 2.0:
            continue  # the ways round either side are as long as each other
        x, y = heading(found, layer, *start, *end)
        mirrored = heading(found, layer, 32 - start[0], start[1], 32 - end[0], end[1])
        assert mirrored == pytest.approx((32 - x, y), abs=1e-9)


def test_a_goal_in_a_wall_is_walked_to_as_near_as_can_be() -> None:
    field = Field(2, (unit_type("zergling"),), (0,), terrain("corridor"))
    field.place([(20.0, 20.0)])
    order(field, 0, 0, MOVE, x=6.0, y=13.0)
    order(field, 1, 0, MOVE, x=31.0, y=20.0)
    advance(field, 16 * 12)
    assert tuple(field.real[0, r.X : r.Y + 1, 0]) == pytest.approx((6.0, 11.625), abs=0.1)
    assert tuple(field.real[1, r.X : r.Y + 1, 0]) == pytest.approx((29.625, 20.0), abs=0.1)


@pytest.mark.parametrize("name", ["corridor", "7z_vs_32zg@diagonal", "6z_vs_12s@corridor"])
def test_a_crowd_walks_the_whole_way_to_its_goal(name: str) -> None:
    backend = EmbeddedBackend(get(name), 3)
    field, n = backend.field, backend.scenario.n_agents
    field.alive[:, :n], field.real[:, r.HEALTH, :n] = False, 0.0
    field.real[:, r.GOAL_X, n:], field.real[:, r.GOAL_Y, n:] = 4.47, 4.33
    advance(field, 16 * 22)
    assert np.hypot(field.real[:, r.X, n:] - 4.47, field.real[:, r.Y, n:] - 4.33).max() < 6.0
    layer = cells(backend.scenario.terrain)[0]
    for battle in range(3):
        for unit in range(n, backend.scenario.n_units):
            x, y, inner = field.real[battle, [r.X, r.Y, r.INNER], unit].astype(float)
            assert settle(layer, x, y, inner) == pytest.approx((x, y, True), abs=1e-3)


@pytest.mark.parametrize("name", ["corridor", "6z_vs_32zg@diagonal", "2c_vs_64zg"])
def test_enemies_come_to_allies_that_stand_still(name: str) -> None:
    backend = EmbeddedBackend(get(name), 2)
    field, n = backend.field, backend.scenario.n_agents
    field.real[:, r.HEALTH] = 1e6
    cliffs, fought = backend.scenario.terrain.cliffs, np.zeros((2, backend.scenario.n_enemies), bool)
    for _ in range(20):
        advance(field, 16)
        x, y = field.real[:, r.X, n:].astype(int), field.real[:, r.Y, n:].astype(int)
        assert not cliffs[x, y].any()
        fought |= field.whole[:, r.DEED, n:] == r.FIGHTING
    near = np.hypot(
        field.real[:, r.X, n:, None] - field.real[:, r.X, None, :n],
        field.real[:, r.Y, n:, None] - field.real[:, r.Y, None, :n],
    ).min(2)
    assert (fought | (near < 10.0)).all()  # some of 64 zerglings queue behind the others
    assert fought.sum() >= 2 * n


def test_zerglings_chase_a_colossus_on_the_cliff_to_its_foot() -> None:
    field = Field(1, (unit_type("colossus"), unit_type("zergling")), (0, 1), terrain("two_levels"))
    field.place([(16.0, 13.2), (16.0, 9.0)])
    field.real[0, r.HEALTH] = 1e6
    order(field, 0, 1, ATTACK, target=0)
    advance(field, 16 * 16)
    assert field.whole[0, r.DEED, 1] == r.FIGHTING
    assert field.real[0, r.Y, 1] > 14.0
