"""What a model and a training are, as plain frozen data, and the presets that the command line offers."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, cast, get_args

from s2rm_sc2.errors import BadArgument

ModelName = Literal[
    "s2gru-local",
    "s2gru",
    "s2rmc",
    "s2gru-literal",
    "learned-table",
    "lstm",
    "rmc",
    "rim",
    "tto8",
    "tto20",
    "tto8-relative",
    "tto20-relative",
    "unit-gru",
    "transformer",
]
Preset = Literal["debug", "small", "paper"]
Task = Literal["units", "places", "both"]

MODEL_NAMES: tuple[ModelName, ...] = get_args(ModelName)
DEFAULT: ModelName = "s2gru-local"
"""What is trained unless another is named: the best on places, docs/results.md."""
SIMULATOR: ModelName = "unit-gru"
"""What is trained to draw battles from: the least error ten steps ahead, docs/results.md."""
PRESETS: tuple[Preset, ...] = get_args(Preset)
TASKS: tuple[Task, ...] = get_args(Task)


@dataclass(frozen=True)
class ModelConfig:
    """The sizes of a model; each reads those that it has a use for.

    Attributes:
        name: which model.
        width: features of tokens, query embeddings and readouts; 32 to 256.
        modules: M, S2RM's modules, a few more than the places that fights spread over, 8 to 128; or RIM's.
        hidden: D, width of a module's state; 16 to 128.
        heads, head_width: of attention.
        sphere: d, dimension of the space that holds the unit sphere; 3 keeps places apart.
        reach: how many modules a place reaches when τ and ε are calibrated; about 4.
        frame: cells along a side of a module's local frame (``s2gru-local``).
        channels: features that a cell of a local frame is written with and read as.
        remembered: tokens that are remembered until their place is seen again (``s2gru-local``, ``learned-table``).
        literal: the paper's kernel, which nothing anchors or calibrates.
        dynamics: of the paper's S2RM.
        slots: rows of a relational memory core.
        active: modules that RIM updates in a step.
        steps: how far back TTO looks.
        relative: whether TTO's attention knows where a token stands relative to the query.
        layers: of the belief-table transformer.
        recurrent: width of the state of a model that has one only (LSTM), or one per unit.
    """

    name: ModelName = DEFAULT
    width: int = 64
    modules: int = 64
    hidden: int = 32
    heads: int = 2
    head_width: int = 16
    sphere: int = 3
    reach: int = 4
    frame: int = 4
    channels: int = 16
    remembered: int = 48
    literal: bool = False
    dynamics: Literal["gru", "rmc"] = "gru"
    slots: int = 4
    active: int = 16
    steps: int = 8
    relative: bool = False
    layers: int = 2
    recurrent: int = 192

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as a checkpoint holds it."""
        return asdict(self)


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained.

    Attributes:
        updates: optimiser steps; None where the training stops by time.
        minutes: wall time, of all calls that continue the training together; None where it stops by updates.
        batch: windows per update.
        warmup: steps of a window on which the model sees the kept views.
        horizon: open-loop steps after them, from ``open_loop_from`` on (share of the training).
        learning_rate: peak of the cosine schedule (AdamW); the sphere learns at a tenth of it.
        clip: gradient norm limit.
        keep_low: one window in four keeps all views, the others a share drawn uniformly from [keep_low, 1].
        blink: the kept views go dark and come back besides.
        symmetries: every window is turned and mirrored at random, as the game's rules know no direction.
        task: what is asked: units seen before, places, or both.
        places: places asked about per step.
        evaluate_every: updates between checks on held-out episodes; a checkpoint is written there too.
    """

    updates: int | None = 2000
    minutes: float | None = None
    batch: int = 16
    warmup: int = 10
    horizon: int = 4
    open_loop_from: float = 0.5
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    clip: float = 1.0
    keep_low: float = 0.2
    blink: bool = False
    symmetries: bool = False
    task: Task = "units"
    places: int = 12
    evaluate_every: int = 200

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as a checkpoint holds it."""
        return asdict(self)

    def done(self, updates: int, seconds: float) -> float:
        """Share of the training that so many updates and seconds are, 0 to 1; the schedules follow it."""
        if self.minutes is not None:
            return min(1.0, seconds / (60.0 * self.minutes))
        return min(1.0, updates / (self.updates or 1))


