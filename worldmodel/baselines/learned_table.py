"""The strongest table: what was last seen of each place and what became of it since, learned, without any dynamics."""

import torch
from torch import Tensor, nn

from worldmodel.clouds import KINDS, Clouds
from worldmodel.config import ModelConfig
from worldmodel.contract import Encoded, LocalMap, Memory, Observation
from worldmodel.encoder import Asked, Tokens
from worldmodel.frames import knots_around
from worldmodel.last_seen import LastSeen, covered, remember
from worldmodel.model import WorldModel
from worldmodel.readout import MAP_CELL, MAP_CELLS


class LearnedTable(WorldModel):
    """``s2gru-local`` without modules: tokens remembered until their place is seen again, read as clouds.

    What it is better by than a last-seen table is the readout's; what ``s2gru-local`` is better by is its modules'.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, recalled=config.width)
        self.clouds = Clouds(config.width)
        self.light = nn.Linear(MAP_CELLS**2, config.width)

    def start(self, observation: Observation) -> Memory:
        """Documented at :meth:`Predictor.start`."""
        return LastSeen.nothing(observation.place, self.config.remembered, self.config.width + KINDS).parts

    def prepare(self, tokens: Tokens) -> Encoded:
        """The tokens as they are remembered."""
        return tokens.place, torch.cat([tokens.content, tokens.kind], dim=-1), tokens.sight, tokens.present

    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """One step's tokens."""
        return self.window(memory, tuple(part.unsqueeze(1) for part in encoded))[1]

    def window(self, memory: Memory, encoded: Encoded) -> tuple[Memory, Memory]:
        """Documented at :meth:`Predictor.window`: all steps at once."""
        place, content, sight, present = encoded
        seen = remember(LastSeen(*memory), place, content, sight, present).parts
        return seen, tuple(part[:, -1] for part in seen)

    def recall(self, memory: Memory, encoded: Encoded, asked: Asked) -> Tensor:
        """Which bins around each place are in sight."""
        place, _, sight, _ = encoded
        lit = covered(knots_around(asked.place, MAP_CELLS, MAP_CELL), place, sight)
        return torch.relu(self.light(lit.reshape(*asked.place.shape[:-1], -1).to(place.dtype)))

    def read_places(self, memory: Memory, encoded: Encoded, place: Tensor) -> LocalMap:
        """Documented at :meth:`WorldModel.read_places`; what was last seen is added to what is expected anywhere."""
        return self.clouds.added(super().read_places(memory, encoded, place), LastSeen(*memory), place)
