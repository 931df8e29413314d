"""The LSTM baseline: one LSTM on the pooled encodings of all views, no geometry."""

import torch
from torch import Tensor, nn

from worldmodel.config import ModelConfig
from worldmodel.contract import Encoded, Observation
from worldmodel.unit_model import UnitModel


class PooledLSTM(UnitModel):
    """One LSTM cell; its memory is hidden and cell state side by side, ``[B, 2 * lstm_hidden]``."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, recalled=config.width)
        self.cell = nn.LSTMCell(config.width, config.lstm_hidden)
        self.out = nn.Linear(config.lstm_hidden, config.width)

    def start(self, batch: int) -> Tensor:
        """Documented at :meth:`Predictor.start`."""
        return self.out.weight.new_zeros(batch, 2 * self.config.lstm_hidden)

    def encode(self, observation: Observation) -> Encoded:
        """The sum of the view encodings; absent views add nothing."""
        return (self.views(observation).sum(dim=-2),)

    def advance(self, memory: Tensor, encoded: Encoded) -> Tensor:
        """One LSTM step."""
        hidden, cell = memory.chunk(2, dim=-1)
        return torch.cat(self.cell(encoded[0], (hidden.contiguous(), cell.contiguous())), dim=-1)

    def recall(self, memory: Tensor, place: Tensor, query: Tensor) -> Tensor:
        """The same summary for every place."""
        summary: Tensor = self.out(memory.chunk(2, dim=-1)[0])
        return summary.unsqueeze(-2).expand(*place.shape[:-1], -1)
