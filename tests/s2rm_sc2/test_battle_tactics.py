"""The stronger opponents: each of their decisions, and that they win more than the built-in one."""

from dataclasses import replace

import pytest
import torch

from s2rm_sc2 import scenarios
from s2rm_sc2.actions import EAST, FIRST_TARGET, STOP
from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.field import Field
from s2rm_sc2.battle.loop import advance, order
from s2rm_sc2.battle.orders import HUNT
from s2rm_sc2.battle.tactics import FOCUS, KITE, SMAC
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.scenarios.scenario import Opponent
from tests.arena import durable, meeting, target, vitals

HERE = (16.0, 16.0)


def facing(allies: str, enemy: str, xs: list[float], opponent: int) -> Field:
    """Passive allies at these x against an enemy at x = 16, all on the line y = 16."""
    field = meeting(allies, enemy, [*((x, 16.0) for x in xs), HERE])
    field.opponent = opponent
    return field


@pytest.mark.parametrize(("opponent", "taken"), [(SMAC, 0), (FOCUS, 1), (KITE, 1)])
def test_focus_takes_the_weakest_in_reach_and_the_built_in_opponent_the_closest(opponent: int, taken: int) -> None:
    field = facing("marine marine", "stalker", [14.0, 12.0], opponent)
    field.real[0, r.HEALTH, 1] = 44.0
    advance(field, 1)
    assert target(field, 2) == taken


def test_shields_count_as_strength() -> None:
    field = facing("zealot marauder", "stalker", [14.0, 12.0], FOCUS)  # 100 + 50 against 125
    advance(field, 1)
    assert target(field, 2) == 1


def test_of_equally_weak_foes_the_closest_is_taken() -> None:
    field = facing("marine marine", "stalker", [12.0, 19.0], FOCUS)
    advance(field, 1)
    assert target(field, 2) == 1


def test_a_weaker_foe_out_of_reach_is_left_alone() -> None:
    field = facing("marine marine", "stalker", [13.0, 8.5], FOCUS)  # edges 6.5 apart
    field.real[0, r.HEALTH, 1] = 1.0
    advance(field, 1)
    assert target(field, 2) == 0


def test_with_nobody_in_reach_the_closest_is_taken() -> None:
    field = facing("marine marine", "zealot", [13.0, 12.5], FOCUS)
    field.real[0, r.HEALTH, 1] = 1.0
    advance(field, 1)
    assert target(field, 2) == 0


def test_a_weak_foe_that_the_weapon_cannot_hit_is_left_alone() -> None:
    field = facing("marauder medivac", "marauder", [13.0, 14.0], FOCUS)
    field.real[0, r.HEALTH, 1] = 1.0
    advance(field, 1)
    assert target(field, 2) == 0


def test_focus_turns_to_whoever_is_weakest_now() -> None:
    field = facing("marine marine", "stalker", [14.0, 12.0], FOCUS)
    advance(field, 1)
    assert target(field, 2) == 0
    field.real[0, r.HEALTH, 1] = 1.0
    advance(field, 4)
    assert target(field, 2) == 1


def distance_after_a_shot(foe: str, enemy: str, gap: float, opponent: int = KITE) -> tuple[float, float]:
    """How far an enemy got away from a standing foe within 8 loops of its shot, and its foe's losses by then."""
    field = facing(foe, enemy, [10.0], opponent)
    durable(field, 0)
    field.real[0, r.X, 1] = 10.0 + field.types[0].radius + field.types[1].radius + gap
    before = float(field.real[0, r.X, 1])
    advance(field, 8)
    return float(field.real[0, r.X, 1]) - before, 1e6 - vitals(field, 0)[1]


def test_a_ranged_unit_fires_then_steps_back_from_a_melee_foe() -> None:
    moved, dealt = distance_after_a_shot("zealot", "marine", 1.0)
    assert dealt == 5.0
    assert moved == pytest.approx(7 * 2.25 / 16)  # the shot falls within the first loop


