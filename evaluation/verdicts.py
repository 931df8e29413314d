"""The figures behind a published table: a file for each run and one for the floors."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from evaluation.held_out import PRIVATE
from evaluation.plan import MINUTES, SPLIT
from evaluation.rows import Row
from s2rm_sc2.errors import BadArgument
from worldmodel.checkpoint import BEST, digest, load
from worldmodel.log import read_log

FORMAT = 2

SUITE = 3
"""Version of what is asked and how it is counted; figures of another version are made again."""

_FLOORS = "floors"


@dataclass(frozen=True)
class Terms:
    """Under what terms figures were made; figures made under others are no part of a table.

    Attributes:
        purpose: names the seeds of the test battles.
        episodes: test battles per scenario.
        tested, besides: scenarios (:class:`evaluation.plan.Plan`).
        questions: asked.
    """

    purpose: str
    episodes: int
    tested: tuple[str, ...]
    questions: tuple[str, ...]
    besides: tuple[str, ...] = ()

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
        self.out, self.terms, self._name = out, terms, table
        self._suffix = f"-{PRIVATE}" if terms.purpose == PRIVATE else ""
        self.table = f"{table}{self._suffix}"
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
                "once for a table, so these are used up; compare on the usual ones."
            )
        return not fits

    def write(self, run: Path | None, rows: Sequence[Row]) -> None:
        """Keep a run's figures (None: the floors')."""
        about = {"terms": self.terms.to_dict()} if run is None else {"terms": self.terms.to_dict(), **_described(run)}
        _write(self._path(run), about, rows)

    def files(self) -> list[dict[str, Any]]:
        """All that were made under these terms.

        Raises:
            BadArgument: some are of trainings on other battles or with other settings, or of a model of another size.
        """
        found = {path: json.loads(path.read_text()) for path in sorted(self._folder.glob("*.json"))}
        files = {path: file for path, file in found.items() if file["about"]["terms"] == self.terms.to_dict()}
        trained = {path: _training(file["about"]) for path, file in files.items() if "training" in file["about"]}
        first = next(iter(trained), self._folder)
        sizes: dict[str, tuple[Path, Any]] = {}
        for path, training in trained.items():
            model = files[path]["about"]["model"]
            other, size = sizes.setdefault(model["name"], (path, model))
            differs = first if training != trained[first] else other if size != model else None
            if differs:
                raise BadArgument(
                    f"{path} and {differs} are figures of trainings on other battles, of another length or of another "
                    "preset, so they do not belong in one table; move one of them and its run away, or give another "
                    "--out."
                )
        return list(files.values())

    def at_equal_time(self) -> "list[Verdicts]":
        """Those of the same table's trainings at equal time, shortest first."""
        found = {}
        for folder in self._folder.parent.glob(f"{self._name}-*-{MINUTES}{self._suffix}"):
            name = folder.name.removesuffix(self._suffix)
            minutes = name.removeprefix(f"{self._name}-").removesuffix(f"-{MINUTES}")
            if minutes.replace(".", "", 1).isdigit():  # else it is another table's, units-marines-10-minutes
                found[float(minutes)] = self.beside(name)
        return [found[minutes] for minutes in sorted(found)]

    def beside(self, table: str) -> "Verdicts":
        """Those of another table under the same terms."""
        return Verdicts(self.out, table, self.terms)

    def publish(self, runs: Sequence[dict[str, Any]], means: Sequence[Row], text: str) -> Path:
        """Writes ``<table>.json`` and ``<table>.md``, each whole or not at all; returns the second."""
        path = self.out / f"{self.table}.md"
        _write(path.with_name(f"{self.table}.json"), {"table": self.table, "runs": runs}, means)
        replace_text(path, text)
        return path

    def _path(self, run: Path | None) -> Path:
        return self._folder / f"{run.name if run else _FLOORS}.json"


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


def _training(about: dict[str, Any]) -> tuple[Any, Any]:
    """What must be equal for runs to be compared: battles, and how they were trained on them."""
    return about["stores"], about["training"]


def _digest(run: Path) -> str | None:
    """A short name of a run's best checkpoint; None where it has none."""
    path = run / BEST
    return digest(path) if path.exists() else None


def _write(path: Path, about: dict[str, Any], rows: Iterable[Row]) -> None:
    """Verdicts, one a line; whole or not at all."""
    columns = ({name: value for name, value in vars(row).items() if name != "battles"} for row in rows)
    lines = ",\n".join(json.dumps(column, allow_nan=False) for column in columns)
    replace_text(path, f'{{"format": {FORMAT},\n"about": {json.dumps(about)},\n"rows": [\n{lines}\n]}}\n')


def replace_text(path: Path, text: str) -> None:
    """Write a file whole or not at all, its folder too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")  # two processes may share the grid
    partial.write_text(text)
    partial.replace(path)


def as_row(columns: dict[str, Any]) -> Row:
    """A row from what a file holds."""
    return Row(**{**columns, "sums": tuple((over, under) for over, under in columns["sums"])})
