from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from s2rm_sc2 import scenarios
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import unit_type
from s2rm_sc2.views import SmacOptions, SmacViews, sees


def table(scenario: scenarios.Scenario, rows: list[dict[str, float]]) -> UnitTable:
    """One battle from a row per unit; what a row leaves out is full (health) or 0 (energy, cooldown)."""
    columns: dict[str, list[float]] = {name: [] for name in ("x", "y", "health", "shield", "energy", "cooldown")}
    for unit, row in zip(scenario.unit_types, rows, strict=True):
        full = {"health": unit.health, "shield": unit.shield, "energy": 0.0, "cooldown": 0.0}
        if row.get("health") == 0:
            full["shield"] = 0.0
        for name, values in columns.items():
            values.append({**full, **row}[name])
    numbers = {name: torch.tensor([values]) for name, values in columns.items()}
    team = torch.arange(scenario.n_units) >= scenario.n_agents
    return UnitTable(
        type=torch.tensor([scenario.type_indices]), team=team[None].long(), alive=numbers["health"] > 0, **numbers
    )


def at(*places: tuple[float, float]) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in places]


def observe(name: str, rows: list[dict[str, float]], **options: bool) -> dict[str, list[float]]:
    """Observation by column name, one value per agent."""
    views = SmacViews(scenarios.get(name), SmacOptions(**options))
    units = table(views.scenario, rows)
    seen = views.observation(units, views.available_actions(units))[0]
    return {column: seen[:, i].tolist() for i, column in enumerate(views.observation_columns)}


def available(name: str, rows: list[dict[str, float]], **options: int) -> list[list[str]]:
    """Names of the actions that each agent may take."""
    views = SmacViews(scenarios.get(name), SmacOptions(**options))  # type: ignore[arg-type]
    masks = views.available_actions(table(views.scenario, rows))[0]
    return [[action for action, may in zip(views.action_names, mask, strict=True) if may] for mask in masks]


def test_an_observation_computed_by_hand() -> None:
    scenario = scenarios.get("2m_vs_1z")
    views = SmacViews(scenario)
    rows = at((16.0, 12.0), (19.0, 16.0), (16.0, 18.0))
    rows[1]["health"], rows[2]["health"], rows[2]["shield"] = 9.0, 25.0, 10.0
    units = table(scenario, rows)
    seen = views.observation(units, views.available_actions(units))
    third = (18.0 - 16.0) ** 2 + (16.0 - 19.0) ** 2
    expected = [
        [1, 1, 1, 1, 1, 6 / 9, 0, 6 / 9, 0.25, 0.2, 1, 5 / 9, 3 / 9, 4 / 9, 0.2, 1],
        [1, 1, 1, 1, 1, third**0.5 / 9, -3 / 9, 2 / 9, 0.25, 0.2, 1, 5 / 9, -3 / 9, -4 / 9, 1, 0.2],
    ]
    assert seen.dtype == torch.float32
    assert torch.equal(seen[0], torch.tensor(expected))


def test_a_state_computed_by_hand() -> None:
    scenario = scenarios.get("2m_vs_1z")
    rows = at((16.0, 12.0), (19.0, 16.0), (16.0, 24.0))
    rows[0]["cooldown"], rows[1]["health"], rows[2]["shield"] = 12.0, 0.0, 10.0
    state = SmacViews(scenario, SmacOptions(state_timestep_number=True)).state(
        table(scenario, rows), torch.tensor([[6, 0]]), torch.tensor([30])
    )
    allies = [1, 12 / 15, 0, -4 / 32, 0, 0, 0, 0]
    enemy = [1, 0, 8 / 32, 10 / 50]
    last_actions = [0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0]  # the dead agent's no-op counts
    assert torch.equal(state[0], torch.tensor([*allies, *enemy, *last_actions, 30 / 150]))


def test_enemy_type_bits_are_inverted_on_stalker_and_zealot_maps() -> None:
    scenario = scenarios.get("3s5z")
    views = SmacViews(scenario)
    units = table(scenario, at(*[(10.0 + i / 4, 16.0) for i in range(16)]))
    seen = views.observation(units, views.available_actions(units))[0, 0]
    by_name = dict(zip(views.observation_columns, seen.tolist(), strict=True))
    assert scenario.unit_types[0].name == scenario.unit_types[8].name == "stalker"
    own = [by_name[name] for name in views.observation_columns if name.startswith("own_is")]
    enemy = [by_name[name] for name in views.observation_columns if name.startswith("enemy_0_is")]
    assert (own, enemy) == ([1.0, 0.0], [0.0, 1.0])
    state = dict(zip(views.state_columns, views.state(units, torch.zeros(1, 8).long(), torch.zeros(1))[0], strict=True))
    assert (state["ally_0_type_0"], state["enemy_0_type_0"]) == (1, 0)
    assert (state["ally_7_type_1"], state["enemy_7_type_1"]) == (1, 0)


