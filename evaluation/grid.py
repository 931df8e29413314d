"""The published tables: every model with every seed, trained and asked the same, one run after another.

A run that is finished is kept as its figures in a file beside its folder; one that was interrupted goes on where it
stopped. The table is written anew after each run from whatever files are there, so that a grid can be run in parts.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console

from evaluation.gaps import gaps
from evaluation.held_out import collected, held_out
from evaluation.questions import Question, Units, places
from evaluation.rows import Row, over_seeds
from evaluation.runs import Run, ablated
from evaluation.sheets import PLACE_SHEETS, UNIT_GRID, Sheet, gap_sheet
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import get
from s2rm_sc2.store import EpisodeStore
from worldmodel.checkpoint import load_checkpoint
from worldmodel.config import ModelConfig, Task, TrainConfig, preset
from worldmodel.log import read_log
from worldmodel.models import MODELS, build
from worldmodel.s2rm import Modules
from worldmodel.train import open_stores, train

FORMAT = 1

SEED = 0
"""Of training and test battles, of what is asked and of its views: the same for every run."""

REFERENCES = ("s2gru-local", "s2gru")
"""Models that the others are compared with, battle by battle."""

_FIELDS = ("2x1s2z", "3x1s2z", "2x2s2z", "3x2s2z")
_SIGHTS = (",sight=5", "")
_MORE = ("3x1s2z", "3x2s2z", "4x2s2z")


@dataclass(frozen=True)
class Plan:
    """One table.

    Attributes:
        name: what its folder and file are called.
        task: what models are trained on.
        trained, episodes: the scenarios, and how many episodes of each.
        tested: scenarios of the table.
        sheets: its tables.
    """

    name: str
    task: Task
    trained: tuple[str, ...]
    episodes: int
    tested: tuple[str, ...]
    sheets: tuple[Sheet, ...]


PLANS = {
    plan.name: plan
    for plan in (
        Plan("units", "units", ("1c3s5z",), 1000, ("1c3s5z", "3s5z", "5s3z", "2c4z", "1s2z"), UNIT_GRID),
        Plan(
            "places",
            "places",
            tuple(f"{name}{sight}" for sight in _SIGHTS for name in _FIELDS),
            400,
            tuple(f"{name}{sight}" for sight in _SIGHTS for name in _MORE),
            PLACE_SHEETS,
        ),
    )
}
"""The tables: units, and places with sight 5 and SMAC's own sight 9 (one model for both)."""


@dataclass(frozen=True)
class Entry:
    """One training of the grid."""

    model: ModelConfig
    training: TrainConfig
    seed: int

    @property
    def name(self) -> str:
        """What its folder is called."""
        return f"{self.model.name}-seed{self.seed}"


def benchmark_models(
    plan: Plan,
    entries: Sequence[Entry],
    out: Path,
    episodes: int = 40,
    data: Path | None = None,
    progress: bool = True,
) -> Path:
    """Train and test what a table still lacks, and write it.

    Args:
        plan: which table.
        entries: the trainings, in their order.
        out: gets ``<table>.md``, ``<table>.json`` and a folder of runs; whatever lies there already is used.
        episodes: test battles per scenario.
        data: folder of training stores, collected if need be; by default ``data`` in ``out``.
        progress: show what is being done.

    Returns:
        the table's file.

    Raises:
        BadArgument: battles too short to test on, or a run in ``out`` with other settings.
        StoreBusy: another process collects the same battles; wait for it.
        TrainingDiverged: a loss was not finite.
        KeyboardInterrupt: Ctrl-C was pressed; the training was saved.
    """
    folder, console = out / plan.name, Console(stderr=True, quiet=not progress)
    lacking = [entry for entry in entries if not _finished(folder / f"{entry.name}.json", entry, episodes)]
    if lacking or not (folder / "floors.json").exists():
        stores = _training_stores(plan, data or out / "data", progress)
        question = _question(plan, out / "tests", episodes, progress)
        _write(folder / "floors.json", {"episodes": episodes}, question.floors([plan.trained]))
        for number, entry in enumerate(lacking, 1):
            console.print(f"{number} of {len(lacking)}: {entry.name}")
            train(stores, entry.model, entry.training, entry.seed, folder / entry.name, progress=progress)
            _write(folder / f"{entry.name}.json", *_judged(plan, folder / entry.name, question, episodes))
            write_table(plan, out, episodes)
    return write_table(plan, out, episodes)


def entries(
    plan: Plan,
    models: Sequence[str] | None,
    seeds: Sequence[int],
    size: str,
    updates: int | None = None,
    minutes: float | None = None,
) -> list[Entry]:
    """The trainings of a table, seed by seed; by default of all models that can be asked its question.

    All stop after the same updates (by default the preset's) or, for a table at equal time, the same minutes.

    Raises:
        BadArgument: an unknown model or preset, both updates and minutes, or a model that cannot be asked about places.
    """
    chosen = [preset(size, name, updates, plan.task, minutes) for name in (models or _able(plan, size))]
    if models and plan.task == "places":
        for name in set(models) - set(_able(plan, size)):
            raise BadArgument(f"{name} keeps a memory per unit and cannot be asked about places; leave it out.")
    return [Entry(model, training, seed) for seed in seeds for model, training in chosen]


