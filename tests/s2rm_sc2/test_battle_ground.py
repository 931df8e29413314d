"""Terrains: diagonal cliffs, grounds by kind of body, discs against walls."""

import numpy as np
import numpy.typing as npt
import pytest

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.field import Field
from s2rm_sc2.battle.ground import BLOCKED, OPEN, cells, layer, settle
from s2rm_sc2.battle.loop import advance, order
from s2rm_sc2.battle.orders import MOVE
from s2rm_sc2.scenarios import Terrain, get, smac_names, terrain, terrain_names
from s2rm_sc2.units import UNIT_TYPES, UnitType, unit_type

Points = npt.NDArray[np.float64]

# Cells that the maps flag as walkable, and blocks at the corners of diagonal cliffs, counted by hand in the maps.
FLAGGED = {
    "band": (512, 0), "flat": (1024, 0), "octagon": (352, 8), "pocket_2s": (168, 4), "pocket_6h": (152, 4),
    "two_levels": (336, 8), "corridor": (332, 11), "diagonal": (300, 12),
}  # fmt: skip


def blocked(ground: Terrain, x: Points, y: Points) -> npt.NDArray[np.bool_]:
    """Whether points lie in a blocked cell or half cell, worked out apart from the engine."""
    width, height = ground.size
    i, j = np.floor(x).astype(int), np.floor(y).astype(int)
    inside = (i >= 0) & (i < width) & (j >= 0) & (j < height)
    i, j = i.clip(0, width - 1), j.clip(0, height - 1)
    far = ground.halved[i, j].astype(int) - 1
    across, up = (np.where(bit == 1, i + 1 - x, x - i) for bit, i, x in ((far % 2, i, x), (far // 2, j, y)))
    return np.asarray(~inside | ~ground.walkable[i, j] | ((far >= 0) & (across + up < 1)))


@pytest.mark.parametrize("name", FLAGGED)
def test_diagonal_cliffs_open_half_of_their_blocks(name: str) -> None:
    ground, (flagged, corners) = terrain(name), FLAGGED[name]
    assert set(FLAGGED) == set(terrain_names())
    assert (ground.walkable & (ground.halved == 0)).sum() == flagged + corners
    assert (ground.halved > 0).sum() == 2 * corners
    assert ground.walkable[ground.halved > 0].all()
    assert not (ground.walkable & ground.cliffs).any()


def test_the_choke_of_corridor_is_two_blocks_diagonal_wide() -> None:
    ground = terrain("corridor")
    along = np.linspace(0, 3, 3001)
    for middle in (13.0, 14.0, 15.0):
        for side in (-1, 1):  # across the way from the room up to the right
            x, y = middle + side * along * np.sqrt(0.5), middle - side * along * np.sqrt(0.5)
            assert along[blocked(ground, x, y).argmax()] == pytest.approx(np.sqrt(2), abs=2e-3)


@pytest.mark.parametrize("name", ["octagon", "two_levels"])
def test_mirrored_maps_stay_mirrored(name: str) -> None:
    ground = terrain(name)
    swapped = np.array([0, 2, 1, 4, 3])
    assert np.array_equal(ground.walkable, ground.walkable[::-1])
    assert np.array_equal(ground.height, ground.height[::-1])
    assert np.array_equal(ground.halved, swapped[ground.halved[::-1]])


@pytest.mark.parametrize("name", terrain_names())
def test_all_of_a_map_can_be_walked_to(name: str) -> None:
    ground = terrain(name)
    whole = ground.walkable & (ground.halved == 0)
    reached = np.zeros_like(whole)
    reached[tuple(np.argwhere(whole)[0])] = True
    for _ in range(whole.size):
        wider = reached.copy()
        wider[1:] |= reached[:-1]
        wider[:-1] |= reached[1:]
        wider[:, 1:] |= reached[:, :-1]
        wider[:, :-1] |= reached[:, 1:]
        wider &= ground.walkable
        if np.array_equal(wider, reached):
            break
        reached = wider
    assert np.array_equal(reached, ground.walkable)


@pytest.mark.parametrize("name", terrain_names())
@pytest.mark.parametrize("inner", [0.375, 0.5, 0.5625, 0.875])
def test_a_settled_disc_touches_nothing_blocked(name: str, inner: float) -> None:
    ground, layer_0 = terrain(name), cells(terrain(name))[0]
    rng = np.random.default_rng(7)
    angle = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    for x, y in rng.uniform(0, 32, (300, 2)):
        to_x, to_y, good = settle(layer_0, x, y, inner)
        if not blocked(ground, np.array([x]), np.array([y]))[0]:
            assert good
        if good:
            part = (inner - 1e-3) * np.array([[0.5], [1.0]])
            assert not blocked(ground, to_x + part * np.cos(angle), to_y + part * np.sin(angle)).any()


@pytest.mark.parametrize("name", terrain_names())
def test_discs_that_fit_are_left_alone(name: str) -> None:
    layer_0, rng = cells(terrain(name))[0], np.random.default_rng(8)
    for x, y in rng.uniform(0, 32, (300, 2)):
        to_x, to_y, good = settle(layer_0, x, y, 0.5)
        if good:
            assert settle(layer_0, to_x, to_y, 0.5) == pytest.approx((to_x, to_y, True), abs=1e-5)


def test_a_disc_against_a_diagonal_wall_stands_its_radius_away() -> None:
    layer_0 = cells(terrain("octagon"))[0]  # its lower left wall runs from (6, 10) to (10, 6)
    x, y, good = settle(layer_0, 8.1, 8.1, 0.375)
    assert good
    assert (x, y) == pytest.approx((8 + 0.375 / np.sqrt(2),) * 2)
    assert not settle(layer_0, 7.4, 7.4, 0.375)[2]


def test_cliff_walkers_have_the_cliffs_and_flyers_the_whole_map() -> None:
    ground = terrain("two_levels")
    walkers, climbers, flyers = cells(ground)
    assert [layer(kind) for kind in (r.GROUND, r.CLIFF, r.AIR, r.STRUCTURE)] == [0, 1, 2, 0]
    assert walkers[17, 13] == BLOCKED
    assert climbers[17, 13] == OPEN
    assert np.array_equal(climbers[1:-1, 1:-1] != BLOCKED, ground.walkable | ground.cliffs)
    assert (flyers[1:-1, 1:-1] != BLOCKED).all()
    assert (flyers[0] == BLOCKED).all()


def test_high_ground_rises_from_the_ramps() -> None:
    height = terrain("two_levels").height
    assert height[3:8, 14].tolist() == [8.0, 8.5, 9.0, 9.5, 10.0]
    assert height[24:29, 17].tolist() == [10.0, 9.5, 9.0, 8.5, 8.0]
    assert height[16, 12:14].tolist() == [8.0, 10.0]
    assert (terrain("corridor").height == np.where(terrain("corridor").walkable, 8.0, 0.0)).all()


def test_a_colossus_crosses_the_cliff_and_a_zergling_goes_round() -> None:
    field = Field(2, (unit_type("colossus"), unit_type("zergling")), (0, 1), terrain("two_levels"))
    field.place([(16.0, 15.0), (17.0, 10.0)])
    field.whole[:, r.ACTIVE] = 0
    order(field, 0, 0, MOVE, x=16.0, y=10.0)
    order(field, 0, 1, MOVE, x=17.0, y=15.0)
    for _ in range(6):
        advance(field, 6)
        assert field.real[0, r.X, 0] == pytest.approx(16.0)
    assert field.real[0, r.Y, 0] == pytest.approx(10.0, abs=1e-3)
    trace = []
    for _ in range(200):
        advance(field, 1)
        trace.append(field.real[0, r.X : r.Y + 1, 1].copy())
    assert tuple(trace[-1]) == pytest.approx((17.0, 15.0), abs=1e-3)
    level = [x for x, y in trace if 12.0 <= y < 14.0]
    assert level
    assert min(level) > 28.0


def test_a_colossus_stays_in_the_playable_area() -> None:
    field = Field(1, (unit_type("colossus"),), (0,), terrain("two_levels"))
    field.place([(16.0, 8.0)])
    order(field, 0, 0, MOVE, x=16.0, y=0.0)
    advance(field, 60)
    assert field.real[0, r.Y, 0] == pytest.approx(6.5625)


@pytest.mark.parametrize("unit", [unit for unit in UNIT_TYPES if unit.speed > 0 and unit.plane == "ground"])
def test_every_unit_that_walks_fits_through_the_choke(unit: UnitType) -> None:
    field = Field(1, (unit,), (0,), terrain("corridor"))
    field.place([(15.5, 15.5)])
    order(field, 0, 0, MOVE, x=10.0, y=10.0)
    advance(field, 70)
    assert tuple(field.real[0, r.X : r.Y + 1, 0]) == pytest.approx((10.0, 10.0), abs=1e-3)


@pytest.mark.parametrize("name", smac_names())
def test_units_are_created_on_ground_that_leads_to_the_goal(name: str) -> None:
    scenario = get(name)
    for x, y in [(g.x, g.y) for g in (*scenario.allies, *scenario.enemies)] + [*scenario.order.points]:
        assert scenario.terrain.walkable[int(x), int(y)]
