"""The networks of a policy: TorchRL's multi-agent MLP, its parameters shared by all agents."""

import torch
from torch import Tensor, nn
from torchrl.modules import MultiAgentMLP

from s2rm_sc2.envs.batched import BatchedBattles


class AgentNetwork(nn.Module):
    """What each agent makes of what it sees: a number for every action (logits, or values).

    Agents share the parameters and are told which of them they are.
    """

    def __init__(self, battles: BatchedBattles, width: int) -> None:
        super().__init__()
        A, views = battles.scenario.n_agents, battles.views
        self.number: Tensor
        self.register_buffer("number", torch.eye(A), persistent=False)
        self.net = _shared(views.obs_size + A, views.n_actions, A, width, last=0.01)

    def forward(self, observation: Tensor) -> Tensor:
        """Observations ``[..., A, obs]`` to ``[..., A, actions]``."""
        number = self.number.expand(*observation.shape[:-1], -1)
        return self.net(torch.cat([observation, number], -1))  # type: ignore[no-any-return]


class Critic(nn.Module):
    """The value of a global state for the team."""

    def __init__(self, battles: BatchedBattles, width: int) -> None:
        super().__init__()
        self.net = _shared(battles.views.state_size, 1, 1, width, last=1.0)

    def forward(self, state: Tensor) -> Tensor:
        """States ``[..., state]`` to ``[..., 1]``."""
        return self.net(state[..., None, :])[..., 0, :]  # type: ignore[no-any-return]


def _shared(inputs: int, outputs: int, agents: int, width: int, last: float) -> nn.Module:
    """Two hidden layers, orthogonal weights; those of the last layer small where choices shall begin undecided."""
    net: nn.Module = MultiAgentMLP(
        inputs,
        outputs,
        agents,
        centralized=False,
        share_params=True,
        depth=2,
        num_cells=width,
        activation_class=nn.ReLU,
    )
    weights = [parameter for parameter in net.parameters() if parameter.dim() > 1]
    for parameter in net.parameters():
        if parameter.dim() > 1:
            nn.init.orthogonal_(parameter, last if parameter is weights[-1] else 2**0.5)
        else:
            nn.init.zeros_(parameter)
    return net


def masked(scores: Tensor, mask: Tensor) -> Tensor:
    """Scores ``[..., actions]`` with minus infinity where an action is unavailable."""
    return scores.masked_fill(~mask, -torch.inf)


def drawn(probabilities: Tensor, numbers: Tensor) -> Tensor:
    """An action for each uniform number ``[...]`` by the probabilities ``[..., actions]``; never one that has none."""
    passed = probabilities.cumsum(-1)
    total = passed[..., -1:]
    # What makes the sum whole is the last action that can be drawn, whatever rounding makes of the number.
    return ((passed <= numbers[..., None] * total) & (passed < total)).sum(-1)
