"""Asks the questions: runs side by side with the floors, on test battles of scenarios seen and unseen."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from evaluation.gallery import draw_all
from evaluation.held_out import HORIZON, NEEDED, POLICY, PURPOSE, WARMUP, WINDOWS_PER_EPISODE, held_out
from evaluation.judges import Judge, place_judge, unit_judge
from evaluation.questions import ALL, Question, choose
from evaluation.questions.ablations import QUESTION as ABLATIONS
from evaluation.report import Report
from evaluation.rows import believable
from evaluation.runs import Run, ablated, content, load_runs
from evaluation.splits import scenarios as of_split
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
    questions: Sequence[str] | None = None,
    split: str | None = None,
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
        questions: names of :data:`evaluation.questions.QUESTIONS`, or ``all``; by default the usual ones.
        split: test on the scenarios of this split (:mod:`evaluation.splits`), instead of naming them.

    Raises:
        BadArgument: no run, fewer than one episode, battles too short to evaluate, runs of different tasks, an
            ablation of a model without modules, an unknown question, questions that the runs cannot be asked, both
            scenarios and a split or a split that the runs do not fit, or a run that was trained on test battles.
        CheckpointMissing, CheckpointBroken: a run cannot be read.
        ScenarioUnknown, ScenarioUnsupported: a scenario cannot be played.
    """
    if not runs:
        raise BadArgument("No run was given; train one first: s2rm-sc2 train.")
    if episodes < 1:
        raise BadArgument(f"--episodes must be at least 1, not {episodes}.")
    if scenarios and split:
        raise BadArgument("Test scenarios come from --scenario or from --split; give one of the two.")
    asked = choose(questions)
    loaded = load_runs(runs)
    for run in loaded:
        for name in ablations:
            ablated(run, name)
    if ablations and ABLATIONS not in asked:
        asked = (*asked, ABLATIONS)
    tasks = _tasks(loaded, asked)
    trained = [run.info.scenarios for run in loaded]
    names = list(scenarios) if scenarios else of_split(split, trained) if split else default_scenarios(loaded)
    names = list(dict.fromkeys(get(name).name for name in names))
    folder = out or loaded[0].folder / "evaluation"
    judges: list[Judge] = []
    known = [name for run in loaded for name in run.info.scenarios]
    tests = {}
    if "units" in tasks:
        tests = {name: held_out(get(name), folder, episodes, seed, progress) for name in names}
        judges.append(unit_judge(list(tests.values()), known, folder, seed, progress, asked, ablations or None))
    if "places" in tasks:
        judges.append(place_judge(names, known, folder, episodes, seed, progress, asked, ablations or None))
    rows = [row for judge in judges for run in loaded for row in judge.rows(run)]
    rows += [row for judge in judges for row in judge.floors(trained)]
    if not rows:
        raise BadArgument(
            f"{_listed(asked)} nothing about {', '.join(names)}; choose other --questions or another --scenario."
        )
    about = _about(loaded, names, asked, seed, episodes, split)
    named = [question.name for question in asked] if questions and ALL not in questions else ()
    report = Report(rows, about, folder, draw_all(loaded, tests, believable(rows), folder), named)
    report.write()
    return report


def _tasks(runs: Sequence[Run], questions: Sequence[Question]) -> set[str]:
    """What all of the runs were trained for and some question asks."""
    tasks = {"units", "places"}
    for run in runs:
        tasks &= trained_for(run)
    if not tasks:
        raise BadArgument(
            "Some of the runs were trained on units and some on places, so there is nothing to ask all of them; "
            "evaluate them apart."
        )
    able = {task for task in tasks for question in questions if getattr(question, task)}
    if not able:
        names = ", ".join(question.name for question in questions)
        raise BadArgument(
            f"These runs were trained on {' and '.join(sorted(tasks))}, of which --questions {names} asks nothing; "
            "choose others."
        )
    return able


def _listed(questions: Sequence[Question]) -> str:
    """The questions as they begin a sentence, with their verb."""
    names = ", ".join(question.name for question in questions)
    return f"The question {names} asks" if len(questions) == 1 else f"The questions {names} ask"


def trained_for(run: Run) -> set[str]:
    """Units, places, or both."""
    task = run.info.training.task
    return {"units", "places"} if task == "both" else {task}


def unfamiliar(runs: Sequence[Run], scenarios: Sequence[str]) -> list[str]:
    """A sentence for each scenario with unit types that a run never saw: it can be asked about them, but must guess."""
    notes = []
    for run in runs:
        seen = {kind.name for name in run.info.scenarios for kind in get(name).kinds}
        for scenario in scenarios:
            new = [kind.name for kind in get(scenario).kinds if kind.name not in seen]
            if new:
                notes.append(f"{run.name} was never trained on {' or '.join(new)}, which {scenario} has.")
    return list(dict.fromkeys(notes))


def default_scenarios(runs: Sequence[Run]) -> list[str]:
    """The scenarios trained on, then two that no run has seen but whose unit types and sight all runs have."""
    trained = list(dict.fromkeys(name for run in runs for name in run.info.scenarios))
    seen = [_kinds(run.info.scenarios) for run in runs]
    known = {content(name) for name in trained}
    offered = UNSEEN if all("units" in trained_for(run) for run in runs) else UNSEEN_PLACES
    fitting = [n for n in offered if content(n) not in known and all(_kinds([n]) <= kinds for kinds in seen)]
    return trained + fitting[:UNSEEN_ASKED]


def _kinds(names: Sequence[str]) -> set[tuple[str, float]]:
    """Unit types, each with how far agents see."""
    return {(kind.name, get(name).sight_range) for name in names for kind in get(name).kinds}


def _about(
    runs: Sequence[Run],
    scenarios: Sequence[str],
    questions: Sequence[Question],
    seed: int,
    episodes: int,
    split: str | None,
) -> dict[str, Any]:
    return {
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "versions": {"s2rm-sc2": __version__, "torch": str(torch.__version__)},
        "seed": seed,
        "episodes": episodes,
        "battles": f"policy {POLICY}, seeds of purpose {PURPOSE!r}",
        "windows": {"warmup": WARMUP, "horizon": HORIZON, "needed": NEEDED, "per_episode": WINDOWS_PER_EPISODE},
        "split": split,
        "questions": {question.name: question.asks for question in questions},
        "notes": unfamiliar(runs, scenarios),
        "training": [{"run": run.folder.name, **asdict(run.info)} for run in runs],
    }
