"""What holds for the unit table of every battle at every moment."""

import math

import torch

from s2rm_sc2 import scenarios
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_TYPES

MAX_HEALTH = torch.tensor([unit.health for unit in UNIT_TYPES])
MAX_SHIELD = torch.tensor([unit.shield for unit in UNIT_TYPES])
MAX_ENERGY = torch.tensor([unit.energy for unit in UNIT_TYPES])
INNER = torch.tensor([unit.inner for unit in UNIT_TYPES])
BODY = torch.tensor([unit.separation for unit in UNIT_TYPES])
FLIES = torch.tensor([unit.plane == "air" for unit in UNIT_TYPES])
CLIMBS = torch.tensor([unit.walks_cliffs for unit in UNIT_TYPES])
# Ground units, colossi, flyers and structures, each against each.
COLLIDE = torch.tensor([[1, 0, 0, 1], [0, 1, 1, 1], [0, 1, 1, 0], [1, 1, 0, 1]], dtype=torch.bool)
KIND = torch.tensor([3 if "structure" in u.attributes else 2 * (u.plane == "air") + u.walks_cliffs for u in UNIT_TYPES])
ALMOST = 0.999
"""Share of the inner radius that must keep clear of walls: the rest is rounding."""
OVERLAP = 0.25
"""Share of their contact distance that two bodies may share at the end of a step: crowds are pushed apart in time."""
SQUEEZE = 0.4
"""The same where a walker meets one whom a wall has just stopped: the pushes of that loop end in the wall."""


def check_numbers(units: UnitTable) -> None:
    for name in ("x", "y", "health", "shield", "energy", "cooldown"):
        assert torch.isfinite(getattr(units, name)).all(), name
    for name, most in (("health", MAX_HEALTH), ("shield", MAX_SHIELD), ("energy", MAX_ENERGY)):
        assert (getattr(units, name) >= 0).all(), name
        assert (getattr(units, name) <= most[units.type]).all(), name
    assert (units.cooldown >= 0).all()
    assert ((units.health > 0) == units.alive).all()
    assert not units.shield[~units.alive].any()


def check_ground(units: UnitTable, scenario: scenarios.Scenario) -> None:
    """Every centre is on ground that the body may stand on, flyers on the map."""
    width, height = scenario.terrain.size
    assert units.x.min() >= 0.0
    assert units.y.min() >= 0.0
    assert units.x.max() <= width
    assert units.y.max() <= height
    assert (_free(scenario.terrain, units.x, units.y, CLIMBS[units.type]) | FLIES[units.type]).all()


def check_walls(units: UnitTable, scenario: scenarios.Scenario) -> None:
    """So is everything within the inner radius, looked at in eight directions."""
    angles = (torch.arange(8) * (math.pi / 4.0))[:, None, None]
    reach = ALMOST * INNER[units.type]
    x, y = units.x + torch.cos(angles) * reach, units.y + torch.sin(angles) * reach
    assert (_free(scenario.terrain, x, y, CLIMBS[units.type]) | FLIES[units.type]).all()


def _free(ground: scenarios.Terrain, x: torch.Tensor, y: torch.Tensor, climbs: torch.Tensor) -> torch.Tensor:
    """Which places can be walked, halves of cut cells told apart; the blocked half is right, + 2 above, of the cut."""
    width, height = ground.size
    column, row = x.long().clamp(0, width - 1), y.long().clamp(0, height - 1)
    walkable, cliffs = torch.tensor(ground.walkable)[column, row], torch.tensor(ground.cliffs)[column, row]
    blocked = torch.tensor(ground.halved)[column, row].long() - 1
    right, above = 1 - 2 * (blocked & 1), 1 - 2 * (blocked >> 1 & 1)
    in_half = (blocked < 0) | ((x - column - 0.5) * right + (y - row - 0.5) * above >= 0.0)
    on_map = (x >= 0.0) & (x <= width) & (y >= 0.0) & (y <= height)
    return on_map & ((walkable & in_half) | (cliffs & climbs))


def overlaps(units: UnitTable) -> torch.Tensor:
    """Share of their contact distance by which living bodies overlap, 0 or less if none do: float32 ``[B, U, U]``."""
    kind = KIND[units.type]
    distance = torch.hypot(units.x[:, :, None] - units.x[:, None], units.y[:, :, None] - units.y[:, None])
    contact = BODY[units.type][:, :, None] + BODY[units.type][:, None]
    both = units.alive[:, :, None] & units.alive[:, None] & COLLIDE[kind[:, :, None], kind[:, None]]
    both &= ~torch.eye(both.shape[1], dtype=torch.bool)
    return torch.where(both, 1.0 - distance / contact, 0.0)


def check_apart(units: UnitTable, overlap: float = OVERLAP) -> None:
    """Bodies that collide do not stay overlapped."""
    deepest = overlaps(units).max().item()
    assert deepest <= overlap, deepest
