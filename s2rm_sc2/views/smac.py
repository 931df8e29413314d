"""SMAC's vectors: what its agents see, may do, and its global state, column for column and bit for bit.

A vector is a function of the unit table alone (and of last actions and the clock where options ask for them), so the
engine, StarCraft II and a learned simulator share it. SMAC's oddities are kept where a learner sees them:
inverted enemy type bits on stalker-and-zealot maps (:class:`s2rm_sc2.scenarios.Scenario` holds the orders),
maximal cooldowns that do not match the weapons, and the doubled slot of ``obs_timestep_number``.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable
from s2rm_sc2.views.layout import SmacLayout
from s2rm_sc2.views.options import SmacOptions
from s2rm_sc2.views.tensors import TensorViews

if TYPE_CHECKING:
    from s2rm_sc2.views.compiled import CompiledViews


class SmacViews(SmacLayout):
    """SMAC's observation, state and masks of one scenario, for batches ``[B, ...]`` on any device.

    Tables in the CPU's memory are read by compiled code, others by tensor operations; the vectors are the same.
    """

    def __init__(self, scenario: Scenario, options: SmacOptions | None = None) -> None:
        super().__init__(scenario, options)
        self._tensors = TensorViews(self)
        self._compiled: CompiledViews | None = None

    def available_actions(self, units: UnitTable) -> Tensor:
        """Which actions each agent may take: bool ``[B, A, n_actions]``.

        The dead may only do nothing (0), which the living may not; they may always stop (1). A move is available
        when the cell at half its length can be walked; an attack when the enemy lives within the agent's shoot
        range between centres, inclusive; a heal likewise for living allies that are no medivacs.
        """
        return self._maker(units).available_actions(units)

    def observation(
        self, units: UnitTable, available: Tensor, last_action: Tensor | None = None, step: Tensor | None = None
    ) -> Tensor:
        """What each agent sees: float32 ``[B, A, obs_size]``; zeros for the dead (their clock runs on).

        Args:
            units: the table ``[B, U]``.
            available: :meth:`available_actions` of the same table.
            last_action: int64 ``[B, A]``, read with ``obs_last_action``; 0 is no-op for the dead, and none yet for
                the living; all none where not given.
            step: int64 ``[B]``, read with ``obs_timestep_number``; 0 where not given.
        """
        return self._maker(units).observation(units, available, last_action, step)

    def state(self, units: UnitTable, last_action: Tensor, step: Tensor) -> Tensor:
        """The global state: float32 ``[B, state_size]``.

        Args:
            units: the table ``[B, U]``.
            last_action: int64 ``[B, A]`` as in :meth:`observation`.
            step: int64 ``[B]``, steps played.
        """
        if self.options.obs_instead_of_state:
            return self.observation(units, self.available_actions(units), last_action, step).flatten(1)
        return self._maker(units).state(units, last_action, step)

    def unit_state(self, units: UnitTable) -> Tensor:
        """The state's part about units, float32 ``[B, A * ally columns + enemies * enemy columns]``."""
        return self._tensors.unit_state(units)

    def sees(self, units: UnitTable) -> Tensor:
        """Which living units each living agent sees, itself included: bool ``[B, A, U]``."""
        return self._maker(units).sees(units)

    def visibility(self, units: UnitTable) -> Tensor:
        """SMAC's visibility matrix: bool ``[B, A, U]``, as :meth:`sees`, but nobody sees itself.

        Where ranges differ (SMACv2), two allies see each other if the one of the lower number sees the other.
        """
        A, seen = self.n_agents, self.sees(units)
        pairs = seen[:, :, :A].triu(1)
        return torch.cat([pairs | pairs.mT, seen[:, :, A:]], -1)

    def last_action_bits(self, units: UnitTable, last_action: Tensor | None) -> Tensor:
        """SMAC's ``last_action``: float32 ``[B, A, n_actions]`` one-hots, zeros before the first action."""
        return self._tensors.last_action_bits(units, last_action)

    def _maker(self, units: UnitTable) -> "TensorViews | CompiledViews":
        x = units.x
        if not x.is_cpu or x.dtype != torch.float32 or x.requires_grad:
            return self._tensors
        if self._compiled is None:
            from s2rm_sc2.views.compiled import CompiledViews

            self._compiled = CompiledViews(self)
        return self._compiled
