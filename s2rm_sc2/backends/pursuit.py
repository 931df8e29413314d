"""Enemies that have a foe before them and a free way go for it, as the game's own rules of acquisition make them.

In battles a unit hardly ever stands so for a whole step, so a model has nearly nothing to learn it from; but a dream
that draws it once finds the unit standing, holds on to that, and a policy that is trained there learns to shoot at
statues.
"""

from dataclasses import replace

import torch
from torch import Tensor

from s2rm_sc2.battle.opponent import SCAN_RANGE
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_TYPES
from s2rm_sc2.views.blows import can_strike

LEAST_SHARE = 0.25
"""Of the way that is free; who goes as much of it, wherever to, is left alone."""

FREE = 1.0
"""Cells that must be free before a unit, or as many as it still needs; who stands behind others is left alone."""

SHORT = 0.1
"""Cells by which a weapon must fall short of the foe."""

_LOST = 0.5
"""Points; who loses fewer was not hit."""


class Pursuit:
    """The bodies and weapons of all unit types, for tables on one device."""

    def __init__(self, device: torch.device) -> None:
        rows = [
            (unit.radius, unit.separation, unit.weapon.range if unit.weapon else 0.0, unit.stride)
            for unit in UNIT_TYPES
        ]
        self._radius, self._body, self._reach, self._stride = torch.tensor(rows, device=device).T

    def step(self, before: UnitTable, after: UnitTable, n_agents: int) -> UnitTable:
        """The table ``after`` ``[B, U]``, with each enemy that stands before a foe on its way to the nearest."""
        here, kinds = torch.stack([before.x, before.y], -1), before.type
        enemy, ally = here[:, n_agents:], here[:, :n_agents]
        own = kinds[:, n_agents:]
        distance = torch.cdist(enemy, ally)
        struck = can_strike(own[:, :, None], kinds[:, None, :n_agents]) & before.alive[:, None, :n_agents]
        edges = distance - self._radius[own][:, :, None] - self._radius[kinds[:, None, :n_agents]]
        edges, foe = edges.masked_fill(~struck, torch.inf).min(-1)
        way = ally.gather(1, foe[..., None].expand(-1, -1, 2)) - enemy
        way = way / way.norm(dim=-1, keepdim=True).clamp(min=1e-6)
        short = edges - self._reach[own]
        goes = torch.minimum(short, self._stride[own])
        free = self._free(before, n_agents, way, foe)
        left = torch.where(after.alive, after.health + after.shield, 0.0)
        hit = (before.health + before.shield - left)[:, n_agents:] > _LOST
        scanned = edges <= self._reach[own].clamp(min=float(SCAN_RANGE))
        moved = torch.hypot(after.x - before.x, after.y - before.y)[:, n_agents:]
        stands = moved < LEAST_SHARE * goes
        alive = (before.alive & after.alive)[:, n_agents:]
        pursues = (
            alive & (scanned | hit) & stands & torch.isfinite(short) & (short > SHORT) & (free >= goes.clamp(max=FREE))
        )
        place = enemy + torch.minimum(goes, free)[..., None] * way
        x = torch.where(pursues, place[..., 0], after.x[:, n_agents:])
        y = torch.where(pursues, place[..., 1], after.y[:, n_agents:])
        return replace(after, x=torch.cat([after.x[:, :n_agents], x], 1), y=torch.cat([after.y[:, :n_agents], y], 1))

    def _free(self, units: UnitTable, n_agents: int, way: Tensor, foe: Tensor) -> Tensor:
        """How far each enemy gets straight on before it touches another living body than its foe's, ``[B, E]``."""
        here, U = torch.stack([units.x, units.y], -1), units.x.shape[1]
        offset = here[:, None] - here[:, n_agents:, None]
        ahead = (offset * way[:, :, None]).sum(-1)
        aside = offset.square().sum(-1) - ahead.square()
        contact = (self._body[units.type[:, n_agents:, None]] + self._body[units.type[:, None]]).square()
        rows = torch.arange(U, device=here.device)
        others = (rows != rows[n_agents:, None]) & (rows != foe[..., None]) & units.alive[:, None]
        meets = others & (ahead > 0.0) & (aside < contact)
        return torch.where(meets, ahead - (contact - aside).clamp(min=0.0).sqrt(), torch.inf).amin(-1).clamp(min=0.0)
