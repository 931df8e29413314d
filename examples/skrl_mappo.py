"""MAPPO by skrl, on the PettingZoo environment over a dream.

``python examples/skrl_mappo.py runs/mine 3s5z``; needs ``pip install 's2rm-sc2[examples]'``.
"""

import sys
from functools import partial
from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo.utils.wrappers import BaseParallelWrapper
from skrl.envs.wrappers.torch.pettingzoo_envs import PettingZooWrapper
from skrl.memories.torch import Memory, RandomMemory
from skrl.models.torch import CategoricalMixin, DeterministicMixin, Model
from skrl.multi_agents.torch import ExperimentCfg
from skrl.multi_agents.torch.mappo import MAPPO, MAPPO_CFG
from skrl.trainers.torch import SequentialTrainer
from skrl.utils.spaces.torch import unflatten_tensorized_space
from torch import Tensor, nn

from s2rm_sc2.backends.learned import LearnedBackend
from s2rm_sc2.envs.parallel import parallel_env
from worldmodel.simulator import load

Told = dict[str, Any]


class TheFallenStay(BaseParallelWrapper):  # type: ignore[misc] # PettingZoo has no types
    """skrl wants to hear of every agent at every step: who has fallen sees nothing, and ends when the battle does."""

    def step(self, actions: Told) -> tuple[Told, Told, Told, Told, Told]:
        """Play one step; what the fallen do is ignored."""
        views, rewards, _, truncations, infos = self.env.step(actions)
        names, team, limit = self.env.possible_agents, next(iter(rewards.values())), any(truncations.values())
        seen = self.env.observation_space(names[0])
        nothing = {key: np.zeros(space.shape, space.dtype) for key, space in seen.items()}
        return (
            {name: views.get(name, nothing) for name in names},
            dict.fromkeys(names, team),
            dict.fromkeys(names, not self.env.agents and not limit),
            dict.fromkeys(names, limit),
            {name: infos.get(name, {}) for name in names},
        )


class Policy(CategoricalMixin, Model):
    """One network for all agents, which keeps to the masks."""

    def __init__(self, seen: spaces.Dict, actions: spaces.Discrete) -> None:
        Model.__init__(self, observation_space=seen, action_space=actions)
        CategoricalMixin.__init__(self)
        n_features, n_actions = spaces.flatdim(seen["observation"]), spaces.flatdim(actions)
        self.net = nn.Sequential(nn.Linear(n_features, 64), nn.ReLU(), nn.Linear(64, n_actions))

    def compute(self, inputs: Told, role: str = "") -> tuple[Tensor, Told]:
        """The logits of what can be done."""
        seen = unflatten_tensorized_space(self.observation_space, inputs["observations"])
        return self.net(seen["observation"]).masked_fill(seen["action_mask"] == 0, -1e9), {}


class Critic(DeterministicMixin, Model):
    """What the global state is worth."""

    def __init__(self, state: spaces.Box) -> None:
        Model.__init__(self, state_space=state)
        DeterministicMixin.__init__(self)
        self.net = nn.Sequential(nn.Linear(spaces.flatdim(state), 64), nn.ReLU(), nn.Linear(64, 1))

    def compute(self, inputs: Told, role: str = "") -> tuple[Tensor, Told]:
        """The value."""
        return self.net(inputs["states"]), {}


def train(run: str, scenario: str, updates: int, steps: int = 256) -> tuple[list[float], list[float]]:
    """Train a policy; returns the mean reward of a step before each update, and the critic's loss in it."""
    battle = parallel_env(map_name=scenario, seed=0, backend=partial(LearnedBackend, model=load(run)))
    names, state = battle.possible_agents, battle.state_space
    seen: Any = battle.observation_space(names[0])
    actions: Any = battle.action_space(names[0])
    networks: dict[str, Model] = {"policy": Policy(seen, actions), "value": Critic(state)}
    memories: dict[str, Memory] = {name: RandomMemory(memory_size=steps) for name in names}
    nothing: dict[str, Told] = {name: {} for name in names}  # said because skrl refuses its own defaults
    learner = MAPPO(
        possible_agents=names,
        models=dict.fromkeys(names, networks),
        memories=memories,
        observation_spaces=dict.fromkeys(names, seen),
        state_spaces=dict.fromkeys(names, state),
        action_spaces=dict.fromkeys(names, actions),
        cfg=MAPPO_CFG(
            rollouts=steps,
            experiment=ExperimentCfg(write_interval=0, checkpoint_interval=0),
            learning_rate_scheduler_kwargs=nothing,
            observation_preprocessor_kwargs=nothing,
            state_preprocessor_kwargs=nothing,
            value_preprocessor_kwargs=nothing,
        ),
    )
    env = PettingZooWrapper(TheFallenStay(battle))
    quiet = {"headless": True, "disable_progressbar": True, "close_environment_at_exit": False}
    trainer, rewards = SequentialTrainer(env=env, agents=learner, cfg={"timesteps": steps, **quiet}), list[float]()
    for _ in range(updates):
        trainer.train()
        rewards.append(float(memories[names[0]].get_tensor_by_name("rewards").mean()))
    env.close()
    return rewards, learner.tracking_data[f"Loss / Value loss ({names[-1]})"]


if __name__ == "__main__":
    number = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    found, losses = train(sys.argv[1], sys.argv[2], number)
    print("mean reward of a step, update by update:", [round(value, 3) for value in found])
    print("the critic's loss:", [round(value, 3) for value in losses])
