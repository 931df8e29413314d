"""The figures of a report: one row each, and how rows are found again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import hypot, inf, isfinite, sqrt
from operator import attrgetter
from statistics import fmean, stdev
from typing import Any, Literal, get_args

from worldmodel.s2rm import Ablation

Split = Literal["train", "unseen"]
UnitStatus = Literal["all", "visible", "hidden", "hidden 1-3", "hidden 4-7", "hidden 8+"]
PlaceStatus = Literal["in sight", "dark", "dark 1-3", "dark 4-7", "dark 8-10", "dark 11-19", "never"]
Status = UnitStatus | PlaceStatus
"""The units, or the places, that a figure is about."""

Dropping = Literal["episode", "step"]
"""When it is drawn whose views are kept: once for an episode, or anew at every step."""

FLOOR = "persistence"
"""The model that no other may lose to."""

FITTED = "fitted {}"
"""What a floor of units is called where it says, as battles of its own taught it, how sure one may be."""

FLOORS = (
    FLOOR,
    "constant velocity",
    "constant rate",
    "last-seen table",
    FITTED.format(FLOOR),
    FITTED.format("constant velocity"),
)
"""What stands in for a model that has learned nothing; their rows have no seed."""


FEW_COUNTED, FEW_BATTLES = 30, 5
"""Units or places, and battles that any of them was counted in, below which a figure is no ground for a comparison."""


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        model, seed: who predicted, and the seed of its training (None for the floor).
        scenario, split: on fresh episodes of what, and whether the model was trained on that scenario.
        views: share of the agents' views that was kept.
        horizon: steps ahead, open loop.
        status: which units: those in sight of a kept view at the start, those seen before but hidden then (since so
            many steps), or all; or which places: in sight of a kept view now, dark since so many steps (``dark``: 1 to
            10), never seen.
        metric: a name in :func:`evaluation.metrics.meanings` or :data:`evaluation.metrics.FACTORS`, or ``place_nll``.
        value, low, high: the figure and its 95 % interval over episodes.
        n: units, or places, that it rests on.
        sums: for each test episode, the sum and the count that the figure is made of; of figures that models are
            compared by battle for battle (places, units in sight, likelihoods).
        dropping: when it was drawn whose views are kept.
        bin: lower edge of the predicted probabilities that a figure of calibration is about; None for other figures.
        battles: test episodes that anything was counted in; 0 where nobody noted it.
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
    sums: tuple[tuple[float, float], ...] = ()
    dropping: Dropping = "episode"
    bin: float | None = None
    battles: int = 0

    @property
    def bounded(self) -> bool:
        """Whether its interval says anything; see :func:`believable`."""
        return isfinite(self.low) and isfinite(self.high)


_what = attrgetter("model", "scenario", "split", "views", "horizon", "status", "metric", "dropping", "bin")
"""What a figure is about: all but whose seed found it, and what it is."""


def select(rows: Iterable[Row], **conditions: object) -> list[Row]:
    """The rows whose attributes equal the conditions, in order."""
    found = list(rows)
    for name, value in conditions.items():
        found = [row for row in found if getattr(row, name) == value]
    return found


def believable(rows: Iterable[Row]) -> list[Row]:
    """The rows, those of fewer than :data:`FEW_BATTLES` battles with an interval without ends.

    Two battles drawn again are seldom far from those two: such an interval would be narrow, or a point, for no reason.
    """
    return [replace(row, low=-inf, high=inf) if 0 < row.battles < FEW_BATTLES else row for row in rows]


def ablation_of(model: str) -> tuple[str, str]:
    """A row's model without its ablation, and the ablation: ``s2gru (reset)`` is ``s2gru`` and ``reset``."""
    for ablation in get_args(Ablation):
        if model.endswith(f" ({ablation})"):
            return model.removesuffix(f" ({ablation})"), ablation
    return model, ""


def series_names(rows: Iterable[Row]) -> dict[tuple[str, int | None], str]:
    """A name for each (model, seed) in order of appearance, floors last; seeds are named where a model has several."""
    keys = list(dict.fromkeys((row.model, row.seed) for row in rows))
    keys.sort(key=lambda key: key[0] in FLOORS)
    models = [model for model, _ in keys]
    return {(model, seed): model if models.count(model) == 1 else f"{model} seed {seed}" for model, seed in keys}


_EVERYBODY = ("position_error", "health_error", "alive_brier", "unit_nll", "place_nll", "reward_error")
"""Metrics of which every model has a figure wherever one has, unless it said what is no number."""


def astray(rows: Sequence[Row]) -> list[str]:
    """A sentence for each run that has no figure where others have: not all that it said there was finite.

    Such a figure is missing, and means leave its scenario out for all, so that nobody would see how bad it is.
    """
    places: dict[tuple[str, int | None], set[tuple[object, ...]]] = {}
    for row in rows:
        if row.metric in _EVERYBODY and not ablation_of(row.model)[1]:
            about = (row.scenario, row.metric, row.views, row.horizon, row.status, row.dropping)
            places.setdefault((row.model, row.seed), set()).add(about)
    every, names = dict.fromkeys(about for own in places.values() for about in own), series_names(rows)
    said = []
    for key, own in places.items():
        lost = list(dict.fromkeys(f"`{about[0]}`" for about in every if about not in own))
        if lost and key[0] not in FLOORS:
            said.append(f"`{names[key]}` said what is no number on {', '.join(lost)}; figures of that are missing.")
    return said


def distinct(rows: Iterable[Row], attribute: str) -> list[Any]:
    """The values of an attribute in order of appearance."""
    return list(dict.fromkeys(getattr(row, attribute) for row in rows))


_STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26)
"""97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom; beyond, two terms of its series, right to 0.005."""


def seeds_margin(*figures: Sequence[float]) -> float:
    """Half the 95 % interval, over seeds, of a sum or difference of means: Student's t times the standard error.

    Of two models the degrees of freedom are Welch's (1947), rounded down: their seeds may differ by unlike amounts.

    Args:
        figures: one model's figures, a number per seed, or those of two; a model of one seed adds nothing.
    """
    several = [values for values in figures if len(values) > 1]
    spreads = [stdev(values) ** 2 / len(values) for values in several]
    total = sum(spreads)
    if total == 0.0:
        return 0.0
    freedom = total**2 / sum(part**2 / (len(values) - 1) for part, values in zip(spreads, several, strict=True))
    known = int(freedom + 1e-9)
    return (_STUDENT[known - 1] if known <= len(_STUDENT) else 1.96 + 2.37 / known + 2.82 / known**2) * sqrt(total)


def over_seeds(rows: Iterable[Row]) -> list[Row]:
    """Figures of a model's seeds as one: their mean, and an interval over episodes and seeds.

    The interval joins, as squares, the seeds' intervals over episodes (their mean) and :func:`seeds_margin`.
    """
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(_what(row), []).append(row)
    means = []
    for group in groups.values():
        value, low, high = (fmean(getattr(row, name) for row in group) for name in ("value", "low", "high"))
        seeds = seeds_margin([row.value for row in group])
        ends = value - hypot(value - low, seeds), value + hypot(high - value, seeds)
        means.append(replace(group[0], seed=None, value=value, low=ends[0], high=ends[1], sums=()))
    return means
