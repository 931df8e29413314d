"""Copies of running battles, deep or pickled: they go on as the original does, and neither moves the other."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

from s2rm_sc2 import scenarios
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.envs.multi_agent import StarCraft2Env
from s2rm_sc2.envs.parallel import parallel_env

COPIES: dict[str, Callable[[Any], Any]] = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
}


class Smac:
    """A battle by SMAC's interface: everybody chooses at random among what is available, ``rng`` throwing the dice."""

    def __init__(self) -> None:
        self.env = StarCraft2Env("2s3z", seed=4, obs_last_action=True)
        self.env.reset()

    def step(self, rng: np.random.Generator) -> list[np.ndarray]:
        actions = [int(rng.choice(np.flatnonzero(mask))) for mask in self.env.get_avail_actions()]
        reward, over, _ = self.env.step(actions)
        seen = [*self.env.get_obs(), self.env.get_state(), np.array([reward, over])]
        if over:
            self.env.reset()
        return seen


class Heuristic(Smac):
    """The same where SMAC's heuristic plays, which remembers its targets."""

    def __init__(self) -> None:
        self.env = StarCraft2Env("2s3z", seed=4, heuristic_ai=True)
        self.env.reset()


class Gymnasium:
    def __init__(self) -> None:
        self.env: Any = gymnasium.make("s2rm_sc2:10gen_terran-v0", seed=4)
        self.env.reset()

    def step(self, rng: np.random.Generator) -> list[np.ndarray]:
        masks = self.env.unwrapped.get_avail_actions()
        seen, reward, terminated, truncated, _ = self.env.step([int(rng.choice(np.flatnonzero(m))) for m in masks])
        if terminated or truncated:
            self.env.reset()
        return [*seen, self.env.unwrapped.get_state(), np.array([reward, terminated, truncated])]


class PettingZoo:
    def __init__(self) -> None:
        self.env = parallel_env("MMM", seed=4)
        self.views, _ = self.env.reset()

    def step(self, rng: np.random.Generator) -> list[np.ndarray]:
        actions = {name: int(rng.choice(np.flatnonzero(self.views[name]["action_mask"]))) for name in self.env.agents}
        self.views, rewards, *_ = self.env.step(actions)
        seen = [view["observation"] for view in self.views.values()]
        if not self.env.agents:
            self.views, _ = self.env.reset()
        return [*seen, self.env.state(), np.array(list(rewards.values()))]


class Batch:
    def __init__(self) -> None:
        self.battles = BatchedBattles(scenarios.get("3s5z"), 3)
        self.battles.reset([1, 2, 3])

    def step(self, rng: np.random.Generator) -> list[np.ndarray]:
        masks = self.battles.available_actions().numpy()
        actions = (rng.random(masks.shape) * masks).argmax(-1)
        result = self.battles.step(torch.from_numpy(actions))
        over = torch.where(self.battles.done)[0].tolist()
        self.battles.reset([9 + battle for battle in over], over)
        seen = self.battles.observation(), self.battles.state(), self.battles.visible(), result.reward
        return [tensor.numpy().copy() for tensor in seen]


@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("kind", [Smac, Heuristic, Gymnasium, PettingZoo, Batch])
def test_a_copy_plays_on_as_the_original_and_apart_from_it(kind: type[Any], duplicate: Callable[[Any], Any]) -> None:
    original = kind()
    rng = np.random.default_rng(0)
    for _ in range(15):
        original.step(rng)
    twin, wanderer = duplicate(original), duplicate(original)
    dice, same_dice, other_dice = (np.random.default_rng(seed) for seed in (1, 1, 2))
    parted = False
    for _ in range(40):
        strange = wanderer.step(other_dice)  # moves nobody but itself
        seen, repeated = original.step(dice), twin.step(same_dice)
        assert len(seen) == len(repeated)
        assert all(np.array_equal(one, other) for one, other in zip(seen, repeated, strict=True))
        parted = parted or len(strange) != len(seen) or any(map(np.any, map(np.not_equal, strange, seen)))
    assert parted or kind is Heuristic  # there the dice decide nothing but what is noted as the last actions