def test_colossus_maps_do_not_invert_type_bits() -> None:
    seen = observe("1c3s5z", at(*[(10.0 + i / 4, 16.0) for i in range(18)]))
    assert seen["own_is_colossus"][0] == seen["enemy_0_is_colossus"][0] == 1
    assert seen["own_is_stalker"][1] == seen["enemy_1_is_stalker"][0] == 1


def test_attack_reaches_six_inclusive_and_sight_nine_exclusive() -> None:
    far = 6.0 + 2**-20
    attack = available("3m", at((8.0, 16.0), (20.0, 9.0), (20.0, 20.0), (14.0, 16.0), (8.0 + far, 16.0), (8.0, 10.0)))[
        0
    ]
    assert attack == ["stop", "north", "south", "east", "west", "attack_0", "attack_2"]
    seen = observe("3m", at((8.0, 16.0), (17.0, 16.0), (8.0, 23.0), (17.0, 16.0), (16.999, 16.0), (20.0, 16.0)))
    assert [seen[f"ally_{k}_visible"][0] for k in range(2)] == [0, 1]
    assert [seen[f"enemy_{k}_distance"][0] > 0 for k in range(3)] == [False, True, False]


@pytest.mark.parametrize(
    ("x", "y", "moves"),
    [
        (16.5, 16.5, ["north", "south", "east", "west"]),
        (16.5, 23.0, ["south", "east", "west"]),  # the band ends at y = 24
        (16.5, 22.99, ["north", "south", "east", "west"]),
        (16.5, 8.99, ["north", "east", "west"]),
        (31.0, 16.5, ["north", "south", "west"]),
        (0.99, 16.5, ["north", "south", "east", "west"]),  # -0.01 truncates to cell 0, as SMAC has it
        (31.5, 8.5, ["north", "west"]),
    ],
)
def test_moves_end_at_walls_and_borders(x: float, y: float, moves: list[str]) -> None:
    far = at((16.0, 16.0), (16.0, 16.0), (9.0, 9.0), (9.0, 9.0), (9.0, 9.0))
    assert [
        name for name in available("3m", at((x, y)) + far)[0] if name in ("north", "south", "east", "west")
    ] == moves


def test_a_longer_move_is_looked_up_further_away() -> None:
    rows = at((16.5, 21.5), *[(9.0, 9.0)] * 5)
    assert "north" in available("3m", rows)[0]
    assert "north" not in available("3m", rows, move_amount=6)[0]


def test_the_dead_see_nothing_may_nothing_and_are_not_seen() -> None:
    rows = at(*[(10.0, 16.0)] * 6)
    rows[1]["health"] = rows[4]["health"] = 0.0
    masks, seen = available("3m", rows), observe("3m", rows)
    assert masks[1] == ["no_op"]
    assert "attack_1" not in masks[0]
    assert "no_op" not in masks[0]
    assert all(values[1] == 0 for values in seen.values())
    assert seen["ally_0_visible"][0] == seen["enemy_1_health"][0] == 0
    assert seen["ally_1_visible"][0] == seen["enemy_0_health"][0] == 1
    units = table(scenarios.get("3m"), rows)
    visible = sees(units, scenarios.get("3m"))[0]
    assert visible[0].tolist() == [True, False, True, True, False, True]
    assert not visible[1].any()
    assert SmacViews(scenarios.get("3m")).visibility(units)[0, 0].tolist() == [False, False, True, True, False, True]


def test_medivacs_heal_allies_and_attack_nobody() -> None:
    rows = at(*[(10.0, 16.0)] * 20)
    rows[3]["x"], rows[4]["health"] = 17.0, 0.0
    masks = available("MMM", rows)
    assert masks[9][5:] == [f"attack_{ally}" for ally in (0, 1, 2, 5, 6, 7, 8)]  # 3 far, 4 dead, 9 itself
    assert masks[0][5:] == [f"attack_{enemy}" for enemy in range(10)]
    seen = observe("MMM", rows)
    assert [seen[f"enemy_{k}_available"][9] for k in range(10)] == [1, 1, 1, 0, 0, 1, 1, 1, 1, 0]


