"""The state of a training between two updates: everything that a checkpoint must bring back for it to go on alike.

Every batch is drawn from a stream of its own, named by seed and update, so a resumed training sees what an
uninterrupted one would have seen.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from s2rm_sc2.errors import BadArgument, TrainingDiverged
from s2rm_sc2.seeds import number, stream
from s2rm_sc2.store import EpisodeStore
from worldmodel import checkpoint
from worldmodel.checkpoint import RunInfo
from worldmodel.config import ModelConfig, TrainConfig
from worldmodel.dream import places_loss, units_loss
from worldmodel.log import LOG, TENSORBOARD, Log
from worldmodel.model import WorldModel
from worldmodel.models import build, parameter_count
from worldmodel.module_health import module_health
from worldmodel.places import draw_places
from worldmodel.windows import Windows, WindowSource, draw_views

Purpose = Literal["batch", "held out", "health"]
"""What windows are drawn for: to learn from, for the held-out loss, or for module health."""

_CHECKS = 0
"""Seed of the windows and views of checks: the same for all trainings on the same stores, so that they compare."""

_HELD_OUT_BATCHES, _HEALTH_BATCHES = 4, 16
"""Of a check: for the loss, and for module health, which costs little and should not call a rare module dead."""

_NAMED_ORIGINS = 4
"""Windows that the message of a diverged training names."""

_PACE_MEMORY = 0.9
"""Share of the past in the running mean of the time that an update takes."""


@dataclass(frozen=True)
class Batch:
    """What an update learns from: windows, whose views are kept, and the places asked about where the task has some."""

    windows: Windows
    keep: Tensor
    places: Tensor | None


class Session:
    """A training in its folder, new or taken up where its last checkpoint left it.

    Arguments are those of :func:`worldmodel.train.train`.

    Attributes:
        update: updates done.
        done: share of the training that is done.
        best: lowest held-out loss so far.
        pace: seconds per update of late, without checks.
        loss: of the last update.

    Raises:
        BadArgument: the folder holds a training with other settings, or something else; or the model cannot be asked
            what the task asks.
        CheckpointBroken: the training to continue cannot be read.
    """

    def __init__(
        self,
        stores: Sequence[EpisodeStore],
        model: ModelConfig,
        training: TrainConfig,
        seed: int,
        run: Path,
        device: torch.device,
        tensorboard: bool = False,
    ) -> None:
        self.training, self.seed, self.run, self.device = training, seed, run, device
        self.source = WindowSource(stores, "train", seed)
        self.held_out = WindowSource(stores, "held_out", _CHECKS)
        torch.manual_seed(number(seed, "weights") % 2**63)
        self.model: WorldModel = build(model)
        if training.task != "units" and not self.model.answers_places:
            raise BadArgument(
                f"Model {model.name!r} remembers units, not places, and cannot be asked about them; train it with "
                "--task units, or choose another --model."
            )
        self.model.calibrate(self.source.places(stream(seed, "places"), symmetric=training.symmetries))
        self.model.to(device)
        self.optimizer = torch.optim.AdamW(_groups(self.model, training), weight_decay=training.weight_decay)
        self.update, self.best, self.loss, self.pace = 0, math.inf, math.nan, math.nan
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
        run.mkdir(parents=True, exist_ok=True)
        self._continue()
        self.log = Log(run, self.update, tensorboard)
        self._begun = time.monotonic() - self.log.seconds
        self.done = training.done(self.update, self.log.seconds)

    def step(self) -> None:
        """One update, and every so often a look at held-out episodes."""
        training, begun = self.training, time.monotonic()
        dreamed = training.horizon if self.done >= training.open_loop_from else 0
        share = learning_rate_share(self.done)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * share
        batch = self._batch("batch", self.update, dreamed)
        parts = self._losses(batch, dreamed)
        loss = torch.stack(list(parts.values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), training.clip).item()
        self.loss = loss.item()
        if not (math.isfinite(self.loss) and math.isfinite(norm)):
            self._diverged(batch)
        self.optimizer.step()
        self.update += 1
        took = time.monotonic() - begun
        self.pace = took if math.isnan(self.pace) else _PACE_MEMORY * self.pace + (1 - _PACE_MEMORY) * took
        self._note(parts, norm, training.learning_rate * share, dreamed)

    def save_last(self) -> None:
        """Write the checkpoint that a later call continues from."""
        checkpoint.save(self.run / checkpoint.LAST, self.model, self._described(), self.optimizer)

    def close(self) -> None:
        """End what reads and writes on its own."""
        for part in (self.source, self.held_out, self.log):
            part.close()

    def _note(self, parts: dict[str, Tensor], norm: float, rate: float, dreamed: int) -> None:
        """Log the update; where one is due, check the model on held-out episodes and save it."""
        training, seconds, check = self.training, self._seconds(), {}
        if self.update % training.evaluate_every == 0 or training.done(self.update, seconds) >= 1:
            check, seconds = self._check(), self._seconds()
        if not math.isfinite(check.get("held_out_loss", 0.0)):
            raise TrainingDiverged(
                f"The loss on held-out episodes is not finite after update {self.update}. {self._left()}; lower the "
                "learning rate."
            )
        self.done = training.done(self.update, seconds)
        self.log.write(
            {
                "update": self.update,
                "loss": self.loss,
                **{f"{name}_loss": part.item() for name, part in parts.items()},
                "gradient_norm": norm,
                "learning_rate": rate,
                "dreamed": dreamed,
                "seconds": seconds,
                "updates_per_second": round(1 / max(self.pace, 1e-9), 4),
                **check,
            }
        )
        if not check:
            return
        if check["held_out_loss"] < self.best:
            self.best = check["held_out_loss"]
            # First, so that no kill in between leaves a training that believes to have saved its best.
            checkpoint.save(self.run / checkpoint.BEST, self.model, self._described())
        self.save_last()

    def _seconds(self) -> float:
        return round(time.monotonic() - self._begun, 4)

    def _described(self) -> RunInfo:
        return replace(self.info, update=self.update, metrics={"best_held_out_loss": self.best})

    def _batch(self, purpose: Purpose, index: int, dreamed: int) -> Batch:
        """Assembled on the CPU, where stores are, and then moved to the model."""
        rng = stream(self.seed if purpose == "batch" else _CHECKS, purpose, index)
        training, rows = self.training, self.training.warmup + dreamed + 1
        source, update = (self.source, index) if purpose == "batch" else (self.held_out, 0)
        windows = source.sample(training.batch, rows, rng, update, training.symmetries)
        keep = draw_views(windows.agents, rows, training.keep_low, training.blink, rng)
        places = None if training.task == "units" else draw_places(windows, training.warmup, training.places, rng)
        places = None if places is None else places.to(self.device)
        return Batch(windows.to(self.device), keep.to(self.device), places)

    def _losses(self, batch: Batch, dreamed: int) -> dict[str, Tensor]:
        """The loss of each thing that the task asks."""
        parts, training = {}, self.training
        if training.task != "places":
            parts["units"] = units_loss(self.model, batch.windows, batch.keep, training.warmup, dreamed)
        if batch.places is not None:
            parts["places"] = places_loss(self.model, batch.windows, batch.keep, batch.places)
        return parts

    @torch.no_grad()
    def _check(self) -> dict[str, Any]:
        """Loss and module health on held-out episodes, always the same windows and views."""
        self.model.eval()
        dreamed = self.training.horizon
        batches = (self._batch("held out", k, dreamed) for k in range(_HELD_OUT_BATCHES))
        losses = [self._losses(batch, dreamed).values() for batch in batches]
        batches = (self._batch("health", k, 0) for k in range(_HEALTH_BATCHES))
        health = module_health(self.model, ((batch.windows, batch.keep) for batch in batches))
        self.model.train()
        loss = sum(part.item() for parts in losses for part in parts) / _HELD_OUT_BATCHES
        return {"held_out_loss": loss, **(asdict(health) if health else {})}

    def _continue(self) -> None:
        """Take up the training that lies in the run's folder, if one does."""
        path = self.run / checkpoint.LAST
        if not path.exists():
            known = {LOG, TENSORBOARD, checkpoint.BEST}
            if any(file.name not in known and file.suffix != ".partial" for file in self.run.iterdir()):
                raise BadArgument(f"{self.run} is not empty and holds no training; give --out another folder.")
            return
        info, tensors = checkpoint.load(path)
        differs = self._differences(info)
        if differs:
            raise BadArgument(
                f"{self.run} holds a training of {info.model.name} on {info.trained_on} that differs in "
                f"{' and '.join(differs)}; give the options it was begun with, or --out another folder."
            )
        checkpoint.restore(self.model, tensors, path)
        checkpoint.restore_optimizer(self.optimizer, tensors, path)
        self.update, self.best = info.update, info.metrics.get("best_held_out_loss", math.inf)

    def _differences(self, info: RunInfo) -> list[str]:
        """In what the training that lies in the run's folder is another one than this; budgets may grow."""
        here, there = self.training, info.training
        grown = replace(there, updates=here.updates, minutes=here.minutes)
        settings = [field.name for field in fields(here) if getattr(here, field.name) != getattr(grown, field.name)]
        differs = [f"training settings ({', '.join(settings)})"] if settings else []
        for name, ours, theirs in (
            ("model or preset", self.info.model, info.model),
            ("seed", self.seed, info.seed),
            ("stores", self.info.stores, info.stores),
        ):
            differs += [name] if ours != theirs else []
        if here.updates is not None and info.update > here.updates:
            differs.append(f"number of updates ({info.update} done, {here.updates} asked for)")
        return differs

    def _diverged(self, batch: Batch) -> None:
        origins = [
            f"{self.info.scenarios[store]} episode {episode} row {row}"
            for store, episode, row in batch.windows.origins.tolist()
        ]
        more = f" and {len(origins) - _NAMED_ORIGINS} more" if len(origins) > _NAMED_ORIGINS else ""
        raise TrainingDiverged(
            f"The loss or gradient of update {self.update + 1} is not finite; its windows start at "
            f"{', '.join(origins[:_NAMED_ORIGINS])}{more}. {self._left()}; lower the learning rate or check these "
            "episodes."
        )

    def _left(self) -> str:
        """What is left of a training that has diverged."""
        if (self.run / checkpoint.LAST).exists():
            return f"The last good checkpoint is in {self.run}"
        return f"No checkpoint had been saved in {self.run} yet"


def learning_rate_share(done: float) -> float:
    """Share of the peak: a linear rise from 2 % over the first 2 % of a training, then a cosine back to 2 %."""
    if done < 0.02:
        return 0.02 + 0.98 * done / 0.02
    return 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * (done - 0.02) / 0.98))


def _groups(model: WorldModel, training: TrainConfig) -> list[dict[str, object]]:
    """The sphere learns at a tenth of the rate: at the full rate modules drift out of every view's reach."""
    sphere = [p for name, p in model.named_parameters() if name.startswith("sphere.")]
    rest = [p for name, p in model.named_parameters() if not name.startswith("sphere.")]
    rate = training.learning_rate
    groups: list[dict[str, object]] = [{"params": rest, "lr": rate, "peak": rate}]
    return groups + ([{"params": sphere, "lr": rate / 10, "peak": rate / 10}] if sphere else [])
