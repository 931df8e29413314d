"""The published tables: every model with every seed, trained alike and then asked the same.

A training is a folder that can be continued; what a finished one was found to be is a file of figures, made again only
when the checkpoint or the suite has changed. The table is written anew after each run from whatever figures are there.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from evaluation.held_out import PRIVATE, PURPOSE, collected, held_out
from evaluation.insertion import need_marks
from evaluation.judges import Judge, place_judge, unit_judge
from evaluation.plan import PLANS, Plan, at_equal_time
from evaluation.published import write_headline, write_table
from evaluation.questions import choose
from evaluation.questions.scenarios import QUESTION as SCENARIOS
from evaluation.runs import Run
from evaluation.verdicts import Terms, Verdicts
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import get
from s2rm_sc2.store import EpisodeStore
from worldmodel.checkpoint import LAST, load, load_checkpoint
from worldmodel.config import ModelConfig, TrainConfig, preset
from worldmodel.log import logged_seconds
from worldmodel.models import MODELS, build
from worldmodel.train import open_stores, progress_display, train

SEED = 0
"""Of training and test battles, of what is asked and of its views: the same for every run."""

Stores = tuple[tuple[str, str], ...]
"""Scenario and fingerprint of each."""


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
    runs: Path | None = None,
    private: bool = False,
    into: Path | None = None,
    display: Progress | None = None,
) -> Path:
    """Train and judge what a table still lacks, and write it.

    Args:
        plan: which table.
        entries: the trainings, in their order.
        out: gets ``<table>.md``, ``<table>.json``, ``<table>-figures``, ``<table>-tables`` and runs; whatever lies
            there already is used.
        episodes: test battles per scenario.
        data: folder of training stores, collected if need be; by default ``data`` in ``out``.
        progress: show what is being done.
        runs: judge the finished runs of this folder, the ``out`` of an earlier call, and train nothing.
        private: judge on battles that are used for one published table only.
        into: a page that gets the table in short, where it has a place for it (:mod:`evaluation.insertion`).
        display: shows how far it is, beside other tables.

    Returns:
        the table's file.

    Raises:
        BadArgument: no battles to test on or too short ones, more battles to train on than the table says, a run with
            other settings than asked for, no finished run to judge, private battles that were used up, or a page
            without a place.
        StoreBusy: another process collects the same battles; wait for it.
        TrainingDiverged: a loss was not finite.
        KeyboardInterrupt: Ctrl-C was pressed; the training was saved.
    """
    if episodes < 1:
        raise BadArgument(f"--episodes must be at least 1, not {episodes}.")
    folder, data = (runs or out) / plan.name, data or out / "data"
    stores = _fingerprints(plan, data)
    missing = [entry for entry in entries if not finished(folder / entry.name, entry, stores)]
    if runs is not None:
        if missing and progress:
            Console(stderr=True).print(f"Not finished, so not judged: {', '.join(entry.name for entry in missing)}.")
        entries, missing = [entry for entry in entries if entry not in missing], []
        if not entries:
            raise BadArgument(f"No finished run of table {plan.name} lies in {folder}; leave out --runs to train some.")
    _same_stores([folder / entry.name for entry in entries if entry not in missing])
    terms = Terms(PRIVATE if private else PURPOSE, episodes, plan.tested, plan.questions, plan.besides)
    verdicts = Verdicts(out, plan.name, terms)
    if into:
        if private:
            raise BadArgument("--into takes figures that anybody can make again; leave out --private or --into.")
        need_marks(into, [plan.name])
    lacking = [entry for entry in entries if verdicts.lacks(folder / entry.name)]  # refuses before anything is trained
    training = _training_stores(plan, data, progress) if missing else []
    unjudged = [entry for entry in entries if entry in missing or entry in lacking]
    judges = _judges(plan, out / "tests", terms, progress) if unjudged or verdicts.lacks(None) else []
    if judges and verdicts.lacks(None):
        verdicts.write(None, [row for judge in judges for row in judge.floors([plan.trained])])
    with nullcontext(display) if display else progress_display(progress) as display:
        whole = display.add_task(f"table {plan.name}", total=len(entries), completed=0, note="")
        for entry in entries:
            run = folder / entry.name
            display.update(whole, note=entry.name)
            if entry in missing:
                train(training, entry.model, entry.training, entry.seed, run, progress=progress, display=display)
            if judges and entry in unjudged:
                display.update(whole, note=f"judging {entry.name}")
                model, info = load_checkpoint(run)
                judged = Run(run, model, info, model.name)
                verdicts.write(run, [row for judge in judges for row in judge.rows(judged)])
                write_table(verdicts, plan)
            display.advance(whole)
    page = write_table(verdicts, plan, figures=True)
    if into:
        write_headline(verdicts, plan, into)
    return page


def finished(run: Path, entry: Entry, stores: Stores | None) -> bool:
    """Whether a folder holds exactly this training, done: its model, settings, seed and, where known, its stores."""
    if not (run / LAST).exists():
        return False
    info, _ = load(run / LAST)
    seconds = logged_seconds(run) or 0.0
    same = (info.model, info.training, info.seed) == (entry.model, entry.training, entry.seed)
    return same and stores in (None, info.stores) and entry.training.done(info.update, seconds) >= 1.0


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
    chosen = [preset(size, name, updates, plan.task, minutes) for name in dict.fromkeys(models or _able(plan, size))]
    if models and plan.task == "places":
        for name in set(models) - set(_able(plan, size)):
            raise BadArgument(f"{name} keeps a memory per unit and cannot be asked about places; leave it out.")
    return [Entry(model, training, seed) for seed in seeds for model, training in chosen]


def plans(names: str, minutes: float | None = None) -> list[Plan]:
    """The tables of these names, ``units,places``, at equal updates or, given the minutes of a training, equal time.

    Raises:
        BadArgument: there is none of that name.
    """
    chosen = list(dict.fromkeys(names.split(",")))
    for name in chosen:
        if name not in PLANS:
            raise BadArgument(f"--table {name} is unknown; choose among {', '.join(PLANS)}.")
    return [PLANS[name] if minutes is None else at_equal_time(PLANS[name], minutes) for name in chosen]


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


def _training_paths(plan: Plan, folder: Path) -> list[Path]:
    return [folder / f"{get(name).name}.zarr" for name in plan.trained]


def _training_stores(plan: Plan, folder: Path, progress: bool) -> list[EpisodeStore]:
    paths = _training_paths(plan, folder)
    for name, path in zip(plan.trained, paths, strict=True):
        held = collected(get(name), path, plan.episodes, SEED, "collect", progress).n_episodes
        if held != plan.episodes:
            raise BadArgument(
                f"{path} holds {held} episodes, but table {plan.name} says that it trains on {plan.episodes} of each "
                "scenario; give another folder with --data, and they are collected there."
            )
    return open_stores(paths)


def _fingerprints(plan: Plan, folder: Path) -> Stores | None:
    """What runs must have been trained on; None where the stores are not all there (any more)."""
    paths = _training_paths(plan, folder)
    if not all(path.exists() for path in paths):
        return None
    stores = [EpisodeStore.open(path) for path in paths]
    if any(store.n_episodes < plan.episodes for store in stores):
        return None
    return tuple((store.scenario.name, store.fingerprint()) for store in stores)


def _same_stores(runs: Sequence[Path]) -> None:
    """Refuse to compare runs that were trained on different episodes."""
    known = {run: load(run / LAST)[0].stores for run in runs}
    for run, stores in known.items():
        if stores != known[runs[0]]:
            raise BadArgument(
                f"{run} was trained on other episodes than {runs[0]}, so they do not belong in one table; move one of "
                "them away."
            )


def _judges(plan: Plan, folder: Path, terms: Terms, progress: bool) -> list[Judge]:
    episodes, purpose = terms.episodes, terms.purpose
    if plan.task == "places":
        asked = choose(plan.questions)
        return [place_judge(plan.tested, plan.trained, folder, episodes, SEED, progress, asked, purpose=purpose)]
    judges: list[Judge] = []
    for names, questions, ablations in ((plan.tested, plan.questions, None), (plan.besides, (SCENARIOS.name,), ())):
        tests = [held_out(get(name), folder, episodes, SEED, progress, purpose=purpose) for name in names]
        judges.append(unit_judge(tests, plan.trained, folder, SEED, progress, choose(questions), ablations))
    return judges
