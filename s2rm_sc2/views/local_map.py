"""A small map of what is around a place: how many units of each team and type, and how healthy they are."""

import torch
from torch import Tensor

from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_NAMES, UNIT_TYPES

UNIT_CHANNELS: tuple[str, ...] = tuple(f"{team}_{name}" for team in ("ally", "enemy") for name in UNIT_NAMES)
"""Channels that count units: living ones by team and type."""

LOCAL_MAP_CHANNELS: tuple[str, ...] = (*UNIT_CHANNELS, "health", "shield")
"""All channels; health and shield are sums of shares of full over the living units of both teams."""


def local_map(units: UnitTable, x: Tensor, y: Tensor, cells: int, cell_size: float) -> Tensor:
    """The living units around any places, binned.

    A map is a square of ``cells * cell_size`` cells of the battle's map, centred on its place. Units on a
    boundary between two bins count in the eastern or northern one; units outside the square do not count.

    Args:
        units: the table ``[B, U]``.
        x, y: the places, float32 ``[B, Q]``, map cells.
        cells: bins along a side.
        cell_size: side of one bin, map cells.

    Returns:
        float32 ``[B, Q, C, cells, cells]``; C as :data:`LOCAL_MAP_CHANNELS`, then west to east, then south to
        north (indexed ``[x, y]`` as a terrain is).
    """
    column = torch.floor((units.x[:, None] - x[..., None]) / cell_size + cells / 2).long()
    row = torch.floor((units.y[:, None] - y[..., None]) / cell_size + cells / 2).long()
    inside = (column >= 0) & (column < cells) & (row >= 0) & (row < cells) & units.alive[:, None]
    place = (column * cells + row).masked_fill(~inside, cells * cells)
    bins = torch.arange(cells * cells, device=units.x.device)
    occupied = (place[..., None] == bins).float()
    maps = torch.einsum("bquk,buc->bqck", occupied, _features(units))
    return maps.reshape(*maps.shape[:3], cells, cells)


def _features(units: UnitTable) -> Tensor:
    """What one unit adds to its bin: float32 ``[B, U, C]``."""
    device = units.x.device
    full = torch.tensor([[unit.health, unit.shield or 1.0] for unit in UNIT_TYPES], device=device)[units.type]
    kinds = units.team * len(UNIT_NAMES) + units.type
    counts = kinds[..., None] == torch.arange(len(UNIT_CHANNELS), device=device)
    points = torch.stack([units.health, units.shield], -1) / full
    return torch.cat([counts.float(), points], -1)
