"""Attacks and damage against figures computed by hand from SC2's data; times in loops, 16 a second."""

import numpy as np
import pytest

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.field import Field
from s2rm_sc2.battle.loop import advance, order
from s2rm_sc2.battle.orders import ATTACK, MOVE, STAND
from s2rm_sc2.scenarios import terrain
from s2rm_sc2.units import unit_type
from tests.arena import duel, durable, losses, vitals

WAIT = 13.7728  # a marine's period, .8608 s


def test_marine_fires_every_period_plus_the_mean_delay() -> None:
    field = durable(duel("marine", "zealot", 4.0, battles=8))
    advance(field, 16_000)
    shots = (1e6 - field.real[:, r.HEALTH, 1]) / 5  # 6 less armour 1
    assert 16_000 / shots.mean() == pytest.approx(WAIT + 0.5, abs=0.05)  # delay -1..2 loops: 0.5 on average


def test_intervals_between_shots_stay_within_the_delay() -> None:
    loops = [loop for loop, _ in losses(durable(duel("marine", "zealot", 4.0)), 1, 2000)]
    gaps = np.diff(loops)
    assert set(gaps) == {13, 14, 15, 16} or set(gaps) == {12, 13, 14, 15, 16}
    assert gaps.min() >= np.floor(WAIT - 1)
    assert gaps.max() <= np.ceil(WAIT + 2)


def test_stalker_takes_shields_first_then_health_less_armour() -> None:
    field = duel("stalker", "zealot", 3.0)
    hits = losses(field, 1, 25 * 18)
    assert [points for _, points in hits] == [10.0] * 5 + [9.0] * 11 + [1.0]
    assert not field.alive[0, 1]


def test_zealot_needs_ten_hits_for_a_stalkers_shield_and_twelve_for_its_health() -> None:
    hits = losses(duel("zealot", "stalker", 0.05), 1, 22 * 12)
    assert [points for _, points in hits] == [8.0] * 10 + [7.0] * 11 + [3.0]


def test_a_hit_across_the_shields_end_pays_armour_on_the_rest_only() -> None:
    field = duel("marine", "zealot", 3.0)
    field.real[0, r.SHIELD, 1] = 4.0
    advance(field, 2)
    assert vitals(field) == (0.0, 99.0)  # 6 = 4 shield + 2, less armour 1


def test_armour_leaves_half_a_point_of_every_hit() -> None:
    field = duel("zergling", "zealot", 0.0)
    field.real[0, r.SHIELD, 1] = 4.25
    advance(field, 4)
    assert vitals(field) == (0.0, 99.5)  # 5 = 4.25 shield + 0.75; 0.75 - 1 is raised to 0.5


@pytest.mark.parametrize(("target", "shield", "health"), [("stalker", 60.0, 80.0), ("zealot", 40.0, 100.0)])
def test_marauder_deals_its_bonus_to_armoured_targets_only(target: str, shield: float, health: float) -> None:
    field = duel("marauder", target, 3.0)
    advance(field, 8)
    assert vitals(field) == (shield, health)


def test_marauder_bonus_less_armour_on_health() -> None:
    field = duel("marauder", "stalker", 3.0)
    field.real[0, r.SHIELD, 1] = 0.0
    advance(field, 8)
    assert vitals(field) == (0.0, 80.0 - 19.0)


def test_zealot_hits_twice_with_a_pause_of_28_hundredths() -> None:
    hits = losses(duel("zealot", "colossus", 0.05), 1, 18)
    assert hits == [(1, 8.0), (5, 8.0)]  # at 0 and 4.48 loops


def test_zealots_period_runs_from_the_start_of_an_attack() -> None:
    firsts = [loop for loop, _ in losses(durable(duel("zealot", "colossus", 0.05)), 1, 4000)][::2]
    assert np.mean(np.diff(firsts)) == pytest.approx(19.2 + 0.5, abs=0.25)


