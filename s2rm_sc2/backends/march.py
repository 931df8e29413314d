"""Enemies that no agent has seen yet: they follow the order that the scenario gives them, as the engine's do.

A world model learns from views, so it can know nothing of them. With all views kept and a sight of 9 cells they are
too far away to fight.
"""

import torch
from torch import Tensor

from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_TYPES


class March:
    """The orders of one scenario's enemies, for tables on one device.

    They walk in a straight line at full speed; the bounds lead them along walls. Where the order draws a point on a
    segment, they walk to its middle; where they hunt, to the nearest agent.
    """

    def __init__(self, scenario: Scenario, device: torch.device) -> None:
        kind, points = scenario.order.kind, scenario.order.points
        self._n_agents, self._hunts, self._stands = scenario.n_agents, kind == "units", kind == "none"
        of_groups = [number for number, group in enumerate(scenario.enemies) for _ in range(group.count)]
        middle = torch.tensor(points or ((0.0, 0.0),)).mean(0)
        goals = (
            torch.tensor([points[group] for group in of_groups])
            if kind == "groups"
            else middle.expand(scenario.n_enemies, 2)
        )
        self._goals = goals.to(device)
        self._stride = torch.tensor([unit.stride for unit in UNIT_TYPES], device=device)

    def step(self, before: UnitTable, after: UnitTable, asked: Tensor) -> UnitTable:
        """The table ``after`` with the living enemies that are not ``asked`` about (bool ``[B, U]``) a step further."""
        if self._stands:
            return after
        A = self._n_agents
        here = torch.stack([before.x, before.y], -1)
        goal = self._nearest(before, here) if self._hunts else self._goals
        way = goal - here[:, A:]
        share = (self._stride[before.type[:, A:]] / way.norm(dim=-1).clamp(min=1e-6)).clamp(max=1.0)
        walks = (before.alive & ~asked)[:, A:, None]
        place = torch.where(walks, here[:, A:] + share[..., None] * way, torch.stack([after.x, after.y], -1)[:, A:])
        x, y = torch.cat([after.x[:, :A], place[..., 0]], 1), torch.cat([after.y[:, :A], place[..., 1]], 1)
        return UnitTable(
            after.type, after.team, x, y, after.health, after.shield, after.energy, after.cooldown, after.alive
        )

    def _nearest(self, units: UnitTable, here: Tensor) -> Tensor:
        """The place of the living agent nearest to each enemy, ``[B, E, 2]``."""
        A = self._n_agents
        distance = torch.cdist(here[:, A:], here[:, :A]).masked_fill(~units.alive[:, None, :A], torch.inf)
        return here.gather(1, distance.argmin(-1, keepdim=True).expand(-1, -1, 2))
