import subprocess
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Discrete, Tuple
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import SyncVectorEnv

from s2rm_sc2.envs.gymnasium import BattleEnv
from s2rm_sc2.envs.multi_agent import StarCraft2Env
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import family_names, smac_names

MAPS = ["3m", "3s5z", "1c3s5z", "MMM", "bane_vs_bane", "protoss_5_vs_5", "3x2s3z"]


def made(name: str, **options: Any) -> BattleEnv:  # noqa: ANN401 - passed on
    env = gymnasium.make(f"s2rm_sc2:{name}-v0", **options).unwrapped
    assert isinstance(env, BattleEnv)
    return env


@pytest.mark.parametrize("name", MAPS)
def test_it_conforms_to_gymnasium(name: str) -> None:
    check_env(made("battle", map_name=name))


def test_every_map_has_a_long_and_a_short_id() -> None:
    for name in (*smac_names(), *family_names(), "battle"):
        for identity in (f"s2rm_sc2/{name}-v0", f"{name}-v0"):
            assert gymnasium.spec(identity).entry_point == "s2rm_sc2.envs.gymnasium:BattleEnv"
    assert made("s2rm_sc2/2s3z").smac.map_name == "2s3z"
    assert made("battle", map_name="2s3z_vs_3s2z").n_enemies == 5


@pytest.mark.parametrize(
    "first",
    [
        "import s2rm_sc2",
        "from s2rm_sc2 import scenarios",
        "import gymnasium",
        "",
        "import s2rm_sc2, importlib.util; importlib.util.find_spec('gymnasium')",  # as TorchRL looks for it
    ],
)
def test_maps_are_known_whatever_was_imported_first(first: str) -> None:
    # What gymnasium.make("s2rm_sc2:3s5z-v0") begins with: it imports the module, then looks the id up.
    then = "from gymnasium import spec; __import__('s2rm_sc2'); print(spec('3s5z-v0').kwargs)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", f"{first}\n{then}"], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("{'map_name': '3s5z'}", "")


def test_importing_the_package_imports_nothing_heavy() -> None:
    said = "import sys, s2rm_sc2; print({'gymnasium', 'numpy', 'torch', 'numba', 'typer'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_it_plays_what_smacs_interface_plays() -> None:
    env, smac = made("3s5z", seed=5), StarCraft2Env("3s5z", seed=5)
    seen, _ = env.reset()
    obs, state = smac.reset()
    rng, over = np.random.default_rng(0), False
    while not over:
        assert np.array_equal(seen, obs)
        assert np.array_equal(env.get_state(), state)
        masks = smac.get_avail_actions()
        assert env.get_avail_actions() == masks
        actions = [int(rng.choice(np.flatnonzero(mask))) for mask in masks]
        seen, reward, terminated, truncated, info = env.step(actions)
        expected, over, smac_info = smac.step(actions)
        assert (reward, terminated or truncated) == (expected, over)
        assert {name: info[name] for name in smac_info} == smac_info
        assert info["unavailable_actions"] == 0
        assert all(isinstance(value, int) for value in info.values())
        obs, state = smac.get_obs(), smac.get_state()
    assert env.get_stats() == smac.get_stats()


def test_seeds_repeat_and_follow_the_constructors() -> None:
    env, other = made("2s3z", seed=3), made("2s3z")
    first = np.array(env.reset()[0])
    second = np.array(env.reset()[0])
    assert not np.array_equal(first, second)
    assert np.array_equal(first, other.reset(seed=3)[0])
    assert np.array_equal(second, other.reset()[0])
    assert not np.array_equal(first, other.reset(seed=4)[0])


def test_unavailable_actions_become_stop_or_no_op_and_are_counted() -> None:
    env, other = made("3m", seed=0), made("3m", seed=0)
    env.reset()
    other.reset()
    seen, *_, info = env.step([8, 0, 1])  # out of range; no-op while alive; stop
    assert info["unavailable_actions"] == 2
    assert np.array_equal(seen, other.step([1, 1, 1])[0])
    with pytest.raises(BadArgument, match="whole number"):
        env.step([1.5, 1, 1])  # type: ignore[list-item]
    with pytest.raises(BadArgument, match="3 agents"):
        env.step([1, 1])
    rng, over = np.random.default_rng(0), False
    while not over:
        alive = env.smac.death_tracker_ally == 0
        actions = rng.integers(1, env.n_actions, env.n_agents)
        unavailable = sum(not mask[action] for mask, action in zip(env.get_avail_actions(), actions, strict=True))
        seen, _, terminated, truncated, info = env.step(actions.tolist())
        assert info["unavailable_actions"] == unavailable >= (~alive).sum()
        over = terminated or truncated


def test_the_limit_truncates() -> None:
    env = made("battle", map_name="1m_vs_1c@flat", seed=0)
    env.reset()
    over, steps = False, 0
    while not over:
        mask = env.get_avail_actions()[0]
        _, _, terminated, truncated, _ = env.step([next(action for action in (5, 2, 1) if mask[action])])
        over, steps = terminated or truncated, steps + 1
    assert (steps, terminated, truncated) == (150, False, True)
    with pytest.raises(BadArgument, match="reset"):
        env.step([1])


@pytest.mark.parametrize("name", ["3m", "3s5z"])
def test_epymarls_loops_play_whole_episodes(name: str) -> None:
    env = gymnasium.make(f"s2rm_sc2:{name}-v0", max_episode_steps=40, seed=1, obs_last_action=True)
    env.reset(seed=1)
    plain, rng = env.unwrapped, np.random.default_rng(0)
    assert isinstance(plain, BattleEnv)
    assert isinstance(env.action_space, Tuple)
    assert {space.n for space in env.action_space if isinstance(space, Discrete)} == {plain.n_actions}
    assert not hasattr(plain, "state_size")  # its generic wrapper would mistake it for the width of its own state
    for masked in (True, False):  # its wrapper for SMAClite reads masks, its generic one does not
        seen, _ = env.reset()
        over, steps = False, 0
        while not over:
            assert len(seen) == plain.n_agents
            assert {view.shape for view in seen} == {(plain.obs_size,)}
            assert plain.get_state().shape == (plain.get_state_size(),)
            masks = np.array(plain.get_avail_actions() if masked else [[1] * plain.n_actions] * plain.n_agents)
            actions = [int(rng.choice(np.flatnonzero(mask))) for mask in masks]
            seen, reward, terminated, truncated, _ = env.step(actions)
            assert isinstance(reward, float)
            over, steps = terminated or truncated, steps + 1
        assert steps <= 40


def test_gymnasiums_own_vectors_hold_it() -> None:
    envs = gymnasium.make_vec("s2rm_sc2:3m-v0", num_envs=2, vectorization_mode="sync")
    seen, _ = envs.reset(seed=0)
    assert [view.shape for view in seen] == [(2, 30)] * 3
    assert isinstance(envs, SyncVectorEnv)
    assert np.shape(envs.call("get_avail_actions")) == (2, 3, 9)
    for _ in range(70):
        _, rewards, *_ = envs.step(envs.action_space.sample())
        assert rewards.shape == (2,)
    envs.close()


def test_it_draws_and_refuses_windows() -> None:
    env = made("3m", render_mode="rgb_array")
    env.reset()
    picture = env.render()
    assert picture is not None
    assert picture.dtype == np.uint8
    with pytest.raises(BadArgument, match="render_mode"):
        BattleEnv("3m", render_mode="human")
    assert made("3m").render() is None
