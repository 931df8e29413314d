"""What a model and a training are, as plain frozen data, and the presets that the command line offers."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from s2rm_sc2.errors import BadArgument

ModelName = Literal["s2gru", "lstm"]
Preset = Literal["debug", "small", "paper"]

MODEL_NAMES: tuple[ModelName, ...] = get_args(ModelName)
PRESETS: tuple[Preset, ...] = get_args(Preset)


@dataclass(frozen=True)
class ModelConfig:
    """The sizes of a model.

    Attributes:
        name: which dynamics.
        width: features of view encodings, query embeddings and the decoder; 32 to 256.
        modules: M, S2RM's modules; a few more than the places that fights spread over; 8 to 128.
        hidden: D, width of a module's state; 16 to 128.
        heads, head_width: of kernel-modulated attention.
        sphere: d, dimension of the space that holds the unit sphere; low ones (3) keep places apart.
        reach: how many modules a place reaches when τ and ε are calibrated; about 4.
        lstm_hidden: width of the LSTM baseline, chosen so that parameter counts stay comparable.
    """

    name: ModelName = "s2gru"
    width: int = 64
    modules: int = 32
    hidden: int = 32
    heads: int = 2
    head_width: int = 16
    sphere: int = 3
    reach: int = 4
    lstm_hidden: int = 256

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as a checkpoint holds it."""
        return asdict(self)


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained.

    Attributes:
        updates: optimiser steps.
        batch: windows per update.
        warmup: steps of a window on which the model sees the kept views.
        horizon: open-loop steps after them, from ``open_loop_from`` on (share of the updates).
        learning_rate: peak of the cosine schedule (AdamW); the sphere learns at a tenth of it.
        clip: gradient norm limit.
        keep_low: views kept per window are a share drawn uniformly from [keep_low, 1].
        evaluate_every: updates between checks on held-out episodes; a checkpoint is written there too.
    """

    updates: int = 2000
    batch: int = 16
    warmup: int = 10
    horizon: int = 4
    open_loop_from: float = 0.5
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    clip: float = 1.0
    keep_low: float = 0.2
    evaluate_every: int = 200

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as a checkpoint holds it."""
        return asdict(self)


def preset(name: str, model: str, updates: int | None = None) -> tuple[ModelConfig, TrainConfig]:
    """A preset's model and training: ``debug`` (seconds), ``small`` (minutes on 2 cores), ``paper`` (days there).

    Raises:
        BadArgument: unknown preset or model, or updates below 1.
    """
    if model not in MODEL_NAMES:
        raise BadArgument(f"Model {model!r} is unknown; choose one of {', '.join(MODEL_NAMES)}.")
    if name not in PRESETS:
        raise BadArgument(f"Preset {name!r} is unknown; choose one of {', '.join(PRESETS)}.")
    if updates is not None and updates < 1:
        raise BadArgument(f"--updates must be at least 1, not {updates}.")
    base = ModelConfig(name=model)
    configs = {
        "debug": (
            replace(base, width=16, modules=8, hidden=8, head_width=8, lstm_hidden=32),
            TrainConfig(updates=20, batch=4, warmup=4, horizon=2, evaluate_every=10),
        ),
        "small": (base, TrainConfig()),
        "paper": (
            replace(base, width=128, modules=64, hidden=64, heads=4, lstm_hidden=640),
            TrainConfig(updates=50_000, batch=64, warmup=16, horizon=8, learning_rate=1e-3, evaluate_every=1000),
        ),
    }
    chosen, training = configs[name]
    return chosen, training if updates is None else replace(training, updates=updates)
