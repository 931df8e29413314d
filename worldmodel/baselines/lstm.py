"""The LSTM baseline: one LSTM on the pooled tokens of all views, no geometry."""

from torch import Tensor, nn

from worldmodel.config import ModelConfig
from worldmodel.contract import Encoded, Memory, Observation
from worldmodel.encoder import Asked, Tokens
from worldmodel.model import WorldModel


class PooledLSTM(WorldModel):
    """One LSTM cell; its memory is the hidden and the cell state, ``[B, recurrent]`` each."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, recalled=config.width)
        self.cell = nn.LSTMCell(config.width, config.recurrent)
        self.out = nn.Linear(config.recurrent, config.width)

    def start(self, observation: Observation) -> Memory:
        """Documented at :meth:`Predictor.start`."""
        blank = observation.place.new_zeros(len(observation.place), self.config.recurrent)
        return blank, blank

    def prepare(self, tokens: Tokens) -> Encoded:
        """The sum of the tokens; those that are not there add nothing."""
        return (tokens.content.sum(dim=-2),)

    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """One LSTM step."""
        hidden, cell = self.cell(encoded[0], memory)
        return hidden, cell

    def recall(self, memory: Memory, encoded: Encoded, asked: Asked) -> Tensor:
        """The same summary for every query."""
        summary: Tensor = self.out(memory[0])
        return summary.unsqueeze(-2).expand(*asked.place.shape[:-1], -1)
