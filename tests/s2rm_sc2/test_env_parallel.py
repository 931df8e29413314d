from collections import Counter

import numpy as np
import pytest
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, seed_test
from pettingzoo.test.state_test import state_test

from s2rm_sc2.envs.multi_agent import StarCraft2Env
from s2rm_sc2.envs.parallel import BattleParallelEnv, parallel_env
from s2rm_sc2.envs.parallel import env as one_by_one
from s2rm_sc2.errors import BadArgument

MAPS = ["3m", "3s5z", "1c3s5z", "MMM", "bane_vs_bane", "protoss_5_vs_5", "3x2s3z"]


def sampled(
    env: BattleParallelEnv, views: dict[str, dict[str, np.ndarray]], rng: np.random.Generator
) -> dict[str, int]:
    return {name: int(rng.choice(np.flatnonzero(views[name]["action_mask"]))) for name in env.agents}


@pytest.mark.parametrize("name", MAPS)
def test_it_conforms_to_pettingzoo(name: str) -> None:
    parallel_api_test(parallel_env(name), num_cycles=300)
    parallel_seed_test(lambda: parallel_env(name), num_cycles=30)


# PettingZoo's test would have flat observations, without masks, and none of the dead.
@pytest.mark.filterwarnings("ignore:Observation:UserWarning")
@pytest.mark.parametrize("name", MAPS[:2])
def test_one_agent_after_the_other_conforms_too(name: str) -> None:
    api_test(one_by_one(name), num_cycles=200)
    seed_test(lambda: one_by_one(name), num_cycles=30)
    state_test(one_by_one(name), parallel_env(name), num_cycles=30)


def test_agents_are_named_as_smac_names_them_and_lack_the_no_op() -> None:
    env = parallel_env(map_name="1c3s5z", seed=1)
    assert env.possible_agents == [
        "colossus_0",
        *(f"stalker_{i}" for i in range(3)),
        *(f"zealot_{i}" for i in range(5)),
    ]
    views, _ = env.reset(seed=4)
    smac = StarCraft2Env("1c3s5z", seed=4)
    obs, state = smac.reset()
    for agent, name in enumerate(env.agents):
        assert np.array_equal(views[name]["observation"], obs[agent])
        assert views[name]["action_mask"].tolist() == smac.get_avail_agent_actions(agent)[1:]
        assert views[name] in env.observation_space(name)
    assert np.array_equal(env.state(), state)
    moved, rewards, *_ = env.step(dict.fromkeys(env.agents, 4))  # west: SMAC's action 5
    reward, _, _ = smac.step([5] * 9)
    assert np.array_equal(moved["zealot_4"]["observation"], smac.get_obs_agent(8))
    assert set(rewards.values()) == {reward}


@pytest.mark.parametrize("name", MAPS)
def test_the_dead_leave_and_everything_lies_in_its_space(name: str) -> None:
    env, rng = parallel_env(name), np.random.default_rng(1)
    left: Counter[str] = Counter()
    for seed in range(3):
        views, _ = env.reset(seed=seed)
        while env.agents:
            present = env.agents
            views, rewards, terminated, truncated, infos = env.step(sampled(env, views, rng))
            assert present == list(views) == list(rewards) == list(terminated) == list(truncated) == list(infos)
            assert all(views[agent] in env.observation_space(agent) for agent in present)
            assert env.state_space.contains(env.state())
            assert not any(info["unavailable_action"] for info in infos.values())
            for agent in set(present) - set(env.agents):
                assert terminated[agent] != truncated[agent]
                left[agent] += 1
                if env.agents:
                    assert not views[agent]["observation"].any()
                    assert not views[agent]["action_mask"].any()
    assert left == dict.fromkeys(env.possible_agents, 3)


def test_the_limit_and_max_cycles_truncate() -> None:
    assert parallel_env("3m").max_cycles == 60
    for cycles, length in ((5, 5), (None, 150), (1000, 150)):
        env = parallel_env("1m_vs_1c@flat", max_cycles=cycles)
        views, _ = env.reset(seed=0)
        steps = 0
        while env.agents:  # into the north-western corner, which the enemy is not sent to
            mask = views["marine_0"]["action_mask"]
            views, _, terminated, truncated, _ = env.step({"marine_0": next(a for a in (4, 1, 0) if mask[a])})
            steps += 1
        assert (steps, terminated, truncated) == (length, {"marine_0": False}, {"marine_0": True})
        with pytest.raises(BadArgument, match="reset"):  # also where the battle itself is not over
            env.step({})


def test_what_is_not_available_becomes_stop_and_is_said() -> None:
    env, other = parallel_env("3m"), parallel_env("3m")
    env.reset(seed=0)
    other.reset(seed=0)
    views, *_, infos = env.step({"marine_0": 8 - 1, "marine_1": 0})  # an attack out of range; marine_2 is silent
    stopped, *_ = other.step({"marine_0": 0, "marine_1": 0, "marine_2": 0})
    assert [infos[name]["unavailable_action"] for name in env.possible_agents] == [True, False, False]
    assert all(np.array_equal(views[name]["observation"], stopped[name]["observation"]) for name in views)


def test_it_draws_and_refuses_windows() -> None:
    env = parallel_env("3m", render_mode="rgb_array", seed=3)
    env.reset()
    picture = env.render()
    assert picture is not None
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert parallel_env("3m").render() is None
    with pytest.raises(BadArgument, match="render_mode"):
        parallel_env("3m", render_mode="human")


def test_unknown_agents_and_actions_that_are_no_numbers_are_refused() -> None:
    env = parallel_env("3m", seed=3)
    env.reset()
    before = env.state()
    with pytest.raises(BadArgument, match="No agent is called marine_3; agents are marine_0, marine_1, marine_2"):
        env.step({"marine_0": 0, "marine_3": 0})
    for wrong in (0.5, "up"):
        with pytest.raises(BadArgument, match="whole number"):
            env.step({"marine_0": wrong})  # type: ignore[dict-item]
    assert np.array_equal(env.state(), before)
    env.agents = ["marine_0", "marine_1"]
    env.step({"marine_0": 0, "marine_1": 0, "marine_2": 0})  # who has left may be told what it will
