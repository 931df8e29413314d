"""Units that fight on their own: acquisition, response, help, pursuit, return."""

import numpy as np
import pytest

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.loop import act_smac, advance, order
from s2rm_sc2.battle.orders import ATTACK, ATTACK_MOVE, HUNT, MOVE, STAND
from tests.arena import durable, meeting, target


@pytest.mark.parametrize(("gap", "taken"), [(5.0, 0), (5.25, -1)])
def test_melee_units_acquire_within_five_cells_edge_to_edge(gap: float, taken: int) -> None:
    field = meeting("marine", "zergling", [(10.0, 16.0), (10.75 + gap, 16.0)])
    advance(field, 1)
    assert target(field, 1) == taken


@pytest.mark.parametrize(("gap", "taken"), [(6.0, 0), (6.25, -1)])
def test_a_longer_weapon_acquires_within_its_range(gap: float, taken: int) -> None:
    field = meeting("marine", "stalker", [(10.0, 16.0), (11.0 + gap, 16.0)])
    advance(field, 1)
    assert target(field, 1) == taken


def test_the_closest_foe_is_taken() -> None:
    field = meeting("marine marine", "zealot", [(10.0, 16.0), (11.0, 16.0), (14.0, 16.0)])
    advance(field, 1)
    assert target(field, 2) == 1


def test_a_target_in_reach_is_kept_when_another_comes_closer() -> None:
    field = meeting("zealot zealot", "marine", [(12.0, 16.0), (24.0, 16.0), (16.0, 16.0)])
    advance(field, 1)
    assert target(field, 2) == 0
    field.real[0, r.X, 1] = 17.5
    advance(field, 8)
    assert target(field, 2) == 0


def test_attack_move_goes_to_its_goal_and_stays() -> None:
    field = meeting("marine", "zealot", [(30.0, 30.0), (20.0, 16.0)])
    order(field, 0, 1, ATTACK_MOVE, x=10.0, y=16.0)
    advance(field, 100)
    assert field.real[0, r.X : r.Y + 1, 1].tolist() == [10.0, 16.0]
    assert field.whole[0, r.ORDER, 1] == STAND


def test_attack_move_fights_on_the_way_and_goes_on() -> None:
    field = meeting("zergling marine", "zealot", [(15.0, 18.0), (1.0, 1.0), (20.0, 16.0)])
    order(field, 0, 2, ATTACK_MOVE, x=10.0, y=16.0)
    advance(field, 400)
    assert not field.alive[0, 0]
    assert field.real[0, r.X : r.Y + 1, 2].tolist() == [10.0, 16.0]


def test_a_move_order_ignores_foes() -> None:
    field = meeting("marine", "zealot", [(15.0, 17.0), (20.0, 16.0)])
    order(field, 0, 1, MOVE, x=10.0, y=16.0)
    advance(field, 60)
    assert target(field, 1) == -1
    assert field.real[0, r.X, 1] == 20.0 - 60 * 0.140625
    assert field.real[0, r.HEALTH, 0] == 45.0


def test_a_unit_answers_whoever_damages_it_from_afar() -> None:
    field = meeting("stalker", "zealot", [(10.0, 16.0), (17.0, 16.0)])  # 5.875 apart
    advance(field, 8)
    assert target(field, 1) == -1
    order(field, 0, 0, ATTACK, target=1)
    advance(field, 10)
    assert target(field, 1) == 0


def test_friends_within_four_cells_are_called_to_help() -> None:
    field = meeting("stalker", "zealot zealot zealot", [(10.0, 16.0), (17.0, 16.0), (20.95, 16.0), (17.0, 20.05)])
    order(field, 0, 0, ATTACK, target=1)
    advance(field, 12)
    assert [target(field, unit) for unit in (1, 2, 3)] == [0, 0, -1]


def test_a_target_out_of_sight_is_given_up() -> None:
    field = meeting("stalker", "zealot", [(10.0, 16.0), (14.0, 16.0)])
    advance(field, 1)
    assert target(field, 1) == 0
    field.real[0, r.X, 0] = 2.0
    advance(field, 8)
    assert target(field, 1) == -1


