"""Every interface plays a dream as it plays the engine: the real conformance suites, and whole episodes."""

import pickle
from functools import partial
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test
from PIL import Image

from s2rm_sc2 import scenarios
from s2rm_sc2.backends.learned import LearnedBackend
from s2rm_sc2.backends.starts import Recorded
from s2rm_sc2.envs.multi_agent import StarCraft2Env
from s2rm_sc2.envs.parallel import env as one_by_one
from s2rm_sc2.envs.parallel import parallel_env
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.store import EpisodeStore
from tests.dreams import simulator

DREAM = partial(LearnedBackend, model=simulator("lstm"))


@pytest.mark.parametrize("name", ["3m", "3s5z", "protoss_5_vs_5"])
def test_a_dream_conforms_to_pettingzoo(name: str) -> None:
    parallel_api_test(parallel_env(name, backend=DREAM), num_cycles=40)
    parallel_seed_test(lambda: parallel_env(name, backend=DREAM), num_cycles=8)


@pytest.mark.filterwarnings("ignore:Observation:UserWarning")  # as for one agent after the other in the engine
@pytest.mark.filterwarnings("ignore:No agents present but not all possible_agents")  # some never were
def test_who_fell_before_a_dream_begins_in_the_midst_of_a_battle_takes_no_part(store_2s3z: EpisodeStore) -> None:
    midst = partial(DREAM, starts=Recorded(store_2s3z))
    env, met = parallel_env("2s3z", backend=midst), set()
    for seed in range(30):
        views, infos = env.reset(seed=seed)
        living = env.smac.battles.units.alive[0, :5].tolist()
        expected = [name for name, lives in zip(env.possible_agents, living, strict=True) if lives]
        assert env.agents == list(views) == list(infos) == expected
        assert all(view["action_mask"].any() for view in views.values())
        assert list(env.step({})[1]) == expected
        met.add(len(expected))
    assert len(met) > 1
    parallel_api_test(parallel_env("2s3z", backend=midst), num_cycles=40)
    api_test(one_by_one("2s3z", backend=midst), num_cycles=40)


def test_a_dream_conforms_to_gymnasium() -> None:
    check_env(gymnasium.make("s2rm_sc2:3s5z-v0", backend=DREAM).unwrapped)


def test_smacs_loop_plays_a_whole_dream_and_repeats_it(tmp_path: Path) -> None:
    played = []
    for _ in range(2):
        env = StarCraft2Env("3m", seed=4, backend=DREAM, replay_dir=str(tmp_path))
        env.reset()
        rng, over, rewards = np.random.default_rng(0), False, []
        while not over:
            masks = env.get_avail_actions()
            reward, over, info = env.step([int(rng.choice(np.flatnonzero(mask))) for mask in masks])
            rewards.append(reward)
        assert {"battle_won", "dead_allies", "dead_enemies"} <= info.keys()
        assert env.get_stats()["battles_game"] == 1
        played.append(rewards)
    assert played[0] == played[1]
    with Image.open(env.save_replay()) as film:
        assert getattr(film, "n_frames", 1) > 3
    assert env._replay
    assert torch.equal(env._replay.tables().x[-1:], env.battles.units.x)


def test_a_dream_travels_to_another_process() -> None:
    env = parallel_env("3m", seed=3, backend=DREAM)
    copy = pickle.loads(pickle.dumps(env))
    for each in (env, copy):
        each.reset()
        each.step(dict.fromkeys(each.agents, 1))
    assert np.array_equal(env.state(), copy.state())


def test_the_engines_own_options_are_refused_for_a_dream() -> None:
    for option in ({"step_mul": 4}, {"move_amount": 3}):
        with pytest.raises(BadArgument, match="embedded engine"):
            StarCraft2Env("3m", backend=DREAM, **option)  # type: ignore[arg-type]
    other = partial(LearnedBackend, scenarios.get("8m"))
    with pytest.raises(BadArgument, match="not 1 of 3m"):
        StarCraft2Env("3m", backend=lambda scenario, n: other(n, model=simulator()))