def test_medivacs_show_energy_in_the_state() -> None:
    scenario = scenarios.get("MMM")
    rows = at(*[(10.0, 16.0)] * 20)
    rows[9]["energy"], rows[0]["cooldown"] = 50.0, 10.0
    views = SmacViews(scenario)
    state = views.state(table(scenario, rows), torch.zeros(1, 10).long(), torch.zeros(1))[0]
    by_name = dict(zip(views.state_columns, state.tolist(), strict=True))
    assert by_name["ally_9_energy/cooldown"] == 0.25
    assert by_name["ally_0_energy/cooldown"] == pytest.approx(10 / 25)


def test_every_medivac_can_reach_every_ally_by_number() -> None:
    views = SmacViews(scenarios.get("5m1md_vs_2m"))
    assert views.action_names[6:] == ("attack_0", "attack_1", "heal_2", "heal_3", "heal_4", "heal_5")
    masks = available("5m1md_vs_2m", at(*[(10.0, 16.0)] * 8))
    assert masks[5][5:] == ["attack_0", "attack_1", "heal_2", "heal_3", "heal_4"]
    assert masks[0][5:] == ["attack_0", "attack_1"]


def test_last_actions_of_allies_in_sight() -> None:
    scenario = scenarios.get("3m")
    views = SmacViews(scenario, SmacOptions(obs_last_action=True))
    rows = at((10.0, 16.0), (11.0, 16.0), (30.0, 16.0), *[(10.0, 20.0)] * 3)
    units = table(scenario, rows)
    seen = views.observation(units, views.available_actions(units), torch.tensor([[6, 1, 4]]))[0]
    by_name = {column: seen[:, i].tolist() for i, column in enumerate(views.observation_columns)}
    assert by_name["ally_0_last_stop"][0] == by_name["ally_0_last_attack_0"][1] == 1
    assert sum(by_name[f"ally_1_last_{name}"][0] for name in views.action_names) == 0  # too far to be seen
    before_any = views.observation(units, views.available_actions(units), torch.zeros(1, 3).long())
    assert torch.equal(before_any, views.observation(units, views.available_actions(units)))
    assert before_any.sum() == seen.sum() - 2


def test_the_time_step_takes_a_slot_more_than_declared() -> None:
    scenario = scenarios.get("3m")
    views = SmacViews(scenario, SmacOptions(obs_timestep_number=True))
    rows = at(*[(10.0, 16.0)] * 6)
    rows[2]["health"] = 0.0
    units = table(scenario, rows)
    seen = views.observation(units, views.available_actions(units), step=torch.tensor([15]))[0]
    assert (views.declared_obs_size, seen.shape[1]) == (31, 32)
    assert seen[:, -2].tolist() == [0, 0, 0]
    assert seen[:, -1].tolist() == [0.25, 0.25, 0.25]  # the dead know the time
    assert seen[2, :-1].abs().sum() == 0


def test_ground_around_an_agent() -> None:
    rows = at((1.5, 22.5), *[(9.0, 9.0)] * 5)
    seen = observe("3m", rows, obs_pathing_grid=True, obs_terrain_height=True)
    around = ("north", "south", "east", "west", "northeast", "southwest", "southeast", "northwest")
    # Cells (1, 26), (1, 18), (5, 22), (-3, 22), (3, 24), (-1, 20), (3, 20), (-1, 24); outside counts as 1.
    assert [seen[f"move_pathing_{point}"][0] for point in around] == [0, 1, 1, 1, 0, 1, 1, 1]
    level, low = 191 / 255, 128 / 255
    heights = [seen[f"move_height_{point}"][0] for point in (*around, "here")]
    assert heights == pytest.approx([low, level, level, 1, low, 1, level, 1, level])


def test_own_health_is_forced_on_with_all_health() -> None:
    scenario = scenarios.get("3s5z")
    sizes = [
        SmacViews(scenario, SmacOptions(obs_all_health=every, obs_own_health=own)).obs_size
        for every in (True, False)
        for own in (True, False)
    ]
    assert sizes == [128, 128, 128 - 15 * 2, 128 - 15 * 2 - 2]


