"""A report for three readers: ``report.json`` for programs, ``report.md`` for people, tables for the terminal."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from evaluation.held_out import WARMUP
from evaluation.metrics import METRICS
from evaluation.rows import FLOOR, Row, distinct, select, series_names

FORMAT = 1

TITLES = {
    "position_error": "Position error, cells",
    "health_error": "Health + shield error, points",
    "dead_f1": "F1 of deaths",
}
"""The metrics that tables show; ``report.json`` has all."""

COLUMNS = ((1, 1.0), (1, 0.4), (5, 1.0), (5, 0.4))
"""Steps ahead and share of views kept of the tables' columns."""


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
        """Write ``report.json`` and ``report.md``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        data = {"format": FORMAT, "rows": [asdict(row) for row in self.rows], "about": dict(self.about)}
        (self.folder / "report.json").write_text(json.dumps(data, indent=1, allow_nan=False) + "\n")
        (self.folder / "report.md").write_text(self.markdown())

    def tables(self) -> list[Table]:
        """The tables for the terminal: value, and as a factor of persistence in colour."""
        tables = []
        for metric, title in TITLES.items():
            factor = _has_factor(metric)
            caption = "×: as a factor of persistence, below 1 is better" if factor else "persistence calls all alive"
            table = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
            table.add_column("scenario")
            table.add_column("model")
            for steps, share in COLUMNS:
                table.add_column(_heading(steps, share), justify="right")
            for scenario, split, lines in self._blocks(metric):
                for number, (name, cells) in enumerate(lines):
                    shown = [_cell(row, floor, factor) for row, floor in cells]
                    table.add_row(f"{scenario} ({split})" if number == 0 else "", name, *shown)
                table.add_section()
            tables.append(table)
        return tables

    def markdown(self) -> str:
        """The report as Markdown, with intervals, pictures and definitions."""
        parts = ["# Evaluation", self._preface()]
        for metric, title in TITLES.items():
            head = ["scenario", "split", "model", *(_heading(*column) for column in COLUMNS)]
            lines = [head, ["---"] * 3 + ["---:"] * len(COLUMNS)]
            for scenario, split, block in self._blocks(metric):
                for name, cells in block:
                    shown = [_plain(row, floor, _has_factor(metric)) for row, floor in cells]
                    lines.append([scenario, split, name, *shown])
            parts += [f"## {title}", "\n".join(f"| {' | '.join(line)} |" for line in lines)]
        if self.pictures:
            parts.append("## Pictures")
            parts += [f"{caption}\n\n![{caption}]({path.name})" for caption, path in self.pictures.items()]
        parts.append("## What the figures mean")
        parts.append("\n".join(f"- `{name}`: {_first_sentence(metric)}" for name, metric in METRICS.items()))
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
        return f"{made}\n\n{runs}\n\nIn brackets 95 % bootstrap intervals over battles; × is the factor to persistence."

    def _blocks(self, metric: str) -> Iterator[tuple[str, str, list[tuple[str, list[tuple[Row | None, Row | None]]]]]]:
        """Per scenario and split, each model's name and its (figure, floor's figure) per column."""
        rows = select(self.rows, metric=metric, status="all")
        names = series_names(self.rows)
        for scenario in distinct(rows, "scenario"):
            for split in distinct(select(rows, scenario=scenario), "split"):
                here = select(rows, scenario=scenario, split=split)
                found = {(row.model, row.seed, row.horizon, row.views): row for row in here}
                lines = []
                for (model, seed), name in names.items():
                    cells = [
                        (found.get((model, seed, *column)), found.get((FLOOR, None, *column))) for column in COLUMNS
                    ]
                    if any(row is not None for row, _ in cells):
                        lines.append((name, cells))
                yield scenario, split, lines


_CONDITIONS = f"""A figure counts the units that the kept views have shown and that are not known to be dead: in sight of a
kept view when the forecast starts (`visible` in `report.json`) or seen before it (`hidden`). Forecasts are open loop:
after {WARMUP} steps of views the model goes on alone, told only the actions of the agents whose views are kept. `n` is
the number of units behind a figure; for an F1 the number of them that truly are what it looks for."""


def _has_factor(metric: str) -> bool:
    return metric.endswith("_error")


def _heading(steps: int, share: float) -> str:
    return f"{steps} step{'s' if steps > 1 else ''}, {share:.0%} views"


def _factor(row: Row, floor: Row | None) -> float | None:
    return None if floor is None or row.model == FLOOR or floor.value == 0 else row.value / floor.value


def _number(row: Row, value: float) -> str:
    return (
        f"{value:.1f}"
        if row.metric == "health_error" and value >= 10
        else f"{value:.3g}"
        if value >= 1
        else f"{value:.3f}"
    )


def _cell(row: Row | None, floor: Row | None, factor: bool) -> Text:
    if row is None:
        return Text("–", style="dim")
    text = Text(_number(row, row.value), style="dim" if row.model == FLOOR else "")
    times = _factor(row, floor) if factor else None
    if times is not None:
        text.append(f" ×{times:.2f}", style="green" if times < 1 else "red")
    return text


def _plain(row: Row | None, floor: Row | None, factor: bool) -> str:
    if row is None:
        return "–"
    low, high = _number(row, row.low), _number(row, row.high)
    times = _factor(row, floor) if factor else None
    return f"{_number(row, row.value)} [{low}, {high}]" + ("" if times is None else f" ×{times:.2f}")


def _first_sentence(function: Callable[..., object]) -> str:
    return " ".join((function.__doc__ or "").split())
