"""MAPPO by TorchRL's own means, on its environment over a batch of dreams.

``python examples/torchrl_mappo.py runs/mine 3s5z``; needs ``pip install 's2rm-sc2[marl]'``.
"""

import sys

import torch
from tensordict.nn import TensorDictModule
from torchrl.collectors import Collector
from torchrl.modules import MaskedCategorical, MultiAgentMLP, ProbabilisticActor
from torchrl.objectives import ClipPPOLoss, ValueEstimators

from s2rm_sc2.backends.learned import LearnedBackend
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.envs.torchrl import GROUP, BattlesEnv
from s2rm_sc2.scenarios import get
from worldmodel.simulator import load


def train(run: str, name: str, updates: int, battles: int = 32, steps: int = 16) -> list[float]:
    """Train a policy; returns the mean reward of a step in each batch."""
    scenario = get(name)
    env = BattlesEnv(BatchedBattles(scenario, battles, LearnedBackend(scenario, battles, load(run))))
    views, agents = env.battles.views, scenario.n_agents
    sizes = {"depth": 2, "num_cells": 64}
    actor = ProbabilisticActor(
        TensorDictModule(
            MultiAgentMLP(views.obs_size, views.n_actions, agents, centralized=False, share_params=True, **sizes),
            in_keys=[(GROUP, "observation")],
            out_keys=[(GROUP, "logits")],
        ),
        in_keys={"logits": (GROUP, "logits"), "mask": (GROUP, "action_mask")},
        out_keys=[(GROUP, "action")],
        distribution_class=MaskedCategorical,
        return_log_prob=True,
        log_prob_key=(GROUP, "sample_log_prob"),
    )
    critic = TensorDictModule(
        MultiAgentMLP(views.obs_size, 1, agents, centralized=True, share_params=True, **sizes),
        in_keys=[(GROUP, "observation")],
        out_keys=[(GROUP, "state_value")],
    )
    loss = ClipPPOLoss(actor, critic, normalize_advantage=True)
    loss.set_keys(
        reward=(GROUP, "reward"), action=(GROUP, "action"), value=(GROUP, "state_value"),
        sample_log_prob=(GROUP, "sample_log_prob"), done=(GROUP, "done"), terminated=(GROUP, "terminated"),
    )  # fmt: skip
    loss.make_value_estimator(ValueEstimators.GAE, gamma=0.99, lmbda=0.95)
    optimizer, rewards = torch.optim.Adam(loss.parameters(), lr=1e-3), []
    collected = Collector(env, actor, frames_per_batch=battles * steps, total_frames=updates * battles * steps)
    for batch in collected:
        for key in ("done", "terminated"):  # the loss wants every agent's own
            batch["next", GROUP, key] = batch["next", key].unsqueeze(-1).expand_as(batch["next", GROUP, "reward"])
        with torch.no_grad():
            loss.value_estimator(batch)
        for _ in range(4):
            losses = loss(batch)
            optimizer.zero_grad()
            (losses["loss_objective"] + losses["loss_critic"] + losses["loss_entropy"]).backward()
            optimizer.step()
        rewards.append(float(batch["next", GROUP, "reward"].mean()))
    collected.shutdown()
    return rewards


if __name__ == "__main__":
    number = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    print(
        "mean reward of a step, batch by batch:", [round(value, 3) for value in train(sys.argv[1], sys.argv[2], number)]
    )
