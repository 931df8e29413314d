"""A report: ``report.html`` to open first, ``report.md``, ``report.json`` for programs, and the terminal's tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from evaluation import summary
from evaluation.definitions import INTERVALS, conditions, definitions
from evaluation.figures.picture import Picture
from evaluation.page import page
from evaluation.rows import FEW_BATTLES, FLOORS, Row, believable
from evaluation.sheets import Cell, every_sheet, tables_of
from s2rm_sc2.words import counted

FORMAT = 1


@dataclass(frozen=True)
class Report:
    """What an evaluation found.

    Attributes:
        rows: every figure.
        about: what it took to make them, plain data.
        folder: where the report is written.
        pictures: PNG files in ``folder`` and what they show.
        named: the questions that were asked by name, whose tables the terminal shows.
    """

    rows: Sequence[Row]
    about: Mapping[str, Any]
    folder: Path
    pictures: Sequence[Picture]
    named: Sequence[str] = ()

    def write(self) -> None:
        """Write ``report.json``, a row a line, ``report.md`` and ``report.html``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        columns = ({name: value for name, value in vars(row).items() if name != "sums"} for row in self.rows)
        rows = ",\n".join(json.dumps(column, allow_nan=False) for column in columns)
        about = json.dumps(self.about, indent=1)
        text = f'{{"format": {FORMAT},\n"rows": [\n{rows}\n],\n"about": {about}}}\n'
        (self.folder / "report.json").write_text(text)
        (self.folder / "report.md").write_text(self.markdown())
        (self.folder / "report.html").write_text(page(self._shown, self.about, self.pictures))

    def tables(self) -> list[Table]:
        """The tables for the terminal: figures, and in colour their factor to persistence."""
        tables = []
        told = (sheet.telling(self._shown) for sheet in every_sheet(self._shown, tables_of(self.named)))
        for sheet, rows in ((part, rows) for whole, rows in told for part in whole.narrow()):
            table = Table(title=sheet.title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
            table.padding, table.show_edge = 0, False
            for heading in ("scenario", "model"):
                table.add_column(heading, no_wrap=True)
            for heading in sheet.columns:
                table.add_column(heading.replace(", ", ",\n"), justify="right", no_wrap=True)
            for scenario, split, lines in sheet.blocks(rows):
                for number, (name, cells) in enumerate(lines):
                    shown = (_coloured(cell, sheet.decimals) for cell in cells)
                    first = {0: scenario, 1: f"({split})"}.get(number, "")  # on two lines, for narrow terminals
                    table.add_row(first, name, *shown)
                table.add_section()
            table.caption = sheet.caption
            tables.append(table)
        return tables

    def markdown(self) -> str:
        """The report as Markdown, with every run by itself, intervals, pictures and definitions."""
        parts = ["# Evaluation", summary.asked(self._shown, self.about)]
        for heading, said in (
            ("What was found", summary.findings(self._shown)),
            ("What to be careful about", summary.cautions(self._shown, self.about)),
        ):
            if said:
                parts += [f"**{heading}**", "\n".join(f"- {sentence}" for sentence in said)]
        parts.append(self._preface())
        for sheet, rows in (sheet.telling(self._shown) for sheet in every_sheet(self._shown)):
            parts += [f"## {sheet.title}", sheet.caption, sheet.markdown(rows)]
        if self.pictures:
            parts.append("## Pictures")
            parts += [f"{shown.caption}\n\n![{shown.alt}]({shown.path.name})" for shown in self.pictures]
        parts.append("## What the figures mean")
        parts.append("\n".join(f"- `{name}`: {means}" for name, means in definitions(self._shown).items()))
        return "\n\n".join([*parts, *conditions(self._shown), INTERVALS]) + "\n"

    @cached_property
    def _shown(self) -> list[Row]:
        """What people read: no interval where too few battles stand behind it."""
        return believable(self.rows)

    def _preface(self) -> str:
        runs = "\n".join(
            f"- `{run['run']}`: {run['model']['name']}, {run['parameters']:,} parameters, "
            f"{counted(run['update'], 'update')} on {', '.join(run['scenarios'])}, seed {run['seed']}"
            for run in self.about["training"]
        )
        versions = ", ".join(f"{name} {version}" for name, version in self.about["versions"].items())
        made = (
            f"Made by `{self.about['command']}` with {versions}: "
            f"{counted(self.about['episodes'], 'fresh battle')} per scenario "
            f"({self.about['battles']}, seed {self.about['seed']})."
        )
        meaning = (
            "In brackets 95 % bootstrap intervals over battles; those of factors are paired. There is none where fewer "
            f"than {FEW_BATTLES} battles stand behind a figure."
        )
        return f"{made}\n\n{runs}\n\n{meaning}"


def _coloured(cell: Cell, decimals: int) -> Text:
    row, factor = cell
    if row is None:
        return Text("–", style="dim")
    text = Text(f"{row.value:.{decimals}f}", style="dim" if row.model in FLOORS else "")
    if factor is not None:
        text.append(f" ×{factor.value:.2f}", style="green" if factor.high < 1 else "red" if factor.low > 1 else "")
    return text
