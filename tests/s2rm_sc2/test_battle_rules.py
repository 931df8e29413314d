"""Rules of SC2's data and of SMAC's maps that no other test holds, one each, against figures computed by hand.

16 loops are a second; speeds, ranges and periods are written out, not read from the engine's data.
"""

import numpy as np
import pytest

from s2rm_sc2 import scenarios
from s2rm_sc2.backends.embedded import EmbeddedBackend
from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.loop import advance, order
from s2rm_sc2.battle.orders import ATTACK, ATTACK_MOVE, HUNT, MOVE, STAND
from tests.arena import duel, durable, losses, meeting, target, vitals

SPEEDS = {"marine": 2.25, "marauder": 2.25, "stalker": 2.9531, "zealot": 2.25, "colossus": 2.25}
SPEEDS |= {"zergling": 2.9531, "baneling": 2.5, "hydralisk": 2.25, "spine_crawler": 0.0}
RANGES = {"marine": 5.0, "marauder": 6.0, "stalker": 6.0, "zealot": 0.1, "colossus": 6.0}
RANGES |= {"zergling": 0.1, "baneling": 0.25, "hydralisk": 5.0, "spine_crawler": 7.0}
PERIODS = {"marine": 0.8608, "marauder": 1.5, "stalker": 1.44, "zealot": 1.2, "colossus": 2.2}
PERIODS |= {"zergling": 0.696, "hydralisk": 0.83, "spine_crawler": 1.6}
SIGHTS = {"marine": 9.0, "marauder": 10.0, "stalker": 10.0, "zealot": 9.0, "colossus": 10.0}
SIGHTS |= {"zergling": 8.0, "baneling": 8.0, "hydralisk": 9.0, "spine_crawler": 11.0}


SEPARATIONS = {"marine": 0.375, "marauder": 0.5, "medivac": 0.75, "stalker": 0.625, "zealot": 0.375, "colossus": 0.75}
SEPARATIONS |= {"zergling": 0.375, "baneling": 0.375, "hydralisk": 0.5}
INNERS = {"marine": 0.375, "marauder": 0.375, "medivac": 0.75, "stalker": 0.5, "zealot": 0.375, "colossus": 0.5625}
INNERS |= {"zergling": 0.375, "baneling": 0.375, "hydralisk": 0.375}


@pytest.mark.parametrize(("name", "separation"), SEPARATIONS.items())
def test_bodies_are_pushed_apart_until_they_touch_and_no_further(name: str, separation: float) -> None:
    field = meeting(f"{name} {name}", name, [(10.0, 16.0), (10.0 + 1.8 * separation, 16.0), (31.0, 31.0)])
    advance(field, 32)
    assert field.real[0, r.X, 1] - field.real[0, r.X, 0] == pytest.approx(2 * separation, abs=1e-3)


@pytest.mark.parametrize(("name", "inner"), INNERS.items())
def test_walls_stop_a_body_at_its_inner_radius(name: str, inner: float) -> None:
    field = meeting(name, name, [(2.0, 16.0), (31.0, 31.0)])
    order(field, 0, 0, MOVE, x=0.0, y=16.0)
    advance(field, 48)
    assert field.real[0, r.X, 0] == pytest.approx(inner, abs=1e-4)


@pytest.mark.parametrize(("name", "speed"), SPEEDS.items())
def test_a_second_of_walking_and_back_without_turning(name: str, speed: float) -> None:
    field = meeting(name, "marine", [(10.0, 16.0), (31.0, 31.0)])
    order(field, 0, 0, MOVE, x=30.0, y=16.0)
    advance(field, 16)
    assert field.real[0, r.X, 0] == pytest.approx(10.0 + speed, abs=1e-4)
    order(field, 0, 0, MOVE, x=1.0, y=16.0)
    advance(field, 16)
    assert field.real[0, r.X, 0] == pytest.approx(10.0, abs=1e-4)