def test_an_idle_unit_gives_up_beyond_its_leash_and_returns() -> None:
    field = meeting("stalker", "zergling", [(10.0, 5.0), (10.0, 3.0)])
    field.real[0, r.HEALTH, 0] = 1e6
    order(field, 0, 0, MOVE, x=10.0, y=31.0)
    advance(field, 16 * 10)
    assert target(field, 1) == -1
    advance(field, 16 * 10)
    assert np.hypot(field.real[0, r.X, 1] - 10.0, field.real[0, r.Y, 1] - 3.0) <= 1.0


@pytest.mark.parametrize(("distance", "taken"), [(20.9, 0), (21.1, -1)])
def test_an_idle_unit_takes_nobody_further_than_21_cells_from_its_post(distance: float, taken: int) -> None:
    field = meeting("marine", "zergling", [(5.0 + distance, 16.0), (5.0, 16.0)])
    field.real[0, r.X, 1] = 22.0
    advance(field, 1)
    assert target(field, 1) == taken


def test_hunters_find_foes_anywhere() -> None:
    field = meeting("marine", "zergling zergling", [(1.0, 1.0), (30.0, 30.0), (30.0, 28.0)])
    order(field, 0, 1, HUNT)
    advance(field, 16 * 20)
    assert not field.alive[0, 0]


def test_hunters_keep_their_prey_until_it_is_dead_and_take_the_next_closest() -> None:
    field = meeting("marine marine", "zealot", [(10.0, 16.0), (4.0, 16.0), (20.0, 16.0)])
    order(field, 0, 2, HUNT)
    advance(field, 1)
    assert target(field, 2) == 0
    field.real[0, r.X, 1] = 19.0
    advance(field, 8)
    assert target(field, 2) == 0
    field.alive[0, 0], field.real[0, r.X, 1] = False, 4.0
    advance(field, 7)  # loops 9 to 15: in loop 12 it scans only what is near
    assert target(field, 2) == -1
    advance(field, 1)  # hunters look round every half second
    assert target(field, 2) == 1


@pytest.mark.parametrize("enemy", ["marauder", "zealot", "zergling", "baneling", "colossus", "spine_crawler"])
def test_weapons_against_ground_ignore_flyers_and_take_the_next_foe(enemy: str) -> None:
    field = meeting("medivac marine", enemy, [(14.0, 16.0), (12.0, 16.0), (16.0, 16.0)])
    advance(field, 1)
    assert target(field, 2) == 1
    alone = meeting("medivac", enemy, [(14.0, 16.0), (16.0, 16.0)])
    advance(alone, 1)
    assert target(alone, 1) == -1


@pytest.mark.parametrize("enemy", ["marine", "stalker", "hydralisk"])
def test_weapons_against_air_take_a_flyer_that_is_closest(enemy: str) -> None:
    field = meeting("medivac marine", enemy, [(14.0, 16.0), (12.0, 16.0), (16.0, 16.0)])
    advance(field, 1)
    assert target(field, 2) == 0


@pytest.mark.parametrize("enemy", ["marauder", "zergling"])
def test_a_colossus_counts_as_ground(enemy: str) -> None:
    field = meeting("colossus", enemy, [(13.0, 16.0), (16.0, 16.0)])
    advance(field, 1)
    assert target(field, 1) == 0


def test_an_order_to_attack_what_the_weapon_cannot_hit_leaves_the_present_order() -> None:
    field = meeting("zealot", "medivac", [(10.0, 16.0), (12.0, 16.0)])
    order(field, 0, 0, MOVE, x=8.0, y=16.0)
    act_smac(field, np.array([[6]]))
    assert field.whole[0, [r.ORDER, r.TARGET], 0].tolist() == [MOVE, -1]
    advance(field, 16)
    assert field.real[0, r.X, 0] == 8.0


