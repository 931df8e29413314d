"""The contract of every world model here: start, observe step by step, answer queries about the next step.

The work of a step is split so that everything that does not depend on the model's memory can be done for a whole
window at once: :meth:`Predictor.encode` before the time loop, :meth:`Predictor.advance` inside it,
:meth:`Predictor.read` after it.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_TYPES

Encoded = tuple[Tensor, ...]
"""Tensors ``[B, T, ...]``: a window's views as a model's :meth:`Predictor.encode` prepared them."""


@dataclass(frozen=True)
class Observation:
    """The kept views of a step or of a window, ``[...]`` being ``[B]`` or ``[B, T]``.

    Attributes:
        place: ``[..., A, 2]``, world coordinates from which each view is taken.
        viewer: ``[..., A, F]``, the agent's own features with its action.
        entities: ``[..., U, F']``, features of the units.
        pairs: ``[..., A, U, P]``, how each unit stands to each agent.
        sees: bool ``[..., A, U]``, which units the view shows; nothing else of it is read.
        present: bool ``[..., A]``, which views there are.
    """

    place: Tensor
    viewer: Tensor
    entities: Tensor
    pairs: Tensor
    sees: Tensor
    present: Tensor


@dataclass(frozen=True)
class Queries:
    """The units asked about, one per row of the belief table.

    Attributes:
        place: ``[..., U, 2]``, world coordinates where each was last seen.
        rows: ``[..., U, F]``, what is believed of it: last-seen state, age, velocity, known action.
        pairs: ``[..., U, U, P]``, how the others are believed to stand to it.
        present: bool ``[..., U]``; other rows are not asked about and nobody may read them.
        age: ``[..., U]``, steps since it was seen.
    """

    place: Tensor
    rows: Tensor
    pairs: Tensor
    present: Tensor
    age: Tensor


@dataclass(frozen=True)
class Change:
    """A model's answer: what happens to each queried unit over one step; tensors ``[..., U]``.

    Attributes:
        dx, dy: displacement in cells.
        health, shield, energy: change in points.
        cooldown: change in game loops.
        alive: logit of being alive after the step, given what is believed before it.
    """

    dx: Tensor
    dy: Tensor
    health: Tensor
    shield: Tensor
    energy: Tensor
    cooldown: Tensor
    alive: Tensor

    def at(self, step: int) -> "Change":
        """The change of one step of a window: ``[B, T, U]`` to ``[B, U]``."""
        return Change(*(getattr(self, name)[:, step] for name in CHANGE_FIELDS))

    def apply(self, units: UnitTable) -> UnitTable:
        """The table after the change, with points kept within what the unit type can have."""
        limits = _limits(units.x.device)
        return UnitTable(
            type=units.type,
            team=units.team,
            x=units.x + self.dx,
            y=units.y + self.dy,
            health=torch.minimum((units.health + self.health).clamp(min=0.0), limits[0][units.type]),
            shield=torch.minimum((units.shield + self.shield).clamp(min=0.0), limits[1][units.type]),
            energy=torch.minimum((units.energy + self.energy).clamp(min=0.0), limits[2][units.type]),
            cooldown=(units.cooldown + self.cooldown).clamp(min=0.0),
            alive=units.alive & (self.alive > 0),
        )


CHANGE_FIELDS: tuple[str, ...] = ("dx", "dy", "health", "shield", "energy", "cooldown", "alive")


def _limits(device: torch.device) -> Tensor:
    """Greatest health, shield and energy by unit type, float32 ``[3, n_types]``."""
    rows = [[unit.health, unit.shield, unit.energy] for unit in UNIT_TYPES]
    return torch.tensor(rows, dtype=torch.float32, device=device).T


class Predictor(nn.Module, ABC):
    """A world model. Its memory is one tensor ``[B, ...]``, so that it can be stacked, saved and inspected."""

    name: str
    """How the command line and the reports call it."""

    @abstractmethod
    def start(self, batch: int) -> Tensor:
        """The memory before the first view, for ``batch`` battles."""

    @abstractmethod
    def encode(self, observation: Observation) -> Encoded:
        """Everything about a window's views ``[B, T, ...]`` that needs no memory."""

    @abstractmethod
    def advance(self, memory: Tensor, encoded: Encoded) -> Tensor:
        """The memory after one step's views; ``encoded`` holds that step only, ``[B, ...]``."""

    @abstractmethod
    def read(self, memory: Tensor, queries: Queries) -> Change:
        """What happens next to the queried units; ``memory`` is ``[B, T, ...]`` as the queries are ``[B, T, U]``."""

    def topology(self) -> dict[str, Any] | None:
        """Where the model's modules sit, for drawing: ``places`` [M, 2] cells, ``reach`` [M] cells, ``dead`` [M]."""
        return None