@pytest.mark.parametrize(("name", "reach"), RANGES.items())
def test_ranges_run_from_edge_to_edge(name: str, reach: float) -> None:
    inside, outside = (durable(duel(name, "marauder", reach + more)) for more in (-1e-3, 0.01))
    for field in (inside, outside):
        field.real[0, r.STRIDE] = 0.0  # nobody gets closer
        advance(field, 24)
    assert vitals(inside)[1] < 1e6
    assert vitals(outside)[1] == 1e6


@pytest.mark.parametrize(("name", "period"), PERIODS.items())
def test_periods_are_half_a_loop_longer_on_average(name: str, period: float) -> None:
    field = duel(name, "zealot", 0.05, battles=64)
    field.real[:, r.HEALTH, 1], field.real[:, r.SHIELD, 1], field.real[:, r.CALM, 1] = 1e5, 0.0, 1e6
    advance(field, 6400)
    kind = field.types[0].weapon
    assert kind is not None
    dealt = (1e5 - field.real[:, r.HEALTH, 1]).mean() / (kind.damage - 1.0) / kind.hits
    assert dealt == pytest.approx(6400 / (16 * period + 0.5), abs=1.2)  # the first and the last attack


@pytest.mark.parametrize(("name", "sight"), SIGHTS.items())
def test_a_target_is_given_up_beyond_the_units_own_sight(name: str, sight: float) -> None:
    for gap, kept in ((sight - 0.05, True), (sight + 0.05, False)):
        field = meeting("marauder", name, [(2.0, 16.0), (6.0, 16.0)])
        field.real[0, r.STRIDE] = 0.0
        advance(field, 1)
        assert target(field, 1) == 0
        field.whole[0, r.ENGAGED, 1] = -1
        field.real[0, [r.X, r.GOAL_X], 1] = 2.0 + gap + float(field.real[0, r.RADIUS].sum())
        advance(field, 4)
        assert (target(field, 1) == 0) == kept


@pytest.mark.parametrize("name", ["zergling", "baneling", "hydralisk", "spine_crawler"])
def test_all_zerg_regain_2734_thousandths_a_second_up_to_full_health(name: str) -> None:
    field = meeting("marine", name, [(1.0, 1.0), (30.0, 30.0)])
    full = float(field.real[0, r.HEALTH, 1])
    field.real[0, r.HEALTH, 1] = full - 1.0
    advance(field, 32)
    assert field.real[0, r.HEALTH, 1] == pytest.approx(full - 1.0 + 0.5468, abs=1e-3)
    advance(field, 32)
    assert field.real[0, r.HEALTH, 1] == full


@pytest.mark.parametrize("name", ["marine", "marauder", "medivac", "zealot", "stalker", "colossus"])
def test_nobody_else_regains_health(name: str) -> None:
    field = meeting("marine", name, [(1.0, 1.0), (30.0, 30.0)])
    field.real[0, r.HEALTH, 1] = 20.0
    advance(field, 160)
    assert field.real[0, r.HEALTH, 1] == 20.0


def test_new_damage_lets_the_shields_wait_anew() -> None:
    field = duel("marine", "zealot", 3.0)
    advance(field, 1)
    order(field, 0, 0, STAND)
    advance(field, 100)
    order(field, 0, 0, ATTACK, target=1)
    advance(field, 1)  # the second hit
    order(field, 0, 0, STAND)
    advance(field, 160)
    assert vitals(field)[0] == 50.0 - 2 * 6
    advance(field, 16)
    assert vitals(field)[0] == 50.0 - 2 * 6 + 2.0


def test_a_unit_stands_until_its_damage_point_whatever_its_target_does() -> None:
    field = durable(duel("stalker", "zealot", 5.9))
    advance(field, 1)  # the attack has begun, its damage point is 2.67 loops on
    field.real[0, r.X, 1] += 4.0
    advance(field, 2)
    assert field.real[0, r.X, 0] == 10.0
    assert field.whole[0, r.MISSILE, 0] == 1
    advance(field, 1)
    assert field.real[0, r.X, 0] > 10.0


