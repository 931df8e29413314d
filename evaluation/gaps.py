"""How far each model lies behind a reference on the same battles: what makes a battle hard for both cancels out."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from evaluation.metrics import RESAMPLES, Floats
from evaluation.rows import FEW_BATTLES, FEW_COUNTED, Row, ablation_of, seeds_margin
from s2rm_sc2.seeds import stream

SUFFIX = "_gap"
"""What a metric's gap is called, after the metric."""


def gaps(rows: Sequence[Row], reference: str) -> list[Row]:
    """Each model's figure less the reference's, means over seeds, with the intervals of :func:`paired`.

    Args:
        rows: figures with their sums by episode; those without are left out, and :func:`thin` ones.
        reference: the model to compare with; where it has no figure, no model has a gap.
    """
    groups: dict[Row, dict[str, list[Row]]] = {}
    for row in rows:
        if row.sums and not thin(row):
            key = replace(row, model="", seed=None, value=0.0, low=0.0, high=0.0, n=0, sums=(), battles=0)
            groups.setdefault(key, {}).setdefault(row.model, []).append(row)
    found = []
    for key, models in groups.items():
        if reference not in models:
            continue
        for model, own in models.items():
            if model != reference:
                value, low, high = paired([own], [models[reference]])
                named = replace(key, model=model, metric=f"{key.metric}{SUFFIX}", n=own[0].n)
                found.append(replace(named, value=value, low=low, high=high))
    return found


def thin(row: Row) -> bool:
    """Whether a figure rests on too few units or places, or battles, for its interval to be believed."""
    return row.n < FEW_COUNTED or sum(under > 0 for _, under in row.sums) < FEW_BATTLES


def paired(own: Sequence[Sequence[Row]], base: Sequence[Sequence[Row]]) -> tuple[float, float, float]:
    """A model's figure less another's, mean over conditions and seeds, with its 95 % interval over battles and seeds.

    Battles are drawn again with replacement, the same for both models and for all conditions of a scenario; what seeds
    add is joined to that as squares (:func:`evaluation.rows.seeds_margin`). A model and what is left of it after an
    ablation are the same trainings, so that their seeds are paired too.

    Args:
        own, base: for each condition, such as a scenario at a share of the views, each model's rows, one per seed,
            with their sums by episode.
    """
    apart = []
    for mine, theirs in zip(own, base, strict=True):
        weights = _weights(mine[0].scenario, len(mine[0].sums))
        apart.append(_means(mine, weights) - _means(theirs, weights))
    gap = np.mean(apart, axis=0)
    middle, (low, high) = gap[0], np.nanpercentile(gap[1:], [2.5, 97.5])
    mine, theirs = (np.mean([_figures(rows) for rows in of], axis=0) for of in (own, base))
    same = ablation_of(own[0][0].model)[0] == ablation_of(base[0][0].model)[0] and len(mine) == len(theirs)
    seeds = seeds_margin((mine - theirs).tolist()) if same else seeds_margin(mine.tolist(), theirs.tolist())
    return float(middle), float(middle - np.hypot(middle - low, seeds)), float(middle + np.hypot(high - middle, seeds))


@cache
def _weights(scenario: str, episodes: int) -> Floats:
    """How often each episode counts, ``[D, E]``: each once first, then as drawn again."""
    drawn = stream(0, "gaps", scenario).multinomial(episodes, np.full(episodes, 1 / episodes), size=RESAMPLES)
    weights: Floats = np.concatenate([np.ones((1, episodes)), drawn])
    return weights


def _figures(seeds: Sequence[Row]) -> list[float]:
    """Each seed's figure over all battles."""
    totals = np.array([row.sums for row in seeds]).sum(axis=1)
    return list(totals[:, 0] / np.maximum(totals[:, 1], 1e-9))


def _means(seeds: Sequence[Row], weights: Floats) -> Floats:
    """Means over seeds, ``[D]``, by the weights ``[D, E]`` of episodes."""
    sums = np.array([row.sums for row in seeds])
    below = weights @ sums[..., 1].T
    ratios = np.divide(weights @ sums[..., 0].T, below, out=np.full(below.shape, np.nan), where=below > 0)
    means: Floats = ratios.mean(axis=1)
    return means
