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
from evaluation.rows import Row, over_seeds
from evaluation.runs import Run

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
    means, behind = over_seeds(rows), gaps_to(rows, LAST_SEEN)
    return [
        *heat_map.draw(means, behind, folder),
        *horizon.draw(means, folder),
        *views.draw(means, folder),
        *agents.draw(means, behind, folder),
        *hidden.draw(means, folder),
        *darkness.draw(means, folder),
        *gaps.draw(gaps_to(rows, runs[0].name), runs[0].name, folder),
        *reliability.draw(means, folder),
        *imagined.draw(runs, tests, folder),
        *topology.draw(runs, folder),
        *training.draw(runs, folder),
    ]