def test_state_of_observations() -> None:
    scenario = scenarios.get("3m")
    views = SmacViews(scenario, SmacOptions(obs_instead_of_state=True))
    units = table(scenario, at(*[(10.0 + i, 16.0) for i in range(6)]))
    state = views.state(units, torch.zeros(1, 3).long(), torch.zeros(1).long())
    assert torch.equal(state, views.observation(units, views.available_actions(units)).flatten(1))
    assert len(views.state_columns) == state.shape[1] == 90


def test_senseless_options_are_refused() -> None:
    with pytest.raises(BadArgument, match="move_amount"):
        SmacOptions(move_amount=0)
    with pytest.raises(BadArgument, match="reward_scale_rate"):
        SmacOptions(reward_scale_rate=0)


@st.composite
def random_battles(draw: st.DrawFn) -> tuple[SmacViews, UnitTable, Tensor, Tensor]:
    name = draw(st.sampled_from(["3m", "3s5z", "MMM2", "2c_vs_64zg", "bane_vs_bane", "1c2z_vs_3m", "1m"]))
    flags = draw(st.lists(st.booleans(), min_size=4, max_size=4))
    names = ("obs_last_action", "obs_pathing_grid", "obs_terrain_height", "obs_timestep_number")
    views = SmacViews(scenarios.get(name), SmacOptions(**dict(zip(names, flags, strict=True))))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    B, A, U = draw(st.integers(1, 5)), views.n_agents, views.scenario.n_units
    kinds = views.scenario.unit_types

    def uniform(high: float) -> Tensor:
        return torch.rand((B, U), generator=generator) * high

    alive = uniform(1.0) < 0.7
    units = UnitTable(
        type=torch.tensor(views.scenario.type_indices).expand(B, U).clone(),
        team=(torch.arange(U) >= A).long().expand(B, U).clone(),
        x=uniform(draw(st.sampled_from([4.0, 32.0]))),
        y=8 + uniform(16.0),
        health=(uniform(1.0) + 0.01) * torch.tensor([unit.health for unit in kinds]) * alive,
        shield=uniform(1.0) * torch.tensor([unit.shield for unit in kinds]) * alive,
        energy=uniform(200.0) * alive,
        cooldown=uniform(30.0) * alive,
        alive=alive,
    )
    last = torch.randint(1, views.n_actions, (B, A), generator=generator) * alive[:, :A]
    return views, units, last, torch.randint(0, 50, (B,), generator=generator)


@settings(max_examples=40, deadline=None)
@given(random_battles())
def test_a_batch_equals_its_battles_one_by_one(case: tuple[SmacViews, UnitTable, Tensor, Tensor]) -> None:
    views, units, last, step = case
    masks = views.available_actions(units)
    seen, state = views.observation(units, masks, last, step), views.state(units, last, step)
    assert seen.isfinite().all()
    assert state.isfinite().all()
    for battle in range(len(step)):
        one = slice(battle, battle + 1)
        alone = units[one]
        assert torch.equal(masks[one], views.available_actions(alone))
        assert torch.equal(seen[one], views.observation(alone, masks[one], last[one], step[one]))
        assert torch.equal(state[one], views.state(alone, last[one], step[one]))
        assert torch.equal(views.visibility(units)[one], views.visibility(alone))


@settings(max_examples=30, deadline=None)
@given(random_battles(), st.randoms(use_true_random=False))
def test_renumbering_enemies_renumbers_what_is_seen(
    case: tuple[SmacViews, UnitTable, Tensor, Tensor], random: Random
) -> None:
    views, units, _, _ = case
    A, m = views.n_agents, views.n_enemies
    order = list(range(m))
    random.shuffle(order)
    shuffled = units.map(lambda field: field[:, [*range(A), *(A + enemy for enemy in order)]])
    masks, shuffled_masks = views.available_actions(units), views.available_actions(shuffled)
    heals = units.type[:, :A] == unit_type("medivac").index
    if not heals.any():
        assert torch.equal(shuffled_masks[:, :, 6:], masks[:, :, 6:][:, :, order])
    before, after = views.observation(units, masks), views.observation(shuffled, shuffled_masks)
    width, first = len(views.observation_features["enemy"]), len(views.observation_features["move"])
    enemies = before[:, :, first : first + m * width].reshape(-1, A, m, width)[:, :, order, 1:]
    assert torch.equal(after[:, :, first : first + m * width].reshape(-1, A, m, width)[..., 1:], enemies)
    assert torch.equal(after[:, :, first + m * width :], before[:, :, first + m * width :])
