"""How figures are laid out in tables: what each column holds, a block of lines for each scenario."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evaluation.gaps import SUFFIX
from evaluation.metrics import FACTORS
from evaluation.places import METRIC as PLACE_NLL
from evaluation.places import SHARES
from evaluation.rows import Row, Status, distinct, select, series_names

Cell = tuple[Row | None, Row | None]
"""A figure and its factor to the floor's, where there are such."""

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
    """

    title: str
    metric: str
    decimals: int
    columns: Mapping[str, Mapping[str, object]]
    caption: str

    def blocks(self, rows: Sequence[Row]) -> Iterator[Block]:
        """Per scenario and split, each model's name and its cells."""
        names, factor = series_names(rows), FACTORS.get(self.metric, "")
        mine = [row for row in rows if row.metric in (self.metric, factor)]
        for scenario in distinct(mine, "scenario"):
            for split in distinct(select(mine, scenario=scenario), "split"):
                here = select(mine, scenario=scenario, split=split)
                lines = []
                for (model, seed), name in names.items():
                    own = select(here, model=model, seed=seed)
                    cells = [self._cell(select(own, **where), factor) for where in self.columns.values()]
                    if any(row for row, _ in cells):
                        lines.append((name, cells))
                if lines:
                    yield scenario, split, lines

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
        value, low, high = (f"{number:.{self.decimals}f}" for number in (row.value, row.low, row.high))
        times = "" if factor is None else f" ×{factor.value:.2f} [{factor.low:.2f}, {factor.high:.2f}]"
        return f"{value} [{low}, {high}]{times}"


def _steps(pairs: Sequence[tuple[int, float]], status: Status) -> dict[str, dict[str, object]]:
    """Columns for these steps ahead and shares of views kept."""
    return {
        f"{steps} step{'s' if steps > 1 else ''}, {share:.0%}": {"horizon": steps, "views": share, "status": status}
        for steps, share in pairs
    }


_UNITS = "by steps ahead and share of the views kept; × is the factor to persistence, below 1 better"
_PLACES = "by steps since the place was last in sight of a kept view; lower is better"
_POSITION, _HEALTH = "Position error in cells", "Health + shield error in points"
_DEATHS = "F1 of deaths (persistence calls all alive)"
_SHORT = ((1, 1.0), (1, 0.4), (10, 1.0), (10, 0.4))
_LONG = tuple((steps, share) for steps in (1, 10) for share in (1.0, 0.4, 0.2))
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
    Sheet(_DEATHS, "dead_f1", 2, _steps(_SHORT, "all"), _UNITS),
)
"""Tables about all units, narrow enough for a terminal."""

UNIT_GRID = (
    Sheet(f"{_POSITION}: units in sight", "position_error", 3, _steps(_LONG, "visible"), _UNITS),
    Sheet(f"{_POSITION}: units seen before, hidden now", "position_error", 3, _steps(_LONG, "hidden"), _UNITS),
    Sheet(f"{_HEALTH}: units in sight", "health_error", 2, _steps(_LONG, "visible"), _UNITS),
    Sheet(f"{_HEALTH}: units seen before, hidden now", "health_error", 2, _steps(_LONG, "hidden"), _UNITS),
    Sheet(f"{_DEATHS}: units in sight", "dead_f1", 2, _steps(_LONG, "visible"), _UNITS),
)
"""Tables about units in sight and hidden ones, apart."""

PLACE_SHEETS = tuple(
    Sheet(
        f"Places at {share:.0%} of the views: negative log-likelihood in nats",
        PLACE_NLL,
        2,
        {heading: {"views": share, "status": status} for heading, status in _AGES.items()},
        _PLACES,
    )
    for share in reversed(SHARES)
)
"""Tables about places, by how long they have been dark."""

_GAPS: tuple[Status, ...] = ("in sight", "dark", "dark 11-19")


def gap_sheet(reference: str) -> Sheet:
    """The table of :func:`evaluation.gaps.gaps` to a model."""
    columns = {
        f"{heading}, {share:.0%}": {"views": share, "status": status}
        for heading, status in _AGES.items()
        if status in _GAPS
        for share in reversed(SHARES)
    }
    title = f"Places: nats more than {reference} needs"
    caption = "by steps since the place was last in sight and share of the views; above 0 is worse, paired by battles"
    return Sheet(title, f"{PLACE_NLL}{SUFFIX}", 2, columns, caption)
