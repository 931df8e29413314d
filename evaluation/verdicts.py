"""The figures behind a published table: a file for each run and one for the floors, and the table made of them."""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from evaluation.gaps import gaps
from evaluation.held_out import PRIVATE
from evaluation.plan import SPLIT, Plan
from evaluation.rows import Row, over_seeds, select
from evaluation.sheets import gap_sheet
from s2rm_sc2.errors import BadArgument
from worldmodel.checkpoint import BEST, load
from worldmodel.log import read_log

FORMAT = 2

SUITE = 1
"""Version of what is asked and how it is counted; figures of another version are made again."""

REFERENCES = ("s2gru-local", "s2gru")
"""Models that the others are compared with, battle by battle."""

_FLOORS = "floors"


@dataclass(frozen=True)
class Terms:
    """Under what terms figures were made; figures made under others are no part of a table.

    Attributes:
        purpose: names the seeds of the test battles.
        episodes: test battles per scenario.
        tested: scenarios.
        questions: asked.
    """

    purpose: str
    episodes: int
    tested: tuple[str, ...]
    questions: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as a file holds it."""
        return {"suite": SUITE, "split": SPLIT, **json.loads(json.dumps(asdict(self)))}


class Verdicts:
    """The files of a table's figures.

    Args:
        out: folder of the tables.
        table: which one.
        terms: that files must have been made under.
    """

    def __init__(self, out: Path, table: str, terms: Terms) -> None:
        self.table = f"{table}-{PRIVATE}" if terms.purpose == PRIVATE else table
        self.out, self.terms = out, terms
        self._folder = out / "verdicts" / self.table

    def lacks(self, run: Path | None) -> bool:
        """Whether there are no figures of exactly this checkpoint (None: of the floors) under these terms.

        Raises:
            BadArgument: there are some of another checkpoint, or under other terms, and the battles are private.
        """
        path = self._path(run)
        if not path.exists():
            return True
        about = json.loads(path.read_text())["about"]
        fits = about["terms"] == self.terms.to_dict() and (run is None or about["checkpoint"] == _digest(run))
        if not fits and self.terms.purpose == PRIVATE:
            raise BadArgument(
                f"{path} holds figures on private battles of another training or other terms; private battles are used "
                "once for a table, so give another --out for another table."
            )
        return not fits

    def write(self, run: Path | None, rows: Sequence[Row]) -> None:
        """Keep a run's figures (None: the floors')."""
        about = {"terms": self.terms.to_dict()} if run is None else {"terms": self.terms.to_dict(), **_described(run)}
        _write(self._path(run), about, rows)

    def files(self) -> list[dict[str, Any]]:
        """All that were made under these terms."""
        found = [json.loads(path.read_text()) for path in sorted(self._folder.glob("*.json"))]
        return [file for file in found if file["about"]["terms"] == self.terms.to_dict()]

    def _path(self, run: Path | None) -> Path:
        return self._folder / f"{run.name if run else _FLOORS}.json"


def write_table(verdicts: Verdicts, plan: Plan) -> Path:
    """Writes ``<table>.md`` and ``<table>.json``, means over seeds of the figures that there are; returns the first."""
    files = verdicts.files()
    rows = [_row(row) for file in files for row in file["rows"]]
    runs = [file["about"] for file in files if "model" in file["about"]]
    means = over_seeds(rows)
    _write(verdicts.out / f"{verdicts.table}.json", {"table": verdicts.table, "runs": runs}, means)
    shown = select(means, dropping="episode", bin=None)
    parts = [f"# Table {verdicts.table}", _preface(plan, verdicts.terms), _models(runs)]
    for sheet in plan.sheets:
        parts += [f"## {sheet.title}", sheet.caption, sheet.markdown(shown)]
    for reference in REFERENCES:
        behind = gaps(rows, reference)
        if behind:
            sheet = gap_sheet(reference)
            parts += [f"## {sheet.title}", sheet.caption, sheet.markdown(behind)]
    path = verdicts.out / f"{verdicts.table}.md"
    _replace(path, "\n\n".join(parts) + "\n")
    return path


def _described(run: Path) -> dict[str, Any]:
    """What a finished run is, and what it cost."""
    info, _ = load(run / BEST)
    times = [0.0, *(line["seconds"] for line in read_log(run))]
    spent = {
        "milliseconds": 1000.0 * median(b - a for a, b in pairwise(times)),
        "minutes": times[-1] / 60.0,
        "updates": len(times) - 1,
    }
    return {**asdict(info), **spent, "checkpoint": _digest(run)}


def _digest(run: Path) -> str | None:
    """A short name of a run's best checkpoint; None where it has none."""
    path = run / BEST
    return hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest() if path.exists() else None


def _write(path: Path, about: dict[str, Any], rows: Iterable[Row]) -> None:
    """Verdicts, one a line; whole or not at all."""
    lines = ",\n".join(json.dumps(asdict(row), allow_nan=False) for row in rows)
    _replace(path, f'{{"format": {FORMAT},\n"about": {json.dumps(about)},\n"rows": [\n{lines}\n]}}\n')


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")  # two processes may share the grid
    partial.write_text(text)
    partial.replace(path)


def _row(columns: dict[str, Any]) -> Row:
    """A row as a file holds it."""
    return Row(**{**columns, "sums": tuple((over, under) for over, under in columns["sums"])})


def _preface(plan: Plan, terms: Terms) -> str:
    private = (
        " These battles are private: their seeds are used for this one table and for nothing else, so that nothing was "
        "chosen by them."
    )
    return (
        f"Trained on {', '.join(plan.trained)} ({plan.episodes} episodes each); tested on {terms.episodes} fresh "
        f"battles of each scenario (split {SPLIT}, seeds of purpose {terms.purpose!r})."
        f"{private if terms.purpose == PRIVATE else ''} Verdicts are means over seeds; in brackets 95 % intervals over "
        "battles and seeds. n counts what a figure rests on."
    )


def _models(runs: Sequence[dict[str, Any]]) -> str:
    """Size and cost of each model."""
    lines = [
        "| model | parameters | seeds | updates | ms per update | minutes |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in dict.fromkeys(run["model"]["name"] for run in runs):
        own = [run for run in runs if run["model"]["name"] == name]
        spent = [f"{median(run[key] for run in own):,.0f}" for key in ("milliseconds", "minutes")]
        size, updates = (f"{number:,}" for number in (own[0]["parameters"], min(run["updates"] for run in own)))
        lines.append(f"| {name} | {size} | {len(own)} | {updates} | {' | '.join(spent)} |")
    return "\n".join(lines)
