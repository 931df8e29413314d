"""The one list of models to add to."""

from collections.abc import Callable

from worldmodel.baselines.learned_table import LearnedTable
from worldmodel.baselines.lstm import PooledLSTM
from worldmodel.baselines.rim import RIM
from worldmodel.baselines.rmc import PooledRMC
from worldmodel.baselines.transformer import BeliefTransformer
from worldmodel.baselines.tto import TTO
from worldmodel.baselines.unit_gru import UnitGRU
from worldmodel.config import ModelConfig, ModelName
from worldmodel.model import WorldModel
from worldmodel.s2rm import S2RM
from worldmodel.s2rm_local import LocalS2GRU

MODELS: dict[ModelName, Callable[[ModelConfig], WorldModel]] = {
    "s2gru-local": LocalS2GRU,
    "s2gru": S2RM,
    "s2rmc": S2RM,
    "s2gru-literal": S2RM,
    "learned-table": LearnedTable,
    "lstm": PooledLSTM,
    "rmc": PooledRMC,
    "rim": RIM,
    "tto8": TTO,
    "tto20": TTO,
    "tto8-relative": TTO,
    "tto20-relative": TTO,
    "unit-gru": UnitGRU,
    "transformer": BeliefTransformer,
}


def build(config: ModelConfig) -> WorldModel:
    """The model that a configuration describes, with fresh weights from torch's global generator."""
    return MODELS[config.name](config)


def parameter_count(model: WorldModel) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
