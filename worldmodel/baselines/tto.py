"""The "time travelling observer" (S2RM paper, section 4): attention over what the last steps showed, no recurrence."""

import math

import torch
from torch import Tensor, nn

from s2rm_sc2.views.entity import WORLD_SCALE
from worldmodel.config import ModelConfig
from worldmodel.contract import Encoded, Memory, Observation
from worldmodel.encoder import Asked, Tokens
from worldmodel.model import WorldModel

CELLS = 2.0
"""Map cells that count as 1 in the relative geometry: a bin of the local maps."""


class TTO(WorldModel):
    """Each query attends to all tokens of the last ``steps`` steps, which know their place and their age.

    Keys and values are shared by twice ``config.heads`` heads, of which a quarter share out their attention (softmax)
    and the others count (sigmoids). Its memory is the projected tokens of the last ``steps - 1`` steps.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, recalled=config.width)
        heads, d, c = 2 * config.heads, config.head_width, config.head_width
        self.sharing = heads // 4
        self.counting = heads - self.sharing
        self.project = nn.Linear(config.width, d + c)
        self.age = nn.Parameter(0.1 * torch.randn(config.steps, 1, d + c))
        self.query = nn.Linear(config.width, heads * d)
        self.geometry = RelativeGeometry(config.width, self.sharing, self.counting) if config.relative else None
        if self.geometry is None:
            self.reserve = nn.Parameter(torch.full((self.counting, 1, 1), 3.0))
        self.out = nn.Linear(heads * (3 if config.relative else 1) * (c + 1), config.width)

    def start(self, observation: Observation) -> Memory:
        """Nothing was there at any step before."""
        battles, rows, steps = len(observation.present), observation.present.shape[-1], self.config.steps - 1
        return (observation.place.new_zeros(battles, steps, rows, self.project.out_features + 3),)

    def prepare(self, tokens: Tokens) -> Encoded:
        """Key, value, place and presence of each token, in one tensor ``[..., N, d + c + 3]``."""
        there = tokens.present.unsqueeze(-1).to(tokens.place.dtype)
        return (torch.cat([self.project(tokens.content), tokens.place * (WORLD_SCALE / CELLS), there], dim=-1),)

    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """The oldest step makes way for this one."""
        return (torch.cat([memory[0], encoded[0].unsqueeze(1)], dim=1)[:, 1:],)

    def window(self, memory: Memory, encoded: Encoded) -> tuple[Memory, Memory]:
        """All steps in a row, ``[B, steps - 1 + T, N, ...]``, of which :meth:`recall` takes what each step may see."""
        row = torch.cat([memory[0], encoded[0]], dim=1)
        return (row,), (row[:, encoded[0].shape[1] :],)

    def recall(self, memory: Memory, encoded: Encoded, asked: Asked) -> Tensor:
        """What the heads gather for each query."""
        steps, d = asked.query.shape[1], self.config.head_width
        seen = torch.stack([memory[0][:, s : s + steps] for s in range(self.config.steps)], dim=2)
        content, place, there = seen[..., :-3] + self.age, seen[..., -3:-1], seen[..., -1:]
        key, value = content[..., :d], content[..., d:]
        value = torch.cat([value, torch.ones_like(there)], dim=-1) * there
        key, value, place = (part.flatten(2, 3).unsqueeze(2) for part in (key, value, place))  # [B, T, 1, K, ...]
        query = self.query(asked.query).unflatten(-1, (-1, d)).transpose(-2, -3) / math.sqrt(d)  # [B, T, H, Q, d]
        at = asked.place.unsqueeze(2) * (WORLD_SCALE / CELLS)
        if self.geometry is not None:
            query = torch.cat([query, self.geometry.near(asked.query, at)], dim=-1)
            key = torch.cat([key, place, place.square().sum(-1, keepdim=True), torch.ones_like(key[..., :1])], dim=-1)
            value = (nn.functional.pad(place, (1, 0), value=1.0).unsqueeze(-1) * value.unsqueeze(-2)).flatten(-2)
        gathered = self._gather(query, key, value, there.flatten(2).bool())
        if self.geometry is not None:
            mass, x, y = gathered.chunk(3, dim=-1)
            gathered = torch.cat([mass, x - at[..., :1] * mass, y - at[..., 1:] * mass], dim=-1)
        told: Tensor = self.out(gathered.transpose(2, 3).flatten(3))
        return told

    def _gather(self, query: Tensor, key: Tensor, value: Tensor, there: Tensor) -> Tensor:
        """Attention of both kinds, ``[B, T, H, Q, c]``; the values of tokens that are not there are zero."""
        logits = query @ key.transpose(-1, -2)
        share, count = logits[:, :, : self.sharing], logits[:, :, self.sharing :]
        if self.geometry is None:
            count = count - self.reserve
        share = share.masked_fill(~there[:, :, None, None], -1e9).softmax(dim=-1)
        return torch.cat([share @ value, torch.sigmoid(count) @ value], dim=2)


class RelativeGeometry(nn.Module):
    """Where around a query each head looks: a bell ``-β |x - (x_q + c)|²`` in the logits, c learned and asked for.

    A squared distance splits into products of what the query and what the token brings, so no tensor over pairs is
    needed for it; nor for relative values, which are the attended values with their moments about the query's place.
    """

    def __init__(self, width: int, sharing: int, counting: int) -> None:
        super().__init__()
        turn = torch.arange(counting) * (2 * math.pi / counting)
        ring = torch.stack([turn.cos(), turn.sin()], dim=-1)
        self.centre = nn.Parameter(torch.cat([torch.zeros(sharing, 2), ring]))
        self.sharpness = nn.Parameter(torch.cat([torch.full((sharing,), 0.05), torch.full((counting,), 0.5)]).log())
        self.shift = nn.Linear(width, 2 * (sharing + counting), bias=False)

    def near(self, query: Tensor, at: Tensor) -> Tensor:
        """The query's part ``[..., H, Q, 4]``, to be multiplied with a token's ``(x, y, x² + y², 1)``.

        Args:
            query: ``[..., Q, W]``.
            at: ``[..., 1, Q, 2]``, where it is.
        """
        shift = self.shift(query).unflatten(-1, (-1, 2)).transpose(-2, -3)
        aim = at + self.centre.unsqueeze(-2) + shift
        beta = self.sharpness.exp()[:, None, None].expand(*aim.shape[:-1], 1)
        return torch.cat([2 * beta * aim, -beta, -beta * aim.square().sum(-1, keepdim=True)], dim=-1)
