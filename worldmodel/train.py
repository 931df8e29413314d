"""Training: a session per seed, updated until its budget is spent; interrupted anywhere and continued exactly."""

import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from s2rm_sc2.errors import BadArgument, StoreMissing
from s2rm_sc2.store import EpisodeStore, find_stores
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
        scenarios: trained on.
        dead_modules: those that nothing in the held-out views reached at the last check; None for a model without.
    """

    run: Path
    seed: int
    updates: int
    parameters: int
    best: float
    seconds: float
    scenarios: tuple[str, ...]
    dead_modules: tuple[int, ...] | None

    @property
    def warning(self) -> str | None:
        """What must not be overlooked, in one sentence."""
        if not self.dead_modules:
            return None
        dead = ", ".join(map(str, self.dead_modules))
        return (
            f"{len(self.dead_modules)} modules in {self.run} are DEAD (number {dead}): nothing that the held-out views "
            "show came within their reach, so they learn next to nothing; train on more battles, or on battles that "
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

    Raises:
        BadArgument: ``run`` holds a training with other settings, or something else; the device is not there, or
            TensorBoard is not.
        KeyboardInterrupt: Ctrl-C was pressed; the running update was finished and saved.
        TrainingDiverged: a loss or gradient was not finite.
        CheckpointBroken: the run to continue cannot be read.
    """
    return train_seeds(stores, model, training, [seed], run, device, tensorboard, progress)[0]


