"""What place queries cost by how long the places have been dark: whether a model remembers."""

from collections.abc import Sequence
from pathlib import Path

from evaluation.figures.panels import by_age, small_multiples
from evaluation.figures.picture import Picture, lines_alt
from evaluation.labels import axis_of, capital, name_of, percent
from evaluation.rows import Row, Status, distinct, select

METRICS = ("place_nll", "friend_foe_f1", "unit_type_f1")

AGES: dict[Status, str] = {
    "in sight": "seen",
    "dark 1-3": "1-3",
    "dark 4-7": "4-7",
    "dark 8-10": "8-10",
    "dark 11-19": "11-19",
    "never": "never",
}
"""Places by their label, the longer dark the further right."""

AXIS = by_age("steps in the dark; below, places", AGES)


def draw(rows: Sequence[Row], folder: Path) -> list[Picture]:
    """A picture for each metric of places, at the share of views in the middle of those asked."""
    pictures = []
    for metric in METRICS:
        found = [row for row in select(rows, metric=metric, dropping="episode") if row.status in AGES]
        if not found:
            continue
        shares = sorted(distinct(found, "views"))
        chosen = select(found, views=shares[len(shares) // 2])
        path = small_multiples(chosen, folder / f"darkness-{metric}.png", AXIS, axis_of(metric))
        caption = (
            f"{capital(name_of(metric))} with {percent(chosen[0].views)} of the agents' views blinking, by steps since "
            "a place was last in sight. "
            "Below each age stands how many places a figure rests on. Bands are 95 % intervals."
        )
        alt = lines_alt(name_of(metric), "steps in the dark", distinct(chosen, "model"), distinct(chosen, "scenario"))
        pictures.append(Picture(path, "places", caption, alt))
    return pictures
