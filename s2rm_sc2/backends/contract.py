"""What a backend must do: own the unit table of a batch of battles of one scenario, and change it."""

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable


class Backend(Protocol):
    """Whoever changes the unit table: the embedded engine, StarCraft II, or a learned model.

    Attributes:
        scenario: what is fought.
        n_battles: B, the number of battles side by side.
    """

    scenario: Scenario
    n_battles: int

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
