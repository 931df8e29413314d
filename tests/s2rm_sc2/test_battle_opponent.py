"""Units that fight on their own: acquisition, response, help, pursuit, return."""

import numpy as np
import pytest

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.loop import advance, order
from s2rm_sc2.battle.orders import ATTACK, ATTACK_MOVE, HUNT, MOVE, STAND
from tests.arena import meeting, target


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
    field = meeting("stalker", "zealot zealot zealot", [(10.0, 16.0), (17.0, 16.0), (20.0, 16.0), (21.5, 16.0)])
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


def test_hunters_find_foes_anywhere() -> None:
    field = meeting("marine", "zergling zergling", [(1.0, 1.0), (30.0, 30.0), (30.0, 28.0)])
    order(field, 0, 1, HUNT)
    advance(field, 16 * 20)
    assert not field.alive[0, 0]


def test_a_crowd_sent_to_one_point_comes_to_rest() -> None:
    points = [(20.0 + 0.8 * (k % 4), 14.0 + 0.8 * (k // 4)) for k in range(16)]
    field = meeting("marine", "marine " * 16, [(31.0, 31.0), *points])
    for unit in range(1, 17):
        order(field, 0, unit, ATTACK_MOVE, x=8.0, y=16.0)
    advance(field, 16 * 12)
    assert (field.whole[0, r.DEED, 1:] == r.IDLE).all()
    assert np.hypot(field.real[0, r.X, 1:] - 8.0, field.real[0, r.Y, 1:] - 16.0).max() < 4.0
