"""Our vectors against SMAC's own code, bit for bit, on random unit tables; the game is not launched.

SMAC (github.com/oxwhirl/smac) is not on the package index; where it is not installed these tests are skipped.
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from s2rm_sc2 import scenarios
from s2rm_sc2.reward import max_reward, outcome, step_reward
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_TYPES
from s2rm_sc2.views import SmacOptions, SmacViews
from tests.s2rm_sc2.oxwhirl import OPTION_SETS, equal, needs_smac

pytestmark = needs_smac

N_TABLES = 24
RL_ID = 1970  # where a game build would put the ids of SMAC's own ally types


def random_table(scenario: Scenario, rng: np.random.Generator, battles: int) -> UnitTable:
    """Random places (some on whole cells, in the corners, or far outside), health, and deaths."""
    A, U = scenario.n_agents, scenario.n_units
    kind = np.broadcast_to(np.array(scenario.type_indices), (battles, U))
    full = np.array([[unit.health, unit.shield, unit.energy] for unit in UNIT_TYPES])[kind]
    spread = rng.choice([1.5, 6.0, 20.0], (battles, 1, 1))
    place = rng.uniform(0, 32, (battles, 1, 2)) + rng.normal(0, 1, (battles, U, 2)) * spread
    place = np.where(rng.random((battles, U, 1)) < 0.3, np.round(place), place)
    place = np.where(rng.random((battles, 1, 1)) < 0.8, np.clip(place, -0.9, 32.0), place) + 0.0
    points = full * np.where(rng.random((battles, U, 3)) < 0.3, 1.0, rng.random((battles, U, 3)))
    points[..., 0] = np.maximum(points[..., 0], 0.01)
    alive = rng.random((battles, U)) < rng.choice([1.0, 0.7, 0.1], (battles, 1))
    values = (
        torch.tensor(kind.copy()),
        torch.tensor((np.arange(U) >= A).astype(np.int64)).expand(battles, U).clone(),
        *(torch.tensor(place[..., axis].astype(np.float32)) for axis in range(2)),
        *(torch.tensor(np.where(alive, points[..., column], 0).astype(np.float32)) for column in range(3)),
        torch.tensor(np.where(alive, rng.uniform(0, 36, (battles, U)), 0).astype(np.float32)),
        torch.tensor(alive),
    )
    return UnitTable(*values)


def stand_ins(units: UnitTable, battle: int, scenario: Scenario) -> tuple[dict[int, Any], dict[int, Any]]:
    """SMAC's units with the ids that the game gives them: allies on a base of their own, enemies stock."""
    names = sorted({unit.name for unit in scenario.unit_types[: scenario.n_agents]})
    rows = []
    for row, unit in enumerate(scenario.unit_types):
        ally = row < scenario.n_agents
        rows.append(
            SimpleNamespace(
                tag=row,
                unit_type=RL_ID + names.index(unit.name) if ally else unit.smac_id,
                pos=SimpleNamespace(x=float(units.x[battle, row]), y=float(units.y[battle, row])),
                health=float(units.health[battle, row]),
                health_max=unit.health,
                shield=float(units.shield[battle, row]),
                shield_max=unit.shield,
                energy=float(units.energy[battle, row]),
                weapon_cooldown=float(units.cooldown[battle, row]),
            )
        )
    A = scenario.n_agents
    return dict(enumerate(rows[:A])), dict(enumerate(rows[A:]))


def smac_env(scenario: Scenario, options: dict[str, Any]) -> Any:  # noqa: ANN401
    from smac.env.starcraft2.starcraft2 import StarCraft2Env  # type: ignore[import-not-found,import-untyped,unused-ignore]

    env = StarCraft2Env(map_name=scenario.name, **options)
    env.map_x, env.map_y = env.max_distance_x, env.max_distance_y = 32, 32
    env.pathing_grid = scenario.terrain.walkable
    env.terrain_height = np.round((scenario.terrain.height + 16) / 32 * 255) / 255
    env._init_ally_unit_types(RL_ID)
    env.max_reward += sum(unit.health + unit.shield for unit in scenario.unit_types[scenario.n_agents :])
    return env


