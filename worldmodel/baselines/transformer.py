"""The belief-table transformer: no memory but the table of last-seen states that every unit query brings along."""

from typing import ClassVar

from torch import Tensor, nn

from worldmodel.baselines.relative import RelativeAttention
from worldmodel.config import ModelConfig
from worldmodel.contract import Encoded, Memory, Observation
from worldmodel.encoder import Asked, Tokens
from worldmodel.model import WorldModel
from worldmodel.tokens import PAIR_WIDTH


class BeliefTransformer(WorldModel):
    """Pre-norm layers over the queried units, joined by what is in sight of each, with relative bias and values."""

    answers_places: ClassVar[bool] = False

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, recalled=config.width)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def start(self, observation: Observation) -> Memory:
        """An empty memory."""
        return (observation.place[..., :0, 0].flatten(1),)

    def prepare(self, tokens: Tokens) -> Encoded:
        """The token of each unit, zero for those out of sight."""
        return (tokens.content,)

    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """Nothing to remember."""
        return memory

    def recall(self, memory: Memory, encoded: Encoded, asked: Asked) -> Tensor:
        """What the layers make of the table."""
        assert asked.units is not None, "only units can be asked about"
        units = asked.query + encoded[0]
        for layer in self.layers:
            units = layer(units, asked.units.pairs, asked.units.present)
        told: Tensor = self.norm(units)
        return told


class _Layer(nn.Module):
    """Relative attention and a feed-forward network, each on normalised input and added to it."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width = config.width
        self.norm_attention, self.norm_forward = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend = RelativeAttention(width, PAIR_WIDTH, config.heads, config.head_width)
        self.think = nn.Sequential(nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width))

    def forward(self, units: Tensor, pairs: Tensor, shown: Tensor) -> Tensor:
        units = units + self.attend(self.norm_attention(units), pairs, shown)
        thought: Tensor = units + self.think(self.norm_forward(units))
        return thought
