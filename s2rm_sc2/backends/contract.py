"""What a backend must do: own the unit table of a batch of battles of one scenario, and change it.

Beside it, what the learned backend needs of a world model.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable


class Backend(Protocol):
    """Whoever changes the unit table: the embedded engine, StarCraft II, or a learned model.

    Attributes:
        scenario: what is fought.
        n_battles: B, the number of battles side by side.
        repeatable: whether a seed and orders decide a battle: given again, they play it again.
    """

    scenario: Scenario
    n_battles: int
    repeatable: bool

    @property
    def units(self) -> UnitTable:
        """The table ``[B, U]`` as it stands. It is live: ``clone()`` what must survive the next step."""
        ...

    def reset(self, seeds: Sequence[int], battles: Sequence[int] | None = None) -> None:
        """Start battles anew, one seed each (64-bit); ``battles`` are their indices, all by default."""
        ...

    def step(self, actions: Tensor, active: Tensor | None = None) -> None:
        """Play one environment step (8 game loops).

        Args:
            actions: int64 ``[B, A]``, SMAC's action numbers; they must be available.
            active: bool ``[B]``; battles that are False stand still. All play by default.
        """
        ...

    def describe(self) -> dict[str, str]:
        """Name and versions, as a store records them."""
        ...

    def close(self) -> None:
        """Release what the backend holds; closing twice is allowed."""
        ...


BackendMaker = Callable[[Scenario, int], Backend]
"""Makes the backend of so many battles of a scenario: a backend's class, or a ``functools.partial`` with keywords."""

Mind = tuple[Tensor, ...]
"""What a world model carries from step to step beside the table, tensors ``[B, ...]`` that only it can read."""


class Foretold(Protocol):
    """What a world model says that one step brings to the units of a table ``[B, U]``; bounds are the backend's."""

    @property
    def asked(self) -> Tensor:
        """Bool ``[B, U]``, the units it speaks of; it leaves others as they are. Enemies never seen follow orders."""
        ...

    def expected(self, units: UnitTable) -> UnitTable:
        """The table with what happens on average."""
        ...

    def drawn(self, units: UnitTable, draws: Tensor) -> UnitTable:
        """One of the tables that may follow, by uniform numbers between 0 and 1, float32 ``[B, U, draws]``."""
        ...


class WorldModel(Protocol):
    """A model of battles that the learned backend can play with; ``worldmodel.simulator`` has ours.

    What it says of a battle must not depend on the battles beside it.

    Attributes:
        device: where its tensors are.
        unit_types: names of the types it has learned about.
        draws: uniform numbers that it takes for each unit and step.
    """

    @property
    def device(self) -> torch.device: ...  # noqa: D102 - documented above

    @property
    def unit_types(self) -> frozenset[str]: ...  # noqa: D102

    @property
    def draws(self) -> int: ...  # noqa: D102

    def begin(self, units: UnitTable, sight: Tensor, keep: Tensor) -> Mind:
        """The mind before the first step of battles.

        Args:
            units: how they stand, ``[B, U]``.
            sight: float32 ``[B, A]``, how far each agent sees, cells.
            keep: bool ``[B, A]``, whose views and actions the model gets.
        """
        ...

    def foresee(self, mind: Mind, units: UnitTable, actions: Tensor) -> tuple[Foretold, Mind]:
        """What comes next when the agents do this (int64 ``[B, A]``), and the mind that has seen it."""
        ...

    def follow(self, mind: Mind, before: UnitTable, after: UnitTable) -> Mind:
        """The mind once the step is held to have led from one table to the other."""
        ...

    def describe(self) -> dict[str, str]:
        """Name and origin."""
        ...
