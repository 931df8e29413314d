"""Training: a session per seed, updated until its budget is spent; interrupted anywhere and continued exactly."""

import signal
import threading
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from s2rm_sc2.errors import BadArgument, StoreMissing
from s2rm_sc2.store import EpisodeStore, find_stores
from s2rm_sc2.words import counted
from worldmodel.checkpoint import SEED_FOLDER
from worldmodel.config import ModelConfig, TrainConfig
from worldmodel.log import need_tensorboard, read_log
from worldmodel.session import Session

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class TrainReport:
    """How a training ended.

    Attributes:
        run: its folder.
        seed: its seed.
        updates: done in all.
        parameters: of the model.
        best: lowest held-out loss.
        seconds: that this call took for it.
        trained_on: the scenarios, each once.
        dead_modules: those that nothing in the held-out views reached at the last check; None for a model without.
    """

    run: Path
    seed: int
    updates: int
    parameters: int
    best: float
    seconds: float
    trained_on: str
    dead_modules: tuple[int, ...] | None

    @property
    def warning(self) -> str | None:
        """What must not be overlooked, in one sentence."""
        if not self.dead_modules:
            return None
        dead, one = ", ".join(map(str, self.dead_modules)), len(self.dead_modules) == 1
        return (
            f"{counted(len(self.dead_modules), 'module')} in {self.run} {'is' if one else 'are'} DEAD (number {dead}): "
            f"nothing that the held-out views show came within {'its' if one else 'their'} reach, so "
            f"{'it learns' if one else 'they learn'} next to nothing; train on more battles, or on battles that "
            "fill the map."
        )


def open_stores(data: Sequence[Path]) -> list[EpisodeStore]:
    """The stores at these places, each a store or a folder of stores; one that is named twice counts once.

    Raises:
        BadArgument: one holds the episodes of an evaluation.
        StoreMissing: a place holds none.
        StoreBroken: one cannot be read.
    """
    paths = [path for place in data for path in ([place] if place.suffix == ".zarr" else find_stores(place))]
    if not paths:
        raise StoreMissing(
            f"No episode store found in {', '.join(map(str, data))}; collect one first: s2rm-sc2 collect --map 3s5z."
        )
    stores = {path.resolve(): EpisodeStore.open(path) for path in paths}
    for store in stores.values():
        if store.settings.purpose != "collect":
            raise BadArgument(
                f"{store.path} holds episodes collected for the purpose {store.settings.purpose!r}, which no model may "
                "be trained on; name another store with --data."
            )
    return list(stores.values())


def choose_device(name: str) -> torch.device:
    """The device of that name; ``auto`` is a GPU where there is one.

    Raises:
        BadArgument: the name is unknown, or there is no such device.
    """
    if name not in DEVICES:
        raise BadArgument(f"Device {name!r} is unknown; choose one of {', '.join(DEVICES)}.")
    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise BadArgument("--device cuda needs a GPU that torch can use, and it finds none; choose auto or cpu.")
    return torch.device("cuda" if found and name != "cpu" else "cpu")


def train(
    stores: Sequence[EpisodeStore],
    model: ModelConfig,
    training: TrainConfig,
    seed: int,
    run: Path,
    device: str = "auto",
    tensorboard: bool = False,
    progress: bool = True,
    display: Progress | None = None,
) -> TrainReport:
    """Train a model into the folder ``run``, or continue the training that lies there.

    On a CPU, a training by updates gives the same weights whenever it is repeated, interrupted or not. One by minutes
    does not: its schedules follow the clock.

    Args:
        stores: episodes to learn from; every tenth is held out.
        model, training: what and how; must be those of the run if it is continued (updates or minutes may grow).
        seed: of weights, batches and dropped views.
        run: gets ``last.safetensors``, ``best.safetensors`` and ``log.jsonl``.
        device: one of :data:`DEVICES`.
        tensorboard: write the log for TensorBoard too.
        progress: show how far it is, and warn of dead modules.
        display: shows how far it is instead; see :func:`progress_display`.

    Raises:
        BadArgument: ``run`` holds a training with other settings, or something else; the device is not there, or
            TensorBoard is not.
        KeyboardInterrupt: Ctrl-C was pressed; the running update was finished and saved.
        TrainingDiverged: a loss or gradient was not finite.
        CheckpointBroken: the run to continue cannot be read.
    """
    return train_seeds(stores, model, training, [seed], run, device, tensorboard, progress, display)[0]


def train_seeds(
    stores: Sequence[EpisodeStore],
    model: ModelConfig,
    training: TrainConfig,
    seeds: Sequence[int],
    out: Path,
    device: str = "auto",
    tensorboard: bool = False,
    progress: bool = True,
    display: Progress | None = None,
) -> list[TrainReport]:
    """Train with one seed after the other, each of several into a folder ``seed<number>`` of its own in ``out``.

    Calling it again continues where it was interrupted; finished seeds have nothing left to do. Other arguments and
    errors are those of :func:`train`.
    """
    seeds, on = list(dict.fromkeys(seeds)), choose_device(device)
    if not seeds:
        raise BadArgument("No seed was given; a training needs one.")
    if tensorboard:
        need_tensorboard()
    reports = []
    for seed in seeds:
        run = out if len(seeds) == 1 else out / f"{SEED_FOLDER}{seed}"
        session, started = Session(stores, model, training, seed, run, on, tensorboard), time.monotonic()
        try:
            if not _to_the_end(session, progress, display):
                raise KeyboardInterrupt(
                    f"Interrupted after {counted(session.update, 'update')} and saved; continue with --out {out} "
                    "and the same options."
                )
        finally:
            session.close()
        reports.append(_report(session, time.monotonic() - started))
        if progress and reports[-1].warning:
            Console(stderr=True, soft_wrap=True).print(f"WARNING: {reports[-1].warning}", style="bold red")
    return reports


def _to_the_end(session: Session, shown: bool, display: Progress | None) -> bool:
    """Update until the training is done; False if Ctrl-C came first, after saving."""
    with nullcontext(display) if display else progress_display(shown) as bar, _Interrupts() as interrupts:
        task = bar.add_task(f"seed {session.seed}", total=1.0, note="")
        bar.update(task, completed=session.done)
        while session.done < 1:
            session.step()
            note = f"loss {session.loss:.3f}  best held-out {session.best:.3f}  {1 / session.pace:.1f} updates/s"
            bar.update(task, completed=session.done, note=f"{counted(session.update, 'update')}  {note}")
            if interrupts.asked:
                session.save_last()
                return False
        bar.update(task, visible=display is None)
    return True


def _report(session: Session, seconds: float) -> TrainReport:
    checks = [line for line in read_log(session.run) if "dead_modules" in line]
    return TrainReport(
        run=session.run,
        seed=session.seed,
        updates=session.update,
        parameters=session.info.parameters,
        best=session.best,
        seconds=seconds,
        trained_on=session.info.trained_on,
        dead_modules=tuple(checks[-1]["dead_modules"]) if checks else None,
    )


class _Interrupts:
    """Ctrl-C as a wish: the update that runs is finished, so that what is saved is whole."""

    asked = False

    def __enter__(self) -> "_Interrupts":
        self._main = threading.current_thread() is threading.main_thread()
        if self._main:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, *_: object) -> None:
        self.asked = True


def progress_display(shown: bool) -> Progress:
    """A line on stderr for each task: how far it is, the time left, and a ``note``."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        disable=not shown,
    )
