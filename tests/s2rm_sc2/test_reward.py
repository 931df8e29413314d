from dataclasses import replace

import pytest
import torch
from torch import Tensor

from s2rm_sc2 import scenarios
from s2rm_sc2.reward import Outcome, max_reward, outcome, step_reward
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable
from s2rm_sc2.views import SmacOptions

RAW = SmacOptions(reward_scale=False)
SIGNED = SmacOptions(reward_scale=False, reward_only_positive=False)


def full(scenario: Scenario) -> UnitTable:
    """One battle with everybody alive and unhurt."""
    nothing = torch.zeros(1, scenario.n_units)
    return UnitTable(
        type=torch.tensor([scenario.type_indices]),
        team=(torch.arange(scenario.n_units) >= scenario.n_agents).long()[None],
        x=nothing,
        y=nothing,
        health=torch.tensor([[unit.health for unit in scenario.unit_types]]),
        shield=torch.tensor([[unit.shield for unit in scenario.unit_types]]),
        energy=nothing,
        cooldown=nothing,
        alive=torch.ones(1, scenario.n_units, dtype=torch.bool),
    )


def hit(units: UnitTable, row: int, health: float = 0.0, shield: float = 0.0) -> UnitTable:
    points, cover = units.health.clone(), units.shield.clone()
    points[0, row] -= health
    cover[0, row] -= shield
    return replace(units, health=points, shield=cover)


def kill(units: UnitTable, *rows: int) -> UnitTable:
    living = units.alive.clone()
    living[0, list(rows)] = False
    return replace(units, health=units.health * living, shield=units.shield * living, alive=living)


def reward(before: UnitTable, after: UnitTable, name: str, options: SmacOptions) -> float:
    scenario = scenarios.get(name)
    return step_reward(before, after, outcome(after, scenario), scenario, options).item()


def as_flags(result: Outcome) -> tuple[bool, bool, bool]:
    def flag(value: Tensor) -> bool:
        return bool(value[0])

    return flag(result.won), flag(result.lost), flag(result.draw)


def test_damage_to_enemies_counts_health_and_shield() -> None:
    units = full(scenarios.get("2s3z"))
    assert reward(units, hit(units, 6, health=5.0, shield=80.0), "2s3z", RAW) == 85
    assert reward(units, hit(units, 0, health=5.0), "2s3z", RAW) == 0  # an ally's wounds do not
    assert reward(units, hit(units, 6, shield=51.0), "2s3z", SmacOptions()) == pytest.approx(51 / (1020 / 20))


def test_shields_that_enemies_regain_are_rewarded() -> None:
    units = full(scenarios.get("3s5z"))
    wounded = hit(hit(units, 8, shield=10.0), 9, shield=10.0)
    assert reward(wounded, units, "3s5z", RAW) == 20
    assert reward(wounded, units, "3s5z", SIGNED) == -20
    assert reward(wounded, hit(units, 15, shield=30.0), "3s5z", RAW) == 10


def test_a_death_pays_what_was_left_and_a_bonus_once() -> None:
    units = hit(full(scenarios.get("3m")), 3, health=40.0)
    dead = kill(units, 3)
    assert reward(units, dead, "3m", RAW) == 5 + 10
    assert reward(dead, dead, "3m", RAW) == 0


def test_losses_weigh_half_when_they_count() -> None:
    units = full(scenarios.get("3m"))
    assert reward(units, hit(units, 0, health=6.0), "3m", SIGNED) == -3
    assert reward(units, kill(units, 0), "3m", SIGNED) == -(45 + 10) / 2
    assert reward(units, hit(kill(units, 0), 3, health=6.0), "3m", SIGNED) == 6 - 27.5


@pytest.mark.parametrize("name", ["3m", "3s5z", "MMM2", "2c_vs_64zg"])
def test_a_clean_win_sums_to_twenty(name: str) -> None:
    scenario = scenarios.get(name)
    units = full(scenario)
    total = 0.0
    for enemy in range(scenario.n_agents, scenario.n_units):
        wounded = hit(units, enemy, health=7.0)
        after = kill(wounded, enemy)
        total += reward(units, wounded, name, SmacOptions()) + reward(wounded, after, name, SmacOptions())
        units = after
    assert total == pytest.approx(20, abs=1e-4)


