"""Errors of units that no kept view shows, by how long ago they were last seen."""

from collections.abc import Sequence
from pathlib import Path

from evaluation.figures.panels import by_age, small_multiples
from evaluation.figures.picture import Picture, lines_alt
from evaluation.labels import axis_of, capital, name_of, percent
from evaluation.rows import Row, Status, distinct, select

METRICS = ("position_error", "health_error", "dead_f1")
SHARE = 0.4
"""Share of the views kept: with all of them hardly anything is hidden."""

AGES: dict[Status, str] = {"visible": "seen", "hidden 1-3": "1-3", "hidden 4-7": "4-7", "hidden 8+": "8+"}
"""Units by their label, the longer hidden the further right."""

AXIS = by_age("steps since last seen; below, units", AGES)


def draw(rows: Sequence[Row], folder: Path) -> list[Picture]:
    """A picture for each metric of units that is there by age, one step ahead."""
    pictures = []
    for metric in METRICS:
        found = select(rows, metric=metric, views=SHARE, horizon=1, dropping="episode")
        chosen = [row for row in found if row.status in AGES]
        if len(distinct(chosen, "status")) < 3:
            continue
        path = small_multiples(chosen, folder / f"hidden-{metric}.png", AXIS, axis_of(metric))
        caption = (
            f"{capital(name_of(metric))} one step ahead with {percent(SHARE)} of the views, by steps since a unit was "
            "last seen. Below each age "
            "stands how many units a figure rests on: few leave it unsure, whatever its interval says."
        )
        alt = lines_alt(
            name_of(metric), "steps since last seen", distinct(chosen, "model"), distinct(chosen, "scenario")
        )
        pictures.append(Picture(path, "units", caption, alt))
    return pictures
