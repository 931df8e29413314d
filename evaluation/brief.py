"""A published table in brief: a line for each model, a column for what all scenarios of a kind say together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import fmean

from evaluation.candidate import HIDDEN
from evaluation.labels import called, more_is_better
from evaluation.metrics import LIKELIHOOD
from evaluation.places import METRIC as PLACE_NLL
from evaluation.places import SHARES
from evaluation.rows import FEW_COUNTED, FLOORS, Row, Split, Status, ablation_of, distinct, over_seeds, select


@dataclass(frozen=True)
class Column:
    """What a column holds: a mean over scenarios.

    Attributes:
        heading: its name.
        split: over the scenarios trained on, or over the unseen ones.
        where: what its rows have in common.
        among: over these scenarios only.
    """

    heading: str
    split: Split
    where: Mapping[str, object]
    among: tuple[str, ...] = ()

    def figures(self, rows: Sequence[Row]) -> list[Row]:
        """A figure for each model and floor; see :func:`together`."""
        found = select(rows, split=self.split, bin=None, dropping="episode", **self.where)
        return together([row for row in found if not self.among or row.scenario in self.among])


@dataclass(frozen=True)
class Brief:
    """One short table.

    Attributes:
        title: its heading.
        columns: what it shows.
        caption: what the columns mean, if the table before it does not say so.
    """

    title: str
    columns: tuple[Column, ...]
    caption: str

    def markdown(self, rows: Sequence[Row]) -> str:
        """The table in Markdown: models as they are, without ablations, those with a figure in the first column.

        The last line says how many scenarios the means of a column are over: not all are asked everything.
        """
        found = self._figures(rows)
        names = [name for name in distinct(rows, "model") if name in found[0]]
        names.sort(key=lambda name: name in FLOORS)
        over = (next((row.scenario.split()[0] for row in figures.values()), "–") for figures in found)
        return "\n".join([*self._lines(found, {name: name for name in names}), _line(["*scenarios*", *over])])

    def _figures(self, rows: Sequence[Row]) -> list[dict[str, Row]]:
        """Of each column, the figure of each model."""
        plain = [row for row in rows if not ablation_of(row.model)[1]]
        return [{row.model: row for row in column.figures(plain)} for column in self.columns]

    def _lines(self, found: Sequence[Mapping[str, Row]], names: Mapping[str, str]) -> Iterator[str]:
        yield _line(["model", *(column.heading for column in self.columns)])
        yield _line(["---", *("---:" for _ in found)])
        best = [_best(figures.values()) for figures in found]
        for model, name in names.items():
            yield _line([name, *(_text(figures.get(model), top) for figures, top in zip(found, best, strict=True))])


@dataclass(frozen=True)
class Headline(Brief):
    """The few columns that a README has room for; its readers know no model by its name.

    Attributes:
        by: number of the column of errors by which models are ranked.
    """

    by: int

    def markdown(self, rows: Sequence[Row]) -> str:
        """The table in Markdown: best models first, each called by what it is, then the floors."""
        found = self._figures(rows)
        models = sorted(found[self.by].values(), key=lambda row: (row.model in FLOORS, row.value))
        return "\n".join(self._lines(found, {row.model: called(row.model) for row in models}))


def together(rows: Sequence[Row]) -> list[Row]:
    """Means over scenarios and seeds: one row for each model, each scenario counting as much as every other.

    Left out are scenarios in which a figure rests on fewer than :data:`evaluation.rows.FEW_COUNTED` units or places,
    and those in which a model has none. Scenarios are different battles, so their intervals join as squares.
    """
    series: dict[tuple[str, int | None], dict[str, Row]] = {}
    for row in rows:
        if row.n >= FEW_COUNTED:
            series.setdefault((row.model, row.seed), {})[row.scenario] = row
    if not series:
        return []
    shared = set.intersection(*(set(found) for found in series.values()))
    means = []
    for found in series.values():
        picked = [row for name, row in found.items() if name in shared]
        if picked:
            value = fmean(row.value for row in picked)
            below, above = (
                sqrt(sum(width**2 for width in widths)) / len(picked)
                for widths in ([row.value - row.low for row in picked], [row.high - row.value for row in picked])
            )
            named = replace(picked[0], scenario=f"{len(picked)} scenarios", n=sum(row.n for row in picked), sums=())
            means.append(replace(named, value=value, low=value - below, high=value + above))
    return over_seeds(means)


def said(row: Row) -> str:
    """``0.49 ±0.05``: the figure, and half of its 95 % interval."""
    return f"{row.value:.2f} ±{(row.high - row.low) / 2:.2f}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _best(rows: Iterable[Row]) -> str:
    """The model with the best mean, if there are several; floors are none."""
    learned = [row for row in rows if row.model not in FLOORS]
    if len(learned) < 2:
        return ""
    pick = max if more_is_better(learned[0].metric) else min
    return pick(learned, key=lambda row: row.value).model


def _text(row: Row | None, best: str) -> str:
    if row is None:
        return "–"
    return f"**{said(row)}**" if row.model == best else said(row)


_SPLITS: dict[Split, str] = {"train": "trained on", "unseen": "unseen"}


def unit_column(
    metric: str, horizon: int, split: Split, views: float = 1.0, status: Status = "visible", more: str = ""
) -> Column:
    """A column about units so many steps ahead."""
    heading = f"{horizon} step{'s' if horizon > 1 else ''}, {_SPLITS[split]}{more}"
    return Column(heading, split, {"metric": metric, "horizon": horizon, "views": views, "status": status})


def place_column(status: Status, views: float, split: Split = "unseen") -> Column:
    """A column about places that have been dark for so long."""
    heading = status if split == "unseen" else f"{status}, fights trained on"
    return Column(heading, split, {"metric": PLACE_NLL, "views": views, "status": status})


_POSITION, _HEALTH = "position_error_factor", "health_error_factor"
_NEAR_AND_FAR: tuple[tuple[int, Split], ...] = ((1, "train"), (1, "unseen"), (10, "train"), (10, "unseen"))
_MEANS = (
    "Means over scenarios and seeds, ± half of the 95 % interval over battles and seeds; scenarios with fewer than "
    f"{FEW_COUNTED} {{}} in a column are left out of it. Bold is the best mean, which may be level with others"
)
_PARTS = (
    "As the first table. Other teams of the types trained on, a ladder of 2 to 27 agents, other ground and starting "
    "points, teams that differ, several fights at once."
)
_UNITS = (
    f"{_MEANS.format('units')}. × persistence's error on the same battles, below 1 is better; units in sight, all views"
)

_UNIT_BRIEF = (
    Brief(
        "Where units are, × persistence",
        (
            *(unit_column(_POSITION, steps, split) for steps, split in _NEAR_AND_FAR),
            unit_column(_POSITION, 10, "unseen", views=0.2, more=", 20 % of views"),
            unit_column(
                _POSITION, 1, "unseen", views=0.4, status="hidden 1-3", more=", hidden 1-3 steps, 40 % of views"
            ),
        ),
        f"{_UNITS} unless a column says otherwise.",
    ),
    Brief(
        "Health + shield, × persistence, and who died",
        (
            *(unit_column(_HEALTH, steps, split) for steps, split in _NEAR_AND_FAR),
            unit_column("dead_f1", 10, "unseen", more=": F1 of deaths"),
        ),
        "As above; of F1, 1 is perfect.",
    ),
    Brief(
        "How likely life and place were: nats",
        (
            unit_column(LIKELIHOOD, 1, "train"),
            unit_column(LIKELIHOOD, 1, "unseen"),
            unit_column(LIKELIHOOD, 1, "unseen", views=0.4, more=", 40 % of views"),
            *(
                unit_column(LIKELIHOOD, 1, "unseen", views=0.4, status=status, more=f", {status} steps, 40 % of views")
                for status in HIDDEN
            ),
        ),
        "Who lives, and where to a tenth of a cell; lower is better. Units in sight, all views, unless a column says "
        "otherwise. Floors are fitted on battles of their own.",
    ),
)


def unit_brief(parts: Mapping[str, tuple[str, ...]]) -> tuple[Brief, ...]:
    """Units; at last by what is new about the scenarios of each part of a split (:data:`evaluation.splits.PARTS`)."""
    known = unit_column(_POSITION, 10, "train")
    new = (
        replace(unit_column(_POSITION, 10, "unseen"), heading=part, among=scenarios)
        for part, scenarios in parts.items()
    )
    return *_UNIT_BRIEF, Brief("Where units are, × persistence, ten steps ahead, by what is new", (known, *new), _PARTS)


UNIT_HEADLINE = Headline(
    "Units in short",
    (
        replace(unit_column(_POSITION, 1, "train"), heading="place, 1 step"),
        replace(unit_column(_POSITION, 1, "unseen"), heading="unseen"),
        replace(unit_column(_POSITION, 10, "train"), heading="place, 10 steps"),
        replace(unit_column(_POSITION, 10, "unseen"), heading="unseen"),
        replace(unit_column(_HEALTH, 10, "unseen"), heading="health, 10 steps, unseen"),
    ),
    _UNITS,
    by=3,
)
"""Units, for a README."""

_PLACES = (
    f"{_MEANS.format('places')}. By steps since a place was last in sight of a kept view; lower is better; `dark` is 1 "
    "to 10 steps."
)

PLACE_BRIEF = tuple(
    Brief(
        f"Places at {share:.0%} of the views, with more fights than in training: nats",
        (
            *(place_column(status, share) for status in ("in sight", "dark 1-3", "dark 4-7", "dark 8-10", "never")),
            place_column("dark", share, "train"),
        ),
        _PLACES if share == max(SHARES) else "",
    )
    for share in reversed(SHARES)
)
"""Places."""

PLACE_HEADLINE = Headline(
    "Places in short",
    tuple(place_column(status, 0.6) for status in ("in sight", "dark 1-3", "dark 4-7", "dark 8-10")),
    _PLACES,
    by=1,
)
"""Places, for a README."""
