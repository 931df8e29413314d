"""Which bins of a local map are occupied, by team and by unit type: what was said, and what truly stands there."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from evaluation.metrics import Tally, f1_of
from s2rm_sc2.table import UnitTable
from s2rm_sc2.views.local_map import UNIT_CHANNELS
from worldmodel.places import true_maps

_LEVELS = 50
"""Thresholds that are tried: probabilities of being occupied, evenly spread."""

_STANDS = 0.5
"""Between no unit and one."""


@dataclass(frozen=True)
class Marks:
    """Of each place, float32 ``[...]``: bins rightly said to be occupied, said to be, and that are."""

    hits: Tensor
    claimed: Tensor
    real: Tensor

    def tally(self, counted: Tensor) -> Tally:
        """Sums of an F1 over the places counted (bool), by window (the first dimension)."""
        hits, claimed, real = (
            torch.where(counted, marks, 0.0).double().flatten(1).sum(1).numpy()
            for marks in (self.hits, self.claimed, self.real)
        )
        return f1_of(hits, claimed, real)


@dataclass(frozen=True)
class Thresholds:
    """Probabilities from which on a bin is called occupied, by a team and by a unit type of a team."""

    friend_foe: float
    unit_type: float


@dataclass(frozen=True)
class MapMarks:
    """Friend or foe, and unit types."""

    friend_foe: Marks
    unit_type: Marks


def rendered(units: UnitTable, places: Tensor) -> Tensor:
    """The occupied bins, bool ``[N, T, Q, K, n, n]``, around places ``[N, T, Q, 2]`` of a table ``[N, T, U]``."""
    return _counts(true_maps(units, places)) > _STANDS


def rendered_marks(said: UnitTable, true: Tensor, places: Tensor) -> MapMarks:
    """A predicted table beside the true one, :func:`rendered` at the same places."""
    return _marks(rendered(said, places), true)


def said_marks(log_rates: Tensor, maps: Tensor, thresholds: Thresholds) -> MapMarks:
    """Predicted rates ``[..., K, n, n]`` and true maps ``[..., C, n, n]``: a bin is occupied where it is likely."""
    rates, true = log_rates.exp(), _counts(maps) > _STANDS
    levels = ((thresholds.friend_foe, _teams(rates)), (thresholds.unit_type, rates))
    teams, kinds = (_likely(rate) >= level for level, rate in levels)
    return MapMarks(_compared(teams, _teams(true.float()) > 0), _compared(kinds, true))


def fit_thresholds(answers: Iterable[tuple[Tensor, Tensor]]) -> Thresholds:
    """The thresholds at which these answers, (log rates, true maps), have the best F1 over all their bins.

    To be fitted on battles of the scenarios trained on, never on those of a test.
    """
    sums = torch.zeros(2, 2, _LEVELS + 1, dtype=torch.float64)
    for log_rates, maps in answers:
        rates, true = log_rates.exp(), _counts(maps) > _STANDS
        for row, (rate, real) in enumerate(((_teams(rates), _teams(true.float()) > 0), (rates, true))):
            level = (_likely(rate) * _LEVELS).long().flatten()
            sums[row, 0] += torch.bincount(level, minlength=_LEVELS + 1)
            sums[row, 1] += torch.bincount(level[real.flatten()], minlength=_LEVELS + 1)
    above = sums.flip(-1).cumsum(-1).flip(-1)  # at or above each level
    claimed, hits = above.unbind(1)
    scores = 2.0 * hits / (claimed + hits[:, :1]).clamp(min=1.0)
    best = 1 + scores[:, 1:].argmax(dim=-1)  # at level 0 every bin would be occupied
    return Thresholds(*(best / _LEVELS).tolist())


def _marks(said: Tensor, true: Tensor) -> MapMarks:
    teams = (_teams(mask.float()) > 0 for mask in (said, true))
    return MapMarks(_compared(*teams), _compared(said, true))


def _compared(said: Tensor, true: Tensor) -> Marks:
    return Marks(*(mask.flatten(-3).sum(-1).float() for mask in (said & true, said, true)))


def _counts(maps: Tensor) -> Tensor:
    return maps[..., : len(UNIT_CHANNELS), :, :]


def _teams(counts: Tensor) -> Tensor:
    """Summed over the types of each team, ``[..., 2, n, n]``."""
    return counts.reshape(*counts.shape[:-3], 2, -1, *counts.shape[-2:]).sum(-3)


def _likely(rates: Tensor) -> Tensor:
    """Probability that a Poisson number of units is not 0."""
    return -torch.expm1(-rates)