@pytest.mark.parametrize("order_kind", [STAND, ATTACK_MOVE])
def test_who_gives_up_its_target_while_winding_up_stands_until_the_hit_as_well(order_kind: int) -> None:
    """The attack begins in loop 3, 2.67 loops before the damage point; targets out of sight are given up in loop 4."""
    field = durable(meeting("stalker", "stalker", [(10.0, 16.0), (17.0, 16.0)]), 0)
    order(field, 0, 1, order_kind, x=30.0, y=16.0)
    field.real[0, r.COOLDOWN, 1] = 3.0
    advance(field, 4)
    field.real[0, r.X, 0] = 2.0
    advance(field, 1)
    assert target(field, 1) == -1
    assert field.real[0, r.X, 1] == 17.0
    assert field.whole[0, r.MISSILE, 1] == -1
    advance(field, 1)
    assert field.real[0, r.X, 1] == 17.0
    assert field.whole[0, r.MISSILE, 1] == 0  # the hit lands although the target is 13.75 cells away
    advance(field, 1)
    assert field.real[0, r.X, 1] > 17.0


def test_a_zealots_second_hit_lands_wherever_both_still_live() -> None:
    gone, killed = (durable(duel("zealot", "marauder", 0.05)) for _ in range(2))
    advance(gone, 1)
    gone.real[0, r.X, 1] += 8.0
    advance(gone, 4)
    assert vitals(gone)[1] == 1e6 - 2 * 7.0
    advance(killed, 1)
    killed.real[0, r.HEALTH, 0] = 0.0
    advance(killed, 4)
    assert vitals(killed)[1] == 1e6 - 7.0


def test_the_slop_is_lost_once_a_target_was_beyond_it() -> None:
    for beyond, fires in ((5.9, True), (6.1, False)):
        field = durable(duel("marine", "marauder", 4.9))
        field.real[0, r.STRIDE] = 0.0
        advance(field, 4)
        edge = 10.0 + 0.375 + 0.5625
        field.real[0, r.X, 1] = edge + beyond
        advance(field, 4)
        field.real[0, r.X, 1] = edge + 5.5
        before = vitals(field)[1]
        advance(field, 32)
        assert (vitals(field)[1] < before) == fires


def test_a_missile_follows_its_target_and_is_lost_with_it() -> None:
    field = durable(duel("stalker", "zealot", 5.0))
    advance(field, 3)
    field.real[0, r.Y, 1] += 4.0
    assert len(losses(field, 1, 12)) == 1
    field = duel("stalker", "zealot", 5.0)
    advance(field, 3)
    field.real[0, r.HEALTH, 1] = 0.0
    advance(field, 2)
    assert not field.alive[0, 1]
    assert field.whole[0, r.MISSILE, 0] == -1


def test_who_fights_yields_a_tenth_who_idles_a_half() -> None:
    """Bodies 0.35 into each other, 1/6 of which the fighter gives way: 0.1 against 0.5."""
    field = meeting("marine marine", "marauder", [(10.0, 16.0), (10.4, 16.0), (14.0, 16.0)])
    durable(field, 2).whole[0, r.ACTIVE] = 0
    order(field, 0, 0, ATTACK, target=2)
    advance(field, 1)
    fighter, idler = 10.0 - float(field.real[0, r.X, 0]), float(field.real[0, r.X, 1]) - 10.4
    assert fighter + idler == pytest.approx(0.35 * (1 - 0.2**2), abs=1e-4)
    assert idler == pytest.approx(5 * fighter, abs=1e-4)


