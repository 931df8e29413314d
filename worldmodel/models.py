"""The one list of models to add to."""

from collections.abc import Callable

from worldmodel.baselines.lstm import PooledLSTM
from worldmodel.config import ModelConfig, ModelName
from worldmodel.s2rm import S2GRU
from worldmodel.unit_model import UnitModel

MODELS: dict[ModelName, Callable[[ModelConfig], UnitModel]] = {"s2gru": S2GRU, "lstm": PooledLSTM}


def build(config: ModelConfig) -> UnitModel:
    """The model that a configuration describes, with fresh weights from torch's global generator."""
    return MODELS[config.name](config)


def parameter_count(model: UnitModel) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
