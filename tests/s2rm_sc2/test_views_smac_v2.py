"""SMACv2's vectors, rewards and endings, with numbers computed by hand from its rules."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from s2rm_sc2.reward import max_rewards, outcome, step_reward
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import unit_type
from s2rm_sc2.views import SmacOptions, SmacViews, sees
from tests.s2rm_sc2.teams import drawn

RAW = SmacOptions(reward_scale=False)


def table(scenario: Scenario, names: str, x: list[float], y: list[float] | None = None) -> UnitTable:
    """One battle of full health; all stand at y = 16 unless told otherwise."""
    kinds = [unit_type(name) for name in names.split()]
    nothing = torch.zeros(1, len(kinds))
    return UnitTable(
        type=torch.tensor([[kind.index for kind in kinds]]),
        team=(torch.arange(len(kinds)) >= scenario.n_agents).long()[None],
        x=torch.tensor([x]),
        y=nothing + 16.0 if y is None else torch.tensor([y]),
        health=torch.tensor([[kind.health for kind in kinds]]),
        shield=torch.tensor([[kind.shield for kind in kinds]]),
        energy=nothing,
        cooldown=nothing,
        alive=torch.ones(1, len(kinds), dtype=torch.bool),
    )


def kill(units: UnitTable, *rows: int) -> UnitTable:
    alive = units.alive.clone()
    alive[0, list(rows)] = False
    return replace(units, health=units.health * alive, shield=units.shield * alive, alive=alive)


@pytest.mark.parametrize(("race", "obs", "state"), [("T", 82, 120), ("Z", 82, 120), ("P", 92, 130)])
def test_sizes_of_the_shipped_configurations(race: str, obs: int, state: int) -> None:
    views = SmacViews(drawn(race, 5, 5))
    assert (views.obs_size, views.state_size, views.n_actions) == (obs, state, 11)


def test_only_medivacs_ask_for_an_action_per_ally() -> None:
    assert [SmacViews(drawn(race, 5, 3)).n_actions for race in "TPZ"] == [11, 9, 9]
    assert [SmacViews(drawn(race, 10, 11)).n_actions for race in "TPZ"] == [17, 17, 17]


def test_an_observation_computed_by_hand() -> None:
    scenario = drawn("P", 2, 1)
    views = SmacViews(scenario)
    units = table(scenario, "colossus zealot stalker", [10.0, 10.0, 17.0], [16.0, 12.0, 16.0])
    seen = views.observation(units, views.available_actions(units))[0]
    far = (7.0**2 + 4.0**2) ** 0.5
    expected = [
        [
            *(1, 1, 1, 1, 1, 7 / 10, 7 / 10, 0, 1, 1, 1, 0, 0, 1, 4 / 10, 0, -4 / 10, 1, 1, 0, 1, 0),
            *(1, 1, 10 / 32, 0.5, 0, 0, 1),
        ],
        [
            *(1, 1, 1, 1, 0, far / 9, 7 / 9, 4 / 9, 1, 1, 1, 0, 0, 1, 4 / 9, 0, 4 / 9, 1, 1, 0, 0, 1),
            *(1, 1, 10 / 32, 12 / 32, 0, 1, 0),
        ],
    ]
    assert torch.equal(seen, torch.tensor(expected))


@pytest.mark.parametrize(
    ("race", "name", "shoot", "sight"),
    [
        ("T", "marine", 5, 9),
        ("T", "marauder", 6, 10),
        ("P", "stalker", 6, 10),
        ("P", "zealot", 2, 9),
        ("P", "colossus", 7, 10),
        ("Z", "zergling", 2, 8),
        ("Z", "hydralisk", 5, 9),
        ("Z", "baneling", 2, 8),
    ],
)
def test_each_type_has_ranges_of_its_own(race: str, name: str, shoot: float, sight: float) -> None:
    scenario = drawn(race, 1, 2)
    views = SmacViews(scenario)
    reach = table(scenario, f"{name} {name} {name}", [4.0, 4.0 + shoot, 4.0 + shoot + 0.001])
    assert views.available_actions(reach)[0, 0, 6:].tolist() == [True, False]
    edge = table(scenario, f"{name} {name} {name}", [4.0, 4.0 + sight - 0.001, 4.0 + sight])
    assert sees(edge, scenario)[0, 0].tolist() == views.sees(edge)[0, 0].tolist() == [True, True, False]


def test_medivacs_heal_within_four_cells_and_see_eleven() -> None:
    scenario = drawn("T", 4, 1)
    units = table(scenario, "medivac marine marauder medivac marine", [4.0, 8.0, 8.001, 4.0, 14.9])
    views = SmacViews(scenario)
    assert views.available_actions(units)[0, 0, 6:].tolist() == [False, True, False, False]
    assert views.sees(units)[0, 0].tolist() == [True, True, True, True, True]


def test_allies_see_each_other_by_the_range_of_the_first() -> None:
    scenario = drawn("Z", 2, 1)
    far = SmacViews(scenario).visibility(table(scenario, "hydralisk baneling baneling", [4.0, 12.5, 30.0]))[0]
    assert far.tolist() == [[False, True, False], [True, False, False]]  # the baneling itself sees 8 cells
    near = SmacViews(scenario).visibility(table(scenario, "baneling hydralisk baneling", [4.0, 12.5, 30.0]))[0]
    assert not near.any()


def reward(before: UnitTable, after: UnitTable, scenario: Scenario, options: SmacOptions = RAW) -> float:
    return step_reward(before, after, outcome(after, scenario), scenario, options).item()


def test_regained_shields_are_not_rewarded() -> None:
    scenario = drawn("P", 1, 2)
    full = table(scenario, "zealot zealot stalker", [1.0, 2.0, 3.0])
    hurt = replace(full, shield=full.shield - torch.tensor([[0.0, 10.0, 20.0]]))
    assert reward(full, hurt, scenario) == 30
    assert reward(hurt, full, scenario) == 0
    assert reward(hurt, full, scenario, replace(RAW, reward_only_positive=False)) == -30


def test_each_battle_is_scaled_by_its_own_enemies() -> None:
    scenario = drawn("P", 1, 2)
    weak = table(scenario, "zealot zealot zealot", [1.0, 2.0, 3.0])
    strong = table(scenario, "zealot colossus stalker", [1.0, 2.0, 3.0])
    assert max_rewards(weak, scenario, SmacOptions()).tolist() == [300 + 20 + 200]
    assert max_rewards(strong, scenario, SmacOptions()).tolist() == [350 + 160 + 20 + 200]
    for units in (weak, strong):
        first = reward(units, kill(units, 1), scenario, SmacOptions())
        last = reward(kill(units, 1), kill(units, 1, 2), scenario, SmacOptions())
        assert first + last == pytest.approx(20, abs=1e-5)


def ends(units: UnitTable, scenario: Scenario) -> list[bool]:
    def flag(value: Tensor) -> bool:
        return bool(value[0])

    result = outcome(units, scenario)
    return [flag(result.won), flag(result.lost), flag(result.draw)]


def test_it_is_won_when_only_medivacs_are_left_however_many() -> None:
    scenario = drawn("T", 2, 3)
    units = table(scenario, "marine medivac medivac medivac marine", [1.0, 2.0, 3.0, 4.0, 5.0])
    assert ends(units, scenario) == [False, False, False]
    assert ends(kill(units, 4), scenario) == [True, False, False]
    assert ends(kill(units, 0), scenario) == [False, True, False]
    assert ends(kill(units, 0, 4), scenario) == [False, True, False]
