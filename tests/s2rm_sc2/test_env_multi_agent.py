from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

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
    with pytest.raises(BadArgument, match="3 agents cannot take 2 actions"):
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


@pytest.mark.parametrize("seed", ["a", "1", 1.7, float("nan"), [3]])
def test_a_seed_that_is_no_whole_number_is_refused(seed: int) -> None:
    with pytest.raises(BadArgument, match=r"seed is .* give a whole number"):
        StarCraft2Env("3m", seed=seed)
    env = StarCraft2Env("3m", seed=np.int64(3))  # type: ignore[arg-type] # NumPy's integers are
    with pytest.raises(BadArgument, match="seed is"):
        env.seed(seed)
    assert env.seed() == 3


@pytest.mark.parametrize("name", [None, 8, ["8m"]])
def test_a_map_name_that_is_no_text_is_refused(name: str) -> None:
    with pytest.raises(BadArgument, match=r"map_name is .* give the name of a scenario"):
        StarCraft2Env(map_name=name)


@pytest.mark.parametrize("actions", [[1.5] * 3, [1, 1, None], ["1", "1", "1"], 1, [1, 1, float("inf")], [[1, 2, 3]]])
def test_actions_that_are_no_whole_numbers_are_refused(actions: list[int]) -> None:
    env = StarCraft2Env("3m", seed=0)
    env.reset()
    before = env.get_state()
    with pytest.raises(BadArgument, match="give a whole number for each agent"):
        env.step(actions)
    assert np.array_equal(env.get_state(), before)
    for fine in (np.ones(3, np.float32), torch.ones(3, dtype=torch.int64), (1, 1, 1), iter([1, 1, 1])):
        env.step(fine)


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


@pytest.mark.parametrize(
    "options",
    [
        {"obs_last_action": True, "obs_pathing_grid": True, "obs_terrain_height": True},
        {"obs_instead_of_state": True, "obs_timestep_number": True},
        {"state_last_action": False, "state_timestep_number": True},
        {"obs_all_health": False, "obs_own_health": False},
    ],
)
def test_vectors_have_the_sizes_that_the_environment_declares(options: dict[str, Any]) -> None:
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


SC2_YAML: dict[str, Any] = {
    "continuing_episode": False,
    "difficulty": "7",
    "game_version": None,
    "map_name": "2s3z",
    "move_amount": 2,
    "obs_all_health": True,
    "obs_instead_of_state": False,
    "obs_last_action": False,
    "obs_own_health": True,
    "obs_pathing_grid": False,
    "obs_terrain_height": False,
    "obs_timestep_number": False,
    "reward_death_value": 10,
    "reward_defeat": 0,
    "reward_negative_scale": 0.5,
    "reward_only_positive": True,
    "reward_scale": True,
    "reward_scale_rate": 20,
    "reward_sparse": False,
    "reward_win": 200,
    "replay_dir": "",
    "replay_prefix": "",
    "state_last_action": True,
    "state_timestep_number": False,
    "step_mul": 8,
    "seed": 7,
    "heuristic_ai": False,
    "heuristic_rest": False,
    "debug": False,
}
"""The keywords that the learners' configuration files for SMAC pass."""


def test_a_learners_loop_plays_with_the_keywords_of_its_configuration_file() -> None:
    env, rng = StarCraft2Env(**SC2_YAML), np.random.default_rng(0)
    info = env.get_env_info()
    for _ in range(2):
        env.reset()
        terminated, steps = False, 0
        while not terminated:
            obs, state = np.array(env.get_obs()), env.get_state()
            masks = [env.get_avail_agent_actions(agent) for agent in range(info["n_agents"])]
            assert masks == env.get_avail_actions()
            assert np.array_equal(obs, [env.get_obs_agent(agent) for agent in range(info["n_agents"])])
            assert (obs.shape, state.shape) == ((info["n_agents"], info["obs_shape"]), (info["state_shape"],))
            actions = torch.tensor([rng.choice(np.flatnonzero(mask)) for mask in masks])
            _, terminated, _ = env.step(actions)
            steps += 1
        assert steps <= info["episode_limit"]
    assert env.get_stats()["battles_game"] == 2


def test_what_is_handed_out_is_the_callers_own() -> None:
    env = StarCraft2Env("3m", seed=0)
    obs, _ = env.reset()
    env.get_obs_agent(0)[:] = 7
    env.get_avail_agent_actions(0)[0] = 7
    obs[1][:] = 7
    assert max(view.max() for view in env.get_obs()) <= 1
    assert env.get_avail_actions()[0][0] == 0


