"""Errors against how far ahead a forecast looks: one of the paper's figures."""

from collections.abc import Sequence
from pathlib import Path

from evaluation.figures.panels import Across, small_multiples
from evaluation.figures.picture import Picture, lines_alt
from evaluation.labels import axis_of, capital, name_of
from evaluation.rows import Row, distinct, select

METRICS = ("position_error", "health_error", "dead_f1", "friend_foe_f1")
AXIS = Across("steps ahead", lambda row: row.horizon)


def draw(rows: Sequence[Row], folder: Path) -> list[Picture]:
    """A picture for each metric of units that is there at two horizons or more, all views kept."""
    pictures = []
    for metric in METRICS:
        chosen = select(rows, metric=metric, views=1.0, status="all", dropping="episode")
        if len(distinct(chosen, "horizon")) < 2:
            continue
        path = small_multiples(chosen, folder / f"horizon-{metric}.png", AXIS, axis_of(metric))
        caption = f"{capital(name_of(metric))} by steps ahead, open loop, all views kept. Bands are 95 % intervals."
        alt = lines_alt(name_of(metric), "steps ahead", distinct(chosen, "model"), distinct(chosen, "scenario"))
        pictures.append(Picture(path, "units", caption, alt))
    return pictures
