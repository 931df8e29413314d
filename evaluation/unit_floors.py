"""What needs no model to say how sure one may be of a unit: a floor with the doubts that battles of its own teach it.

Persistence says that everybody lives and stands where it was, for certain, which no likelihood forgives. Fitted by
maximum likelihood, on battles of the scenarios trained on, it says how often that is true: for each age, and for units
that moved when they were last seen apart from those that stood.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from evaluation.accuracy import next_steps
from evaluation.candidate import AGES
from evaluation.held_out import HeldOut
from evaluation.questions.likelihood import VIEWS
from evaluation.rows import FITTED
from worldmodel.contract import Change, Encoded, Memory, Observation, Outcome, Predictor, UnitQueries
from worldmodel.tokens import ROW_COLUMNS

_VX, _VY = ROW_COLUMNS.index("vx"), ROW_COLUMNS.index("vy")
_FIRST = torch.tensor([first for first, _ in AGES.values()][1:])
_GROUPS = 2 * len(AGES)
_STILL = 0.05
"""Cells over a step, up to which a unit stood."""

_PRIOR = 1.0
"""Units of each group that are taken to have been as all are in the mean; one of them to have died."""

_SUREST = 0.01
"""Cells that a place is unsure by at least."""


class Doubtful(Predictor):
    """A floor that doubts.

    Args:
        floor: says where units are.
        spread: how unsure that is by group, cells ``[G]``.
        lives: probability of being alive by group, ``[G]``.
    """

    def __init__(self, floor: Predictor, spread: Tensor, lives: Tensor) -> None:
        super().__init__()
        self.name, self._floor = FITTED.format(floor.name), floor
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
        moved = torch.hypot(queries.rows[..., _VX], queries.rows[..., _VY]) > _STILL
        at = torch.bucketize(queries.age, _FIRST, right=True) + len(AGES) * moved
        return replace(change, spread=self._spread[at], alive=self._lives[at]), outcome


def doubtful(floor: Predictor, trained: Sequence[HeldOut]) -> Doubtful:
    """The doubts that make these battles, of the scenarios trained on, likeliest for a floor."""
    asking = Doubtful(floor, torch.arange(_GROUPS).float(), torch.full((_GROUPS,), 0.5))  # its doubt names the group
    groups, errors, living = [], [], []
    for test in (test.apart for test in trained):
        for share in VIEWS:
            said = next_steps(asking, test.windows, test.kept(share))
            asked = said.known & said.valid[..., None]
            away = (said.x - said.targets.x).abs() + (said.y - said.targets.y).abs()
            groups.append(said.spread[asked].long())
            errors.append(away[asked] / 2.0)
            living.append(said.targets.alive[asked].double())
    group, error, alive = torch.cat(groups), torch.cat(errors).double(), torch.cat(living)

    def summed(values: Tensor) -> Tensor:
        return torch.zeros(_GROUPS, dtype=torch.float64).index_add_(0, group, values)

    number, lived, off = summed(torch.ones_like(alive)), summed(alive), summed(error * alive)
    spread = (off + _PRIOR * off.sum() / lived.sum().clamp(min=1.0)) / (lived + _PRIOR)
    lives = (lived + _PRIOR * (lived.sum() + 1.0) / (number.sum() + 2.0)) / (number + _PRIOR)
    return Doubtful(floor, spread.clamp(min=_SUREST).float(), lives.float())