def plan(name: str) -> Plan:
    """The table of this name.

    Raises:
        BadArgument: there is none.
    """
    if name not in PLANS:
        raise BadArgument(f"--table {name} is unknown; choose one of {', '.join(PLANS)}.")
    return PLANS[name]


def numbers(text: str) -> list[int]:
    """``0,1,2`` as numbers, each once.

    Raises:
        BadArgument: it says something else.
    """
    try:
        return list(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError as problem:
        raise BadArgument(f"--seeds {text} is no list of whole numbers; give them as in --seeds 0,1,2.") from problem


def _able(plan: Plan, size: str) -> list[str]:
    """The models that can be asked a table's question."""
    if plan.task == "units":
        return list(MODELS)
    return [name for name in MODELS if build(preset(size, name)[0]).answers_places]


def _training_stores(plan: Plan, folder: Path, progress: bool) -> list[EpisodeStore]:
    paths = [folder / f"{get(name).name}.zarr" for name in plan.trained]
    for name, path in zip(plan.trained, paths, strict=True):
        collected(get(name), path, plan.episodes, SEED, "collect", progress)
    return open_stores(paths)


def _question(plan: Plan, folder: Path, episodes: int, progress: bool) -> Question:
    if plan.task == "places":
        return places(plan.tested, plan.trained, folder, episodes, SEED, progress)
    return Units([held_out(get(name), folder, episodes, SEED, progress) for name in plan.tested])


def _judged(plan: Plan, folder: Path, question: Question, episodes: int) -> tuple[dict[str, Any], list[Row]]:
    """What a finished run is, and its figures; S2RM's ablations answer about places too."""
    model, info = load_checkpoint(folder)
    run = Run(folder, model, info, model.name)
    rows = question.rows(run)
    if plan.task == "places" and isinstance(model, Modules):
        rows += [row for name in model.ablations for row in question.rows(ablated(run, name))]
    times = [0.0, *(line["seconds"] for line in read_log(folder))]
    spent = {
        "milliseconds": 1000.0 * median(b - a for a, b in pairwise(times)),
        "minutes": times[-1] / 60.0,
        "updates": len(times) - 1,
    }
    return {**asdict(info), **spent, "episodes": episodes}, rows


def _finished(path: Path, entry: Entry, episodes: int) -> bool:
    """Whether a file holds the figures of exactly this training."""
    if not path.exists():
        return False
    about = json.loads(path.read_text())["about"]
    wanted = {"model": asdict(entry.model), "training": asdict(entry.training), "episodes": episodes}
    return all(about[name] == value for name, value in wanted.items())


def _write(path: Path, about: dict[str, Any], rows: Sequence[Row]) -> None:
    """Figures, one a line; whole or not at all."""
    lines = ",\n".join(json.dumps(asdict(row), allow_nan=False) for row in rows)
    _replace(path, f'{{"format": {FORMAT},\n"about": {json.dumps(about)},\n"rows": [\n{lines}\n]}}\n')


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")  # two processes may share the grid
    partial.write_text(text)
    partial.replace(path)


def write_table(plan: Plan, out: Path, episodes: int) -> Path:
    """Writes ``<table>.md`` and ``<table>.json`` from the figures over so many test battles; returns the first."""
    found = [json.loads(path.read_text()) for path in sorted((out / plan.name).glob("*.json"))]
    files = [file for file in found if file["about"]["episodes"] == episodes]
    rows = [_row(row) for file in files for row in file["rows"]]
    runs = [file["about"] for file in files if "model" in file["about"]]
    means = over_seeds(rows)
    _write(out / f"{plan.name}.json", {"table": plan.name, "runs": runs}, rows)
    parts = [f"# Table {plan.name}", _preface(plan, files), _models(runs)]
    for sheet in plan.sheets:
        parts += [f"## {sheet.title}", sheet.caption, sheet.markdown(means)]
    for reference in REFERENCES:
        behind = gaps(rows, reference)
        if behind:
            sheet = gap_sheet(reference)
            parts += [f"## {sheet.title}", sheet.caption, sheet.markdown(behind)]
    _replace(out / f"{plan.name}.md", "\n\n".join(parts) + "\n")
    return out / f"{plan.name}.md"


def _row(columns: dict[str, Any]) -> Row:
    """A row as a file holds it."""
    return Row(**{**columns, "sums": tuple((over, under) for over, under in columns["sums"])})


def _preface(plan: Plan, files: Sequence[dict[str, Any]]) -> str:
    tested = ", ".join(sorted({str(file["about"]["episodes"]) for file in files}))
    return (
        f"Trained on {', '.join(plan.trained)} ({plan.episodes} episodes each); tested on {tested} fresh battles of "
        "each scenario. Figures are means over seeds; in brackets 95 % intervals over battles and seeds. n counts what "
        "a figure rests on."
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
