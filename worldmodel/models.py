"""The one list of models to add to."""

from collections.abc import Callable

from worldmodel.baselines.lstm import PooledLSTM
from worldmodel.config import ModelConfig, ModelName
from worldmodel.model import WorldModel
from worldmodel.s2rm import S2RM
from worldmodel.s2rm_local import LocalS2GRU

MODELS: dict[ModelName, Callable[[ModelConfig], WorldModel]] = {
    "s2gru-local": LocalS2GRU,
    "s2gru": S2RM,
    "s2rmc": S2RM,
    "s2gru-literal": S2RM,
    "lstm": PooledLSTM,
}


def build(config: ModelConfig) -> WorldModel:
    """The model that a configuration describes, with fresh weights from torch's global generator."""
    return MODELS[config.name](config)


def parameter_count(model: WorldModel) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
