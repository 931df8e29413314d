"""What needs no model to say what stands around a place: a constant rate, and the table of what was last seen.

Both are fitted by maximum likelihood on battles of their own, of the scenarios that models are trained on, for each
age of darkness apart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from evaluation.places import Exam
from s2rm_sc2.views.local_map import UNIT_CHANNELS
from worldmodel.baselines.persistence import Persistence
from worldmodel.dream import watch
from worldmodel.places import true_maps

PURPOSE = "floors"
"""Names the seeds of the episodes that floors are fitted on: neither trained on nor tested on."""

_GROUPS = torch.tensor([0, 1, 4, 8, 11, 20])
"""Ages of darkness at which a group begins; the group before the first has never been in sight."""

_ITERATIONS, _BATCH = 200, 16

_PRIOR = 0.5
"""Units that every bin is taken to have held besides: what was never counted is unlikely, not impossible."""


@dataclass(frozen=True)
class Floors:
    """Rates of the Poisson distributions, fitted.

    Attributes:
        constant: ``[G, K, n, n]``, mean number of units by group, team and type, and bin.
        base: ``[G, K]``, what the last-seen table's rates start from.
        there: ``[G]``, added for each unit last seen in that bin.
        around: ``[G]``, added for each unit last seen anywhere in the local map.
    """

    constant: Tensor
    base: Tensor
    there: Tensor
    around: Tensor

    def constant_rate(self, asked: Exam, share: float) -> Iterator[tuple[Tensor, Tensor]]:
        """The mean of each group; see :data:`evaluation.places.Rates`."""
        age = asked.age[share]
        for batch in _batches(len(age)):
            yield self.constant[group(age[batch])].log(), asked.maps[batch]

    def last_seen(self, asked: Exam, share: float) -> Iterator[tuple[Tensor, Tensor]]:
        """Units are where they were last seen: world persistence, re-rendered; see :data:`evaluation.places.Rates`."""
        shown, age = rendered(asked, share), asked.age[share]
        for batch in _batches(len(age)):
            seen, at = shown[batch], group(age[batch])
            around = self.around[at][..., None, None, None] * seen.sum((-1, -2), keepdim=True)
            rates = self.base[at][..., None, None] + self.there[at][..., None, None, None] * seen + around
            yield rates.log(), asked.maps[batch]


def _batches(windows: int) -> list[slice]:
    return [slice(start, start + _BATCH) for start in range(0, windows, _BATCH)]


def group(age: Tensor) -> Tensor:
    """The group of each age of darkness, int64; 0 for the places never seen."""
    return torch.bucketize(age, _GROUPS, right=True)


def rendered(asked: Exam, share: float) -> Tensor:
    """The units around each place where the kept views last showed them, float32 ``[N, T, Q, K, n, n]``.

    It knows more than a model is told: which unit of a view is which unit of an earlier one.
    """
    belief = watch(Persistence(), asked.test.windows, asked.keep[share], asked.places.shape[1]).belief
    return true_maps(replace(belief.units, alive=belief.known), asked.places)[..., : len(UNIT_CHANNELS), :, :]


def fit(exams: Sequence[Exam]) -> Floors:
    """The floors that these battles, of the scenarios trained on, make likeliest."""
    parts = [(group(age), e.maps, rendered(e, share)) for e in exams for share, age in e.age.items()]
    groups = torch.cat([at.flatten() for at, _, _ in parts])
    counts = torch.cat([maps[..., : len(UNIT_CHANNELS), :, :].flatten(0, 2) for _, maps, _ in parts])
    seen = torch.cat([shown.flatten(0, 2) for _, _, shown in parts])
    number, bins = torch.bincount(groups, minlength=len(_GROUPS) + 1).double(), counts.shape[-1] ** 2

    def by_group(values: Tensor) -> Tensor:
        return torch.zeros(len(number), *values.shape[1:], dtype=torch.float64).index_add_(0, groups, values.double())

    constant = (by_group(counts) + _PRIOR) / (number + 1.0)[:, None, None, None]
    base, there, around = _last_seen(groups, counts, seen, number * bins, by_group(seen).sum((1, 2, 3)))
    return Floors(constant.float(), base.float(), there.float(), around.float())


def _last_seen(
    groups: Tensor, counts: Tensor, seen: Tensor, number: Tensor, shown: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Rates ``base + there * n + around * N`` by expectation maximisation for a sum of Poisson variables.

    Args:
        groups: ``[M]``.
        counts, seen: ``[M, K, n, n]``, what stands there and what was last seen there.
        number: ``[G]``, bins of each group.
        shown: ``[G]``, units seen in all of them.
    """
    place, kind, column, row = counts.nonzero(as_tuple=True)  # where nothing stands, only the sums of rates count
    g, y = groups[place], counts[place, kind, column, row].double()
    own = seen[place, kind, column, row].double()
    near = seen[place, kind].sum((-1, -2)).double()
    base = torch.full((len(number), counts.shape[1]), 0.01, dtype=torch.float64)
    there, around = torch.full_like(number, 0.5), torch.full_like(number, 0.05)
    cell = g * counts.shape[1] + kind

    def summed(values: Tensor, index: Tensor, size: int) -> Tensor:
        return torch.zeros(size, dtype=torch.float64).index_add_(0, index, values)

    for _ in range(_ITERATIONS):
        share = y / (base[g, kind] + there[g] * own + around[g] * near)
        grown = (summed(share, cell, base.numel()).view_as(base) * base + _PRIOR) / (number + 1.0)[:, None]
        there = there * summed(share * own, g, len(number)) / shown.clamp(min=1.0)
        around = around * summed(share * near, g, len(number)) / (shown * counts.shape[-1] ** 2).clamp(min=1.0)
        base = grown
    return base, there, around