def test_colossus_sweeps_a_line_across_its_shot_twice() -> None:
    names = ["colossus", "zealot", "zealot", "zealot", "zealot", "zealot", "zealot"]
    places = [
        (10.0, 16.0),  # the colossus
        (15.0, 14.5),  # friend on the line
        (15.0, 16.0),  # target
        (15.0, 17.875),  # on the line: 1.875 <= 1.25 + .15 + .5
        (15.0, 14.0625),  # on the line: 1.9375 is beyond
        (15.625, 15.5),  # beside the circle at 15.5: .625 <= .15 + .5
        (14.3125, 15.5),  # .6875 is beyond
    ]
    field = Field(1, tuple(map(unit_type, names)), (0, 0, 1, 1, 1, 1, 1), terrain("flat"))
    field.place(places)
    field.whole[:, r.ACTIVE] = 0
    field.real[0, r.BODY, 1:] = 0.1  # so that none is pushed
    order(field, 0, 0, ATTACK, target=2)
    shields = field.real[0, r.SHIELD]
    advance(field, 5)
    assert shields.tolist() == [150.0] + [50.0] * 6
    advance(field, 1)  # damage point 1.33, and the first sweep takes 4 loops
    assert shields.tolist() == [150.0, 50.0, 30.0, 30.0, 50.0, 30.0, 50.0]
    advance(field, 3)
    assert shields.tolist() == [150.0, 50.0, 30.0, 30.0, 50.0, 30.0, 50.0]
    advance(field, 1)  # and the second as long
    assert shields.tolist() == [150.0, 50.0, 10.0, 10.0, 50.0, 10.0, 50.0]


def test_a_colossus_clears_a_row_of_zerglings_within_its_line() -> None:
    """A line of 1.25 + .15 + a body of .375 = 1.775 to either side; two sweeps of 20 kill 35 points."""
    offsets = [0.0, 0.75, -0.75, 1.5, -1.5, 2.25]
    types = tuple(map(unit_type, ["colossus"] + ["zergling"] * len(offsets)))
    field = Field(1, types, (0,) + (1,) * len(offsets), terrain("flat"))
    field.place([(10.0, 16.0), *((15.0, 16.0 + offset) for offset in offsets)])
    field.whole[:, r.ACTIVE] = 0
    order(field, 0, 0, ATTACK, target=1)
    advance(field, 10)  # 1.33 to the damage point and two sweeps of 4 loops
    assert field.alive[0].tolist() == [True] + [False] * 5 + [True]
    assert field.real[0, r.HEALTH, 6] == 35.0


def test_second_sweep_goes_on_where_the_target_fell() -> None:
    field = Field(1, tuple(map(unit_type, ("colossus", "zergling", "zealot"))), (0, 1, 1), terrain("flat"))
    field.place([(10.0, 16.0), (15.0, 16.0), (15.0, 17.0)])
    field.whole[:, r.ACTIVE] = 0
    field.real[0, r.HEALTH, 1] = 19.0
    order(field, 0, 0, ATTACK, target=1)
    advance(field, 6)
    assert not field.alive[0, 1]
    advance(field, 4)
    assert vitals(field, 2) == (10.0, 100.0)


def test_a_colossus_calls_off_when_its_target_dies_before_the_damage_point() -> None:
    field = Field(1, tuple(map(unit_type, ("colossus", "zergling", "zealot"))), (0, 1, 1), terrain("flat"))
    field.place([(10.0, 16.0), (15.0, 16.0), (15.0, 17.0)])
    field.whole[:, r.ACTIVE] = 0
    order(field, 0, 0, ATTACK, target=1)
    advance(field, 1)  # the damage point comes after 1.33 loops
    field.real[0, r.HEALTH, 1], field.alive[0, 1] = 0.0, False
    advance(field, 10)
    assert vitals(field, 2) == (50.0, 100.0)
    assert field.real[0, r.COOLDOWN, 0] == 0.0


def test_shield_regenerates_after_160_loops_at_2_a_second() -> None:
    field = duel("marine", "zealot", 3.0)
    advance(field, 1)  # hit after 0.8 loops
    order(field, 0, 0, STAND)
    assert vitals(field)[0] == 44.0
    advance(field, 160)
    assert vitals(field)[0] == 44.0
    advance(field, 1)
    assert vitals(field)[0] == 44.125
    advance(field, 31)
    assert vitals(field)[0] == 48.0
    advance(field, 100)
    assert vitals(field)[0] == 50.0


def test_zerglings_and_hydralisks_regenerate_health() -> None:
    field = duel("hydralisk", "zergling", 20.0)
    order(field, 0, 0, STAND)
    field.real[0, r.HEALTH] = [79.9, 10.0]
    advance(field, 16)
    assert field.real[0, r.HEALTH].tolist() == pytest.approx([80.0, 10.2734], abs=1e-4)