def test_a_healer_keeps_its_patient_until_it_is_beyond_6_cells() -> None:
    field = meeting("marine", "medivac marine marine", [(1.0, 1.0), (16.0, 16.0), (18.0, 16.0), (18.0, 18.0)])
    field.whole[0, r.ACTIVE, 2:] = 0
    field.real[0, r.HEALTH, 2] = 20.0
    advance(field, 1)
    field.real[0, r.HEALTH, 3] = 5.0
    advance(field, 8)
    assert target(field, 1) == 2
    field.real[0, r.X, 2] = 16.0 + 0.75 + 0.375 + 6.1
    advance(field, 4)
    assert target(field, 1) == 3


def test_scans_are_four_loops_apart_but_a_dead_target_is_replaced_at_once() -> None:
    field = meeting("marine marine", "zealot", [(12.0, 16.0), (31.0, 1.0), (16.0, 16.0)])
    durable(field, 2)
    advance(field, 2)
    assert target(field, 2) == 0
    field.real[0, r.X : r.Y + 1, 1] = 16.0, 18.0
    field.alive[0, 0], field.real[0, r.HEALTH, 0] = False, 0.0
    advance(field, 1)
    assert target(field, 2) == 1
    late = meeting("marine", "zealot", [(1.0, 1.0), (16.0, 16.0)])
    advance(late, 1)
    late.real[0, r.X : r.Y + 1, 0] = 12.0, 16.0
    advance(late, 3)
    assert target(late, 1) == -1
    advance(late, 1)  # loop 4
    assert target(late, 1) == 0


def test_who_chases_turns_to_a_closer_foe() -> None:
    field = meeting("marine marine", "zealot", [(12.0, 16.0), (31.0, 1.0), (16.0, 16.0)])
    advance(field, 1)
    field.real[0, r.X : r.Y + 1, 1] = 16.0, 18.0
    advance(field, 4)
    assert target(field, 2) == 1


def test_of_two_that_hurt_it_a_unit_answers_the_closer() -> None:
    field = meeting("stalker stalker", "zealot", [(9.5, 16.0), (16.0, 23.0), (16.0, 16.0)])
    durable(field, 2).real[0, r.STRIDE, 2] = 0.0
    for ally in (0, 1):
        field.whole[0, [r.MISSILE], ally] = 2
        field.real[0, r.MISSILE_X : r.MISSILE_Y + 1, ally] = 16.5, 16.0
    advance(field, 2)  # both hit in the first loop; 5.375 and 5.875 apart
    assert target(field, 2) == 0


POINTS = {"2s_vs_1sc": (STAND, 13.92, 20.04), "6h_vs_8z": (ATTACK_MOVE, 14.60, 9.49)}
POINTS |= dict.fromkeys(("corridor", "so_many_baneling"), (ATTACK_MOVE, 4.47, 4.33))
POINTS |= {"bane_vs_bane": (ATTACK_MOVE, 16.0, 8.0)}


@pytest.mark.parametrize("name", scenarios.smac_names())
def test_enemies_get_the_order_of_the_maps_script_and_allies_none(name: str) -> None:
    scenario = scenarios.get(name)
    backend = EmbeddedBackend(scenario, 4)
    field, n = backend.field, scenario.n_agents
    assert (field.whole[:, r.ORDER, :n] == STAND).all()
    assert (field.whole[:, r.ACTIVE, :n] == 0).all()
    assert (field.whole[:, r.ACTIVE, n:] == 1).all()
    orders, goals = field.whole[:, r.ORDER, n:], field.real[:, r.GOAL_X : r.GOAL_Y + 1, n:]
    if name == "2c_vs_64zg":
        assert (orders == HUNT).all()
    elif name == "2m_vs_1z":  # somewhere between the marines, (13, 12) to (19, 12)
        assert (orders == ATTACK_MOVE).all()
        assert (goals[:, 1] == 12.0).all()
        assert ((goals[:, 0] >= 13.0) & (goals[:, 0] <= 19.0)).all()
    else:
        kind, x, y = POINTS.get(name, (ATTACK_MOVE, 9.0, 16.0))
        assert (orders == kind).all()
        assert np.abs(goals - np.array([[x], [y]])).max() <= (0.06 if kind == STAND else 1e-5)