@pytest.mark.parametrize(
    ("foe", "enemy", "gap", "opponent"),
    [
        ("zealot", "marine", 1.0, SMAC),
        ("zealot", "marine", 1.0, FOCUS),
        ("marine", "marine", 1.0, KITE),  # the foe is ranged
        ("zealot", "zealot", 0.05, KITE),  # it is no ranged unit itself
        ("zealot", "marine", 4.25, KITE),  # further than range 5 less 1
        ("zealot", "spine_crawler", 1.0, KITE),  # rooted
    ],
)
def test_who_does_not_step_back(foe: str, enemy: str, gap: float, opponent: int) -> None:
    assert distance_after_a_shot(foe, enemy, gap, opponent)[0] == pytest.approx(0.0, abs=1e-5)


def test_nobody_steps_back_when_the_weapon_is_ready() -> None:
    field = facing("zealot", "marine", [14.0], KITE)
    durable(field, 0)
    order(field, 0, 1, HUNT)
    shots = 0
    for _ in range(160):
        before = vitals(field, 0)[1]
        advance(field, 1)
        shots += vitals(field, 0)[1] < before
    assert shots == pytest.approx(160 / 14.3, abs=1.5)


def test_a_cornered_unit_stays_on_the_ground_and_fires() -> None:
    field = facing("zealot", "marine", [30.0], KITE)
    durable(field, 0)
    field.real[0, r.X, 1] = 31.5
    advance(field, 40)
    assert field.real[0, r.X, 1] <= 32.0 - 0.375
    assert vitals(field, 0)[1] <= 1e6 - 3 * 5


def closest_or_east(battles: BatchedBattles) -> torch.Tensor:
    """A script for allies that start in the west: attack the closest foe within SMAC's range, else go east."""
    units, available, A = battles.units, battles.available_actions(), battles.scenario.n_agents
    dx, dy = (place[:, None, A:] - place[:, :A, None] for place in (units.x, units.y))
    allowed = available[..., FIRST_TARGET:]
    closest = torch.hypot(dx, dy).masked_fill(~allowed, torch.inf).argmin(-1) + FIRST_TARGET
    walk = torch.where(available[..., EAST], EAST, STOP)
    return torch.where(allowed.any(-1), closest, walk) * units.alive[:, :A]


@pytest.mark.parametrize("name", ["3z_vs_3s", "4zg_vs_3m@octagon", "2z_vs_2c@pocket_6h"])
def test_kiting_units_never_leave_the_ground(name: str) -> None:
    scenario = replace(scenarios.get(name), opponent="kite")
    battles = BatchedBattles(scenario, 16)
    battles.reset(range(16))
    for _ in range(60):
        battles.step(closest_or_east(battles))
        x, y = battles.units.x.long().numpy(), battles.units.y.long().numpy()
        assert scenario.terrain.walkable[x, y].all()


def margin(name: str, opponent: Opponent, n: int = 192) -> float:
    """Mean share of their strength that scripted allies keep, less the enemies' share."""
    scenario = replace(scenarios.get(name), opponent=opponent)
    battles = BatchedBattles(scenario, n)
    battles.reset(range(n))
    while not bool(battles.done.all()):
        battles.step(closest_or_east(battles))
    strength = (battles.units.health + battles.units.shield) * battles.units.alive
    full = torch.tensor([unit.health + unit.shield for unit in scenario.unit_types])
    A = scenario.n_agents
    return float((strength[:, :A].sum(1) / full[:A].sum() - strength[:, A:].sum(1) / full[A:].sum()).mean())


@pytest.mark.parametrize(("name", "gain"), [("3m", 0.01), ("3s5z", 0.05)])
def test_the_stronger_opponents_leave_scripted_allies_less(name: str, gain: float) -> None:
    built_in, focus, kite = (margin(name, opponent) for opponent in ("smac", "focus", "kite"))
    assert focus < built_in - gain
    assert kite < built_in - gain


def test_kiting_turns_the_battle_of_stalkers_against_slower_zealots() -> None:
    assert margin("3z_vs_3s", "kite") < 0.0 < margin("3z_vs_3s", "smac")
