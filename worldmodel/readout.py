"""The readout of unit queries, and the loss of what it predicts."""

import torch
from torch import Tensor, nn

from s2rm_sc2.table import UnitTable
from worldmodel.contract import CHANGE_FIELDS, Change

# What one unit of the network's output means, in the units of `Change`.
_SCALES = {"dx": 1.0, "dy": 1.0, "health": 10.0, "shield": 10.0, "energy": 5.0, "cooldown": 8.0, "alive": 1.0}
_WEIGHTS = {"dx": 1.0, "dy": 1.0, "health": 1.0, "shield": 1.0, "energy": 0.1, "cooldown": 0.2}

_AGE_GAIN = 0.25
"""Share by which the size of a predicted change grows with each step that a unit has been out of sight."""

_ALIVE_PRIOR = 4.0
"""Logit added to the network's: a unit usually survives a step (98 %)."""

_SMOOTH = 0.1
_HIDDEN_WEIGHT = 0.25


class Readout(nn.Module):
    """What the modules say about a place, and the query there, to the change over the next step."""

    def __init__(self, memory: int, query: int, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(memory + query, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, len(CHANGE_FIELDS)),
        )

    def forward(self, memory: Tensor, query: Tensor, age: Tensor) -> Change:
        """The change of each queried unit from what was read at its place ``[..., U, G]`` and its embedding."""
        out = self.net(torch.cat([memory, query], dim=-1))
        gain = 1.0 + _AGE_GAIN * age.clamp(max=20.0)
        fields = {name: out[..., i] * _SCALES[name] * gain for i, name in enumerate(CHANGE_FIELDS)}
        fields["alive"] = out[..., -1] + _ALIVE_PRIOR
        return Change(**fields)


def step_loss(change: Change, believed: UnitTable, target: UnitTable, counted: Tensor, visible: Tensor) -> Tensor:
    """Loss of one predicted step: smooth L1 on the state of survivors, cross entropy on being alive.

    Hidden units, few and much harder, are averaged apart and weigh a quarter of the visible ones.

    Args:
        change: the prediction ``[..., U]``.
        believed: the table it starts from.
        target: the true table a step later.
        counted: bool, rows that were asked about and whose truth is known.
        visible: bool, rows in sight when asked.
    """
    losses = nn.functional.binary_cross_entropy_with_logits(
        change.alive, target.alive.to(change.alive.dtype), reduction="none"
    )
    survivors = torch.zeros_like(losses)
    for name, weight in _WEIGHTS.items():
        field = {"dx": "x", "dy": "y"}.get(name, name)
        wanted = (getattr(target, field) - getattr(believed, field)) / _SCALES[name]
        got = getattr(change, name) / _SCALES[name]
        survivors = survivors + weight * nn.functional.smooth_l1_loss(got, wanted, beta=_SMOOTH, reduction="none")
    losses = losses + torch.where(target.alive, survivors, 0.0)
    return _mean(losses, counted & visible) + _HIDDEN_WEIGHT * _mean(losses, counted & ~visible)


def _mean(losses: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask, losses, 0.0).sum() / mask.sum().clamp(min=1)