def test_ends_of_a_battle() -> None:
    scenario = scenarios.get("3m")
    units = full(scenario)
    allies, enemies = (0, 1, 2), (3, 4, 5)
    assert as_flags(outcome(units, scenario)) == (False, False, False)
    assert as_flags(outcome(kill(units, *enemies), scenario)) == (True, False, False)
    assert as_flags(outcome(kill(units, *allies), scenario)) == (False, True, False)
    assert as_flags(outcome(kill(units, *allies, *enemies), scenario)) == (False, False, True)


def test_medivacs_alone_decide_a_battle() -> None:
    scenario = scenarios.get("MMM")  # enemies are created medivac first: row 10
    units = full(scenario)
    assert [unit.name for unit in scenario.unit_types].index("medivac", 10) == 10
    only_ally_medivac, only_enemy_medivac = kill(units, *range(9)), kill(units, *range(11, 20))
    assert as_flags(outcome(only_ally_medivac, scenario)) == (False, True, False)
    assert as_flags(outcome(only_enemy_medivac, scenario)) == (True, False, False)
    assert as_flags(outcome(kill(units, *range(10), *range(11, 20)), scenario)) == (False, True, False)
    assert as_flags(outcome(kill(units, *range(20)), scenario)) == (False, True, False)  # not a draw as elsewhere
    assert as_flags(outcome(kill(units, 10, *range(12, 20)), scenario)) == (False, False, False)


def test_the_ends_bonuses() -> None:
    units = full(scenarios.get("3m"))
    last = kill(units, 4, 5)
    assert reward(last, kill(last, 3), "3m", RAW) == 45 + 10 + 200
    beaten = kill(units, 1, 2)
    assert reward(beaten, kill(beaten, 0), "3m", RAW) == 0
    assert reward(beaten, kill(beaten, 0), "3m", SmacOptions(reward_scale=False, reward_defeat=-50)) == -50


def test_sparse_rewards_are_scaled_too() -> None:
    units = full(scenarios.get("3m"))
    won, lost = kill(units, 3, 4, 5), kill(units, 0, 1, 2)
    sparse = SmacOptions(reward_sparse=True, reward_scale=False)
    assert [reward(units, after, "3m", sparse) for after in (won, lost, hit(units, 3, health=6.0))] == [1, -1, 0]
    assert reward(units, won, "3m", SmacOptions(reward_sparse=True)) == pytest.approx(20 / 365)


def test_max_reward_follows_the_options() -> None:
    scenario = scenarios.get("3m")
    assert max_reward(scenario, SmacOptions(reward_death_value=0, reward_win=0)) == 135
    assert reward(full(scenario), kill(full(scenario), 3, 4, 5), "3m", SmacOptions(reward_scale_rate=1)) == 1


def test_weighted_losses_are_added_ally_by_ally_as_they_round_in_smac() -> None:
    units, tenth = full(scenarios.get("3m")), replace(SIGNED, reward_negative_scale=0.1)
    after = hit(units, 3, health=1.0)
    for row, points in enumerate((2.0, 7.0, 1.0)):
        after = hit(after, row, health=points)
    assert reward(units, after, "3m", tenth) == 1 - (0.1 * 2 + 0.1 * 7 + 0.1 * 1) != 0


def test_battles_of_a_batch_are_rewarded_each_for_itself() -> None:
    scenario = scenarios.get("2s3z")
    units = full(scenario)
    afters = [units, hit(units, 6, health=3.0), kill(units, 5, 6, 7, 8, 9), kill(units, 0)]
    before = units.map(lambda field: field.expand(4, -1))
    after = UnitTable(*(torch.cat([getattr(one, name) for one in afters]) for name in UnitTable.__dataclass_fields__))
    together = step_reward(before, after, outcome(after, scenario), scenario, SIGNED)
    assert together.tolist() == [reward(units, one, "2s3z", SIGNED) for one in afters]