@pytest.mark.parametrize("name", scenarios.smac_names())
def test_vectors_equal_smacs(name: str) -> None:
    scenario = scenarios.get(name)
    for number, keywords in enumerate(OPTION_SETS):
        rng = np.random.default_rng([number, *name.encode()])
        env, views = smac_env(scenario, keywords), SmacViews(scenario, SmacOptions(**keywords))
        info = env.get_env_info()
        assert (info["obs_shape"], info["state_shape"]) == (views.declared_obs_size, views.declared_state_size)
        assert (info["n_actions"], info["n_agents"]) == (views.n_actions, views.n_agents)
        assert (info["agent_features"], info["enemy_features"]) == ([*views.ally_columns], [*views.enemy_columns])
        units = random_table(scenario, rng, N_TABLES)
        available = views.available_actions(units)
        alive = units.alive[:, : scenario.n_agents]
        last = torch.tensor(rng.integers(1, views.n_actions, alive.shape)) * alive
        last[0] = 0  # before the first action
        steps = torch.tensor(rng.integers(0, scenario.limit + 1, N_TABLES))
        observation, state = views.observation(units, available, last, steps), views.state(units, last, steps)
        visible = views.visibility(units)
        for battle in range(N_TABLES):
            env.agents, env.enemies = stand_ins(units, battle, scenario)
            chosen = np.eye(views.n_actions)[last[battle].numpy()]
            env.last_action = chosen * ~((last[battle] == 0) & alive[battle]).numpy()[:, None]
            env._episode_steps = int(steps[battle])
            assert equal(available[battle], env.get_avail_actions())
            assert equal(observation[battle], env.get_obs())
            assert equal(state[battle], env.get_state())
            assert equal(visible[battle], env.get_visibility_matrix())


@pytest.mark.parametrize("name", scenarios.smac_names())
def test_rewards_and_endings_equal_smacs(name: str) -> None:
    scenario = scenarios.get(name)
    for number, keywords in enumerate(OPTION_SETS):
        rng = np.random.default_rng([number, *name.encode()])
        env, options = smac_env(scenario, keywords), SmacOptions(**keywords)
        assert env.max_reward == max_reward(scenario, options)
        before, after = (random_table(scenario, rng, N_TABLES) for _ in range(2))
        alive = before.alive & after.alive
        heals = torch.tensor([unit.heal is not None for unit in scenario.unit_types])
        alive[0, : scenario.n_agents] = False
        alive[1, scenario.n_agents :] = False
        alive[2] = False
        for battle, side in ((3, slice(scenario.n_agents)), (4, slice(scenario.n_agents, None))):
            alive[battle, side] = before.alive[battle, side] & heals[side]  # on MMM the medivac is left
        health = after.health.clamp(min=0.01) * alive
        after = replace(after, alive=alive, health=health, shield=after.shield * alive)
        result = outcome(after, scenario)
        reward = step_reward(before, after, result, scenario, options)
        for battle in range(N_TABLES):
            theirs, code = smac_step(env, scenario, before, after, battle)
            assert code == (result.won[battle].item(), result.lost[battle].item(), result.draw[battle].item())
            assert equal(reward[battle], theirs)


def smac_step(
    env: Any,  # noqa: ANN401
    scenario: Scenario,
    before: UnitTable,
    after: UnitTable,
    battle: int,
) -> tuple[float, tuple[bool, bool, bool]]:
    """SMAC's own bookkeeping of one step between two tables: reward, and (won, lost, draw)."""
    env.agents, env.enemies = stand_ins(before, battle, scenario)
    env.win_counted = env.defeat_counted = False
    env.death_tracker_ally = (~before.alive[battle, : scenario.n_agents]).numpy().astype(float)
    env.death_tracker_enemy = (~before.alive[battle, scenario.n_agents :]).numpy().astype(float)
    allies, enemies = stand_ins(after, battle, scenario)
    living = [unit for unit in [*allies.values(), *enemies.values()] if unit.health > 0]
    raw = SimpleNamespace(observation=SimpleNamespace(raw_data=SimpleNamespace(units=living)))
    env._controller = SimpleNamespace(actions=lambda request: None, step=lambda count: None, observe=lambda: raw)
    env.get_agent_action = lambda agent, action: None
    env._episode_steps = 0
    won, games = env.battles_won, env.battles_game
    reward, terminated, info = env.step([0] * scenario.n_agents)
    is_won = env.battles_won > won
    is_lost = env.defeat_counted
    assert terminated == (env.battles_game > games)
    assert info["battle_won"] == is_won
    return reward, (is_won, is_lost, terminated and not is_won and not is_lost)
