"""The unit table: everything that changes in a battle, as a structure of arrays, batch first.

Row order is the same everywhere: allies first, in SMAC's agent order, then enemies. Positions are map cells,
health, shield and energy game points, cooldown game loops left.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class UnitTable:
    """A batch of battles' units; every field is a tensor ``[..., U]`` (usually ``[B, U]``).

    Attributes:
        type: int64, index into :data:`s2rm_sc2.units.UNIT_TYPES`.
        team: int64, 0 ally, 1 enemy.
        x, y: float32, map cells.
        health, shield, energy: float32, points; 0 for the dead.
        cooldown: float32, game loops until the weapon is ready.
        alive: bool.
    """

    type: Tensor
    team: Tensor
    x: Tensor
    y: Tensor
    health: Tensor
    shield: Tensor
    energy: Tensor
    cooldown: Tensor
    alive: Tensor

    def map(self, function: Callable[[Tensor], Tensor]) -> "UnitTable":
        """The table with ``function`` applied to every field."""
        return UnitTable(*(function(getattr(self, name)) for name in FIELDS))

    def clone(self) -> "UnitTable":
        """A copy that later steps of the backend do not change."""
        return self.map(torch.clone)

    def at(self, step: int) -> "UnitTable":
        """The table of one step of a window: ``[B, T, U]`` to ``[B, U]``."""
        return self.map(lambda field: field[:, step])

    def where(self, mask: Tensor, other: "UnitTable") -> "UnitTable":
        """This table in rows where ``mask`` is true, ``other`` in the rest."""
        return UnitTable(*(torch.where(mask, getattr(self, name), getattr(other, name)) for name in FIELDS))

    def __getitem__(self, index: int | slice | Tensor) -> "UnitTable":
        """The table of some battles (indexes the first dimension)."""
        return self.map(lambda field: field[index])


FIELDS: tuple[str, ...] = tuple(field.name for field in fields(UnitTable))
"""Column names of the unit table, in order."""
