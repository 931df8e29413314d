"""Performance against the share of the agents' views that is kept: one of the paper's figures."""

from collections.abc import Sequence
from pathlib import Path

from evaluation.figures.panels import Across, small_multiples
from evaluation.figures.picture import Picture, Section, lines_alt
from evaluation.labels import axis_of, capital, name_of
from evaluation.rows import Row, distinct, select
from s2rm_sc2.words import counted

AXIS = Across("views kept", lambda row: row.views, shares=True)

AHEAD = 5
"""Steps ahead of a forecast of units, or the nearest that there is."""

UNITS = ("position_error", "health_error", "dead_f1", "friend_foe_f1", "unit_type_f1")
PLACES = ("place_nll", "friend_foe_f1", "unit_type_f1")
_DROPPED = {"episode": "the same agents for a whole episode", "step": "other agents at every step"}


def draw(rows: Sequence[Row], folder: Path) -> list[Picture]:
    """A picture for each metric that is there for two shares or more, and each way of dropping views."""
    pictures = []
    for dropping, meaning in _DROPPED.items():
        here = select(rows, dropping=dropping)
        for metric in UNITS:
            chosen = nearest(select(here, metric=metric, status="all"), AHEAD)
            words = f"{steps(chosen)} ahead, by the share of views kept ({meaning})"
            pictures += _pictures(chosen, "units", folder, dropping, words)
        for metric in PLACES:
            chosen = select(here, metric=metric, status="dark")
            words = "of places dark for 1 to 10 steps, by the share of the agents whose views blink"
            pictures += _pictures(chosen, "places", folder, dropping, words)
    return pictures


def nearest(rows: Sequence[Row], horizon: int) -> list[Row]:
    """The rows at the horizon nearest to this one."""
    found = sorted({row.horizon for row in rows}, key=lambda steps: (abs(steps - horizon), steps))
    return select(rows, horizon=found[0]) if found else []


def steps(rows: Sequence[Row]) -> str:
    """How far ahead these figures look, ``5 steps``."""
    return counted(rows[0].horizon, "step") if rows else ""


def _pictures(rows: list[Row], section: Section, folder: Path, dropping: str, words: str) -> list[Picture]:
    if len(distinct(rows, "views")) < 2:
        return []
    metric, file = rows[0].metric, "views" if dropping == "episode" else "views-by-step"
    path = small_multiples(rows, folder / f"{file}-{metric}.png", AXIS, axis_of(metric))
    against = "the share of views kept" if dropping == "episode" else "the share of views kept at every step"
    alt = lines_alt(name_of(metric), against, distinct(rows, "model"), distinct(rows, "scenario"))
    return [Picture(path, section, f"{capital(name_of(metric))} {words}. Bands are 95 % intervals.", alt)]
