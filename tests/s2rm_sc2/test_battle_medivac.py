"""Medivacs: healing and energy by the figures, whom they may heal, what they do by themselves; 16 loops a second."""

import numpy as np
import pytest

from s2rm_sc2 import scenarios
from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.field import Field
from s2rm_sc2.battle.loop import act_smac, advance, order
from s2rm_sc2.battle.orders import ATTACK, ATTACK_MOVE, HEAL, HUNT, MOVE, STAND
from s2rm_sc2.envs.batched import BatchedBattles
from tests.arena import meeting, target, vitals

AWAY = (31.0, 31.0)


def clinic(patient: str = "marine", gap: float = 3.0, lost: float = 20.0) -> Field:
    """An ally medivac (unit 1), told to heal a wounded ally (unit 0); the foe is far and passive."""
    field = meeting(f"{patient} medivac", "marine", [(10.0, 16.0), (11.125 + gap, 16.0), AWAY])
    field.whole[:, r.ACTIVE] = 0
    field.real[0, r.HEALTH, 0] -= lost
    order(field, 0, 1, HEAL, target=0)
    return field


def energy(field: Field) -> float:
    return float(field.real[0, r.ENERGY, 1])


def test_9_points_of_health_a_second_for_33_hundredths_of_energy_each() -> None:
    field = clinic()
    advance(field, 16)
    assert vitals(field, 0)[1] == pytest.approx(25.0 + 9.0)
    assert energy(field) == pytest.approx(50.0 - 9 * 0.33 + 0.5625, abs=1e-4)


def test_energy_starts_at_50_and_grows_by_9_sixteenths_a_second_to_200() -> None:
    field = clinic(lost=0.0)
    assert energy(field) == 50.0
    advance(field, 16)
    assert energy(field) == 50.5625
    field.real[0, r.ENERGY, 1] = 199.75
    advance(field, 16)
    assert energy(field) == 200.0


def test_healing_ends_at_full_health_and_costs_no_more_than_it_gave() -> None:
    field = clinic(lost=3.0)
    advance(field, 16)
    assert vitals(field, 0)[1] == 45.0
    assert energy(field) == pytest.approx(50.0 - 3 * 0.33 + 0.5625, abs=1e-4)


def test_without_energy_it_heals_as_fast_as_energy_grows() -> None:
    field = clinic()
    field.real[0, r.ENERGY, 1] = 0.0
    advance(field, 16)
    assert vitals(field, 0)[1] == pytest.approx(25.0 + 0.5625 / 0.33, abs=1e-3)
    assert energy(field) == pytest.approx(0.0, abs=1e-3)


def test_the_range_is_4_edge_to_edge() -> None:
    near, far = clinic(gap=4.0), clinic(gap=4.25)
    advance(near, 1)
    advance(far, 1)
    assert (vitals(near, 0)[1], near.real[0, r.X, 1]) == (25.5625, 15.125)  # 9 / 16 a loop
    assert vitals(far, 0)[1] == 25.0
    assert far.real[0, r.X, 1] < 15.375
    advance(far, 16)
    assert vitals(far, 0)[1] > 25.0


def test_it_follows_its_patient_anywhere() -> None:
    field = clinic()
    order(field, 0, 0, MOVE, x=30.0, y=16.0)
    advance(field, 16 * 9)
    assert vitals(field, 0)[1] == 45.0
    assert field.real[0, r.X, 1] > 20.0


def test_at_full_health_it_stays_with_its_patient_and_heals_new_wounds() -> None:
    field = clinic(lost=0.0)
    advance(field, 16)
    assert (field.whole[0, r.ORDER, 1], target(field, 1)) == (HEAL, 0)
    field.real[0, r.HEALTH, 0] = 40.0
    advance(field, 16)
    assert vitals(field, 0)[1] == 45.0


def test_the_order_ends_with_its_patient() -> None:
    field = clinic()
    field.real[0, r.HEALTH, 0] = 0.0
    field.alive[0, 0] = False
    advance(field, 1)
    assert (field.whole[0, r.ORDER, 1], target(field, 1)) == (STAND, -1)


def test_an_action_from_6_on_heals_an_ally_by_number() -> None:
    field = meeting("marauder marine medivac", "marine", [(10.0, 16.0), (12.0, 16.0), (11.0, 18.0), AWAY])
    act_smac(field, np.array([[1, 1, 6 + 1]]))
    assert (field.whole[0, r.ORDER, 2], target(field, 2)) == (HEAL, 1)


@pytest.mark.parametrize("patient", ["stalker", "medivac", "colossus", "spine_crawler"])
def test_machines_and_structures_cannot_be_healed_and_the_present_order_stays(patient: str) -> None:
    field = clinic(patient)
    order(field, 0, 1, MOVE, x=20.0, y=16.0)
    order(field, 0, 1, HEAL, target=0)
    assert (field.whole[0, r.ORDER, 1], target(field, 1)) == (MOVE, -1)
    advance(field, 16)
    assert vitals(field, 0)[1] == pytest.approx(field.types[0].health - 20.0, abs=0.3)  # a crawler regenerates


