"""What foes can take from a unit within one step at most: who comes into whose reach, and which weapons are ready."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from s2rm_sc2.actions import FIRST_TARGET, STOP
from s2rm_sc2.battle.combat import DELAY_LEAST
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import LOOPS_PER_SECOND, LOOPS_PER_STEP, UNIT_TYPES, UnitType

BEND = 0.2
"""Cells by which two units may come nearer within a step than straight ways between its ends would bring them."""


@dataclass(frozen=True)
class Dealt:
    """What one step allows.

    Attributes:
        points: float32 ``[B, U]``, the most that a unit can lose; a baneling can always lose itself.
        strikes: bool ``[B, U]``, whose weapon can begin a new attack.
    """

    points: Tensor
    strikes: Tensor


class Blows:
    """The weapons of all unit types against each other, for tables on one device."""

    def __init__(self, device: torch.device) -> None:
        rows = [_weapon(unit) for unit in UNIT_TYPES]
        self._reach, self._slop, self._stride, self._times, self._due, self._aims = torch.tensor(rows, device=device).T
        self._radius = torch.tensor([unit.radius for unit in UNIT_TYPES], device=device)
        points = [[_points(unit, other) for other in UNIT_TYPES] for unit in UNIT_TYPES]
        self._points = torch.tensor(points, device=device)
        splash = [unit.weapon.splash if unit.weapon else "" for unit in UNIT_TYPES]
        self._splashes = torch.tensor([kind != "" for kind in splash], device=device)
        self._bursts = torch.tensor([kind == "blast" for kind in splash], device=device)

    def most(self, before: UnitTable, after: UnitTable, actions: Tensor) -> Dealt:
        """The most that can happen between foes in a step.

        A weapon that is ready within the step strikes whom it reaches on the way; one that has struck lately may hold
        on to its target over the slop. A blow begun in an earlier step lands, and a missile arrives, wherever its
        target has gone to since; one that only aimed may aim anew. A baneling bursts where it dies. An agent strikes
        whom its action names; anybody if it is told to stop or to attack what its weapon cannot hit, which the game
        refuses.

        Args:
            before: the table ``[B, U]``.
            after: where the units are at the end of the step.
            actions: int64 ``[B, A]``.
        """
        kinds, cooldown = before.type, before.cooldown[:, :, None]
        reach, slop = self._reach[kinds][:, :, None], self._slop[kinds][:, :, None]
        beyond = nearest(before, after) - self._radius[kinds][:, :, None] - self._radius[kinds][:, None] - reach
        points = self._points[kinds[:, :, None], kinds[:, None]]
        foes = (before.team[:, :, None] != before.team[:, None]) & (points > 0.0)
        foes = foes & before.alive[:, :, None] & before.alive[:, None]
        held = torch.where(cooldown > 0.0, slop, 0.0)
        ready = (cooldown < LOOPS_PER_STEP) | (cooldown > self._aims[kinds][:, :, None])
        fresh = foes & self._meant(kinds, actions, points) & ready & (beyond <= held.clamp(min=BEND))
        blasts = foes & (self._bursts[kinds] & ~after.alive)[:, :, None] & (beyond <= BEND)
        late = foes & (cooldown > self._due[kinds][:, :, None]) & (beyond <= slop + self._stride[kinds][:, None])
        times = torch.maximum(fresh * self._times[kinds][:, :, None], blasts.float())
        lost = (points * (times + late)).sum(1)
        return Dealt(torch.where(self._bursts[kinds], torch.inf, lost), fresh.any(-1))

    def _meant(self, kinds: Tensor, actions: Tensor, points: Tensor) -> Tensor:
        """Whether i may begin an attack that hits j, bool ``[B, U (i), U (j)]``."""
        A, U = actions.shape[1], kinds.shape[1]
        named = actions[:, :, None] == torch.arange(U, device=actions.device) - A + FIRST_TARGET
        refused = (actions >= FIRST_TARGET) & ~(named & (points[:, :A] > 0.0)).any(-1)
        anyone = (actions == STOP) | refused | (self._splashes[kinds[:, :A]] & (actions >= FIRST_TARGET))
        return pad(named | anyone[:, :, None], (0, 0, 0, U - A), value=True)


def nearest(before: UnitTable, after: UnitTable) -> Tensor:
    """How near the middles of i and j come when both walk straight, cells ``[B, U (i), U (j)]``."""
    x, y = before.x[:, None] - before.x[:, :, None], before.y[:, None] - before.y[:, :, None]
    dx = after.x[:, None] - after.x[:, :, None] - x
    dy = after.y[:, None] - after.y[:, :, None] - y
    share = (-(x * dx + y * dy) / (dx * dx + dy * dy).clamp(min=1e-9)).clamp(0.0, 1.0)
    return torch.hypot(x + share * dx, y + share * dy)


def _weapon(unit: UnitType) -> tuple[float, float, float, float, float, float]:
    """Reach with splash, slop and stride in cells, attacks in a step, cooldowns above which a blow is due or aimed."""
    weapon = unit.weapon
    if weapon is None:
        return 0.0, 0.0, unit.stride, 0.0, torch.inf, torch.inf
    period = weapon.period * LOOPS_PER_SECOND + DELAY_LEAST
    aims = period - weapon.damage_point * LOOPS_PER_SECOND - 1.0 if weapon.damage_point else torch.inf
    delay = weapon.hit_times[-1]
    if weapon.missile_speed:
        delay += (weapon.range + unit.range_slop + 2.0) / weapon.missile_speed
    due = period - delay * LOOPS_PER_SECOND - 1.0 if delay else torch.inf
    return weapon.range + weapon.splash_reach, unit.range_slop, unit.stride, 1.0 + LOOPS_PER_STEP // period, due, aims


def _points(unit: UnitType, other: UnitType) -> float:
    """Points of a whole attack, before armour; shields have none."""
    return unit.hit(other) * unit.weapon.hits if unit.weapon else 0.0
