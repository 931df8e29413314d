from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from s2rm_sc2.envs.multi_agent import StarCraft2Env
from s2rm_sc2.errors import BadArgument, S2rmError, ScenarioUnknown


def random_actions(env: StarCraft2Env, rng: np.random.Generator) -> list[int]:
    return [int(rng.choice(np.flatnonzero(mask))) for mask in env.get_avail_actions()]


def play(env: StarCraft2Env, seed: int = 0) -> tuple[list[float], npt.NDArray[np.float32], dict[str, Any]]:
    """One whole episode at random: rewards, all states, the last info."""
    rng = np.random.default_rng(seed)
    _, state = env.reset()
    rewards, states, terminated = [], [state], False
    info: dict[str, Any] = {}
    while not terminated:
        reward, terminated, info = env.step(random_actions(env, rng))
        rewards.append(reward)
        states.append(env.get_state())
    return rewards, np.stack(states), info


@pytest.mark.parametrize("name", ["3m", "3s5z", "2s3z_vs_3s2z"])
def test_a_whole_episode_keeps_its_promises(name: str) -> None:
    env = StarCraft2Env(name, seed=3)
    info = env.get_env_info()
    obs, state = env.reset()
    rng = np.random.default_rng(1)
    assert not env.last_action.any()
    terminated, steps = False, 0
    end: dict[str, Any] = {}
    while not terminated:
        assert [view.shape for view in obs] == [(info["obs_shape"],)] * info["n_agents"]
        assert state.shape == (info["state_shape"],)
        assert {state.dtype, obs[0].dtype} == {np.dtype(np.float32)}
        masks = env.get_avail_actions()
        assert np.shape(masks) == (info["n_agents"], info["n_actions"])
        assert {value for mask in masks for value in mask} == {0, 1}
        actions = random_actions(env, rng)
        reward, terminated, end = env.step(actions)
        assert isinstance(reward, float)
        assert isinstance(terminated, bool)
        assert env.last_action.argmax(1).tolist() == actions
        assert end["dead_allies"] == env.death_tracker_ally.sum()
        assert np.array_equal(env.get_obs_agent(0), env.get_obs()[0])
        obs, state, steps = env.get_obs(), env.get_state(), steps + 1
    assert steps <= info["episode_limit"]
    assert env.get_stats()["battles_game"] == 1
    assert env.get_stats()["battles_won"] == end["battle_won"]
    with pytest.raises(BadArgument, match="reset"):
        env.step([0] * env.n_agents)
    env.close()
    env.close()


def test_equal_seeds_play_equal_episodes_and_episodes_differ() -> None:
    one, other = StarCraft2Env("2s3z", seed=5), StarCraft2Env("2s3z", seed=5)
    first, second = play(one), play(one)
    again = play(other)
    assert first[0] == again[0]
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[1], second[1])
    assert not np.array_equal(play(StarCraft2Env("2s3z", seed=6))[1], first[1])
    assert not np.array_equal(play(StarCraft2Env("2s3z"))[1], play(StarCraft2Env("2s3z"))[1])
    assert (one.seed(), StarCraft2Env("3m").seed()) == (5, None)


@pytest.mark.parametrize("continuing", [False, True])
def test_the_limit_terminates_and_says_so_only_to_who_continues(continuing: bool) -> None:
    env = StarCraft2Env("3m@flat", seed=0, continuing_episode=continuing)
    env.reset()
    terminated, steps = False, 0
    info: dict[str, Any] = {}
    while not terminated:  # into the north-western corner, which the enemy is not sent to
        actions = [next(action for action in (5, 2, 1) if mask[action]) for mask in env.get_avail_actions()]
        _, terminated, info = env.step(actions)
        steps += 1
    assert steps == env.episode_limit
    assert (info.get("episode_limit", False), info["battle_won"]) == (continuing, False)
    assert env.get_stats()["battles_draw"] == env.get_stats()["timeouts"] == 1


def test_a_clean_win_sums_to_twenty_and_a_defeat_to_less() -> None:
    env = StarCraft2Env("5m_vs_1m", seed=0)
    env.reset()
    total, terminated = 0.0, False
    info: dict[str, Any] = {}
    while not terminated:
        actions = [next(action for action in (6, 1, 0) if mask[action]) for mask in env.get_avail_actions()]
        reward, terminated, info = env.step(actions)
        total += reward
    assert info == {"battle_won": True, "dead_allies": 0, "dead_enemies": 1}
    assert total == pytest.approx(20, abs=1e-4)
    assert env.get_stats()["win_rate"] == 1
    hopeless = StarCraft2Env("1m_vs_5m", seed=0)
    rewards, _, info = play(hopeless)
    assert info["battle_won"] is False
    assert sum(rewards) < 20
    assert hopeless.get_stats()["battles_won"] == 0


def test_an_unavailable_action_is_refused_in_a_sentence() -> None:
    env = StarCraft2Env("3m", seed=0)
    env.reset()
    before = env.get_state()
    for error in (BadArgument, AssertionError, S2rmError):
        with pytest.raises(error, match=r"Agent 1 .* action 0 .* available to it: stop"):
            env.step([1, 0, 1])
    for wrong in ([1, 1, 99], [-1, 1, 1]):
        with pytest.raises(BadArgument, match="cannot take action"):
            env.step(wrong)
    with pytest.raises(BadArgument, match="shape"):
        env.step([1, 1])
    assert np.array_equal(env.get_state(), before)
    env.step(np.array([1, 1, 1]))


