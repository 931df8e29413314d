"""Square frames of knots on the ground: local frames of modules, bins of local maps."""

import torch
from torch import Tensor

from s2rm_sc2.views.entity import WORLD_SCALE


def knots_around(middles: Tensor, knots: int, spacing: Tensor | float) -> Tensor:
    """The knots of frames around ``[..., K, 2]``, world coordinates ``[..., K * knots², 2]``."""
    steps = (torch.arange(knots, device=middles.device) - (knots - 1) / 2) * (spacing / WORLD_SCALE)
    return (middles.unsqueeze(-2) + torch.cartesian_prod(steps, steps)).flatten(-3, -2)


def corners(offsets: Tensor, knots: int, spacing: Tensor | float) -> tuple[Tensor, Tensor]:
    """The four knots of a square frame around an offset, and its bilinear weights there (0 outside the frame).

    Args:
        offsets: ``[..., 2]``, world coordinates, from the frame's middle.
        knots: n, along a side.
        spacing: cells between two of them.

    Returns:
        Distinct knots, int64 ``[..., 4]`` below n², and weights ``[..., 4]``.
    """
    at = offsets * (WORLD_SCALE / spacing) + (knots - 1) / 2
    low = at.floor().clamp(0, knots - 2)
    high = (1.0 - (at - low - 1.0).abs()).clamp(min=0.0)
    x, y = torch.stack([(1.0 - (at - low).abs()).clamp(min=0.0), high], dim=-1).unbind(dim=-2)
    first = (low[..., 0] * knots + low[..., 1]).long()
    index = first.unsqueeze(-1) + torch.tensor([0, 1, knots, knots + 1], device=offsets.device)
    return index, (x.unsqueeze(-1) * y.unsqueeze(-2)).flatten(-2)
