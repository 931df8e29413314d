"""What no battle can do, whatever a learned model says: the one place where its predictions are corrected.

Applied in the order of :data:`BOUNDS` to the table that a model predicts, given the one before. A correction counts as
one that acted where it is larger than :data:`SMALLEST`; smaller ones are rounding.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from s2rm_sc2.backends.blows import Blows
from s2rm_sc2.backends.gains import Gains
from s2rm_sc2.battle.combat import DELAY_LEAST, DELAY_SPAN
from s2rm_sc2.battle.field import RULES
from s2rm_sc2.battle.ground import BLOCKED, HALVED, cells
from s2rm_sc2.battle.neighbours import COLLIDES
from s2rm_sc2.battle.rows import STRUCTURE
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import LOOPS_PER_SECOND, LOOPS_PER_STEP, UNIT_TYPES, UnitType

BOUNDS: dict[str, str] = {
    "number": "what is no finite number stays as it was",
    "rising": "the dead stay dead",
    "remains": "the dead stay where they fell, without health, shield, energy or cooldown",
    "bodies": "bodies that collide hardly overlap: whoever has moved yields",
    "speed": "nobody gets further in a step than its speed and a push allow",
    "map": "nobody leaves the map",
    "wall": "nobody stands where its kind cannot: it slides along the wall or stays",
    "blows": "nobody loses more points, or dies of more, than the foes that come into reach can take",
    "gains": "nobody regains more health, shield or energy than it regenerates and healers in reach give",
    "points": "health, shield and energy lie between 0 and what the type has",
    "last point": "the living have at least one point of health",
    "cooldown": "a weapon is ready in 0 to its period and StarCraft II's longest delay",
    "strike": "the cooldown runs down, but where the weapon can strike somebody anew",
}
"""The bounds by name, in the order in which they are applied."""

SMALLEST = {
    **dict.fromkeys(("speed", "bodies", "map", "wall"), 0.05),
    **dict.fromkeys(("blows", "gains", "points", "last point", "cooldown", "strike"), 0.5),
}
"""Corrections up to here do not count: cells, points, game loops; 0 for bounds that are not here."""

PUSH = 0.1
"""Cells that others may push a unit further than it walks in a step; in the engine's battles it is less than 0.05."""

OVERLAP = 0.05
"""Cells that two bodies may overlap by."""

STANDING = 0.03
"""Cells that a unit counts as moving at least, where two share out who yields."""

ROUNDS = 8
"""Rounds of pushing apart; a crowd may need more and is left a little too dense."""


@dataclass(frozen=True)
class Corrected:
    """A table that can be, and by how much each bound had to move the predicted one.

    Attributes:
        units: ``[B, U]``.
        by: float32 ``[len(BOUNDS), B, U]``, cells, points, game loops or 1; 0 where a bound did not act.
    """

    units: UnitTable
    by: Tensor


def longest_cooldown(unit: UnitType) -> float:
    """Game loops that a unit's weapon takes at most: its period, SC2's longest random delay, the rest of a loop."""
    return unit.weapon.period * LOOPS_PER_SECOND + DELAY_LEAST + DELAY_SPAN + 1.0 if unit.weapon else 0.0


