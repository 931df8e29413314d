"""The unit-GRU baseline: a state per unit, updated by what is in sight of it and around it, or by its absence."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from worldmodel.baselines.relative import OFFSET_WIDTH, RelativeAttention, offsets
from worldmodel.config import ModelConfig
from worldmodel.contract import Encoded, Memory, Observation
from worldmodel.encoder import Asked, Tokens
from worldmodel.model import WorldModel
from worldmodel.modules import gru_step


class UnitGRU(WorldModel):
    """A GRU shared by all rows of the unit table, ``[B, U, recurrent]``; it can be asked about those rows only."""

    answers_places: ClassVar[bool] = False

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, recalled=config.recurrent)
        width, hidden = config.width, config.recurrent
        self.around = RelativeAttention(width, OFFSET_WIDTH, config.heads, config.head_width)
        self.gates_input = nn.Linear(2 * width + 1, 3 * hidden)
        self.gates_state = nn.Linear(hidden, 3 * hidden)

    def start(self, observation: Observation) -> Memory:
        """Documented at :meth:`Predictor.start`."""
        battles, rows = len(observation.present), observation.present.shape[-1]
        return (observation.place.new_zeros(battles, rows, self.config.recurrent),)

    def prepare(self, tokens: Tokens) -> Encoded:
        """What each row hears: its token, those around it, and whether it is in sight; as gates of the GRU."""
        shown = tokens.present.unsqueeze(-1)
        around = self.around(tokens.content, offsets(tokens.place), tokens.present).masked_fill(~shown, 0.0)
        heard = torch.cat([tokens.content, around, shown.to(around.dtype)], dim=-1)
        return (self.gates_input(heard),)

    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """One step of every unit's GRU."""
        (state,) = memory
        return (gru_step(encoded[0], self.gates_state(state), state),)

    def recall(self, memory: Memory, encoded: Encoded, asked: Asked) -> Tensor:
        """Each queried unit's own state."""
        return memory[0]
