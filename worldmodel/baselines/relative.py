"""Attention between units that knows how each stands to the other: a bias in the logits, and values of its own."""

import torch
from torch import Tensor, nn

from s2rm_sc2.views.entity import DISTANCE_SCALE, WORLD_SCALE

OFFSET_WIDTH = 6
"""Columns of :func:`offsets`."""


def offsets(place: Tensor) -> Tensor:
    """How places ``[..., U, 2]`` (world coordinates) lie to each other, ``[..., U, U, OFFSET_WIDTH]``.

    Offset and distance in sight ranges, nearness 1 / (1 + cells), direction: the columns that need nothing but places
    of what the entity view says of pairs.
    """
    cells = (place.unsqueeze(-3) - place.unsqueeze(-2)) * WORLD_SCALE
    distance = (cells.square().sum(dim=-1, keepdim=True) + 1e-6).sqrt()
    return torch.cat([cells / DISTANCE_SCALE, distance / DISTANCE_SCALE, 1 / (1 + distance), cells / distance], dim=-1)


class RelativeAttention(nn.Module):
    """Softmax attention of units to each other; a unit that is not shown gives nothing."""

    def __init__(self, width: int, pairs: int, heads: int, head_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * heads * head_width)
        self.bias = nn.Linear(pairs, heads, bias=False)
        self.out = nn.Linear(heads * (head_width + pairs), width)

    def forward(self, units: Tensor, pairs: Tensor, shown: Tensor) -> Tensor:
        """``[..., U, W]`` from units ``[..., U, W]``, pairs ``[..., U, U, P]`` and bool ``[..., U]``."""
        query, key, value = self.project(units).unflatten(-1, (3, self.heads, -1)).transpose(-4, -2).unbind(-3)
        logits = query @ key.transpose(-1, -2) / key.shape[-1] ** 0.5 + self.bias(pairs).movedim(-1, -3)
        there = shown[..., None, None, :]
        weights = logits.masked_fill(~there, -1e9).softmax(dim=-1) * there
        content = (weights @ value).transpose(-2, -3)
        relation = weights.transpose(-2, -3) @ pairs
        attended: Tensor = self.out(torch.cat([content, relation], dim=-1).flatten(-2))
        return attended
