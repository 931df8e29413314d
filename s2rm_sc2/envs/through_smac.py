"""Battles whose observations, states, masks, rewards and endings are SMAC's own, as its client computes them."""

from dataclasses import replace

import torch
from torch import Tensor

from s2rm_sc2.backends.smac import SmacBackend
from s2rm_sc2.envs.batched import BatchedBattles, StepResult
from s2rm_sc2.scenarios import Scenario


class SmacBattles(BatchedBattles):
    """One battle at a time in SMAC; what SMAC does not tell, who sees whom, is ours.

    Args:
        scenario: what is fought.
        backend: plays it.
    """

    def __init__(self, scenario: Scenario, backend: SmacBackend) -> None:
        super().__init__(scenario, 1, backend)
        self._smac = backend

    def step(self, actions: Tensor, instead: Tensor | None = None) -> StepResult:
        """Documented at :meth:`BatchedBattles.step`; reward and ending are what SMAC returns."""
        active = not self.done.item()
        result = super().step(actions, instead)
        if not active:
            return result
        said = self._smac.said
        ending = {name: torch.tensor([getattr(said, name)]) for name in ("terminated", "truncated", "won")}
        self._ledger = replace(self._ledger, reward=torch.tensor([said.reward], dtype=torch.float32), **ending)
        return StepResult(self._ledger.reward, *ending.values())

    def available_actions(self) -> Tensor:
        """SMAC's masks, bool ``[1, A, n_actions]``."""
        if self._available is None:
            self._available = self._smac.available_actions()
        return self._available

    def observation(self) -> Tensor:
        """SMAC's observations, float32 ``[1, A, obs]``."""
        return self._smac.observation()

    def state(self) -> Tensor:
        """SMAC's state, float32 ``[1, state]``."""
        return self._smac.state()
