"""Place queries: where to ask, how long each place has been dark, and what truly stands there."""

import numpy as np
import torch
from torch import Tensor

from s2rm_sc2.table import UnitTable
from s2rm_sc2.views import local_map
from s2rm_sc2.views.entity import WORLD_SCALE
from worldmodel.readout import MAP_CELL, MAP_CELLS
from worldmodel.windows import Windows

NEVER = -1
"""The age of a place that no kept view has covered yet."""

_NEAR = 0.75
"""Share of the places that are drawn around units; the others lie anywhere on the map."""

_SCATTER = 2.0
"""Standard deviation of a place's distance from its unit along each axis, cells."""


def draw_places(windows: Windows, steps: int, count: int, rng: np.random.Generator) -> Tensor:
    """Places to ask about at each of the first ``steps`` rows, map cells, float32 ``[N, steps, count, 2]``.

    Three in four lie around a unit that lives when the window starts (in sight or not), scattered by two cells, the
    others anywhere on the map.
    """
    units = windows.units
    n = len(units.x)
    size = windows.size[:, None, None]
    anywhere = torch.from_numpy(rng.random((n, steps, count, 2), dtype=np.float32)) * size
    weights = np.where(units.alive[:, 0].numpy(), rng.random((steps, count, *units.alive[:, 0].shape)), -1.0)
    chosen = torch.from_numpy(weights.argmax(-1)).permute(2, 0, 1)
    scatter = torch.from_numpy(rng.standard_normal((n, steps, count, 2), dtype=np.float32)) * _SCATTER
    at = torch.stack([units.x[:, :steps].gather(2, chosen), units.y[:, :steps].gather(2, chosen)], dim=-1)
    return torch.where(torch.from_numpy(rng.random((n, steps, count, 1)) < _NEAR), at + scatter, anywhere)


def darkness(windows: Windows, keep: Tensor, places: Tensor) -> Tensor:
    """Steps since each place was last covered by a kept view, int64 ``[N, T, Q]``: 0 in sight now, -1 never.

    Args:
        windows: at least T rows.
        keep: bool ``[N, R, A]``.
        places: float32 ``[N, T, Q, 2]``, map cells.
    """
    steps, agents = places.shape[1], keep.shape[-1]
    units = windows.units
    watching = keep[:, :steps] & units.alive[:, :steps, :agents]
    x, y = units.x[:, :steps, :agents], units.y[:, :steps, :agents]
    age = torch.full(places.shape[:3], NEVER, device=places.device)
    for s in range(steps):  # views of row s cover places asked about at row s and later
        dx = places[:, s:, :, None, 0] - x[:, s, None, None, :]
        dy = places[:, s:, :, None, 1] - y[:, s, None, None, :]
        inside = dx * dx + dy * dy < windows.sight[:, None, None, :].square()
        covered = (inside & watching[:, s, None, None, :]).any(dim=-1)
        since = torch.arange(steps - s, device=places.device).view(1, -1, 1)
        age[:, s:] = torch.where(covered, since, age[:, s:])
    return age


def true_maps(units: UnitTable, places: Tensor) -> Tensor:
    """The local maps asked for, float32 ``[N, T, Q, C, n, n]``, from tables ``[N, T, U]`` and places in cells."""
    flat = units.map(lambda field: field.flatten(0, 1))
    x, y = places.flatten(0, 1).unbind(dim=-1)
    maps = local_map(flat, x, y, MAP_CELLS, MAP_CELL)
    return maps.reshape(*places.shape[:2], *maps.shape[1:])


def world(places: Tensor) -> Tensor:
    """Map cells in world coordinates, as tokens have them."""
    return places / WORLD_SCALE - 1.0
