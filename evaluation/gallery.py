"""Every picture of a report, in the order in which it shows them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from evaluation.figures import (
    agents,
    darkness,
    gaps,
    heat_map,
    hidden,
    horizon,
    imagined,
    reliability,
    topology,
    training,
    views,
)
from evaluation.figures.picture import Picture
from evaluation.gaps import gaps as gaps_to
from evaluation.held_out import HeldOut
from evaluation.rows import Row, ablation_of, distinct, over_seeds
from evaluation.runs import Run

MANY = 12
"""Lines that one picture holds; of more, those of ablations are left to the heat map and the gaps."""

LAST_SEEN = "last-seen table"
"""The floor that places are compared with."""


def draw_all(runs: Sequence[Run], tests: Mapping[str, HeldOut], rows: Sequence[Row], folder: Path) -> list[Picture]:
    """Draws into a folder what there are rows for.

    Args:
        runs: the models; the first one imagines, and is what others are compared with.
        tests: what they were asked about units, by scenario.
        rows: their figures.
        folder: gets the PNGs.
    """
    return [
        *draw_figures(rows, runs[0].name, folder),
        *imagined.draw(runs, tests, folder),
        *topology.draw(runs, folder),
        *training.draw(runs, folder),
    ]


def draw_figures(rows: Sequence[Row], reference: str, folder: Path) -> list[Picture]:
    """Draws into a folder what figures alone show.

    Args:
        rows: the figures.
        reference: the model that others are compared with.
        folder: gets the PNGs.
    """
    means, behind = over_seeds(rows), gaps_to(rows, LAST_SEEN)
    lines = means
    if len(distinct(means, "model")) > MANY:
        lines = [row for row in means if not ablation_of(row.model)[1]]
    return [
        *heat_map.draw(means, behind, folder),
        *horizon.draw(lines, folder),
        *views.draw(lines, folder),
        *agents.draw(lines, behind, folder),
        *hidden.draw(lines, folder),
        *darkness.draw(lines, folder),
        *gaps.draw(gaps_to(rows, reference), reference, folder),
        *reliability.draw(lines, folder),
    ]