def test_foes_and_itself_cannot_be_healed_and_it_attacks_nobody() -> None:
    field = clinic()
    for refused, unit in ((HEAL, 2), (HEAL, 1), (ATTACK, 2)):
        order(field, 0, 1, refused, target=unit)
        assert (field.whole[0, r.ORDER, 1], target(field, 1)) == (HEAL, 0)


def test_only_healers_heal() -> None:
    field = meeting("marine marine", "marine", [(10.0, 16.0), (12.0, 16.0), AWAY])
    order(field, 0, 0, HEAL, target=1)
    assert field.whole[0, r.ORDER, 0] == STAND


def test_an_ally_medivac_heals_nobody_unasked() -> None:
    field = clinic()
    order(field, 0, 1, STAND)
    advance(field, 32)
    assert vitals(field, 0)[1] == 25.0


def ward(patients: str, places: list[float], order_kind: int = STAND) -> Field:
    """An enemy medivac (unit 1) at x = 16, its friends at these x, all on the line y = 16; the ally is far."""
    field = meeting("marine", f"medivac {patients}", [AWAY, (16.0, 16.0), *((x, 16.0) for x in places)])
    if order_kind != STAND:
        order(field, 0, 1, order_kind, x=4.0, y=16.0)
    return field


def test_an_enemy_medivac_prefers_the_lowest_share_of_life() -> None:
    field = ward("marine marauder", [14.0, 20.0])
    field.real[0, r.HEALTH, 2:] = [40.0, 100.0]  # 8/9 and 4/5
    advance(field, 1)
    assert target(field, 1) == 3


def test_of_equal_shares_it_takes_the_nearest() -> None:
    field = ward("marine marine", [13.0, 18.0])
    field.real[0, r.HEALTH, 2:] = 40.0
    advance(field, 1)
    assert target(field, 1) == 3


@pytest.mark.parametrize(("gap", "taken"), [(6.0, 2), (6.25, -1)])
def test_it_looks_for_patients_within_6_cells(gap: float, taken: int) -> None:
    field = ward("marine", [17.125 + gap])
    field.real[0, r.HEALTH, 2] = 40.0
    advance(field, 1)
    assert target(field, 1) == taken


@pytest.mark.parametrize(("stock", "taken"), [(5.0, 2), (4.9, -1)])
def test_it_begins_with_at_least_5_points_of_energy(stock: float, taken: int) -> None:
    field = ward("marine", [18.0])
    field.real[0, r.HEALTH, 2], field.real[0, r.ENERGY, 1] = 10.0, stock
    advance(field, 1)
    assert target(field, 1) == taken


def test_once_begun_it_goes_on_below_5_until_its_energy_is_spent() -> None:
    field = ward("marine", [18.0])
    field.real[0, r.HEALTH, 2], field.real[0, r.ENERGY, 1] = 10.0, 5.0
    advance(field, 16 * 3)  # 5 + 3 x .5625 = 6.69 points pay for 20.3 of health, which takes 2.25 s
    assert vitals(field, 2)[1] == pytest.approx(10.0 + 6.0 / 0.33, abs=2.0)
    assert target(field, 1) == -1


def test_machines_are_no_patients() -> None:
    field = ward("stalker", [18.0])
    field.real[0, r.HEALTH, 2] = 10.0
    advance(field, 1)
    assert target(field, 1) == -1


def test_an_attack_moving_medivac_heals_on_its_way_and_goes_on() -> None:
    field = ward("marine", [14.0], ATTACK_MOVE)
    field.real[0, r.HEALTH, 2] = 27.0
    advance(field, 16)
    assert (target(field, 1), field.real[0, r.X, 1]) == (2, 16.0)
    assert vitals(field, 2)[1] == pytest.approx(27.0 + 9.0)
    advance(field, 16 * 8)
    assert vitals(field, 2)[1] == 45.0
    assert field.real[0, r.X, 1] == pytest.approx(4.0)


def test_a_hunting_medivac_stays_with_its_friends() -> None:
    field = ward("marine", [24.0], HUNT)
    order(field, 0, 2, MOVE, x=24.0, y=4.0)
    advance(field, 16 * 8)
    x, y = field.real[0, r.X], field.real[0, r.Y]
    assert np.hypot(x[1] - x[2], y[1] - y[2]) - 1.125 <= 4.0 + 0.2


def test_medivacs_alone_do_nothing_to_each_other() -> None:
    field = meeting("medivac", "medivac", [(14.0, 16.0), (16.0, 16.0)])
    order(field, 0, 1, HUNT)
    advance(field, 160)
    assert field.real[0, r.HEALTH].tolist() == [150.0, 150.0]
    assert field.real[0, r.X].tolist() == [14.0, 16.0]


def test_a_battle_with_medivacs_alone_on_one_side_is_decided() -> None:
    battles = BatchedBattles(scenarios.get("MMM"), 2)
    battles.reset([1, 2])
    fighters = [unit.weapon is not None for unit in battles.scenario.unit_types]
    for battle, side in ((0, slice(0, 10)), (1, slice(10, 20))):
        for row in range(20)[side]:
            if fighters[row]:
                battles.units.alive[battle, row], battles.units.health[battle, row] = False, 0.0
    result = battles.step(battles.units.alive[:, :10].long())  # the living stop, the dead do nothing
    assert result.terminated.tolist() == [True, True]
    assert result.won.tolist() == [False, True]
