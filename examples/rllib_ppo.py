"""PPO by RLlib, one policy for all agents, on the PettingZoo environment over a dream.

``python examples/rllib_ppo.py runs/mine 3s5z``; needs ``pip install 'ray[rllib]'``.
"""

import sys
from functools import partial
from typing import Any

from gymnasium import Env
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.connectors.env_to_module import FlattenObservations
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.tune.registry import register_env

from s2rm_sc2.backends.learned import LearnedBackend
from s2rm_sc2.envs.parallel import parallel_env
from worldmodel.simulator import load


def made(run: str, scenario: str) -> ParallelPettingZooEnv:
    """The environment as RLlib takes it; it sees masks as part of what is observed, and what cannot be done is stop."""
    return ParallelPettingZooEnv(parallel_env(map_name=scenario, backend=partial(LearnedBackend, model=load(run))))


def flatten(env: Env[Any, Any], spaces: Any = None, device: Any = None) -> FlattenObservations:  # noqa: ANN401
    """Observation and mask in a row, as RLlib's default networks want them."""
    return FlattenObservations(multi_agent=True)


def train(run: str, scenario: str, iterations: int, steps: int = 512) -> list[float]:
    """Train a policy; returns the mean return of each iteration's episodes."""
    register_env("dream", lambda _: made(run, scenario))
    config = (
        PPOConfig()
        .environment("dream")
        .multi_agent(policies={"shared"}, policy_mapping_fn=lambda agent, episode, **_: "shared")
        .env_runners(num_env_runners=0, env_to_module_connector=flatten)
        .training(train_batch_size_per_learner=steps, minibatch_size=256, num_epochs=4, lr=1e-3)
    )
    algorithm = config.build_algo()
    found = [float(algorithm.train()["env_runners"].get("episode_return_mean", "nan")) for _ in range(iterations)]
    algorithm.stop()
    return found


if __name__ == "__main__":
    number = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    print(
        "mean returns, iteration by iteration:", [round(value, 3) for value in train(sys.argv[1], sys.argv[2], number)]
    )
