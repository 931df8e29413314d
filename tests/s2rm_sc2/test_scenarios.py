import json

import pytest

from s2rm_sc2 import scenarios
from s2rm_sc2.errors import ScenarioUnknown
from s2rm_sc2.reward import max_reward
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.views import SmacOptions, SmacViews

# As SMAC's own get_env_info gives them: agents, enemies, limit, type bits, actions, observation, state, max_reward.
SMAC = {
    "3m": (3, 3, 60, 0, 9, 30, 48, 365),
    "8m": (8, 8, 120, 0, 14, 80, 168, 640),
    "25m": (25, 25, 150, 0, 31, 250, 950, 1575),
    "5m_vs_6m": (5, 6, 70, 0, 12, 55, 98, 530),
    "8m_vs_9m": (8, 9, 120, 0, 15, 85, 179, 695),
    "10m_vs_11m": (10, 11, 150, 0, 17, 105, 243, 805),
    "27m_vs_30m": (27, 30, 180, 0, 36, 285, 1170, 1850),
    "MMM": (10, 10, 150, 3, 16, 160, 290, 1015),
    "MMM2": (10, 12, 180, 3, 18, 176, 322, 1205),
    "2s3z": (5, 5, 120, 2, 11, 80, 120, 1020),
    "3s5z": (8, 8, 150, 2, 14, 128, 216, 1510),
    "3s5z_vs_3s6z": (8, 9, 170, 2, 15, 136, 230, 1670),
    "3s_vs_3z": (3, 3, 150, 0, 9, 36, 54, 680),
    "3s_vs_4z": (3, 4, 200, 0, 10, 42, 61, 840),
    "3s_vs_5z": (3, 5, 250, 0, 11, 48, 68, 1000),
    "1c3s5z": (9, 9, 180, 3, 15, 162, 270, 1870),
    "2m_vs_1z": (2, 1, 150, 0, 7, 16, 26, 360),
    "corridor": (6, 24, 400, 0, 30, 156, 282, 1280),
    "6h_vs_8z": (6, 8, 150, 0, 14, 78, 140, 1480),
    "2s_vs_1sc": (2, 1, 300, 0, 7, 17, 27, 510),
    "so_many_baneling": (7, 32, 100, 0, 38, 202, 397, 1480),
    "bane_vs_bane": (24, 24, 200, 2, 30, 336, 984, 1260),
    "2c_vs_64zg": (2, 64, 400, 0, 70, 332, 342, 3080),
}


def test_smacs_maps_are_all_there() -> None:
    assert set(scenarios.smac_names()) == set(SMAC)


@pytest.mark.parametrize("name", SMAC)
def test_shapes_are_smacs(name: str) -> None:
    scenario, views = scenarios.get(name), SmacViews(scenarios.get(name))
    reward = max_reward(scenario, SmacOptions())
    assert (
        *(scenario.n_agents, scenario.n_enemies, scenario.limit, scenario.type_bits),
        *(views.n_actions, views.obs_size, views.state_size, reward),
    ) == SMAC[name]
    assert len(views.action_names) == views.n_actions


@pytest.mark.parametrize("name", [*SMAC, "5s3z", "2s3z_vs_3s2z@flat", "4m", "1c2z_vs_3m"])
def test_a_scenario_survives_json(name: str) -> None:
    scenario = scenarios.get(name)
    assert Scenario.from_dict(json.loads(json.dumps(scenario.to_dict()))) == scenario


def test_agents_stand_in_smacs_order() -> None:
    names = [unit.name for unit in scenarios.get("MMM").unit_types]
    assert names[:10] == ["marauder"] * 2 + ["marine"] * 7 + ["medivac"]
    assert [unit.name for unit in scenarios.get("5z3s").unit_types][:8] == ["stalker"] * 3 + ["zealot"] * 5


def test_a_composition_is_the_map_of_that_composition() -> None:
    mirrored, asymmetric = scenarios.get("5s3z"), scenarios.get("2s3z_vs_3s2z")
    assert [(group.unit, group.count) for group in mirrored.allies] == [("stalker", 5), ("zealot", 3)]
    assert [(group.unit, group.count) for group in asymmetric.enemies] == [("stalker", 3), ("zealot", 2)]
    assert mirrored.enemy_type_order == scenarios.get("3s5z").enemy_type_order == ("zealot", "stalker")
    assert SmacViews(mirrored).obs_size == SMAC["3s5z"][5]
    assert scenarios.get("4m@flat").terrain.walkable.all()


def test_type_bits_appear_when_a_team_is_mixed() -> None:
    assert scenarios.get("4m").type_bits == 0
    assert scenarios.get("2m_vs_2z").type_bits == 0
    assert scenarios.get("1c2z_vs_3m").ally_type_order == ("colossus", "marine", "zealot")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("3s5x", "3s5z"), ("3m_vs_", "3m"), ("coridor", "corridor"), ("2s2s", "2s3z"), ("0m", "8m"), ("3m@moon", "band")],
)
def test_an_unknown_name_lists_near_matches(name: str, hint: str) -> None:
    with pytest.raises(ScenarioUnknown, match=hint) as caught:
        scenarios.get(name)
    assert repr(name) in str(caught.value) or repr(name.partition("@")[2]) in str(caught.value)


@pytest.mark.parametrize("name", SMAC)
def test_everybody_starts_on_walkable_ground_inside_the_map(name: str) -> None:
    scenario = scenarios.get(name)
    for group in (*scenario.allies, *scenario.enemies):
        assert scenario.terrain.walkable[int(group.x), int(group.y)]
