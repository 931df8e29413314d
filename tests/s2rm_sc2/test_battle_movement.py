"""Walking, walls, bodies, surrounding."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2rm_sc2.actions import EAST, NO_OP, NORTH, SOUTH, STOP, WEST
from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.field import Field
from s2rm_sc2.battle.loop import act_smac, advance, order
from s2rm_sc2.battle.neighbours import MARGIN
from s2rm_sc2.battle.orders import ATTACK, MOVE, STAND
from s2rm_sc2.scenarios import terrain
from s2rm_sc2.units import UNIT_TYPES, unit_type


def field_of(names: str, points: list[tuple[float, float]], enemies: int = 0, ground: str = "flat") -> Field:
    types = tuple(unit_type(name) for name in names.split())
    field = Field(1, types, (0,) * (len(types) - enemies) + (1,) * enemies, terrain(ground))
    field.place(points)
    field.whole[:, r.ACTIVE] = 0
    return field


def act(field: Field, *actions: int) -> None:
    act_smac(field, np.array([actions], np.int64))
    advance(field, 8)


def place(field: Field, unit: int = 0) -> tuple[float, float]:
    return float(field.real[0, r.X, unit]), float(field.real[0, r.Y, unit])


def distances(field: Field) -> npt.NDArray[np.float64]:
    points = field.real[0, r.X : r.Y + 1].astype(np.float64)
    return np.asarray(np.hypot(*(points[:, :, None] - points[:, None, :])))


@pytest.mark.parametrize(
    ("action", "to"), [(NORTH, (16, 17.125)), (SOUTH, (16, 14.875)), (EAST, (17.125, 16)), (WEST, (14.875, 16))]
)
def test_a_marine_walks_one_and_an_eighth_cells_a_step(action: int, to: tuple[float, float]) -> None:
    field = field_of("marine", [(16.0, 16.0)])
    act(field, action)
    assert place(field) == to


def test_a_stalker_walks_faster() -> None:
    field = field_of("stalker", [(16.0, 16.0)])
    act(field, EAST)
    assert place(field)[0] == pytest.approx(16 + 2.9531 / 2, abs=1e-5)


def test_a_move_order_ends_two_cells_away_and_no_op_keeps_it() -> None:
    field = field_of("marine", [(16.0, 16.0)])
    act(field, EAST)
    for _ in range(3):
        act(field, NO_OP)
    assert place(field) == (18.0, 16.0)


def test_stop_ends_a_move() -> None:
    field = field_of("marine", [(16.0, 16.0)])
    act(field, EAST)
    act(field, STOP)
    assert place(field) == (17.125, 16.0)


def test_a_wall_stops_a_marine_at_its_inner_radius() -> None:
    field = field_of("marine", [(16.0, 9.5)], ground="band")
    for _ in range(4):
        act(field, SOUTH)
    assert place(field) == (16.0, 8.375)


def test_the_edge_of_the_map_stops_a_marine() -> None:
    field = field_of("marine", [(1.5, 16.0)])
    for _ in range(4):
        act(field, WEST)
    assert place(field) == (0.375, 16.0)


def test_walkers_slide_along_a_wall_and_round_its_corner() -> None:
    field = field_of("marine", [(8.5, 8.5)], ground="octagon")
    order(field, 0, 0, MOVE, x=11.0, y=6.5)
    advance(field, 60)
    assert place(field) == (11.0, 6.5)


def test_a_walker_goes_round_a_friend_that_stands_in_its_way() -> None:
    field = field_of("marine marine", [(10.0, 16.0), (13.0, 16.0)])
    order(field, 0, 0, MOVE, x=16.0, y=16.0)
    advance(field, 60)
    assert place(field) == (16.0, 16.0)
    assert place(field, 1) == pytest.approx((13.0, 16.0), abs=0.1)


def test_overlapping_bodies_are_pushed_apart() -> None:
    field = field_of("marine marine zealot stalker", [(16.0, 16.0), (16.0, 16.0), (16.1, 16.0), (16.0, 16.2)])
    advance(field, 16)
    bodies = field.real[0, r.BODY]
    apart = distances(field) - (bodies[:, None] + bodies[None, :])
    assert apart[np.triu_indices(4, 1)].min() > -0.02


def test_a_colossus_is_blocked_by_colossi_only() -> None:
    field = field_of("colossus zergling zergling", [(10.0, 16.0), (12.0, 16.0), (12.0, 16.8)], enemies=2)
    order(field, 0, 0, MOVE, x=14.0, y=16.0)
    advance(field, 29)  # 4 cells at 0.140625
    assert place(field) == (14.0, 16.0)
    assert place(field, 1) == (12.0, 16.0)
    field = field_of("colossus colossus", [(10.0, 16.0), (10.5, 16.0)])
    advance(field, 16)
    assert distances(field)[0, 1] == pytest.approx(1.5, abs=0.02)


@pytest.mark.parametrize(
    ("kinds", "collide"),
    [
        ("marine zergling", True),
        ("marine spine_crawler", True),
        ("marine colossus", False),
        ("marine medivac", False),
        ("colossus colossus", True),
        ("colossus spine_crawler", True),
        ("colossus medivac", True),
        ("medivac medivac", True),
        ("medivac spine_crawler", False),
    ],
)
def test_which_kinds_of_bodies_collide(kinds: str, collide: bool) -> None:
    field = field_of(kinds, [(16.0, 16.0), (16.25, 16.0)])
    advance(field, 16)
    bodies = field.real[0, r.BODY]
    assert distances(field)[0, 1] == pytest.approx(bodies.sum() if collide else 0.25, abs=0.02)


def test_a_structure_yields_to_nobody() -> None:
    field = field_of("zealot spine_crawler zealot", [(15.5, 16.0), (16.0, 16.0), (16.0, 16.5)])
    order(field, 0, 0, MOVE, x=20.0, y=16.0)
    advance(field, 80)
    assert place(field, 1) == (16.0, 16.0)
    assert place(field, 0) == (20.0, 16.0)


def test_a_medivac_gathers_speed() -> None:
    field = field_of("medivac", [(4.0, 16.0)])
    order(field, 0, 0, MOVE, x=28.0, y=16.0)
    gain = 2.3125 / 256  # cells a loop, each loop
    advance(field, 10)
    assert place(field)[0] == pytest.approx(4.0 + gain * 55, abs=1e-4)  # 1 + 2 + ... + 10
    advance(field, 10)
    assert place(field)[0] == pytest.approx(4.0 + gain * 190 + 2.75 / 16, abs=1e-4)  # full speed in the 20th loop
    order(field, 0, 0, STAND, x=0.0, y=0.0)
    stopped = place(field)
    advance(field, 8)
    assert place(field) == stopped  # at once
    order(field, 0, 0, MOVE, x=28.0, y=16.0)
    advance(field, 1)
    assert place(field)[0] == pytest.approx(stopped[0] + gain, abs=1e-4)


PAIRS_OF_A_CROWD = st.lists(
    st.tuples(st.integers(0, len(UNIT_TYPES) - 1), st.floats(8.0, 24.0), st.floats(8.0, 24.0), st.booleans()),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(PAIRS_OF_A_CROWD)
def test_every_pair_within_the_margin_is_found(crowd: list[tuple[int, float, float, bool]]) -> None:
    names = " ".join(UNIT_TYPES[index].name for index, *_ in crowd)
    field = field_of(names, [(x, y) for _, x, y, _ in crowd])
    field.alive[0] = alive = np.array([lives for *_, lives in crowd])
    field.whole[0, r.KIND] = 0
    points, bodies = field.real[0, r.X : r.Y + 1].copy(), field.real[0, r.BODY]
    advance(field, 1)  # the search of loop 0 sees the places before it
    apart = np.hypot(*(points[:, :, None] - points[:, None, :])) - bodies[:, None] - bodies[None, :]
    wanted = (apart < MARGIN - 1e-4) & alive[:, None] & alive[None, :]
    allowed = (apart < MARGIN + 1e-4) & alive[:, None] & alive[None, :]
    firsts, seconds = field.near[0, :, 1 : 1 + field.near[0, 0, 0]].astype(np.int64)
    found = np.zeros_like(wanted)
    found[firsts, seconds] = found[seconds, firsts] = True
    assert len(firsts) == np.triu(found, 1).sum()  # each pair once
    np.fill_diagonal(wanted, False)
    assert (wanted <= found).all()
    assert (found <= allowed).all()


def test_fighters_hold_their_ground_against_walkers() -> None:
    field = field_of("zealot marine zealot", [(14.0, 16.0), (16.0, 16.0), (17.0, 16.0)], enemies=1)
    field.real[0, r.HEALTH, 2] = 1e6
    order(field, 0, 1, ATTACK, target=2)
    advance(field, 2)
    order(field, 0, 0, MOVE, x=18.0, y=16.0)
    advance(field, 40)
    assert place(field, 1) == pytest.approx((16.0, 16.0), abs=0.15)


def test_melee_units_surround_their_target() -> None:
    column = [(6.0 + 0.8 * k, 16.0) for k in range(6)]
    field = field_of("zealot " * 6 + "stalker", [*column, (14.0, 16.0)], enemies=1)
    field.real[0, r.HEALTH, 6] = 1e6
    for unit in range(6):
        order(field, 0, unit, ATTACK, target=6)
    advance(field, 16 * 8)
    assert (field.whole[0, r.DEED, :6] == r.FIGHTING).all()


def test_the_rear_rank_gets_past_the_front_rank() -> None:
    front = [(14.0, 14.5 + 0.8 * k) for k in range(4)]
    rear = [(12.0, 14.5 + 0.8 * k) for k in range(4)]
    foes = [(15.0, 14.5 + 0.8 * k) for k in range(4)]
    field = field_of("zealot " * 12, [*front, *rear, *foes], enemies=4)
    field.real[0, r.HEALTH, 8:] = 1e6
    for unit in range(8):
        order(field, 0, unit, ATTACK, target=8 + unit % 4)
    fought = np.zeros(8, bool)
    for _ in range(16 * 15):
        advance(field, 1)
        fought |= field.whole[0, r.DEED, :8] == r.FIGHTING
    assert fought.all()