class Bounds:
    """The bounds of one scenario's ground and of all unit types, for tables on one device."""

    def __init__(self, scenario: Scenario, device: torch.device) -> None:
        rows = [
            [unit.health, unit.shield, unit.energy, longest_cooldown(unit), unit.inner, (unit.speed > 0) * PUSH]
            for unit in UNIT_TYPES
        ]
        self._most = torch.tensor(rows, device=device).T
        self._reach = torch.tensor([unit.stride for unit in UNIT_TYPES], device=device) + self._most[5]
        self._body = torch.tensor([unit.separation for unit in UNIT_TYPES], device=device)
        kinds = RULES.kinds.astype(int)
        self._collide = torch.tensor((COLLIDES[kinds][:, None] >> kinds) & 1 > 0, device=device)
        self._layer = torch.tensor([0 if kind == STRUCTURE else int(kind) for kind in RULES.kinds], device=device)
        self._blows = Blows(device)
        self._gains = Gains(device, any(unit.heal for unit in scenario.kinds))
        self._ground = torch.from_numpy(cells(scenario.terrain)).to(device)[:, 1:-1, 1:-1].contiguous()
        self._size = scenario.terrain.size

    def hold(self, before: UnitTable, after: UnitTable, actions: Tensor) -> Corrected:
        """The predicted table ``after``, corrected to one that may follow ``before``; who dies loses all points.

        Args:
            before, after: tables ``[B, U]``.
            actions: int64 ``[B, A]``, what the agents did.
        """
        by = {}
        after, by["number"] = self._finite(before, after)
        by["rising"] = (after.alive & ~before.alive).float()
        alive = after.alive & before.alive
        after, by["remains"] = self._remains(before, replace(after, alive=alive))
        x, y = after.x, after.y
        after = self._apart(before, after)
        by["bodies"], x, y = torch.hypot(after.x - x, after.y - y), after.x, after.y
        after = self._paced(before, after)
        by["speed"], x, y = torch.hypot(after.x - x, after.y - y), after.x, after.y
        after = self._on_map(after)
        by["map"], x, y = torch.hypot(after.x - x, after.y - y), after.x, after.y
        after = self._off_walls(before, after)
        by["wall"] = torch.hypot(after.x - x, after.y - y)
        dealt = self._blows.most(before, after, actions)
        after, by["blows"] = _struck(before, after, dealt.points)
        alive = after.alive
        points = torch.stack([after.health, after.shield, after.energy])
        had = torch.stack([before.health, before.shield, before.energy])
        gained = torch.minimum(points, had + self._gains.most(before, after))
        by["gains"], points = ((points - gained) * alive).amax(0), gained
        held = torch.minimum(points.clamp(min=0.0), self._most[:3, after.type])
        by["points"] = ((held - points).abs() * alive).amax(0)
        health = torch.where(alive, held[0].clamp(min=1.0), 0.0)
        by["last point"] = (health - held[0]) * alive
        cooldown = torch.minimum(after.cooldown.clamp(min=0.0), self._most[3][after.type])
        by["cooldown"] = (cooldown - after.cooldown).abs() * alive
        run_down = (before.cooldown - LOOPS_PER_STEP).clamp(min=0.0)
        ticked = torch.where(dealt.strikes, cooldown, torch.minimum(cooldown, run_down))
        by["strike"], cooldown = (cooldown - ticked) * alive, ticked
        held, cooldown = held * alive, cooldown * alive
        units = replace(after, health=health, shield=held[1], energy=held[2], cooldown=cooldown)
        return Corrected(units, torch.stack([by[name] for name in BOUNDS]))

    def _finite(self, before: UnitTable, after: UnitTable) -> tuple[UnitTable, Tensor]:
        names = ("x", "y", "health", "shield", "energy", "cooldown")
        good = {name: torch.isfinite(getattr(after, name)) for name in names}
        kept = {name: torch.where(good[name], getattr(after, name), getattr(before, name)) for name in names}
        return replace(after, **kept), 1.0 - torch.stack(list(good.values())).all(0).float()

    def _remains(self, before: UnitTable, after: UnitTable) -> tuple[UnitTable, Tensor]:
        """Those that were dead before, as they were; a model that changes them is corrected."""
        gone = ~before.alive
        names = ("x", "y", "health", "shield", "energy", "cooldown")
        changed = torch.stack([getattr(after, name) != getattr(before, name) for name in names]).any(0) & gone
        kept = {name: torch.where(gone, getattr(before, name), getattr(after, name)) for name in names}
        return replace(after, **kept), changed.float()

    def _paced(self, before: UnitTable, after: UnitTable) -> UnitTable:
        dx, dy = after.x - before.x, after.y - before.y
        share = (self._reach[after.type] / torch.hypot(dx, dy).clamp(min=1e-6)).clamp(max=1.0)
        share = torch.where(after.x.eq(before.x) & after.y.eq(before.y), 0.0, share)
        return replace(after, x=before.x + share * dx, y=before.y + share * dy)

    def _apart(self, before: UnitTable, units: UnitTable) -> UnitTable:
        """Two bodies that overlap too much yield by as much as each has moved, all pairs at once, round by round."""
        body, number = self._body[units.type], torch.arange(units.x.shape[1], device=units.x.device)
        meet = (
            self._collide[units.type[:, :, None], units.type[:, None]] & units.alive[:, :, None] & units.alive[:, None]
        )
        contact = torch.where(meet, body[:, :, None] + body[:, None] - OVERLAP, 0.0)
        order = (number[:, None] - number).sign().float()  # bodies in one point part by their order; 0 with oneself
        x, y = units.x, units.y
        moved = torch.hypot(x - before.x, y - before.y) + STANDING
        yields = moved[:, :, None] / (moved[:, :, None] + moved[:, None])
        for _ in range(ROUNDS):
            dx, dy = x[:, :, None] - x[:, None], y[:, :, None] - y[:, None]
            distance = torch.hypot(dx, dy)
            together = distance < 1e-6
            dx, dy = torch.where(together, 0.0, dx), torch.where(together, order, dy)
            share = yields * (contact - distance).clamp(min=0.0) / distance.masked_fill(together, 1.0)
            x, y = x + (share * dx).sum(-1), y + (share * dy).sum(-1)
        return replace(units, x=x, y=y)

    def _on_map(self, units: UnitTable) -> UnitTable:
        inner, (width, height) = self._most[4][units.type], self._size
        x = torch.minimum(torch.maximum(units.x, inner), width - inner)
        return replace(units, x=x, y=torch.minimum(torch.maximum(units.y, inner), height - inner))

    def _off_walls(self, before: UnitTable, after: UnitTable) -> UnitTable:
        """Where the place is blocked: along one axis, or the other, or back to where the unit stood."""
        layers = self._layer[after.type]
        free = self._walkable(layers, after.x, after.y)
        along_x = ~free & self._walkable(layers, after.x, before.y)
        along_y = ~free & ~along_x & self._walkable(layers, before.x, after.y)
        return replace(
            after,
            x=torch.where(free | along_x, after.x, before.x),
            y=torch.where(free | along_y, after.y, before.y),
        )

    def _walkable(self, layers: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Whether a unit's middle may be at these places on the map; the halves of cut cells are told apart."""
        width, height = self._size
        column, row = x.long().clamp(0, width - 1), y.long().clamp(0, height - 1)
        cell = self._ground[layers, column, row].long()
        far = cell - HALVED
        inward = (x - column - 0.5) * (1 - 2 * (far & 1)) + (y - row - 0.5) * (1 - 2 * (far >> 1))
        return (cell != BLOCKED) & ((cell < HALVED) | (inward >= 0.0))


def _struck(before: UnitTable, after: UnitTable, most: Tensor) -> tuple[UnitTable, Tensor]:
    """The table after no unit lost more than ``most`` points, and how many points each was given back.

    Whoever cannot lose all it had lives, with the points that it is told to have then; shields give theirs first.
    """
    had, left = before.health + before.shield, after.health.clamp(min=0.0) + after.shield.clamp(min=0.0)
    excess = torch.where(before.alive & (most < had), (had - left - most).clamp(min=0.0), 0.0)
    spared = before.alive & ~after.alive & (most < had)
    shield = torch.where(excess > 0.0, (before.shield - most).clamp(min=0.0), after.shield)
    health = torch.where(excess > 0.0, had - most - shield, after.health)
    back = torch.where(spared, torch.maximum(left, had - most), excess)
    return replace(after, health=health, shield=shield, alive=after.alive | spared), back