def preset(
    name: str, model: str, updates: int | None = None, task: str = "units", minutes: float | None = None,
    simulator: bool = False,
) -> tuple[ModelConfig, TrainConfig]:  # fmt: skip
    """A preset's model and training: ``debug`` (seconds), ``small`` (minutes on 2 cores), ``paper`` (days there).

    Args:
        name: the preset.
        model: one of :data:`MODEL_NAMES`.
        updates: optimiser steps instead of the preset's.
        task: one of :data:`TASKS`. Places are asked about where memory matters: views blink, and windows are longer.
        minutes: wall time of the training instead of a number of updates.
        simulator: every window keeps all views and no step follows an imagined one. Who draws battle after battle from
            a model needs what one step brings to the table as it is; learning open loop instead makes averages over
            the model's own errors come out right, and spreads deaths over units that cannot die yet.

    Raises:
        BadArgument: an unknown name, updates below 1, no time, both updates and minutes, or a simulator of places.
    """
    for what, given, known in (("Model", model, MODEL_NAMES), ("Preset", name, PRESETS), ("Task", task, TASKS)):
        if given not in known:
            raise BadArgument(f"{what} {given!r} is unknown; choose one of {', '.join(known)}.")
    if updates is not None and updates < 1:
        raise BadArgument(f"--updates must be at least 1, not {updates}.")
    if minutes is not None and not 0 < minutes < math.inf:
        raise BadArgument(f"--minutes must be a time above 0, not {minutes:g}.")
    if updates is not None and minutes is not None:
        raise BadArgument("A training stops by --updates or by --minutes; give one of the two.")
    if simulator and task != "units":
        raise BadArgument(f"A simulator is asked about units, not about {task}; leave --simulator or --task out.")
    named = cast(ModelName, model)
    sizes, training = _PRESETS[cast(Preset, name)]
    fitted = _FITTED[cast(Preset, name)]
    if task != "units":
        sizes, fitted = replace(sizes, **_PLACES_WIDTH[cast(Preset, name)]), _FITTED_TO_PLACES[cast(Preset, name)]
        training = replace(training, **_PLACES, warmup=_PLACES_WARMUP[cast(Preset, name)])
    chosen = replace(sizes, name=named, **_KINDS.get(named, {}), **fitted.get(named, {}))
    training = replace(training, task=cast(Task, task), horizon=0 if task == "places" else training.horizon)
    if simulator:
        training = replace(training, horizon=0, keep_low=1.0, **_SIMULATOR[cast(Preset, name)])
    if minutes is not None:
        return chosen, replace(training, updates=None, minutes=minutes)
    return chosen, training if updates is None else replace(training, updates=updates)


def preset_of(model: Mapping[str, Any], training: Mapping[str, Any]) -> Preset | None:
    """The preset that a model and its training are of, however long it took; None where they were changed.

    Args:
        model, training: as plain data, by the names of :class:`ModelConfig` and :class:`TrainConfig`.
    """
    length = {key: training.get(key) for key in ("updates", "minutes")}
    for name in PRESETS:
        for simulator in (False, True)[: 1 + (training["task"] == "units")]:
            sizes, settings = preset(name, model["name"], task=training["task"], simulator=simulator)
            if asdict(sizes) == model and asdict(settings) | length == training:
                return name
    return None


_KINDS: dict[ModelName, dict[str, Any]] = {
    "s2rmc": {"dynamics": "rmc"},
    "s2gru-literal": {"literal": True},
    "tto8": {"steps": 8},
    "tto20": {"steps": 20},
    "tto8-relative": {"steps": 8, "relative": True},
    "tto20-relative": {"steps": 20, "relative": True},
}
"""What sets models of one class apart."""

