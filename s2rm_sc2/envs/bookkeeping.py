"""What is written down of a batch of battles at every step: orders, and whether they are allowed; rewards; endings."""

from dataclasses import dataclass

import torch
from torch import Tensor

from s2rm_sc2.reward import outcome, step_reward
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable
from s2rm_sc2.views.options import SmacOptions


@dataclass(frozen=True)
class Ledger:
    """How B battles stand; tensors are never written into, so that those handed out stay as they were.

    Attributes:
        steps: int64 ``[B]``, steps played.
        last_action: int64 ``[B, A]``; 0 for the living means none yet.
        reward: float32 ``[B]``, of the last step; 0 in battles that were over before it.
        terminated: bool ``[B]``, decided: won, lost, or a draw.
        truncated: bool ``[B]``, the limit was reached undecided.
        won: bool ``[B]``.
    """

    steps: Tensor
    last_action: Tensor
    reward: Tensor
    terminated: Tensor
    truncated: Tensor
    won: Tensor

    @classmethod
    def unstarted(cls, n_battles: int, n_agents: int, device: torch.device) -> "Ledger":
        """Battles that are over before they began."""
        no = torch.zeros(n_battles, dtype=torch.bool, device=device)
        steps = torch.zeros(n_battles, dtype=torch.int64, device=device)
        return cls(steps, steps[:, None].repeat(1, n_agents), torch.zeros(n_battles, device=device), ~no, no, no)

    def restarted(self, rows: Tensor) -> "Ledger":
        """The ledger with battles ``rows`` (int64) at their start."""
        return Ledger(
            self.steps.index_fill(0, rows, 0),
            self.last_action.index_fill(0, rows, 0),
            self.reward.index_fill(0, rows, 0.0),
            self.terminated.index_fill(0, rows, False),
            self.truncated.index_fill(0, rows, False),
            self.won.index_fill(0, rows, False),
        )


class TensorBook:
    """Bookkeeping in tensor operations: on any device, and what the compiled one must equal bit for bit."""

    def __init__(self, scenario: Scenario, options: SmacOptions) -> None:
        self._scenario, self._options = scenario, options

    def orders(self, actions: Tensor, available: Tensor, active: Tensor) -> tuple[Tensor, int]:
        """What is played: ``actions`` int64 ``[B, A]``, 0 in battles that are over, and the first that is not allowed.

        Returns:
            the orders, and ``battle * A + agent`` of the first agent that cannot do what it is told, or -1.
        """
        n_actions = available.shape[-1]
        known = (actions >= 0) & (actions < n_actions)
        legal = known & available.gather(-1, actions.clamp(0, n_actions - 1)[..., None])[..., 0]
        wrong = (active[:, None] & ~legal).flatten().nonzero()
        return torch.where(active[:, None], actions, 0), int(wrong[0]) if len(wrong) else -1

    def settle(self, ledger: Ledger, orders: Tensor, active: Tensor, before: UnitTable, after: UnitTable) -> Ledger:
        """The ledger after a step that led from one table to the other."""
        result = outcome(after, self._scenario)
        reward = step_reward(before, after, result, self._scenario, self._options)
        steps = ledger.steps + active
        return Ledger(
            steps=steps,
            last_action=torch.where(active[:, None], orders, ledger.last_action),
            reward=reward.masked_fill(~active, 0.0),
            terminated=ledger.terminated | (result.decided & active),
            truncated=ledger.truncated | (active & ~result.decided & (steps >= self._scenario.limit)),
            won=ledger.won | (result.won & active),
        )
