"""Asks the questions: runs side by side with the floor, on test battles of scenarios seen and unseen."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from evaluation.accuracy import accuracy, ask
from evaluation.gallery import draw_all
from evaluation.held_out import HORIZON, POLICY, PURPOSE, WARMUP, WINDOWS_PER_EPISODE, HeldOut, held_out
from evaluation.report import Report
from evaluation.rows import FLOOR, Row
from evaluation.runs import Run, content, load_runs
from s2rm_sc2 import __version__
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import get
from worldmodel.baselines.persistence import Persistence

UNSEEN = ("5s3z", "2c4z", "1s2z", "1c8z", "2s3z", "8m", "5m_vs_6m", "3m")
"""Scenarios to test generalisation on, in order of preference (the first five are the paper's)."""

UNSEEN_ASKED = 2


def evaluate(
    runs: Sequence[Path],
    scenarios: Sequence[str] | None = None,
    episodes: int = 20,
    seed: int = 0,
    out: Path | None = None,
    progress: bool = True,
) -> Report:
    """Compare runs with each other and with persistence, and write ``report.json``, ``report.md`` and plots.

    Args:
        runs: folders of trained runs.
        scenarios: names to test on; by default those trained on and two unseen ones whose unit types were seen.
        episodes: test battles per scenario, collected fresh.
        seed: of test battles, windows and views; the same seed gives the same figures.
        out: folder of test battles and report; by default ``evaluation`` inside the run (inside the first of several).
        progress: show what is being done.

    Raises:
        BadArgument: no run, fewer than one episode, or battles too short to evaluate.
        CheckpointMissing, CheckpointBroken: a run cannot be read.
        ScenarioUnknown, ScenarioUnsupported: a scenario cannot be played.
    """
    if not runs:
        raise BadArgument("No run was given; train one first: s2rm-sc2 train.")
    if episodes < 1:
        raise BadArgument(f"--episodes must be at least 1, not {episodes}.")
    loaded = load_runs(runs)
    asked = [get(name) for name in (scenarios or default_scenarios(loaded))]
    folder = out or loaded[0].folder / "evaluation"
    tests = {scenario.name: held_out(scenario, folder, episodes, seed, progress) for scenario in asked}
    rows = [row for test in tests.values() for row in compare(loaded, test)]
    about = _about(loaded, seed, episodes)
    report = Report(rows, about, folder, draw_all(loaded, tests, rows, folder))
    report.write()
    return report


def default_scenarios(runs: Sequence[Run]) -> list[str]:
    """The scenarios trained on, then two that no run has seen but whose unit types all runs have."""
    trained = list(dict.fromkeys(name for run in runs for name in run.info.scenarios))
    seen = [_types(run.info.scenarios) for run in runs]
    known = {content(name) for name in trained}
    fitting = [n for n in UNSEEN if content(n) not in known and all(_types([n]) <= types for types in seen)]
    return trained + fitting[:UNSEEN_ASKED]


def _types(names: Sequence[str]) -> set[str]:
    return {kind.name for name in names for kind in get(name).kinds}


def compare(runs: Sequence[Run], test: HeldOut) -> list[Row]:
    """Figures of every run on one scenario, then of the floor, once for each split that the runs put it in."""
    splits = [run.split(test.scenario.name) for run in runs]
    rows, floor = [], ask(Persistence(), test)
    for run, split in zip(runs, splits, strict=True):
        rows += accuracy(ask(run.model, test), floor, test, split, run.name, run.info.seed)
    for split in dict.fromkeys(splits):
        rows += accuracy(floor, None, test, split, FLOOR, None)
    return rows


def _about(runs: Sequence[Run], seed: int, episodes: int) -> dict[str, Any]:
    return {
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "versions": {"s2rm-sc2": __version__, "torch": str(torch.__version__)},
        "seed": seed,
        "episodes": episodes,
        "battles": f"policy {POLICY}, seeds of purpose {PURPOSE!r}",
        "windows": {"warmup": WARMUP, "horizon": HORIZON, "per_episode": WINDOWS_PER_EPISODE},
        "training": [{"run": run.folder.name, **asdict(run.info)} for run in runs],
    }
