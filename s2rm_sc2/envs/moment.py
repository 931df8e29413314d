"""What has been worked out about a battle as it stands; thrown away with every step.

SMAC's learners ask agent by agent; everything is made once for all of them.
"""

from functools import cached_property

import numpy as np
import numpy.typing as npt

from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.envs.unit import Unit, unit_of


class Moment:
    """The vectors and units of the one battle of a batch."""

    def __init__(self, battles: BatchedBattles) -> None:
        self._battles = battles

    @cached_property
    def observation(self) -> npt.NDArray[np.float32]:
        """What each agent sees, float32 ``[A, obs]``."""
        found: npt.NDArray[np.float32] = self._battles.observation().numpy()[0]
        return found

    @cached_property
    def available(self) -> list[list[int]]:
        """Masks: for each agent a list of 0 and 1."""
        found: list[list[int]] = self._battles.available_actions().numpy()[0].view(np.int8).tolist()
        return found

    @cached_property
    def units(self) -> list[Unit]:
        """The units, allies first."""
        table = self._battles.units
        return [unit_of(table, row) for row in range(self._battles.scenario.n_units)]
