"""How far each model lies behind a reference on the same battles: what makes a battle hard for both cancels out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from evaluation.metrics import RESAMPLES, Floats
from evaluation.rows import Row, seeds_margin
from s2rm_sc2.seeds import stream

SUFFIX = "_gap"
"""What a metric's gap is called, after the metric."""


def gaps(rows: Sequence[Row], reference: str) -> list[Row]:
    """Each model's figure less the reference's, means over seeds, with 95 % intervals over battles and seeds.

    Battles are drawn again with replacement, the same for both; what seeds add is joined to that as squares
    (:func:`evaluation.rows.seeds_margin`).

    Args:
        rows: figures with their sums by episode; those without are left out.
        reference: the model to compare with; where it has no figure, no model has a gap.
    """
    groups: dict[Row, dict[str, list[Row]]] = {}
    for row in rows:
        if row.sums:
            key = replace(row, model="", seed=None, value=0.0, low=0.0, high=0.0, n=0, sums=())
            groups.setdefault(key, {}).setdefault(row.model, []).append(row)
    found = []
    for key, models in groups.items():
        if reference not in models:
            continue
        number = len(models[reference][0].sums)
        drawn = stream(0, "gaps", key.scenario).multinomial(number, np.full(number, 1 / number), size=RESAMPLES)
        weights = np.concatenate([np.ones((1, number)), drawn])
        base = _means(models[reference], weights)
        for model, own in models.items():
            if model != reference:
                gap = _means(own, weights) - base
                middle, (low, high) = gap[0], np.nanpercentile(gap[1:], [2.5, 97.5])
                seeds = seeds_margin(*(_figures(rows_of) for rows_of in (own, models[reference])))
                low, high = middle - np.hypot(middle - low, seeds), middle + np.hypot(high - middle, seeds)
                named = replace(key, model=model, metric=f"{key.metric}{SUFFIX}", n=own[0].n)
                found.append(replace(named, value=float(middle), low=float(low), high=float(high)))
    return found


def _figures(seeds: Sequence[Row]) -> list[float]:
    """Each seed's figure over all battles."""
    totals = np.array([row.sums for row in seeds]).sum(axis=1)
    return list(totals[:, 0] / np.maximum(totals[:, 1], 1e-9))


def _means(seeds: Sequence[Row], weights: Floats) -> Floats:
    """Means over seeds, ``[D]``, by the weights ``[D, E]`` of episodes: each once first, then as drawn again."""
    sums = np.array([row.sums for row in seeds])
    below = weights @ sums[..., 1].T
    ratios = np.divide(weights @ sums[..., 0].T, below, out=np.full(below.shape, np.nan), where=below > 0)
    means: Floats = ratios.mean(axis=1)
    return means
