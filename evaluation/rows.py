"""The figures of a report: one row each, and how rows are found again."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Split = Literal["train", "unseen"]
Status = Literal[
    *("all", "visible", "hidden"),
    *("in sight", "dark", "dark 1-3", "dark 4-7", "dark 8-10", "dark 11-19", "never"),
]
"""The units, then the places, that a figure is about."""

FLOOR = "persistence"
"""The model that no other may lose to."""

FLOORS = (FLOOR, "constant velocity", "constant rate", "last-seen table")
"""What stands in for a model that has learned nothing; their rows have no seed."""


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        model, seed: who predicted, and the seed of its training (None for the floor).
        scenario, split: on fresh episodes of what, and whether the model was trained on that scenario.
        views: share of the agents' views that was kept.
        horizon: steps ahead, open loop.
        status: which units: those in sight of a kept view at the start, those seen before but hidden then, or all;
            or which places: in sight of a kept view now, dark since so many steps (``dark``: 1 to 10), never seen.
        metric: a name in :data:`evaluation.metrics.METRICS`, or ``place_nll``.
        value, low, high: the figure and its 95 % interval over episodes.
        n: units, or places, that it rests on.
    """

    model: str
    seed: int | None
    scenario: str
    split: Split
    views: float
    horizon: int
    status: Status
    metric: str
    value: float
    low: float
    high: float
    n: int


def select(rows: Iterable[Row], **conditions: object) -> list[Row]:
    """The rows whose attributes equal the conditions, in order."""
    return [row for row in rows if all(getattr(row, name) == value for name, value in conditions.items())]


def series_names(rows: Iterable[Row]) -> dict[tuple[str, int | None], str]:
    """A name for each (model, seed) in order of appearance, floors last; seeds are named where a model has several."""
    keys = list(dict.fromkeys((row.model, row.seed) for row in rows))
    keys.sort(key=lambda key: key[0] in FLOORS)
    models = [model for model, _ in keys]
    return {(model, seed): model if models.count(model) == 1 else f"{model} seed {seed}" for model, seed in keys}


def distinct(rows: Iterable[Row], attribute: str) -> list[Any]:
    """The values of an attribute in order of appearance."""
    return list(dict.fromkeys(getattr(row, attribute) for row in rows))
