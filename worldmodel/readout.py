"""The readouts: from what a memory holds for a query, and the query, to distributions of what comes next."""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from s2rm_sc2.views.local_map import UNIT_CHANNELS
from worldmodel.contract import CHANGE_FIELDS, Change, LocalMap, Outcome, UnitQueries
from worldmodel.tokens import blows_on, chase_of, intent_of, points_of

_LEAST_BLOWS = 5.0
"""Points that are added to the blows that may fall on a unit: others may be on their way."""

_AGE_GAIN = 0.25
"""Share by which the size of a predicted change grows with each step that a unit has been out of sight."""

_FIRES = -2.0
"""Logit added to the network's: a unit usually does not fire (88 %)."""

_BLOW, _LEAST_HIT, _SURE_HIT = 12.0, -4.0, 4.0
"""Points of a usual blow: as many as fall on average hit a unit, Poisson distributed; least and most logit of that."""

_MOST_HOME = 1.25
"""How much of its blows a unit brings home at most."""

_MOSTLY = 1.0
"""Logit of the share of its way that a unit goes, and of the most that it brings home, before anything is learned."""

_POINTS_OF_LIFE, _DOOMED, _SAFE = 10.0, -0.5, 6.0
"""A unit's odds of surviving a step grow by e with so many points more than may be taken: the logit with none, most."""

_SHARES = ("home", "goes", "chases", "walks_on", "walks_to_foe")
"""What the network says of each unit besides: how much of its blows it brings home, of its intended way it goes, of the
way to its nearest foe; of both if it walks."""

MAP_CELLS, MAP_CELL = 3, 2.0
"""The local map that place queries ask for: bins along a side, and the side of one, map cells."""

_RATE_PRIOR = -4.0
"""Added to the logarithm of the rates: most bins are empty."""


def _head(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, outputs)
    )


class UnitReadout(nn.Module):
    """To the change of each queried unit over the next step."""

    def __init__(self, recalled: int, width: int) -> None:
        super().__init__()
        self.net = _head(recalled + width, width, len(CHANGE_FIELDS) + len(_SHARES))

    def forward(self, recalled: Tensor, query: Tensor, queries: UnitQueries) -> Change:
        """From features ``[..., U, G]``, query embeddings ``[..., U, W]``, and what was asked.

        Of each unit is told how much of its intended way and of that to its nearest foe it goes, and how much of its
        blows it brings home: who is held up, or aims elsewhere, strikes nobody, and that is seen from its side. Damage
        is told as a multiple of the blows that so fall on a unit; that it is hit, and survives, beside what these blows
        and its points make likely. So all of them carry over to other units, numbers and ways to fight.
        """
        out = self.net(torch.cat([recalled, query], dim=-1))
        raw = dict(zip((*CHANGE_FIELDS, *_SHARES), out.unbind(dim=-1), strict=True))
        gain = 1.0 + _AGE_GAIN * queries.age.clamp(max=20.0)
        intent, chase = intent_of(queries), chase_of(queries)
        way = _share(raw["goes"] + _MOSTLY) * intent + _share(raw["chases"] - _MOSTLY) * chase
        walk = _share(raw["walks_on"] + _MOSTLY) * intent + _share(raw["walks_to_foe"] - _MOSTLY) * chase
        blows = blows_on(queries, _MOST_HOME * torch.sigmoid(raw["home"] + _MOSTLY))
        struck = torch.log(torch.expm1((blows / _BLOW).clamp(max=_SURE_HIT + 1.0)) + 1e-6).clamp(_LEAST_HIT, _SURE_HIT)
        spared = (points_of(queries) - blows) / _POINTS_OF_LIFE + _DOOMED
        return Change(
            dx=way[..., 0] + raw["dx"] * gain,
            dy=way[..., 1] + raw["dy"] * gain,
            spread=_positive(raw["spread"], 0.3),
            walks=raw["walks"],
            walk_x=walk[..., 0] + raw["walk_x"] * gain,
            walk_y=walk[..., 1] + raw["walk_y"] * gain,
            hit=struck + raw["hit"],
            damage=_positive(raw["damage"], blows + _LEAST_BLOWS),
            damage_spread=_positive(raw["damage_spread"], 0.5 * (blows + _LEAST_BLOWS)),
            health=2.0 * raw["health"] * gain,
            shield=2.0 * raw["shield"] * gain,
            energy=5.0 * raw["energy"] * gain,
            fires=raw["fires"] + _FIRES,
            cooldown=_positive(raw["cooldown"], 15.0),
            alive=raw["alive"] + spared.clamp(-_SAFE, _SAFE),
        )


def _share(logit: Tensor) -> Tensor:
    """A share of a way, ``[..., 1]``."""
    return torch.sigmoid(logit).unsqueeze(-1)


def _positive(raw: Tensor, usual: Tensor | float) -> Tensor:
    """A number above 0 from one of any sign; 0 stands for the usual."""
    return softplus(raw + 0.5413) * usual + 1e-3  # softplus(0.5413) = 1


class OutcomeReadout(nn.Module):
    """To the step's reward and ending, from the sum over the queried units."""

    def __init__(self, recalled: int, width: int) -> None:
        super().__init__()
        self.unit = nn.Sequential(nn.Linear(recalled + width, width), nn.ReLU())
        self.battle = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2))

    def forward(self, recalled: Tensor, query: Tensor, present: Tensor) -> Outcome:
        """From features ``[..., U, G]``, embeddings ``[..., U, W]`` and which units are asked about."""
        units = self.unit(torch.cat([recalled, query], dim=-1)).masked_fill(~present.unsqueeze(-1), 0.0)
        reward, terminated = self.battle(units.sum(dim=-2)).unbind(dim=-1)
        return Outcome(reward, terminated)


class PlaceReadout(nn.Module):
    """To the local map around each queried place after the next step."""

    def __init__(self, recalled: int, width: int) -> None:
        super().__init__()
        self.net = _head(recalled + width, width, (len(UNIT_CHANNELS) + 2) * MAP_CELLS**2)

    def forward(self, recalled: Tensor, query: Tensor) -> LocalMap:
        """From features ``[..., Q, G]`` and embeddings ``[..., Q, W]``."""
        out = self.net(torch.cat([recalled, query], dim=-1))
        maps = out.unflatten(-1, (len(UNIT_CHANNELS) + 2, MAP_CELLS, MAP_CELLS))
        return LocalMap(log_rates=maps[..., :-2, :, :] + _RATE_PRIOR, points=maps[..., -2:, :, :])
