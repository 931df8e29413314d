"""SMAC's own client, unmodified, on the stand-in: on every step its vectors, masks and rewards are ours, bit for bit.

SMAC (github.com/oxwhirl/smac) is not on the package index; where it is not installed these tests are skipped.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from s2rm_sc2 import scenarios
from s2rm_sc2.actions import FIRST_TARGET
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.envs.multi_agent import StarCraft2Env
from s2rm_sc2.standin.battle import battle_seed
from s2rm_sc2.standin.install import write_install
from s2rm_sc2.starcraft import smac_package
from s2rm_sc2.starcraft.installed import VARIABLE
from s2rm_sc2.views import SmacOptions
from tests.s2rm_sc2.oxwhirl import OPTION_SETS, at_hand, equal, needs_smac

pytestmark = needs_smac

SEED = 11

WHOLE = 1000
"""Steps that no episode has."""

SKIRMISH = 25
"""Steps in which most battles have begun and some have lost units: enough to see what an option does."""


@pytest.fixture(scope="module", autouse=True)
def _standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, at_hand():
        patch.setenv(VARIABLE, str(write_install(tmp_path_factory.mktemp("sc2"))))
        yield


def assert_same_episodes(name: str, options: dict[str, Any], episodes: int, steps: int = WHOLE) -> None:
    smac = smac_package.environment()(map_name=name, seed=SEED, **options)
    ours = BatchedBattles(scenarios.get(name), 1, options=SmacOptions(**options))
    draw, drawn = torch.Generator().manual_seed(0), False
    for number in range(episodes):
        assert not drawn, "a draw, after which SMAC's next battle has begun before its reset: choose another seed"
        smac.reset()
        ours.reset([battle_seed(SEED, number)])
        terminated, left = False, steps
        while left and not terminated:
            left -= 1
            assert equal(ours.observation()[0], smac.get_obs())
            assert equal(ours.state()[0], smac.get_state())
            assert equal(ours.available_actions()[0], smac.get_avail_actions())
            odds = ours.available_actions()[0].float()
            odds[:, FIRST_TARGET:] *= 4
            actions = torch.multinomial(odds, 1, generator=draw).T
            result = ours.step(actions)
            reward, terminated, info = smac.step(actions[0].tolist())
            assert equal(result.reward[0], reward)
            assert terminated == bool(result.terminated | result.truncated)
            assert info["battle_won"] == bool(result.won)
        drawn = not ours.units.alive.any()
        assert equal(ours.state()[0], smac.get_state())
    smac.close()


@pytest.mark.parametrize("name", scenarios.smac_names())
def test_an_episode_of_smacs_is_ours(name: str) -> None:
    assert_same_episodes(name, {}, 1)


@pytest.mark.parametrize("name", scenarios.smac_names())
def test_whatever_its_options(name: str) -> None:
    for options in OPTION_SETS[1:]:
        assert_same_episodes(name, options, 1, SKIRMISH)


@pytest.mark.parametrize("options", OPTION_SETS[1:], ids="-".join)
def test_whatever_its_options_to_the_end_and_in_the_next_battle(options: dict[str, Any]) -> None:
    for name in ("3m", "MMM", "3s5z", "2s_vs_1sc"):
        assert_same_episodes(name, options, 2)


@pytest.mark.parametrize("name", scenarios.smac_names())
def test_what_an_environment_says_of_itself(name: str) -> None:
    for options in OPTION_SETS:
        ours, smacs = StarCraft2Env(name, **options), smac_package.environment()(map_name=name, **options)
        assert ours.get_env_info() == smacs.get_env_info()


def test_its_pettingzoo_wrapper_plays_to_the_end() -> None:
    from smac.env.pettingzoo import StarCraft2PZEnv  # type: ignore[import-not-found,import-untyped,unused-ignore]

    env = StarCraft2PZEnv.parallel_env(map_name="MMM", seed=SEED)
    rng, seen = np.random.default_rng(0), env.reset()
    assert [name.rstrip("_0123456789") for name in env.agents] == ["marauder"] * 2 + ["marine"] * 7 + ["medivac"]
    steps = 0
    while env.agents:
        masks = {agent: seen[agent]["action_mask"] for agent in env.agents}
        actions = {agent: int(rng.choice(np.flatnonzero(mask))) for agent, mask in masks.items()}
        seen, rewards, _, _, _ = env.step(actions)
        assert set(rewards) == set(actions)
        steps += 1
    assert 10 < steps <= 150
    env.close()
