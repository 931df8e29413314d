"""Which blows may fall within the next step, as far as a table tells: by reach, by timing, and by who attacks whom."""

import torch
from torch import Tensor

from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import LOOPS_PER_SECOND, LOOPS_PER_STEP, UNIT_TYPES, Weapon

TIMING_DOUBT = 2.0
"""Game loops over which a hit that may come too late, or may have come already, counts in part."""

_HITS = 2
"""Hits of an attack that are told apart; no unit has more."""


def _timing(weapon: Weapon | None) -> list[float]:
    """In game loops: an attack's period, its missile's time per cell, and the time until each of two hits."""
    if weapon is None:
        return [0.0] * (2 + _HITS)
    first, last = weapon.hit_times[0], weapon.hit_times[-1]
    slowness = 1.0 / weapon.missile_speed if weapon.missile_speed else 0.0
    return [seconds * LOOPS_PER_SECOND for seconds in (weapon.period, slowness, first, last)]


_POINTS = torch.tensor([[attacker.blow(target) for target in UNIT_TYPES] for attacker in UNIT_TYPES])
_PERIOD, _SLOWNESS, *_HIT_TIMES = torch.tensor([_timing(unit.weapon) for unit in UNIT_TYPES]).T
_TIMES = torch.stack(_HIT_TIMES, dim=-1)
_SPLASHES = [(unit.index, unit.weapon.splash_reach) for unit in UNIT_TYPES if unit.weapon and unit.weapon.splash]


def can_strike(attacker: Tensor, target: Tensor) -> Tensor:
    """Whether the weapon of one type hits another; types int64 ``[...]``, bool of the same shape."""
    return _POINTS.to(attacker.device)[attacker, target] > 0.0


def blows(units: UnitTable, distance: Tensor, radius: Tensor, near: Tensor, aims: Tensor, known: Tensor) -> Tensor:
    """Points of the blow that i may land on j within the step, float32 ``[..., U (i), U (j)]``.

    A weapon that is ready within the step, or that has struck and whose hits are still to land: how many of its hits
    fall into the step. Whoever is out of range counts by what is left of the step once i has walked there. Where it is
    not known whom i attacks, its blow is shared out among all foes that it reaches and can hit. Splash reaches those
    around whom it is meant for, the less the further they stand: nearly a colossus' sweep, or a baneling's blast.

    Args:
        units: the table ``[..., U]``.
        distance: between middles, cells ``[..., U, U]``.
        radius: of the bodies, cells ``[..., U]``.
        near: 1 in range, less on the way, 0 from a step's walk on.
        aims: 1 where i is known to attack j.
        known: bool ``[..., U]``, whose action is known.
    """
    device, kinds = units.x.device, units.type
    points = _POINTS.to(device)[kinds[..., :, None], kinds[..., None, :]]
    foes = (units.team[..., :, None] != units.team[..., None, :]) & units.alive[..., None, :] & (points > 0.0)
    near = torch.where(foes, near, 0.0)
    shared = near / near.sum(-1, keepdim=True).clamp(min=1.0)
    fresh = torch.where(known[..., None], aims * near, shared)
    begun = torch.where(aims.any(-1, keepdim=True), aims * near, shared)  # meant for whom it attacks
    flight = distance * _SLOWNESS.to(device)[kinds][..., None]
    period, times = _PERIOD.to(device)[kinds], _TIMES.to(device)[kinds]
    now = _landing(units.cooldown, times, flight) * fresh
    past = _landing(units.cooldown - period, times, flight) * begun
    struck = (now + past * (units.cooldown > 0.0)[..., None]) * units.alive[..., None]
    return points * torch.where(
        foes, torch.maximum(struck, _splashed(kinds, distance - radius[..., None, :], struck)), 0.0
    )


def _landing(start: Tensor, times: Tensor, flight: Tensor) -> Tensor:
    """Share of an attack's hits that fall into the step, ``[..., U, U]``.

    Args:
        start: game loops ``[..., U]`` from now until the attack begins, negative if it has.
        times: ``[..., U, H]``, from then until each hit or its launch.
        flight: ``[..., U, U]``, of the missile.
    """
    moment = (start[..., None] + times)[..., None, :] + flight[..., None]
    not_late = ((LOOPS_PER_STEP - moment) / TIMING_DOUBT).clamp(0.0, 1.0)
    not_past = (moment / TIMING_DOUBT + 1.0).clamp(0.0, 1.0)
    return (not_late * not_past).mean(-1)


def _splashed(kinds: Tensor, edge: Tensor, struck: Tensor) -> Tensor:
    """The share that splash spreads to everybody around those who are struck, at most a whole blow each.

    Args:
        kinds: int64 ``[..., U]``.
        edge: from the middle of i to the edge of j, cells ``[..., U, U]``.
        struck: the share of its blow that i lands on j itself.
    """
    spread = torch.zeros_like(struck)
    for kind, width in _SPLASHES:
        reached = struck @ (1.0 - edge.clamp(min=0.0) / width).clamp(min=0.0)
        spread = torch.where((kinds == kind)[..., None], reached.clamp(max=1.0), spread)
    return spread