@pytest.mark.parametrize(
    ("shooter", "gap", "arrival"),
    [
        ("stalker", 4.875, 8),  # leaves at 2.672, flies 6 cells at 1.171875 a loop: 7.79
        ("marauder", 4.9375, 5),  # leaves at 0, flies 6 at 1.25: 4.8
        ("hydralisk", 4.875, 6),  # leaves at 3.328, flies 6 at 2.5: 5.73
    ],
)
def test_missiles_take_their_time(shooter: str, gap: float, arrival: int) -> None:
    assert losses(duel(shooter, "zealot", gap), 1, 10)[0][0] == arrival


def test_a_missile_flies_on_after_its_shooters_death() -> None:
    field = duel("stalker", "zealot", 4.875)
    advance(field, 4)
    field.real[0, r.HEALTH, 0] = 0.0
    advance(field, 4)
    assert field.alive[0].tolist() == [False, True]
    assert vitals(field)[0] == 40.0


def test_range_is_edge_to_edge_and_inclusive() -> None:
    inside, outside = duel("marine", "zealot", 5.0), duel("marine", "zealot", 5.0625)
    advance(inside, 1)
    advance(outside, 1)
    assert (inside.real[0, r.X, 0], vitals(inside)[0]) == (10.0, 44.0)
    assert (outside.real[0, r.X, 0], vitals(outside)[0]) == (10.140625, 50.0)


def test_a_fleeing_target_is_chased_and_fired_at_within_the_slop() -> None:
    field = durable(duel("marine", "zealot", 5.0))
    advance(field, 1)
    order(field, 0, 1, MOVE, x=31.0, y=16.0)
    assert len(losses(field, 1, 60)) >= 3  # as fast as its target, never again within 5, always within 6
    assert field.real[0, r.X, 0] > 16.0


def test_a_faster_target_escapes() -> None:
    field = durable(duel("zealot", "stalker", 0.0))
    advance(field, 1)
    order(field, 0, 1, MOVE, x=31.0, y=16.0)
    advance(field, 40)
    assert losses(field, 1, 40) == []


def test_allies_never_act_on_their_own() -> None:
    field = duel("zealot", "marine", 4.0)
    field.whole[0, r.TEAM] = [1, 0]
    advance(field, 200)
    assert not field.alive[0, 1]
    assert vitals(field, 0) == (50.0, 100.0)
    assert field.real[0, r.X, 1] == pytest.approx(14.875)


def test_two_units_can_kill_each_other() -> None:
    field = duel("marine", "marine", 3.0)
    order(field, 0, 1, ATTACK, target=0)
    field.real[0, r.HEALTH] = 6.0
    advance(field, 1)
    assert field.alive[0].tolist() == [False, False]


def test_the_dead_stay_dead_and_empty() -> None:
    field = duel("marine", "zergling", 3.0)
    advance(field, 120)
    assert not field.alive[0, 1]
    place = field.real[0, r.X : r.Y + 1, 1].copy()
    order(field, 0, 1, MOVE, x=1.0, y=1.0)
    advance(field, 200)
    assert not field.alive[0, 1]
    assert vitals(field) == (0.0, 0.0)
    assert (field.real[0, r.COOLDOWN, 1], field.real[0, r.ENERGY, 1]) == (0.0, 0.0)
    assert (field.real[0, r.X : r.Y + 1, 1] == place).all()


def test_a_killers_order_ends_with_its_target() -> None:
    field = duel("marine", "zergling", 3.0)
    advance(field, 120)
    assert field.whole[0, [r.ORDER, r.TARGET], 0].tolist() == [STAND, -1]


def test_repeating_an_attack_order_does_not_restart_the_swing() -> None:
    field = durable(duel("stalker", "zealot", 3.0))
    shots = 0
    for _ in range(400):
        order(field, 0, 0, ATTACK, target=1)
        shots += len(losses(field, 1, 1))
    assert shots == pytest.approx(400 / 23.5, abs=1.5)


def test_leaving_before_the_damage_point_costs_the_hit_but_no_cooldown() -> None:
    field = duel("stalker", "zealot", 3.0)
    advance(field, 2)  # damage point 2.67
    order(field, 0, 0, MOVE, x=9.0, y=16.0)
    advance(field, 8)
    assert vitals(field)[0] == 50.0
    assert field.real[0, r.COOLDOWN, 0] == 0.0


def test_leaving_after_the_damage_point_keeps_hit_and_cooldown() -> None:
    field = duel("marauder", "zealot", 3.0)
    advance(field, 1)
    order(field, 0, 0, MOVE, x=9.0, y=16.0)
    advance(field, 7)
    assert vitals(field)[0] == 40.0
    assert 15.0 <= field.real[0, r.COOLDOWN, 0] <= 18.0  # 24 - 8, and the delay of -1 to 2