def train_seeds(
    stores: Sequence[EpisodeStore],
    model: ModelConfig,
    training: TrainConfig,
    seeds: Sequence[int],
    out: Path,
    device: str = "auto",
    tensorboard: bool = False,
    progress: bool = True,
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
            if not _to_the_end(session, progress):
                raise KeyboardInterrupt(
                    f"Interrupted after {session.update} updates and saved; continue with --out {out} and the same "
                    "options."
                )
        finally:
            session.close()
        reports.append(_report(session, time.monotonic() - started))
        if progress and reports[-1].warning:
            Console(stderr=True, soft_wrap=True).print(f"WARNING: {reports[-1].warning}", style="bold red")
    return reports


def _to_the_end(session: Session, shown: bool) -> bool:
    """Update until the training is done; False if Ctrl-C came first, after saving."""
    with _progress(shown) as bar, _Interrupts() as interrupts:
        task = bar.add_task(f"seed {session.seed}", total=1.0, note="")
        bar.update(task, completed=session.done)
        while session.done < 1:
            session.step()
            note = f"loss {session.loss:.3f}  best held-out {session.best:.3f}  {1 / session.pace:.1f} updates/s"
            bar.update(task, completed=session.done, note=f"{session.update} updates  {note}")
            if interrupts.asked:
                session.save_last()
                return False
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
        scenarios=session.info.scenarios,
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


<<<<<<< HEAD
=======
class _Session:
    """The state of a training between two updates."""

    def __init__(
        self, stores: Sequence[EpisodeStore], model: ModelConfig, training: TrainConfig, seed: int, run: Path
    ) -> None:
        self.training, self.seed, self.run = training, seed, run
        self.source, self.held_out = WindowSource(stores, "train", seed), WindowSource(stores, "held_out", seed)
        torch.manual_seed(number(seed, "weights") % 2**63)
        self.model: WorldModel = build(model)
        self.model.calibrate(self.source.places(stream(seed, "places")))
        self.optimizer = torch.optim.AdamW(_groups(self.model, training), weight_decay=training.weight_decay)
        self.update, self.best, self.note = 0, math.inf, ""
        self.info = RunInfo(
            model=model,
            training=training,
            seed=seed,
            scenarios=tuple(store.scenario.name for store in stores),
            stores=tuple((store.scenario.name, store.fingerprint()) for store in stores),
            update=0,
            parameters=parameter_count(self.model),
            metrics={},
        )
        self._continue()

    def step(self) -> None:
        """One update, and every so often a look at held-out episodes."""
        training, update = self.training, self.update
        dreamed = training.horizon if update >= training.open_loop_from * training.updates else 0
        share = _learning_rate_share(update, training.updates)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * share
        started = time.monotonic()
        loss = self._loss(self.source, "batch", update, dreamed)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), training.clip)
        if not (torch.isfinite(loss) and torch.isfinite(norm)):
            self._diverged(update, dreamed)
        self.optimizer.step()
        self.update += 1
        line = {"update": self.update, "loss": loss.item(), "gradient_norm": norm.item(), "dreamed": dreamed}
        if self.update % training.evaluate_every == 0 or self.update == training.updates:
            line["held_out_loss"] = self._check()
        with (self.run / LOG).open("a") as log:
            log.write(json.dumps({**line, "seconds": round(time.monotonic() - started, 4)}) + "\n")
        self.note = f"loss {line['loss']:.3f}  best held-out {self.best:.3f}"

    def save_last(self) -> None:
        """Write the checkpoint that a later call continues from."""
        checkpoint.save(self.run / checkpoint.LAST, self.model, self._described(), self.optimizer)

    def _described(self) -> RunInfo:
        return replace(self.info, update=self.update, metrics={"best_held_out_loss": self.best})

    def _loss(self, source: WindowSource, purpose: str, index: int, dreamed: int) -> Tensor:
        rng = stream(self.seed, purpose, index)
        training, rows = self.training, self.training.warmup + dreamed + 1
        windows = source.sample(training.batch, rows, rng, index)
        keep = draw_views(windows.agents, rows, training.keep_low, training.blink, rng)
        loss = torch.zeros(())
        if training.task != "places":
            loss = loss + units_loss(self.model, windows, keep, training.warmup, dreamed)
        if training.task != "units":
            places = draw_places(windows, training.warmup, training.places, rng)
            loss = loss + places_loss(self.model, windows, keep, places)
        return loss

    def _check(self) -> float:
        """Loss on held-out episodes, always the same windows; writes ``last`` and, when it fell, ``best``."""
        self.model.eval()
        with torch.no_grad():
            losses = [
                self._loss(self.held_out, "held out", k, self.training.horizon).item() for k in range(_HELD_OUT_BATCHES)
            ]
        self.model.train()
        held_out = sum(losses) / len(losses)
        if held_out < self.best:
            self.best = held_out
            # First, so that no kill in between leaves a training that believes to have saved its best.
            checkpoint.save(self.run / checkpoint.BEST, self.model, self._described())
        self.save_last()
        return held_out

    def _continue(self) -> None:
        """Take up the training that lies in the run's folder, if one does."""
        path = self.run / checkpoint.LAST
        if not path.exists():
            others = [file.name for file in self.run.iterdir() if file.name not in {LOG, checkpoint.BEST}]
            if others:
                raise BadArgument(f"{self.run} is not empty and holds no training; give --out another folder.")
            (self.run / LOG).unlink(missing_ok=True)
            return
        info, tensors = checkpoint.load(path)
        same_but_updates = replace(self.training, updates=info.training.updates)
        differs = [
            name
            for name, here, there in (
                ("model or preset", self.info.model, info.model),
                ("training settings", same_but_updates, info.training),
                ("seed", self.seed, info.seed),
                ("stores", self.info.stores, info.stores),
            )
            if here != there
        ]
        if info.update > self.training.updates:
            differs.append(f"number of updates, {info.update} done against {self.training.updates} asked for")
        if differs:
            raise BadArgument(
                f"{self.run} holds a training of {info.model.name} on {', '.join(info.scenarios)} with another "
                f"{' and another '.join(differs)}; give the options it was begun with, or --out another folder."
            )
        checkpoint.restore(self.model, tensors, path)
        checkpoint.restore_optimizer(self.optimizer, tensors)
        self.update, self.best = info.update, info.metrics["best_held_out_loss"]
        lines = (self.run / LOG).read_text().splitlines() if (self.run / LOG).exists() else []
        (self.run / LOG).write_text("".join(f"{line}\n" for line in lines[: self.update]))

    def _diverged(self, update: int, dreamed: int) -> None:
        rng = stream(self.seed, "batch", update)
        rows = self.training.warmup + dreamed + 1
        origins = self.source.sample(self.training.batch, rows, rng, update).origins.tolist()
        raise TrainingDiverged(
            f"The loss of update {update + 1} is not finite; its batch starts at (store, episode, row) {origins[:4]} "
            f"and on. The last good checkpoint is in {self.run}; lower the learning rate or check these episodes."
        )


def _groups(model: WorldModel, training: TrainConfig) -> list[dict[str, object]]:
    """The sphere learns at a tenth of the rate: at the full rate modules drift out of every view's reach."""
    sphere = [p for name, p in model.named_parameters() if name.startswith("sphere.")]
    rest = [p for name, p in model.named_parameters() if not name.startswith("sphere.")]
    rate = training.learning_rate
    groups: list[dict[str, object]] = [{"params": rest, "lr": rate, "peak": rate}]
    return groups + ([{"params": sphere, "lr": rate / 10, "peak": rate / 10}] if sphere else [])


def _learning_rate_share(update: int, updates: int) -> float:
    """Linear warm-up over the first 2 %, then a cosine to 2 % of the peak."""
    rise = max(1, updates // 50)
    if update < rise:
        return (update + 1) / rise
    return 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * (update - rise) / max(1, updates - rise)))


>>>>>>> h_windows
def _progress(shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        disable=not shown,
    )
