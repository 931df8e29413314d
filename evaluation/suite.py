"""Asks the questions: runs side by side with the floors, on test battles of scenarios seen and unseen."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from evaluation.gallery import draw_all
from evaluation.held_out import HORIZON, POLICY, PURPOSE, WARMUP, WINDOWS_PER_EPISODE, held_out
from evaluation.questions import Question, Units, places
from evaluation.report import Report
from evaluation.runs import Run, ablated, content, load_runs
from s2rm_sc2 import __version__
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import get

UNSEEN = ("5s3z", "2c4z", "1s2z", "1c8z", "2s3z", "8m", "5m_vs_6m", "3m")
"""Scenarios to test generalisation on, in order of preference (the first five are the paper's)."""

UNSEEN_ASKED = 2

UNSEEN_PLACES = ("4x2s2z,sight=5", "4x2s2z")
"""The same for places: more fights at once, where things are out of sight."""


def evaluate(
    runs: Sequence[Path],
    scenarios: Sequence[str] | None = None,
    episodes: int = 20,
    seed: int = 0,
    out: Path | None = None,
    ablations: Sequence[str] = (),
    progress: bool = True,
) -> Report:
    """Compare runs with each other and with the floors, and write ``report.json``, ``report.md`` and plots.

    Runs are asked what they were trained for: what happens to units, what stands around places, or both.

    Args:
        runs: folders of trained runs.
        scenarios: names to test on; by default those trained on and two unseen ones whose unit types were seen.
        episodes: test battles per scenario, collected fresh.
        seed: of test battles, windows and views; the same seed gives the same figures.
        out: folder of test battles and report; by default ``evaluation`` inside the run (inside the first of several).
        ablations: what each run is also asked without; only S2RM models have something to take away.
        progress: show what is being done.

    Raises:
        BadArgument: no run, fewer than one episode, battles too short to evaluate, runs of different tasks, or an
            ablation of a model without modules.
        CheckpointMissing, CheckpointBroken: a run cannot be read.
        ScenarioUnknown, ScenarioUnsupported: a scenario cannot be played.
    """
    if not runs:
        raise BadArgument("No run was given; train one first: s2rm-sc2 train.")
    if episodes < 1:
        raise BadArgument(f"--episodes must be at least 1, not {episodes}.")
    loaded = load_runs(runs)
    loaded += [ablated(run, name) for run in loaded for name in dict.fromkeys(ablations)]
    tasks = _tasks(loaded)
    names = [get(name).name for name in (scenarios or default_scenarios(loaded))]
    folder = out or loaded[0].folder / "evaluation"
    questions: list[Question] = []
    tests = {}
    if "units" in tasks:
        tests = {name: held_out(get(name), folder, episodes, seed, progress) for name in names}
        questions.append(Units(list(tests.values())))
    if "places" in tasks:
        trained = [name for run in loaded for name in run.info.scenarios]
        questions.append(places(names, trained, folder, episodes, seed, progress))
    rows = [row for question in questions for run in loaded for row in question.rows(run)]
    rows += [row for question in questions for row in question.floors([run.info.scenarios for run in loaded])]
    report = Report(rows, _about(loaded, seed, episodes), folder, draw_all(loaded, tests, rows, folder))
    report.write()
    return report


def _tasks(runs: Sequence[Run]) -> set[str]:
    """What all of the runs were trained for."""
    tasks = {"units", "places"}
    for run in runs:
        tasks &= {"units", "places"} if run.info.training.task == "both" else {run.info.training.task}
    if not tasks:
        raise BadArgument(
            "Some of the runs were trained on units and some on places, so there is nothing to ask all of them; "
            "evaluate them apart."
        )
    return tasks


def default_scenarios(runs: Sequence[Run]) -> list[str]:
    """The scenarios trained on, then two that no run has seen but whose unit types and sight all runs have."""
    trained = list(dict.fromkeys(name for run in runs for name in run.info.scenarios))
    seen = [_kinds(run.info.scenarios) for run in runs]
    known = {content(name) for name in trained}
    offered = UNSEEN if all("units" in _tasks([run]) for run in runs) else UNSEEN_PLACES
    fitting = [n for n in offered if content(n) not in known and all(_kinds([n]) <= kinds for kinds in seen)]
    return trained + fitting[:UNSEEN_ASKED]


def _kinds(names: Sequence[str]) -> set[tuple[str, float]]:
    """Unit types, each with how far agents see."""
    return {(kind.name, get(name).sight_range) for name in names for kind in get(name).kinds}


def _about(runs: Sequence[Run], seed: int, episodes: int) -> dict[str, Any]:
    return {
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "versions": {"s2rm-sc2": __version__, "torch": str(torch.__version__)},
        "seed": seed,
        "episodes": episodes,
        "battles": f"policy {POLICY}, seeds of purpose {PURPOSE!r}",
        "windows": {"warmup": WARMUP, "horizon": HORIZON, "per_episode": WINDOWS_PER_EPISODE},
        "training": [{"run": run.folder.name, **asdict(run.info)} for run in runs if run.ablation == "none"],
    }