def test_keywords_about_the_game_are_accepted_where_they_mean_something() -> None:
    for difficulty in ("1", "A"):
        StarCraft2Env("3m", difficulty=difficulty, game_version="4.10", window_size_x=640, debug=True)
    for wrong in ({"difficulty": "B"}, {"step_mul": 0}, {"move_amount": 0}):
        with pytest.raises(BadArgument, match=next(iter(wrong))):
            StarCraft2Env("3m", **wrong)
    with pytest.raises(BadArgument, match="10gen_protoss"):
        StarCraft2Env("3m", capability_config={"n_units": 5})
    with pytest.raises(BadArgument, match="10gen_protoss"):
        StarCraft2Env("3m").reset(episode_config={"team_gen": 1})


@pytest.mark.parametrize(("loops", "walked"), [(1, 2.25 / 16), (4, 2.25 / 4), (None, 2.25 / 2), (8, 2.25 / 2)])
def test_a_step_lasts_as_many_loops_as_asked_for(loops: int | None, walked: float) -> None:
    env = StarCraft2Env("1m_vs_1m@flat", seed=0, step_mul=loops)
    env.reset()
    start = env.get_unit_by_id(0).pos.x
    env.step([5])
    assert start - env.get_unit_by_id(0).pos.x == pytest.approx(walked, abs=1e-4)


def test_a_seed_set_later_is_as_good_as_one_given_at_first() -> None:
    env = StarCraft2Env("2s3z", seed=1)
    play(env)
    assert env.seed(5) == env.seed() == 5
    assert np.array_equal(play(env)[1], play(StarCraft2Env("2s3z", seed=5))[1])


def test_a_replay_shows_every_moment_of_the_episode(tmp_path: Path) -> None:
    env = StarCraft2Env("3m", seed=2, replay_dir=str(tmp_path / "replays"), replay_prefix="mine")
    with pytest.raises(BadArgument, match="reset"):
        env.save_replay()
    play(env)
    play(env)
    env.seed(7)  # for the episodes to come
    path = env.save_replay()
    assert path == tmp_path / "replays" / "mine_episode1.gif"
    with Image.open(path) as film:
        assert getattr(film, "n_frames", 1) > 3
    assert env._replay
    again = env._replay.tables()
    assert len(again.x) == int(env.battles.steps[0]) + 1
    assert torch.equal(again.x[-1:], env.battles.units.x)
    assert torch.equal(again.health[-1:], env.battles.units.health)


def test_the_battle_can_be_drawn_but_not_shown() -> None:
    env = StarCraft2Env("3m", seed=2)
    env.reset()
    before = env.render("rgb_array")
    env.step([5, 5, 5])
    after = env.render()
    assert before.dtype == np.uint8
    assert before.shape == after.shape
    assert before.shape[2] == 3
    assert (before != after).any()
    with pytest.raises(BadArgument, match="rgb_array"):
        env.render(mode="human")


def test_questions_about_a_units_surroundings_are_answered_as_the_vectors_are() -> None:
    env = StarCraft2Env("3s5z", seed=3, obs_pathing_grid=True, obs_terrain_height=True)
    env.reset()
    rng = np.random.default_rng(0)
    for _ in range(12):
        obs, masks = env.get_obs(), env.get_avail_actions()
        for agent, unit in env.agents.items():
            assert [env.can_move(unit, direction) for direction in range(4)] == [bool(may) for may in masks[agent][2:6]]
            surrounding = [*env.get_surrounding_pathing(unit), *env.get_surrounding_height(unit)]
            assert obs[agent][4:21] == pytest.approx(np.array(surrounding, np.float32))
        env.step([rng.choice([a for a in np.flatnonzero(mask) if a < 4]) for mask in masks])
    assert len(env.get_surrounding_points(unit, include_self=True)) == 9
    assert (env.check_bounds(0, 31), env.check_bounds(-1, 0), env.check_bounds(0, 32)) == (True, False, False)
    assert env.distance(0, 0, 3, 4) == 5


def test_constants_of_unit_types_are_smacs() -> None:
    env = StarCraft2Env("1c3s5z", seed=0)
    env.reset()
    colossus, stalker, zealot = env.agents[0], env.agents[1], env.agents[4]
    assert [env.unit_max_cooldown(unit) for unit in (colossus, stalker, zealot)] == [24, 35, 22]
    assert [env.unit_max_shield(unit) for unit in (colossus, stalker, zealot)] == [150, 80, 50]
    assert [env.get_unit_type_id(unit, True) for unit in (colossus, stalker, zealot)] == [0, 1, 2]
    assert not env.only_medivac_left(True)
    inverted = StarCraft2Env("2s3z", seed=0)
    inverted.reset()
    stalker, zealot = inverted.agents[0], inverted.agents[4]
    assert [inverted.get_unit_type_id(unit, True) for unit in (stalker, zealot)] == [0, 1]
    assert [inverted.get_unit_type_id(unit, False) for unit in (stalker, zealot)] == [1, 0]
