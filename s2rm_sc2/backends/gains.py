"""The most that units can regain in a step: what they regenerate, and what healers in reach give."""

import torch
from torch import Tensor

from s2rm_sc2.backends.blows import BEND, nearest
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import LOOPS_PER_SECOND, LOOPS_PER_STEP, SHIELD_REGENERATION, UNIT_TYPES

SECONDS = LOOPS_PER_STEP / LOOPS_PER_SECOND
"""Game seconds in a step."""


class Gains:
    """Regeneration and healing, for tables on one device.

    Args:
        device: of the tables.
        heals: whether anybody heals; if not, who comes near to whom need not be asked.
    """

    def __init__(self, device: torch.device, heals: bool) -> None:
        self._heals = heals
        own = [
            [unit.regeneration, SHIELD_REGENERATION * (unit.shield > 0.0), unit.energy_regeneration]
            for unit in UNIT_TYPES
        ]
        self._own = SECONDS * torch.tensor(own, device=device).T
        known = [unit.heal for unit in UNIT_TYPES]
        healers = [[heal.rate * SECONDS, heal.range, heal.energy_per_health] if heal else [0.0] * 3 for heal in known]
        self._rate, self._reach, self._cost = torch.tensor(healers, device=device).T
        self._radius = torch.tensor([unit.radius for unit in UNIT_TYPES], device=device)
        self._patient = torch.tensor([unit.can_be_healed for unit in UNIT_TYPES], device=device)

    def most(self, before: UnitTable, after: UnitTable) -> Tensor:
        """Health, shield and energy that each unit can gain at most, float32 ``[3, B, U]``.

        A shield that was hit lately regains nothing, and a healer heals one at a time; neither is in the table, so
        the most is what could be. A medivac's heal ends with its energy, of which it gains some in the step.

        Args:
            before: the table ``[B, U]``.
            after: where the units are at the end of the step.
        """
        kinds, own = before.type, self._own[:, before.type]
        if not self._heals:
            return own
        reach = self._reach[kinds] + self._radius[kinds]
        near = nearest(before, after) <= reach[:, :, None] + self._radius[kinds][:, None] + BEND
        near = near & (before.team[:, :, None] == before.team[:, None]) & self._patient[kinds][:, None]
        near = near & ~torch.eye(kinds.shape[1], dtype=torch.bool, device=kinds.device)
        lasts = (before.energy + own[2]) / self._cost[kinds].clamp(min=1e-6)
        gives = torch.minimum(self._rate[kinds], lasts) * before.alive
        healed = (near * gives[:, :, None]).sum(1)
        return torch.stack([own[0] + healed, own[1], own[2]])
