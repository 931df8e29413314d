"""Whether a unit that is given seven chances in ten to live does so seven times in ten."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from evaluation.figures.panels import BANDS
from evaluation.figures.picture import Picture
from evaluation.figures.style import FLOOR_COLOUR, fit, legend, looks, save, tidy
from evaluation.figures.views import nearest
from evaluation.rows import FLOORS, Row, distinct, select
from s2rm_sc2.draw.field import INK
from s2rm_sc2.words import counted

AHEAD = 10
"""Steps ahead of the forecasts, or the nearest that there are."""

SAID, FOUND = "alive_predicted", "alive_observed"
"""The metrics, by bins of the predicted probability: its mean, and the share that was alive."""


def draw(rows: Sequence[Row], folder: Path) -> list[Picture]:
    """One picture, with a panel for scenarios trained on and one for the others."""
    curves = [row for row in rows if row.bin is not None and row.metric in (SAID, FOUND) and row.model not in FLOORS]
    rows = nearest(curves, AHEAD)
    if not rows:
        return []
    shown, splits = looks(distinct(rows, "model")), distinct(rows, "split")
    figure = Figure(figsize=(4.0 * len(splits) + 0.2, 4.1 + 0.2 * (len(shown) // (3 * len(splits)))))
    for axes, split in zip(figure.subplots(1, len(splits), squeeze=False)[0], splits, strict=True):
        tidy(axes)
        axes.plot([0, 1], [0, 1], color=FLOOR_COLOUR, linewidth=1.1, linestyle=(0, (4, 2)))
        for model, look in shown.items():
            points = pooled(select(rows, model=model, split=split))
            if points:
                said, found, low, high = (list(column) for column in zip(*points, strict=True))
                axes.plot(said, found, **look.line())
                if look.filled or len(shown) <= BANDS:
                    axes.fill_between(
                        said, low, high, where=np.isfinite(low), color=look.colour, alpha=0.1, linewidth=0
                    )
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.set_title("scenarios trained on" if split == "train" else "unseen scenarios", fontsize=9.5, color=INK)
        axes.set_xlabel("predicted chance of being alive", fontsize=8.5, color=INK)
        axes.set_ylabel("share that was alive", fontsize=8.5, color=INK)
    fit(figure, below=legend(figure, shown))
    path = save(figure, folder / "reliability.png")
    caption = (
        f"Are predicted chances of being alive {counted(rows[0].horizon, 'step')} ahead to be taken at their word? "
        "On the dashed line they are; below it a model is too sure that units live. Scenarios are "
        "pooled by their units; bands are 95 % intervals."
    )
    alt = f"Reliability curves of the chance of being alive for {', '.join(shown)}."
    return [Picture(path, "chances", caption, alt)]


def pooled(rows: Sequence[Row]) -> list[tuple[float, float, float, float]]:
    """Of each bin over all scenarios: mean predicted chance, share alive and its interval, weighted by units."""
    points = []
    for edge in sorted({row.bin for row in rows if row.bin is not None}):
        said, found = (select(rows, bin=edge, metric=metric) for metric in (SAID, FOUND))
        number = sum(row.n for row in found)
        if said and number:
            chance = sum(row.value * row.n for row in said) / sum(row.n for row in said)
            share, low, high = (
                sum(getattr(row, end) * row.n for row in found) / number for end in ("value", "low", "high")
            )
            points.append((chance, share, low, high))
    return points
