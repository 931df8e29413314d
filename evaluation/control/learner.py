"""What every algorithm is to a training: something that plays a rollout, learns from it, and can be saved."""

from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from evaluation.control import saved
from evaluation.control.experience import Experience, Rollout
from evaluation.control.mappo import Mappo
from evaluation.control.networks import AgentNetwork
from evaluation.control.qmix import Qmix
from evaluation.control.settings import Settings
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.seeds import number
from worldmodel.checkpoint import restore_optimizer


class Learner(Protocol):
    """An algorithm at work.

    Attributes:
        agents: the policy; it plays the action with the largest number.
        modules: all that learns, by name.
        optimizer: of all of it.
    """

    agents: AgentNetwork
    modules: dict[str, nn.Module]
    optimizer: torch.optim.Optimizer

    def begin(self) -> None:
        """A stage begins: whatever was played before it is forgotten."""
        ...

    def learn(self, experience: Experience, generator: torch.Generator, done: float) -> Rollout:
        """Play a rollout and learn from it.

        Args:
            experience: the battles.
            generator: of all random numbers.
            done: share of the training that lies behind, 0 to 1.
        """
        ...


def learner(battles: BatchedBattles, settings: Settings, seed: int) -> Learner:
    """The algorithm with fresh weights, which depend on the seed alone."""
    torch.manual_seed(number(seed, "policy") % 2**63)
    return Mappo(battles, settings) if settings.algorithm == "mappo" else Qmix(battles, settings)


def tensors(learner: Learner) -> dict[str, Tensor]:
    """All that a training needs to go on alike."""
    found = {
        f"{name}/{key}": value for name, part in learner.modules.items() for key, value in saved.weights(part).items()
    }
    for index, state in learner.optimizer.state_dict()["state"].items():
        found |= {f"optimizer/{index}/{key}": torch.as_tensor(value) for key, value in state.items()}
    return {name: value.detach().cpu().clone().contiguous() for name, value in found.items()}


def restore(learner: Learner, found: dict[str, Tensor], where: Path) -> None:
    """Put back what :func:`tensors` gave.

    Raises:
        CheckpointBroken: it does not fit the learner.
    """
    for name, part in learner.modules.items():
        saved.fill(part, {key.removeprefix(f"{name}/"): value for key, value in found.items()}, where)
    restore_optimizer(learner.optimizer, found, where)
