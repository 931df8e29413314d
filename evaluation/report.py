"""A report for three readers: ``report.json`` for programs, ``report.md`` for people, tables for the terminal."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from evaluation.held_out import WARMUP
from evaluation.metrics import METRICS
from evaluation.places import ASKED
from evaluation.places import MEANING as PLACE_NLL_MEANS
from evaluation.places import METRIC as PLACE_NLL
from evaluation.rows import FLOORS, Row
from evaluation.sheets import PLACE_SHEETS, UNIT_SHEETS, Cell, Sheet

FORMAT = 1


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
        columns = ({name: value for name, value in asdict(row).items() if name != "sums"} for row in self.rows)
        rows = ",\n".join(json.dumps(column, allow_nan=False) for column in columns)
        about = json.dumps(self.about, indent=1)
        text = f'{{"format": {FORMAT},\n"rows": [\n{rows}\n],\n"about": {about}}}\n'
        (self.folder / "report.json").write_text(text)
        (self.folder / "report.md").write_text(self.markdown())

    def sheets(self) -> list[Sheet]:
        """The tables that there are figures for."""
        return [sheet for sheet in (*UNIT_SHEETS, *PLACE_SHEETS) if any(sheet.blocks(self.rows))]

    def tables(self) -> list[Table]:
        """The tables for the terminal: figures, and in colour their factor to persistence."""
        tables = []
        for sheet in self.sheets():
            table = Table(title=sheet.title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
            table.padding, table.show_edge = 0, False
            for heading in ("scenario", "model"):
                table.add_column(heading, no_wrap=True)
            for heading in sheet.columns:
                table.add_column(heading.replace(", ", ",\n"), justify="right", no_wrap=True)
            for scenario, split, lines in sheet.blocks(self.rows):
                for number, (name, cells) in enumerate(lines):
                    shown = (_coloured(cell, sheet.decimals) for cell in cells)
                    first = {0: scenario, 1: f"({split})"}.get(number, "")  # on two lines, for narrow terminals
                    table.add_row(first, name, *shown)
                table.add_section()
            table.caption = sheet.caption
            tables.append(table)
        return tables

    def markdown(self) -> str:
        """The report as Markdown, with intervals, pictures and definitions."""
        parts = ["# Evaluation", self._preface()]
        for sheet in self.sheets():
            parts += [f"## {sheet.title}", sheet.caption, sheet.markdown(self.rows)]
        if self.pictures:
            parts.append("## Pictures")
            parts += [f"{caption}\n\n![{caption}]({path.name})" for caption, path in self.pictures.items()]
        parts.append("## What the figures mean")
        asked = {row.metric for row in self.rows}
        meanings = {name: _one_line(metric.__doc__) for name, metric in METRICS.items()} | {PLACE_NLL: PLACE_NLL_MEANS}
        parts.append("\n".join(f"- `{name}`: {means}" for name, means in meanings.items() if name in asked))
        parts += [text for metric, text in _CONDITIONS.items() if metric in asked]
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
        meaning = "In brackets 95 % bootstrap intervals over battles; those of factors are paired."
        return f"{made}\n\n{runs}\n\n{meaning}"


_CONDITIONS = {
    "position_error": f"""A figure about units counts those that the kept views have shown and that are not known to
be dead: in sight of a kept view when the forecast starts (`visible` in `report.json`) or seen before it (`hidden`).
Forecasts are open loop: after {WARMUP} steps of views the model goes on alone, told only the actions of the agents
whose views are kept (an attack implies that its target lives and is within reach). `n` is the number of units behind a
figure; for an F1 the number of them that truly are what it looks for.""",
    PLACE_NLL: f"""A figure about places counts those whose last time in sight of a kept view lies so many steps back;
three in four are drawn around living units, seen or not. They are asked about after each of {ASKED} steps, in which the
kept views go dark and come back. Between views and answer stands nothing but the model's memory. The floors were
fitted on other battles of the scenarios trained on: the `constant rate` of each age, and the `last-seen table`, which
is told which unit is which. `n` is the number of places behind a figure.""",
}
"""What counts, by a metric that tells which question was asked."""


def _coloured(cell: Cell, decimals: int) -> Text:
    row, factor = cell
    if row is None:
        return Text("–", style="dim")
    text = Text(f"{row.value:.{decimals}f}", style="dim" if row.model in FLOORS else "")
    if factor is not None:
        text.append(f" ×{factor.value:.2f}", style="green" if factor.value < 1 else "red")
    return text


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
