"""The RIM baseline: recurrent independent mechanisms (Goyal et al. 2019), modules that compete for what is seen."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

from worldmodel.config import ModelConfig
from worldmodel.contract import Encoded, Memory, Observation
from worldmodel.encoder import Asked, Tokens
from worldmodel.model import WorldModel
from worldmodel.modules import ModuleGRU, ModuleLinear


class RIM(WorldModel):
    """M modules with parameters of their own and no place on the map.

    Each attends to the tokens and to a null token; the ``active`` modules that attend to null least are updated and
    then read from all others, the rest keep their state.
    """

    def __init__(self, config: ModelConfig) -> None:
        m, d, attended = config.modules, config.hidden, config.heads * config.head_width
        super().__init__(config, recalled=attended)
        self.token_keys = nn.Linear(config.width, 2 * attended, bias=False)  # without bias, null is a row of zeros
        self.query = ModuleLinear(m, d, attended)
        self.dynamics = ModuleGRU(m, attended, d)
        self.talk = ModuleLinear(m, d, 3 * attended)
        self.merge = ModuleLinear(m, attended, d)
        self.read_keys = ModuleLinear(m, d, 2 * attended)
        self.read_query = nn.Linear(config.width, attended)

    def start(self, observation: Observation) -> Memory:
        """Documented at :meth:`Predictor.start`."""
        return (observation.place.new_zeros(len(observation.place), self.config.modules, self.config.hidden),)

    def prepare(self, tokens: Tokens) -> Encoded:
        """Keys and values of the tokens, ``[..., H, N + 1, d]``, the last being null, and which of them are there."""
        keys, values = self._heads(pad(self.token_keys(tokens.content), (0, 0, 0, 1)), 2)
        return keys, values, pad(tokens.present, (0, 1), value=True)

    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """Input attention, competition, the winners' own dynamics, and communication (their section 3)."""
        (state,) = memory
        keys, values, present = encoded
        (query,) = self._heads(self.query(state), 1)
        logits = query @ keys.transpose(-1, -2) / self.config.head_width**0.5
        weights = logits.masked_fill(~present[:, None, None], -torch.inf).softmax(dim=-1)
        heard = (weights @ values).transpose(-2, -3).flatten(-2)
        null = weights[..., -1].mean(dim=1)
        winners = null.topk(self.config.active, dim=-1, largest=False).indices
        active = torch.zeros_like(null, dtype=torch.bool).scatter(-1, winners, value=True).unsqueeze(-1)
        updated = torch.where(active, self.dynamics(heard, state, state), state)
        ask, key, value = self._heads(self.talk(updated), 3)
        told = scaled_dot_product_attention(ask, key, value).transpose(-2, -3).flatten(-2)
        return (torch.where(active, updated + self.merge(told), updated),)

    def recall(self, memory: Memory, encoded: Encoded, asked: Asked) -> Tensor:
        """Attention from each query over the modules' states."""
        keys, values = self._heads(self.read_keys(memory[0]), 2)
        (query,) = self._heads(self.read_query(asked.query), 1)
        return scaled_dot_product_attention(query, keys, values).transpose(-2, -3).flatten(-2)

    def _heads(self, x: Tensor, parts: int) -> tuple[Tensor, ...]:
        """``[..., N, parts * H * d]`` to that many ``[..., H, N, d]``."""
        return x.reshape(*x.shape[:-1], parts, self.config.heads, -1).transpose(-4, -2).unbind(-3)
