"""What needs no model to say how sure one may be of a unit: a floor with the doubts that battles of its own teach it.

Persistence says that everybody lives and stands where it was, for certain, which no likelihood forgives. Fitted by
maximum likelihood for each age, on battles of the scenarios trained on, it says how often that is true.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from evaluation.accuracy import next_steps
from evaluation.candidate import AGES
from evaluation.held_out import HeldOut
from evaluation.questions.likelihood import VIEWS
from worldmodel.contract import Change, Encoded, Memory, Observation, Outcome, Predictor, UnitQueries

_FIRST = torch.tensor([first for first, _ in AGES.values()][1:])
_PRIOR = 0.5
"""Units that are taken to have lived, and to have died, besides: what was never counted is unlikely, not impossible."""

_LEAST = 0.01
"""Cells that a place is unsure by at least."""


class Doubtful(Predictor):
    """A floor that doubts.

    Args:
        floor: says where units are.
        spread: how unsure that is by age, cells ``[G]``.
        lives: probability of being alive by age, ``[G]``.
    """

    def __init__(self, floor: Predictor, spread: Tensor, lives: Tensor) -> None:
        super().__init__()
        self.name, self._floor = floor.name, floor
        self._spread, self._lives = spread, torch.logit(lives)

    def start(self, observation: Observation) -> Memory:
        """The floor's memory."""
        return self._floor.start(observation)

    def encode(self, observation: Observation) -> Encoded:
        """The floor's view of it."""
        return self._floor.encode(observation)

    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """As the floor goes on."""
        return self._floor.advance(memory, encoded)

    def read_units(self, memory: Memory, encoded: Encoded, queries: UnitQueries) -> tuple[Change, Outcome]:
        """What the floor says, with doubts."""
        change, outcome = self._floor.read_units(memory, encoded, queries)
        at = _group(queries.age)
        return replace(change, spread=self._spread[at], alive=self._lives[at]), outcome


def doubtful(floor: Predictor, trained: Sequence[HeldOut]) -> Doubtful:
    """The doubts that make these battles, of the scenarios trained on, likeliest for a floor."""
    groups, errors, living = [], [], []
    for test in (test.apart for test in trained):
        for share in VIEWS:
            said = next_steps(floor, test.windows, test.kept(share))
            asked = said.known & said.valid[..., None]
            away = (said.x - said.targets.x).abs() + (said.y - said.targets.y).abs()
            groups.append(_group(said.age[asked]))
            errors.append(away[asked] / 2.0)
            living.append(said.targets.alive[asked].double())
    group, error, alive = torch.cat(groups), torch.cat(errors).double(), torch.cat(living)

    def summed(values: Tensor) -> Tensor:
        return torch.zeros(len(AGES), dtype=torch.float64).index_add_(0, group, values)

    number, lived = summed(torch.ones_like(alive)), summed(alive)
    spread = summed(error * alive) / lived.clamp(min=1.0)
    lives = (lived + _PRIOR) / (number + 2 * _PRIOR)
    return Doubtful(floor, spread.clamp(min=_LEAST).float(), lives.float())


def _group(age: Tensor) -> Tensor:
    """Which of :data:`evaluation.candidate.AGES` each age lies in."""
    return torch.bucketize(age, _FIRST, right=True)