def test_friends_are_called_at_most_once_in_two_seconds() -> None:
    """The stalker's hits fall 23 loops apart; the friend that comes near after the first call hears the third."""
    field = durable(meeting("stalker", "zealot zealot", [(10.0, 16.0), (17.0, 16.0), (28.0, 16.0)]))
    field.real[0, r.STRIDE, 1] = 0.0
    order(field, 0, 0, ATTACK, target=1)
    calls = []
    for loop in range(120):
        field.real[0, [r.X, r.GOAL_X], 2] = 20.0
        field.whole[0, r.TARGET, 2] = -1
        advance(field, 1)
        if target(field, 2) == 0:
            calls.append(loop)
    assert len(calls) == 3  # hits at loops 8, 31, 55, 78, 102 or so: every second one is heard
    assert min(np.diff(calls)) >= 32


def test_a_spine_crawler_guards_its_place_without_an_order() -> None:
    field = durable(meeting("zealot zealot", "spine_crawler", [(7.0, 16.0), (30.0, 30.0), (16.0, 16.0)]), 0)
    advance(field, 16)
    assert target(field, 2) == -1  # 7.625 apart
    field.real[0, r.X, 0] = 8.0
    advance(field, 160)  # damage point 5.3, then every 26.1 loops: 6 hits of 25 - 1
    assert (field.real[0, r.X, 2], field.real[0, r.Y, 2]) == (16.0, 16.0)
    assert field.real[0, r.HEALTH, 0] == 1e6 - 6 * 24.0


@pytest.mark.parametrize(("gap", "fires"), [(7.0, True), (7.0625, False)])
def test_a_spine_crawlers_range_is_7_and_it_has_no_slop(gap: float, fires: bool) -> None:
    field = durable(meeting("zealot", "spine_crawler", [(16.0 - 1.375 - gap, 16.0), (16.0, 16.0)]), 0)
    order(field, 0, 1, ATTACK, target=0)
    advance(field, 16)
    assert (field.real[0, r.HEALTH, 0] < 1e6) == fires


@pytest.mark.parametrize(("enemy", "fires"), [("marine", True), ("colossus", False), ("spine_crawler", False)])
def test_all_but_colossi_and_spine_crawlers_fire_on_half_a_cell_beyond_range(enemy: str, fires: bool) -> None:
    field = meeting("zealot", enemy, [(10.0, 16.0), (16.0, 16.0)])
    durable(field, 0).real[0, r.STRIDE] = 0.0
    field.real[0, r.X, 1] = 10.0 + float(field.real[0, r.REACH, 1] + field.real[0, r.RADIUS, :2].sum())
    advance(field, 12)  # time for the first attack of each
    after_first = float(field.real[0, r.HEALTH, 0])
    assert after_first < 1e6
    field.real[0, r.X, 1] += 0.5
    advance(field, 60)
    assert (field.real[0, r.HEALTH, 0] < after_first) == fires


def test_a_spine_crawler_regenerates_like_all_zerg() -> None:
    field = meeting("zealot", "spine_crawler", [(1.0, 1.0), (16.0, 16.0)])
    field.real[0, r.HEALTH, 1] = 100.0
    advance(field, 160)
    assert field.real[0, r.HEALTH, 1] == pytest.approx(100.0 + 10 * 0.2734, abs=1e-3)


def test_a_crowd_sent_to_one_point_comes_to_rest() -> None:
    points = [(20.0 + 0.8 * (k % 4), 14.0 + 0.8 * (k // 4)) for k in range(16)]
    field = meeting("marine", "marine " * 16, [(31.0, 31.0), *points])
    for unit in range(1, 17):
        order(field, 0, unit, ATTACK_MOVE, x=8.0, y=16.0)
    advance(field, 16 * 12)
    assert (field.whole[0, r.DEED, 1:] == r.IDLE).all()
    assert np.hypot(field.real[0, r.X, 1:] - 8.0, field.real[0, r.Y, 1:] - 16.0).max() < 4.0
