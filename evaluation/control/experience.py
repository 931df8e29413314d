"""What a learner plays: rollouts of many battles side by side, on whatever backend they run."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.seeds import stream

Chooser = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Observations ``[B, A, obs]`` and masks ``[B, A, actions]`` to actions ``[B, A]`` and their log-probabilities."""


@dataclass(frozen=True)
class Rollout:
    """T steps of B battles.

    Attributes:
        observation: float32 ``[T, B, A, obs]``.
        mask: bool ``[T, B, A, actions]``.
        state, after: float32 ``[T, B, state]``, before and after each step.
        after_observation: float32 ``[T, B, A, obs]``, after each step.
        after_mask: bool ``[T, B, A, actions]``, after each step.
        action: int64 ``[T, B, A]``.
        log_probability: float32 ``[T, B, A]``, of the action.
        reward: float32 ``[T, B]``.
        terminated, truncated: bool ``[T, B]``.
        won: bool ``[T, B]``, the step won the battle.
    """

    observation: Tensor
    mask: Tensor
    state: Tensor
    after: Tensor
    after_observation: Tensor
    after_mask: Tensor
    action: Tensor
    log_probability: Tensor
    reward: Tensor
    terminated: Tensor
    truncated: Tensor
    won: Tensor


class Experience:
    """Battles that are played on and on; one that ends begins anew at once.

    Args:
        battles: on any backend.
        seed, path: name the random stream of the battles' seeds.
    """

    def __init__(self, battles: BatchedBattles, seed: int, *path: str | int) -> None:
        self.battles = battles
        self._seeds = stream(seed, *path, "battles")
        self._begin(list(range(battles.n_battles)))

    @torch.no_grad()
    def play(self, steps: int, choose: Chooser) -> Rollout:
        """The next steps, each agent doing what ``choose`` says."""
        rows: list[tuple[Tensor, ...]] = []
        seen = self._see()
        for _ in range(steps):
            observation, mask, state = seen
            action, log_probability = choose(observation, mask)
            result = self.battles.step(action)
            then = seen = self._see()
            over = (result.terminated | result.truncated).nonzero()[:, 0].tolist()
            if over:
                self._begin(over)
                seen = self._see()
            rows.append(
                (observation, mask, state, then[2], then[0], then[1], action, log_probability, result.reward,
                 result.terminated, result.truncated, result.won)
            )  # fmt: skip
        return Rollout(*(torch.stack(column) for column in zip(*rows, strict=True)))

    def _see(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.battles.observation(), self.battles.available_actions(), self.battles.state()

    def _begin(self, which: list[int]) -> None:
        self.battles.reset(self._seeds.integers(2**63, size=len(which)).tolist(), which)
