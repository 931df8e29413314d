"""A report for three readers: ``report.json`` for programs, ``report.md`` for people, tables for the terminal."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from evaluation.held_out import WARMUP
from evaluation.metrics import FACTORS, METRICS
from evaluation.rows import FLOOR, Row, distinct, select, series_names

FORMAT = 1

TITLES = {
    "position_error": "Position error in cells",
    "health_error": "Health + shield error in points",
    "dead_f1": "F1 of deaths (persistence calls all alive)",
}
"""The metrics that tables show; ``report.json`` has all."""

DECIMALS = {"position_error": 3, "health_error": 2, "dead_f1": 2}

COLUMNS = ((1, 1.0), (1, 0.4), (5, 1.0), (5, 0.4))
"""Steps ahead and share of views kept of the tables' columns."""

Cell = tuple[Row | None, Row | None]
"""A figure and its factor to the floor's, where there are such."""


@dataclass(frozen=True)
class Report:
    """What an evaluation found.

    Attributes:
        rows: every figure.
        about: what it took to make them, plain data.
        folder: where the report is written.
        pictures: PNG files in ``folder`` by their captions.
    """

    rows: Sequence[Row]
    about: Mapping[str, Any]
    folder: Path
    pictures: Mapping[str, Path]

    def write(self) -> None:
        """Write ``report.json``, a row a line, and ``report.md``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = ",\n".join(json.dumps(asdict(row), allow_nan=False) for row in self.rows)
        about = json.dumps(self.about, indent=1)
        text = f'{{"format": {FORMAT},\n"rows": [\n{rows}\n],\n"about": {about}}}\n'
        (self.folder / "report.json").write_text(text)
        (self.folder / "report.md").write_text(self.markdown())

    def tables(self) -> list[Table]:
        """The tables for the terminal: figures, and in colour their factor to persistence."""
        tables = []
        for metric, title in TITLES.items():
            table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
            table.padding, table.show_edge = 0, False
            for heading in ("scenario", "model"):
                table.add_column(heading, no_wrap=True)
            for steps, share in COLUMNS:
                table.add_column(_heading(steps, share), justify="right", no_wrap=True)
            for scenario, split, lines in self._blocks(metric):
                for number, (name, cells) in enumerate(lines):
                    table.add_row(f"{scenario} ({split})" if number == 0 else "", name, *map(_coloured, cells))
                table.add_section()
            tables.append(table)
        if tables:
            tables[-1].caption = "by steps ahead and share of the views kept; × is the factor to persistence"
        return tables

    def markdown(self) -> str:
        """The report as Markdown, with intervals, pictures and definitions."""
        parts = ["# Evaluation", self._preface()]
        for metric, title in TITLES.items():
            head = ["scenario", "split", "model", *(_heading(*column) for column in COLUMNS)]
            lines = [head, ["---"] * 3 + ["---:"] * len(COLUMNS)]
            for scenario, split, block in self._blocks(metric):
                lines += [[scenario, split, name, *map(_with_intervals, cells)] for name, cells in block]
            parts += [f"## {title}", "\n".join(f"| {' | '.join(line)} |" for line in lines)]
        if self.pictures:
            parts.append("## Pictures")
            parts += [f"{caption}\n\n![{caption}]({path.name})" for caption, path in self.pictures.items()]
        parts.append("## What the figures mean")
        parts.append("\n".join(f"- `{name}`: {_one_line(metric.__doc__)}" for name, metric in METRICS.items()))
        parts.append(_CONDITIONS)
        return "\n\n".join(parts) + "\n"

    def _preface(self) -> str:
        runs = "\n".join(
            f"- `{run['run']}`: {run['model']['name']}, {run['parameters']:,} parameters, {run['update']:,} updates "
            f"on {', '.join(run['scenarios'])}, seed {run['seed']}"
            for run in self.about["training"]
        )
        versions = ", ".join(f"{name} {version}" for name, version in self.about["versions"].items())
        made = (
            f"Made by `{self.about['command']}` with {versions}: {self.about['episodes']} fresh battles per scenario "
            f"({self.about['battles']}, seed {self.about['seed']})."
        )
        meaning = (
            "Columns are steps ahead and share of the views kept. × is the factor to persistence, below 1 better. "
            "In brackets 95 % bootstrap intervals over battles; those of factors are paired."
        )
        return f"{made}\n\n{runs}\n\n{meaning}"

    def _blocks(self, metric: str) -> Iterator[tuple[str, str, list[tuple[str, list[Cell]]]]]:
        """Per scenario and split, each model's name and its cells."""
        names, factor = series_names(self.rows), FACTORS.get(metric, "")
        both = [row for row in select(self.rows, status="all") if row.metric in (metric, factor)]
        for scenario in distinct(both, "scenario"):
            for split in distinct(select(both, scenario=scenario), "split"):
                here = select(both, scenario=scenario, split=split)
                found = {(row.model, row.seed, row.horizon, row.views, row.metric): row for row in here}
                lines = []
                for key, name in names.items():
                    if any((row.model, row.seed) == key for row in here):
                        pairs = [(found.get((*key, *at, metric)), found.get((*key, *at, factor))) for at in COLUMNS]
                        lines.append((name, pairs))
                yield scenario, split, lines


_CONDITIONS = f"""A figure counts the units that the kept views have shown and that are not known to be dead: in
sight of a kept view when the forecast starts (`visible` in `report.json`) or seen before it (`hidden`). Forecasts are
open loop: after {WARMUP} steps of views the model goes on alone, told only the actions of the agents whose views are
kept (an attack implies that its target lives and is within reach). `n` is the number of units behind a figure; for an
F1 the number of them that truly are what it looks for."""


def _heading(steps: int, share: float) -> str:
    return f"{steps} step{'s' if steps > 1 else ''}, {share:.0%}"


def _coloured(cell: Cell) -> Text:
    row, factor = cell
    if row is None:
        return Text("–", style="dim")
    text = Text(f"{row.value:.{DECIMALS[row.metric]}f}", style="dim" if row.model == FLOOR else "")
    if factor is not None:
        text.append(f" ×{factor.value:.2f}", style="green" if factor.value < 1 else "red")
    return text


def _with_intervals(cell: Cell) -> str:
    row, factor = cell
    if row is None:
        return "–"
    value, low, high = (f"{number:.{DECIMALS[row.metric]}f}" for number in (row.value, row.low, row.high))
    times = "" if factor is None else f" ×{factor.value:.2f} [{factor.low:.2f}, {factor.high:.2f}]"
    return f"{value} [{low}, {high}]{times}"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