def test_nothing_works_before_reset_and_says_why() -> None:
    env = StarCraft2Env("3m")
    assert env.get_env_info()["obs_shape"] == 30
    assert env.get_stats()["win_rate"] == 0
    for call in (env.get_obs, env.get_state, env.get_avail_actions, lambda: env.step([1, 1, 1])):
        with pytest.raises(BadArgument, match="reset"):
            call()


def test_unknown_names_are_refused() -> None:
    with pytest.raises(TypeError, match="obs_everything"):
        StarCraft2Env("3m", obs_everything=True)
    with pytest.raises(ScenarioUnknown, match="near matches"):
        StarCraft2Env("3mm")


def test_features_add_up_and_units_are_as_in_the_vectors() -> None:
    env = StarCraft2Env("3s5z", seed=1, obs_last_action=True, obs_timestep_number=True, state_timestep_number=True)
    obs, state = env.reset()
    (n, enemy), (others, ally) = env.get_obs_enemy_feats_size(), env.get_obs_ally_feats_size()
    parts = env.get_obs_move_feats_size() + n * enemy + others * ally + env.get_obs_own_feats_size()
    assert parts == env.get_obs_size() == len(obs[0]) - 1
    pieces = env.get_state_dict()
    assert np.array_equal(
        state, np.concatenate([pieces[name].ravel() for name in ("allies", "enemies", "last_action")] + [[0.0]])
    )
    assert pieces["allies"].shape == (8, env.get_ally_num_attributes())
    unit = env.get_unit_by_id(7)
    assert (unit.unit_type, unit.health_max, unit.shield_max) == (73, 100, 50)
    assert pieces["allies"][7, 2] == np.float32((unit.pos.x - 16) / 32)
    assert env.get_unit_types() == [74] * 3 + [73] * 5 + [74] * 3 + [73] * 5
    assert env.enemies[0].owner == 2
    near = env.get_visibility_matrix()
    assert near.shape == (8, 16)
    assert not near[range(8), range(8)].any()
    assert (env.unit_shoot_range(0), env.unit_sight_range(0)) == (6, 9)


def test_the_keywords_of_smacs_configuration_files_are_accepted_at_their_defaults() -> None:
    env = StarCraft2Env(map_name="3m", difficulty="7", step_mul=8, game_version=None, debug=False, replay_dir="")
    assert env.get_env_info()["n_agents"] == 3
    with pytest.raises(BadArgument, match="difficulty='A'"):
        StarCraft2Env(map_name="3m", difficulty="A")
    with pytest.raises(BadArgument, match="move_amount is 0"):
        StarCraft2Env(map_name="3m", move_amount=0)


@pytest.mark.parametrize(
    "options",
    [
        {"obs_last_action": True, "obs_pathing_grid": True, "obs_terrain_height": True},
        {"obs_instead_of_state": True, "obs_timestep_number": True},
        {"state_last_action": False, "state_timestep_number": True},
        {"obs_all_health": False, "obs_own_health": False},
    ],
)
def test_vectors_have_the_sizes_that_the_environment_declares(options: dict[str, bool]) -> None:
    env = StarCraft2Env("2s3z", seed=1, **options)
    doubled = options.get("obs_timestep_number", False)  # SMAC's vector is one longer than it declares
    env.reset()
    env.step(random_actions(env, np.random.default_rng(0)))
    obs, state, info = env.get_obs(), env.get_state(), env.get_env_info()
    assert {len(view) for view in obs} == {info["obs_shape"] + doubled}
    assert len(state) == info["state_shape"] + (env.n_agents * doubled if "obs_instead_of_state" in options else 0)
    if "obs_instead_of_state" in options:
        assert np.array_equal(state, np.concatenate(obs))
        assert {view[-1] for view in obs} == {np.float32(1 / 120)}
    if "state_timestep_number" in options:
        assert state[-1] == np.float32(1 / 120)
        assert len(state) == 120 - env.n_agents * env.n_actions + 1
    if "obs_last_action" in options:
        allies = obs[0][-2 - 2 - 4 * (8 + env.n_actions) : -4].reshape(4, -1)[:, -env.n_actions :]
        assert np.array_equal(allies, env.last_action[1:])


def test_sparse_and_signed_rewards_reach_the_environment() -> None:
    sparse = StarCraft2Env("1m_vs_5m", seed=0, reward_sparse=True, reward_scale=False)
    rewards, _, _ = play(sparse)
    assert set(rewards[:-1]) <= {0.0}
    assert rewards[-1] == -1
    raw: dict[str, Any] = {"seed": 0, "reward_scale": False}
    signed = StarCraft2Env("1m_vs_5m", reward_only_positive=False, reward_negative_scale=1.0, **raw)
    lost = 45 + 10  # the marine's health and its death
    assert sum(play(signed)[0]) == pytest.approx(sum(play(StarCraft2Env("1m_vs_5m", **raw))[0]) - lost, abs=1e-3)
