"""What was last seen, as clouds: where each remembered unit may be after the next step, if it is still there at all.

Units around a place are counted by Poisson rates, and rates add up: those of the clouds, each spread over the bins of
the local map, and whatever else a model expects there.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from s2rm_sc2.views.entity import WORLD_SCALE
from s2rm_sc2.views.local_map import UNIT_CHANNELS
from worldmodel.contract import LocalMap
from worldmodel.last_seen import LastSeen
from worldmodel.readout import MAP_CELL, MAP_CELLS

KINDS = len(UNIT_CHANNELS)

_AGES = (0.0, 1.0, 3.0, 7.0)
"""Ages in steps at which what is remembered is told apart, beside their logarithm."""

_SPREAD, _GROWTH = 0.7, 0.3
"""Standard deviation in cells that an untrained cloud starts with, and by how much it grows with every step."""

_TAIL = 3.0
"""Standard deviations at which a cloud is cut off."""


class Clouds(nn.Module):
    """A normal distribution per remembered token, its drift, spread and odds of being there told by a small network.

    Args:
        width: features of a remembered token's encoding; its kind follows them, one-hot by team and type.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(width + len(_AGES) + 1, 32), nn.ReLU(), nn.Linear(32, 6))
        self.width = width

    def added(self, answer: LocalMap, memory: LastSeen, place: Tensor) -> LocalMap:
        """An answer to which the clouds are added; arguments as :meth:`forward`."""
        rates, points = self(memory, place)
        return LocalMap(torch.logaddexp(answer.log_rates, rates.clamp(min=1e-9).log()), answer.points + points)

    def forward(self, memory: LastSeen, place: Tensor) -> tuple[Tensor, Tensor]:
        """What the clouds add to the local maps around places.

        Args:
            memory: remembered tokens ``[B, T, S]``.
            place: ``[B, T, Q, 2]``, world coordinates.

        Returns:
            Rates ``[..., Q, K, n, n]`` and health and shield ``[..., Q, 2, n, n]``, all 0 where no cloud is near.
        """
        ages = torch.tensor(_AGES, device=place.device)
        age = memory.age.unsqueeze(-1)
        told = self.net(torch.cat([memory.content[..., : self.width], age <= ages, torch.log1p(age)], dim=-1))
        at = memory.place * WORLD_SCALE + told[..., :2] * (1.0 + age)
        spread = softplus(told[..., 2] + 0.5413) * (_SPREAD + _GROWTH * memory.age)
        there = torch.sigmoid(told[..., 3] + 2.0)
        points = torch.sigmoid(told[..., 4:])

        offsets = at.unsqueeze(-3) - place.unsqueeze(-2) * WORLD_SCALE
        reach = MAP_CELLS * MAP_CELL / 2 + _TAIL * spread.unsqueeze(-2)
        near = (offsets.detach().abs().amax(dim=-1) < reach.detach()) & memory.kept.unsqueeze(-2)
        battle, step, query, slot = near.nonzero(as_tuple=True)  # most of what is remembered is far away
        edges = (torch.arange(MAP_CELLS + 1, device=place.device) - MAP_CELLS / 2) * MAP_CELL
        scaled = (edges - offsets[battle, step, query, slot].unsqueeze(-1)) / spread[battle, step, slot, None, None]
        x, y = torch.special.ndtr(scaled).diff(dim=-1).unbind(dim=-2)
        mass = (x.unsqueeze(-1) * y.unsqueeze(-2)).flatten(-2) * there[battle, step, slot, None]

        maps = (battle * near.shape[1] + step) * near.shape[2] + query
        kind = memory.content[..., self.width :].argmax(dim=-1)[battle, step, slot]
        bins, count = (*near.shape[:-1], -1, MAP_CELLS, MAP_CELLS), near[..., 0].numel()
        rates = mass.new_zeros(count * KINDS, MAP_CELLS**2).index_add(0, maps * KINDS + kind, mass)
        shares = (points[battle, step, slot].unsqueeze(-1) * mass.unsqueeze(-2)).flatten(1)
        return rates.reshape(bins), mass.new_zeros(count, shares.shape[-1]).index_add(0, maps, shares).reshape(bins)
