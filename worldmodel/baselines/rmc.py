"""The RMC baseline: one relational memory core (Santoro et al. 2018) on the pooled tokens of all views, no geometry."""

import torch
from torch import Tensor, nn

from worldmodel.config import ModelConfig
from worldmodel.contract import Encoded, Memory, Observation
from worldmodel.encoder import Asked, Tokens
from worldmodel.model import WorldModel
from worldmodel.modules import ModuleRMC


class PooledRMC(WorldModel):
    """A memory matrix of ``slots`` rows, ``[B, 1, recurrent]`` when flat: S2RMC's cell as one module of its own.

    A learned offset tells the rows apart; after a start at zero they would otherwise stay alike forever.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, recalled=config.width)
        self.cell = ModuleRMC(1, config.width, config.recurrent, config.slots)
        self.apart = nn.Parameter(torch.randn(config.recurrent))
        self.out = nn.Linear(config.recurrent, config.width)

    def start(self, observation: Observation) -> Memory:
        """Documented at :meth:`Predictor.start`."""
        return (observation.place.new_zeros(len(observation.place), 1, self.config.recurrent),)

    def prepare(self, tokens: Tokens) -> Encoded:
        """The sum of the tokens; those that are not there add nothing."""
        return (tokens.content.sum(dim=-2, keepdim=True),)

    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """One step of the core."""
        return (self.cell(encoded[0], memory[0] + self.apart, memory[0]),)

    def recall(self, memory: Memory, encoded: Encoded, asked: Asked) -> Tensor:
        """The same summary for every query."""
        summary: Tensor = self.out(memory[0])
        return summary.expand(*asked.place.shape[:-1], -1)
