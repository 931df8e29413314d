"""Encoders shared by all models: tokens of what is in sight, queried units, queried places."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from s2rm_sc2.units import UNIT_NAMES
from worldmodel.contract import Observation, UnitQueries
from worldmodel.sphere import SINUSOID_WIDTH, sinusoids
from worldmodel.tokens import PAIR_WIDTH, ROW_WIDTH, TOKEN_COLUMNS, TOKEN_WIDTH

_ENEMY = TOKEN_COLUMNS.index("enemy")


@dataclass(frozen=True)
class Tokens:
    """Encoded views: ``place``, ``content``, ``kind`` ``[..., N, 2 | W | K]``, ``sight``, ``present`` ``[..., N]``.

    Rows that are not present hold zeros in all of them.
    """

    place: Tensor
    content: Tensor
    kind: Tensor
    sight: Tensor
    present: Tensor


@dataclass(frozen=True)
class Asked:
    """Encoded queries: ``place`` ``[..., Q, 2]`` and ``query`` ``[..., Q, W]``; units also bring their rows."""

    place: Tensor
    query: Tensor
    units: UnitQueries | None = None


class TokenEncoder(nn.Module):
    """``e[n] = E(o[n], action[n], posenc(x[n]))``, the same network for every token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(TOKEN_WIDTH + SINUSOID_WIDTH, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )

    def forward(self, observation: Observation) -> Tokens:
        """The encoded tokens of any number of steps."""
        features = torch.cat([observation.features, sinusoids(observation.place)], dim=-1)
        content = self.net(features).masked_fill(~observation.present.unsqueeze(-1), 0.0)
        kind, enemy = observation.features[..., : len(UNIT_NAMES)], observation.features[..., _ENEMY : _ENEMY + 1]
        kind = torch.cat([kind * (1.0 - enemy), kind * enemy], dim=-1)
        sight = observation.sight * observation.present
        return Tokens(observation.place, content, kind, sight, observation.present)


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


class UnitEncoder(nn.Module):
    """A queried unit with what is believed to stand around it; the same for every model."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.around = SetEncoder(ROW_WIDTH, ROW_WIDTH, width)
        self.own = nn.Linear(ROW_WIDTH + SINUSOID_WIDTH, width)

    def forward(self, queries: UnitQueries) -> Asked:
        """The encoded queries ``[..., U, W]``."""
        shown = queries.present.unsqueeze(-2).expand(queries.pairs.shape[:-1])
        around = self.around(queries.rows, queries.rows, queries.pairs, shown)
        own = self.own(torch.cat([queries.rows, sinusoids(queries.place)], dim=-1))
        return Asked(queries.place, nn.functional.relu(around + own), queries)


class PlaceEncoder(nn.Module):
    """A queried place: nothing but where it is."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(SINUSOID_WIDTH, width), nn.ReLU())

    def forward(self, place: Tensor) -> Asked:
        """The encoded places ``[..., Q, W]``."""
        return Asked(place, self.net(sinusoids(place)))
