"""Encoders shared by all models: a set of units around a centre, views, and queries."""

import torch
from torch import Tensor, nn

from worldmodel.contract import Observation, Queries
from worldmodel.sphere import SINUSOID_WIDTH, sinusoids
from worldmodel.tokens import ENTITY_WIDTH, PAIR_WIDTH, ROW_WIDTH, VIEWER_WIDTH


class SetEncoder(nn.Module):
    """What stands around each centre: a sum over units of a network of (centre, unit, their relation).

    The sum makes it indifferent to order and number; a unit that is masked adds exactly nothing.
    """

    def __init__(self, centre: int, unit: int, width: int) -> None:
        super().__init__()
        hidden = width // 2
        self.centre = nn.Linear(centre, hidden)
        self.unit = nn.Linear(unit, hidden, bias=False)
        self.pair = nn.Linear(PAIR_WIDTH, hidden, bias=False)
        self.out = nn.Linear(hidden, width)

    def forward(self, centres: Tensor, units: Tensor, pairs: Tensor, shown: Tensor) -> Tensor:
        """Encodings ``[..., C, W]`` from centres ``[..., C, F]``, units ``[..., U, F']``, pairs ``[..., C, U, P]``."""
        # In place: these are by far the largest tensors of a training step.
        hidden = self.pair(pairs).add_(self.unit(units).unsqueeze(-3)).add_(self.centre(centres).unsqueeze(-2)).relu_()
        summed = (shown.to(hidden.dtype).unsqueeze(-2) @ hidden).squeeze(-2)
        encoded: Tensor = self.out(summed)
        return encoded


class ViewEncoder(nn.Module):
    """``e[a] = E(o[a], action[a], posenc(x[a]))``: one encoding per view, the same for any number of agents."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.seen = SetEncoder(VIEWER_WIDTH, ENTITY_WIDTH, width)
        self.viewer = nn.Linear(VIEWER_WIDTH + SINUSOID_WIDTH, width)
        self.mix = nn.Sequential(nn.ReLU(), nn.Linear(width, width), nn.ReLU())

    def forward(self, observation: Observation) -> Tensor:
        """Encodings ``[..., A, W]``; rows of absent views are zero."""
        seen = self.seen(observation.viewer, observation.entities, observation.pairs, observation.sees)
        own = self.viewer(torch.cat([observation.viewer, sinusoids(observation.place)], dim=-1))
        encoded: Tensor = self.mix(seen + own)
        return encoded.masked_fill(~observation.present.unsqueeze(-1), 0.0)


class QueryEncoder(nn.Module):
    """A queried unit with what is believed to stand around it, embedded; the same for every model."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.around = SetEncoder(ROW_WIDTH, ROW_WIDTH, width)
        self.own = nn.Linear(ROW_WIDTH + SINUSOID_WIDTH, width)

    def forward(self, queries: Queries) -> Tensor:
        """Embeddings ``[..., U, W]``."""
        shown = queries.present.unsqueeze(-2).expand(queries.pairs.shape[:-1])
        around = self.around(queries.rows, queries.rows, queries.pairs, shown)
        embedded: Tensor = around + self.own(torch.cat([queries.rows, sinusoids(queries.place)], dim=-1))
        return nn.functional.relu(embedded)
