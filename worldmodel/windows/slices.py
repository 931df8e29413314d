"""A batch of windows: fixed-length slices of recorded episodes with masks for what is not there."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from s2rm_sc2.table import UnitTable


@dataclass(frozen=True)
class Windows:
    """N slices of R consecutive rows; row r holds what was seen then and the action taken then.

    Scenarios of different size share a batch: agents occupy the first A rows of the unit dimension, enemies the
    next ones, and rows that a scenario lacks are never alive, never seen and no agents.

    Attributes:
        units: the true table, ``[N, R, U]``.
        actions: int64 ``[N, R, A]``.
        sees: bool ``[N, R, A, U]``, what each agent's view shows.
        valid: bool ``[N, R]``, rows before the episode's end.
        agents: bool ``[N, A]``, rows that are agents of the scenario.
        sight: float32 ``[N, A]``, how far each agent sees, cells.
        size: float32 ``[N, 2]``, width and height of the map, cells.
        reward: float32 ``[N, R]``, what the action of each row brought.
        terminated: bool ``[N, R]``, the action of this row decided the battle.
        origins: int64 ``[N, 3]``: store, episode, row of the episode where each window starts.
    """

    units: UnitTable
    actions: Tensor
    sees: Tensor
    valid: Tensor
    agents: Tensor
    sight: Tensor
    size: Tensor
    reward: Tensor
    terminated: Tensor
    origins: Tensor

    def to(self, device: torch.device) -> "Windows":
        """The same windows on a device."""
        units = self.units.map(lambda field: field.to(device))
        rest = {field.name: getattr(self, field.name).to(device) for field in fields(self) if field.name != "units"}
        return Windows(units=units, **rest)
