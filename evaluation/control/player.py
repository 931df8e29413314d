"""A trained policy as one that plays: greedily when it is judged, with some random actions when it collects."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from collectors.policies import Policy
from evaluation.control import saved
from evaluation.control.networks import AgentNetwork, drawn, masked
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario

NAME = "learned"
"""What stores call the policy."""


@dataclass(frozen=True)
class Learned(Policy):
    """Each agent does what its network values most; a share epsilon of its actions is random instead.

    Attributes:
        network: of all agents; its weights may still be learning.
    """

    network: AgentNetwork | None = None

    @torch.no_grad()
    def act(self, battles: BatchedBattles, scripts: Sequence[str], epsilon: Tensor, draws: Tensor) -> Tensor:
        """Documented at :meth:`collectors.policies.Policy.act`."""
        assert self.network is not None
        mask = battles.available_actions()
        best = masked(self.network(battles.observation()), mask).argmax(-1)
        random = drawn(mask / mask.sum(-1, keepdim=True), draws[:, 1].float())
        return torch.where(draws[:, 0] < epsilon[:, None], random, best)


def playing(network: AgentNetwork, highest: float = 0.0) -> Learned:
    """The network as a policy; ``highest`` is that of :class:`collectors.policies.Policy`."""
    return Learned(NAME, (NAME,), highest, network)


def load(path: Path, scenario: Scenario, highest: float = 0.0) -> Learned:
    """The policy in a file that :mod:`evaluation.control.training` wrote.

    Raises:
        CheckpointMissing, CheckpointBroken: there is none, or it cannot be read.
        BadArgument: it was trained for another scenario.
    """
    header, found = saved.read(path)
    if header.get("scenario") != scenario.name:
        raise BadArgument(f"The policy in {path} plays {header.get('scenario')}, not {scenario.name}.")
    network = AgentNetwork(BatchedBattles(scenario, 1), int(header["width"]))
    saved.fill(network, found, path)
    return playing(network, highest)
