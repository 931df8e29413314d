"""How figures are laid out in tables: what each column holds, a block of lines for each scenario."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from evaluation.gaps import SUFFIX
from evaluation.labels import more_is_better
from evaluation.metrics import BINS, FACTORS, LIKELIHOOD
from evaluation.places import METRIC as PLACE_NLL
from evaluation.places import SHARES
from evaluation.rows import FITTED, FLOOR, Row, Status, select, series_names
from s2rm_sc2.words import counted

Cell = tuple[Row | None, Row | None]
"""A figure and its factor to the floor's, where there are such."""

_FACTORED, _PLAIN = 4, 7
"""Columns with factors, and without, that a terminal has room for."""

_MOVING = "constant velocity"
_about = attrgetter("scenario", "split", "views", "horizon", "status", "dropping", "bin")

Block = tuple[str, str, list[tuple[str, list[Cell]]]]
"""Scenario, split, and each model's name with its cells."""


@dataclass(frozen=True)
class Sheet:
    """One table.

    Attributes:
        title: its heading.
        metric: what it shows.
        decimals: of its figures.
        columns: what rows of each column have in common, by the column's heading.
        caption: what the columns mean.
        ranked: one figure is better than another.
    """

    title: str
    metric: str
    decimals: int
    columns: Mapping[str, Mapping[str, object]]
    caption: str
    ranked: bool = True

    def fitted(self, rows: Sequence[Row]) -> "Sheet":
        """The table without the columns that no row is in."""
        mine = select(rows, metric=self.metric)
        return replace(self, columns={name: where for name, where in self.columns.items() if select(mine, **where)})

    def telling(self, rows: Sequence[Row]) -> tuple["Sheet", list[Row]]:
        """The table and its rows without those of a floor that is nowhere in it better than persistence.

        The caption says so then; ``report.json`` has the rows.
        """
        if not self.ranked:
            return self, list(rows)
        mine = [row for where in self.columns.values() for row in select(rows, metric=self.metric, **where)]
        hopeless = [floor for floor, simplest in _SIMPLER.items() if _nowhere_better(mine, floor, simplest)]
        kept = [row for row in rows if row.model not in hopeless]
        if not hopeless or not select(kept, metric=self.metric):
            return self, list(rows)
        left_out = " and ".join(f"{floor}, nowhere better than {_SIMPLER[floor]}" for floor in hopeless)
        return replace(self, caption=f"{self.caption}; left out: {left_out}"), kept

    def blocks(self, rows: Sequence[Row]) -> Iterator[Block]:
        """Per scenario and split, each model's name and its cells."""
        names, factor = series_names(rows), FACTORS.get(self.metric, "")
        mine: dict[tuple[str, str], dict[tuple[str, int | None], list[Row]]] = {}
        for row in rows:
            if row.metric in (self.metric, factor):
                mine.setdefault((row.scenario, row.split), {}).setdefault((row.model, row.seed), []).append(row)
        for (scenario, split), series in mine.items():
            lines = []
            for key, name in names.items():
                cells = [self._cell(select(series.get(key, ()), **where), factor) for where in self.columns.values()]
                if any(row for row, _ in cells):
                    lines.append((name, cells))
            if lines:
                yield scenario, split, lines

    def narrow(self) -> Iterator["Sheet"]:
        """The table in parts of about equal width that fit a terminal of 80 columns."""
        columns = list(self.columns.items())
        parts = -(-len(columns) // (_FACTORED if self.metric in FACTORS else _PLAIN))
        for part in range(parts):
            first, last = (len(columns) * end // parts for end in (part, part + 1))
            yield replace(self, columns=dict(columns[first:last]))

    def _cell(self, rows: Sequence[Row], factor: str) -> Cell:
        found = {row.metric: row for row in rows}
        return found.get(self.metric), found.get(factor)

    def markdown(self, rows: Sequence[Row]) -> str:
        """The table in Markdown, with intervals; how many units or places a column rests on ends each block."""
        width = len(self.columns)
        lines = [["scenario", "split", "model", *self.columns], ["---"] * 3 + ["---:"] * width]
        for scenario, split, block in self.blocks(rows):
            lines += [[scenario, split, name, *(self._text(cell) for cell in cells)] for name, cells in block]
            last = [max((row.n for _, cells in block for row in [cells[k][0]] if row), default=0) for k in range(width)]
            lines.append([scenario, split, "n", *(f"{n:,}" for n in last)])
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _text(self, cell: Cell) -> str:
        row, factor = cell
        if row is None:
            return "–"
        times = "" if factor is None else f" ×{factor.value:.2f}{_interval(factor, 2)}"
        return f"{row.value:.{self.decimals}f}{_interval(row, self.decimals)}{times}"


_SIMPLER = {_MOVING: FLOOR, FITTED.format(_MOVING): FITTED.format(FLOOR)}
"""Floors that are only worth a line where they are better than another."""


def _nowhere_better(rows: Sequence[Row], floor: str, simplest: str) -> bool:
    """Whether a floor has figures among these of one metric and each is as bad as the other's, or worse."""
    base = {_about(row): row.value for row in select(rows, model=simplest)}
    own = {_about(row): row.value for row in select(rows, model=floor)}
    sign = -1.0 if rows and more_is_better(rows[0].metric) else 1.0
    return bool(own) and all(about in base and sign * value >= sign * base[about] for about, value in own.items())


def _interval(row: Row, decimals: int) -> str:
    """`` [0.40, 0.60]``; nothing where it has no ends."""
    return f" [{row.low:.{decimals}f}, {row.high:.{decimals}f}]" if row.bounded else ""


_WHOLE: dict[str, object] = {"dropping": "episode"}
"""Of columns about the same agents' views throughout."""


def _steps(pairs: Sequence[tuple[int, float]], status: Status) -> dict[str, dict[str, object]]:
    """Columns for these steps ahead and shares of views kept."""
    return {
        f"{counted(steps, 'step')}, {share:.0%}": {
            "horizon": steps,
            "views": share,
            "status": status,
            **_WHOLE,
        }
        for steps, share in pairs
    }


def _by_age(ages: Mapping[str, Status]) -> dict[str, dict[str, object]]:
    """Columns for the next step of units last seen so many steps ago."""
    return {
        f"{name}, {share:.0%}": {"horizon": 1, "views": share, "status": status, **_WHOLE}
        for share in (1.0, 0.4)
        for name, status in ages.items()
    }


_UNITS = "by steps ahead and share of the views kept; × is the factor to persistence, below 1 better"
_F1 = "by steps ahead and share of the views kept; higher is better, 1 is perfect"
_PLACES = "by steps since the place was last in sight of a kept view; lower is better"
_POSITION, _HEALTH = "Position error in cells", "Health + shield error in points"
_DEATHS = "F1 of deaths (persistence calls all alive)"
_SHORT = ((1, 1.0), (1, 0.4), (10, 1.0), (10, 0.4))
_LONG = tuple((steps, share) for steps in (1, 10) for share in (1.0, 0.4, 0.2))
_HIDDEN_AGES: dict[str, Status] = {"1-3": "hidden 1-3", "4-7": "hidden 4-7", "8+": "hidden 8+"}
_HIDDEN = _by_age(_HIDDEN_AGES)
_LIKELY = _by_age({"in sight": "visible", **_HIDDEN_AGES})
_AGED = "one step ahead, by steps since a unit was last seen and share of the views"
_BY_AGE, _BY_AGE_FACTORED = f"{_AGED}; lower is better", f"{_AGED}; × is the factor to persistence, below 1 better"
_AGES: dict[str, Status] = {
    "seen": "in sight",
    "1-10": "dark",
    "1-3": "dark 1-3",
    "4-7": "dark 4-7",
    "8-10": "dark 8-10",
    "11-19": "dark 11-19",
    "never": "never",
}

UNIT_SHEETS = (
    Sheet(_POSITION, "position_error", 3, _steps(_SHORT, "all"), _UNITS),
    Sheet(_HEALTH, "health_error", 2, _steps(_SHORT, "all"), _UNITS),
    Sheet(_DEATHS, "dead_f1", 2, _steps(_SHORT, "all"), _F1),
)
"""Tables about all units, narrow enough for a terminal."""

UNIT_GRID = (
    Sheet(f"{_POSITION}: units in sight", "position_error", 3, _steps(_LONG, "visible"), _UNITS),
    Sheet(f"{_POSITION}: units seen before, hidden now", "position_error", 3, _steps(_LONG, "hidden"), _UNITS),
    Sheet(f"{_HEALTH}: units in sight", "health_error", 2, _steps(_LONG, "visible"), _UNITS),
    Sheet(f"{_HEALTH}: units seen before, hidden now", "health_error", 2, _steps(_LONG, "hidden"), _UNITS),
    Sheet(f"{_DEATHS}: units in sight", "dead_f1", 2, _steps(_LONG, "visible"), _F1),
    Sheet("Life and place of units: negative log-likelihood in nats", LIKELIHOOD, 2, _LIKELY, _BY_AGE),
)
"""Tables about units in sight and hidden ones, apart."""

PLACE_SHEETS = tuple(
    Sheet(
        f"Places at {share:.0%} of the views: negative log-likelihood in nats",
        PLACE_NLL,
        2,
        {heading: {"views": share, "status": status, **_WHOLE} for heading, status in _AGES.items()},
        _PLACES,
    )
    for share in reversed(SHARES)
)
"""Tables about places, by how long they have been dark."""

_NEXT = _steps([(1, share) for share in (1.0, 0.8, 0.6, 0.4, 0.2)], "all")
_BY_STEP: dict[str, dict[str, object]] = {
    f"{counted(steps, 'step')}, {share:.0%}": {
        "horizon": steps, "views": share, "status": "all", "dropping": "step"
    }
    for steps in (1, 5, 10)
    for share in (0.8, 0.4, 0.2)
}  # fmt: skip
_LOW = "by steps ahead and share of the views kept; lower is better"
_MAPS = {"friend_foe_f1": "Friend/foe F1 of local maps", "unit_type_f1": "Unit type F1 of local maps"}

MORE_UNITS = (
    *(Sheet(title, metric, 2, _steps(_SHORT, "all"), _F1) for metric, title in _MAPS.items()),
    Sheet(f"{_POSITION}: hidden units by age", "position_error", 3, _HIDDEN, _BY_AGE_FACTORED),
    Sheet(f"{_HEALTH}: hidden units by age", "health_error", 2, _HIDDEN, _BY_AGE_FACTORED),
    Sheet(f"{_POSITION}: other agents' views at every step", "position_error", 3, _BY_STEP, _UNITS),
)
"""More about units, for reports and published pages."""

_ALONE = tuple((steps, 1.0) for steps in (1, 2, 3, 5, 7, 10, 15, 20))
_FEWER = tuple((steps, share) for steps in (1, 5) for share in (1.0, 0.8, 0.4, 0.2))
_BINS: dict[str, dict[str, object]] = {
    f"{10 * number}-{10 * number + 10}%": {"bin": number / BINS, "horizon": 10, "views": 1.0} for number in range(BINS)
}

HORIZON_SHEETS, VIEWS_SHEETS = (
    tuple(
        Sheet(f"{title}: {by}", metric, decimals, _steps(pairs, "all"), _F1 if metric == "dead_f1" else _UNITS)
        for title, metric, decimals in (
            (_POSITION, "position_error", 3),
            (_HEALTH, "health_error", 2),
            (_DEATHS, "dead_f1", 2),
        )
    )
    for by, pairs in (("steps without views", _ALONE), ("fewer views", _FEWER))
)
HIDDEN_SHEETS = (
    *(sheet for sheet in MORE_UNITS if sheet.columns == _HIDDEN),
    Sheet(f"{_DEATHS}: hidden units by age", "dead_f1", 2, _HIDDEN, f"{_AGED}; higher is better, 1 is perfect"),
)
CALIBRATION_SHEET = Sheet(
    "Share of units that live, by their predicted chance",
    "alive_observed",
    2,
    _BINS,
    "ten steps ahead, all views; a model that can be taken at its word has a share within each column's range",
    ranked=False,
)
"""Of questions by themselves, for reports."""

CHANCES = (
    Sheet("Brier score of being alive", "alive_brier", 3, _steps(_SHORT, "all"), _LOW),
    Sheet("Error of a step's reward", "reward_error", 3, _NEXT, _LOW),
    Sheet("F1 of the step that decides a battle", "terminated_f1", 2, _NEXT, _F1),
    Sheet("Brier score of the step that decides a battle", "terminated_brier", 3, _NEXT, _LOW),
)
"""Tables about probabilities and outcomes."""

MORE_PLACES = tuple(
    Sheet(
        f"Places at {share:.0%} of the views: {title[0].lower()}{title[1:]}",
        metric,
        2,
        {heading: {"views": share, "status": status, **_WHOLE} for heading, status in _AGES.items()},
        "by steps since the place was last in sight of a kept view; higher is better",
    )
    for metric, title in _MAPS.items()
    for share in reversed(SHARES)
)
"""The same places by the paper's metrics."""

UNIT_TABLES, PLACE_TABLES = (*UNIT_GRID, *MORE_UNITS, *CHANCES), (*PLACE_SHEETS, *MORE_PLACES)
"""All tables about units, and about places, for published pages."""

ABOUT = {
    "units": (*UNIT_SHEETS, *MORE_UNITS, HIDDEN_SHEETS[-1], *HORIZON_SHEETS, *VIEWS_SHEETS),
    "places": PLACE_TABLES,
    "chances": (*CHANCES, CALIBRATION_SHEET),
}
"""The tables of each part of a report; :data:`UNIT_GRID` is told apart in it too."""

HEADLINES = (*UNIT_SHEETS, *PLACE_SHEETS)
"""What the terminal shows unless single questions were asked."""

_OF_QUESTIONS: Mapping[str, Sequence[Sheet]] = {
    "horizon": HORIZON_SHEETS,
    "views": VIEWS_SHEETS,
    "views_by_step": [sheet for sheet in MORE_UNITS if sheet.columns == _BY_STEP],
    "hidden": HIDDEN_SHEETS,
    "likelihood": [sheet for sheet in UNIT_GRID if sheet.metric == LIKELIHOOD],
    "outcome": [sheet for sheet in CHANCES if sheet.columns == _NEXT],
    "calibration": [*(sheet for sheet in CHANCES if sheet.metric == "alive_brier"), CALIBRATION_SHEET],
}
"""The tables that answer a question, by its name; the others are answered by :data:`HEADLINES`."""


def tables_of(questions: Sequence[str]) -> list[Sheet]:
    """What the terminal shows where these questions were named; without names the headlines."""
    found = [sheet for name in questions or [""] for sheet in _OF_QUESTIONS.get(name, HEADLINES)]
    return [sheet for number, sheet in enumerate(found) if sheet not in found[:number]]


def every_sheet(rows: Sequence[Row], sheets: Sequence[Sheet] = ()) -> list[Sheet]:
    """These tables, by default all, that there are figures for, each with the columns that there are figures for."""
    sheets = sheets or (*ABOUT["units"], *UNIT_GRID, *ABOUT["places"], *ABOUT["chances"])
    return [fitted for fitted in (sheet.fitted(rows) for sheet in sheets) if fitted.columns]


_GAPS: tuple[Status, ...] = ("in sight", "dark", "dark 11-19")
_PAIRED = "above 0 is worse, paired by battles"


def gap_sheets(reference: str) -> tuple[Sheet, ...]:
    """The tables of :func:`evaluation.gaps.gaps` to a model."""
    dark = {
        f"{heading}, {share:.0%}": {"views": share, "status": status}
        for heading, status in _AGES.items()
        if status in _GAPS
        for share in reversed(SHARES)
    }
    since = f"by steps since the place was last in sight and share of the views; {_PAIRED}"
    ahead = f"units in sight, by steps ahead and share of the views kept; {_PAIRED}"
    aged = f"one step ahead, by steps since a unit was last seen and share of the views; {_PAIRED}"
    return (
        Sheet(f"Places: nats more than {reference} needs", f"{PLACE_NLL}{SUFFIX}", 2, dark, since),
        Sheet(f"{_POSITION}, less that of {reference}", f"position_error{SUFFIX}", 3, _steps(_LONG, "visible"), ahead),
        Sheet(f"{_HEALTH}, less that of {reference}", f"health_error{SUFFIX}", 2, _steps(_LONG, "visible"), ahead),
        Sheet(f"Life and place of units: nats more than {reference} needs", f"{LIKELIHOOD}{SUFFIX}", 2, _LIKELY, aged),
    )