_PRESETS: dict[Preset, tuple[ModelConfig, TrainConfig]] = {
    "debug": (
        ModelConfig(width=16, modules=8, hidden=8, head_width=8, channels=4, active=4, recurrent=32),
        TrainConfig(updates=20, batch=4, warmup=4, horizon=2, places=8, evaluate_every=10),
    ),
    "small": (ModelConfig(), TrainConfig()),
    "paper": (
        ModelConfig(width=128, modules=64, hidden=64, heads=4, layers=4, recurrent=512),
        TrainConfig(updates=50_000, batch=64, warmup=16, horizon=8, learning_rate=1e-3, evaluate_every=1000),
    ),
}

_FITTED: dict[Preset, dict[ModelName, dict[str, Any]]] = {
    "debug": {},
    "small": {
        "s2gru-local": {"hidden": 48, "reach": 3},
        "s2gru": {"modules": 64, "hidden": 16, "head_width": 8},
        "s2gru-literal": {"modules": 64, "hidden": 16, "head_width": 8},
        "s2rmc": {"modules": 32, "hidden": 32, "head_width": 12},
        "rmc": {"recurrent": 576},
        "rim": {"modules": 16, "hidden": 32, "active": 8},
        "tto8": {"heads": 4, "head_width": 32},
        "tto20": {"heads": 4, "head_width": 32},
        "tto8-relative": {"heads": 4, "head_width": 32},
        "tto20-relative": {"heads": 4, "head_width": 32},
        "unit-gru": {"recurrent": 208},
        "transformer": {"layers": 4, "heads": 4},
    },
    "paper": {
        "s2gru": {"hidden": 32, "head_width": 12},
        "s2gru-literal": {"hidden": 32, "head_width": 12},
        "s2rmc": {"hidden": 48, "head_width": 12},
        "rmc": {"recurrent": 1440},
        "rim": {"modules": 16, "hidden": 80, "active": 8},
        "tto8": {"heads": 8, "head_width": 64},
        "tto20": {"heads": 8, "head_width": 64},
        "tto8-relative": {"heads": 8, "head_width": 64},
        "tto20-relative": {"heads": 8, "head_width": 64},
        "transformer": {"layers": 6},
    },
}
"""Sizes at which the models of a preset have about as many parameters, as far as their design allows; encoders and
readouts of all are the same."""

_FITTED_TO_PLACES: dict[Preset, dict[ModelName, dict[str, Any]]] = {
    "debug": {},
    "small": {
        "s2gru-local": _FITTED["small"]["s2gru-local"],
        "s2gru": {"modules": 32, "hidden": 32, "head_width": 16},
        "s2gru-literal": {"modules": 32, "hidden": 32, "head_width": 16},
        "s2rmc": {"modules": 32, "hidden": 48, "head_width": 16},
        "lstm": {"recurrent": 256},
        "rmc": {"recurrent": 768},
        "rim": {"modules": 16, "hidden": 48, "active": 8},
    },
    "paper": _FITTED["paper"],
}
"""The same for models that are asked about places; a TTO of as many parameters would take four times as long."""

_PLACES_WIDTH: dict[Preset, dict[str, Any]] = {"debug": {}, "small": {"width": 128}, "paper": {}}
"""A local map is more to tell than what happens to a unit: half as wide, readouts and not memories set models apart."""

_SIMULATOR: dict[Preset, dict[str, Any]] = {"debug": {}, "small": {"updates": 12_000}, "paper": {}}
"""Who draws from a model finds its errors and lives on them: the held-out loss halves from 3,000 to 12,000 updates."""

_PLACES: dict[str, Any] = {"blink": True, "symmetries": True}
_PLACES_WARMUP: dict[Preset, int] = {"debug": 6, "small": 16, "paper": 16}
"""How trainings that ask about places differ."""
