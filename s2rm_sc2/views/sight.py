"""Who sees whom and how far each unit type reaches: distances between centres."""

import torch
from torch import Tensor

from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_TYPES

SHORTEST_SHOOT_RANGE = 2.0
"""SMACv2 lets units of a shorter range (zealots, zerglings, banelings) attack from here on (``min_attack_range``)."""


def sight_ranges(scenario: Scenario) -> Tensor:
    """How far an agent of each unit type sees: float64 ``[types]``, cells; the scenario's range, in SMACv2 its own."""
    if scenario.smac_version == 2:
        return torch.tensor([unit.sight for unit in UNIT_TYPES], dtype=torch.float64)
    return torch.full((len(UNIT_TYPES),), scenario.sight_range, dtype=torch.float64)


def shoot_ranges(scenario: Scenario) -> Tensor:
    """How far an agent of each unit type may attack or heal: float64 ``[types]``, cells between centres."""
    if scenario.smac_version == 2:
        reach = [max(unit.smac_shoot_range, SHORTEST_SHOOT_RANGE) for unit in UNIT_TYPES]
        return torch.tensor(reach, dtype=torch.float64)
    return torch.full((len(UNIT_TYPES),), scenario.shoot_range, dtype=torch.float64)


def offsets(units: UnitTable, n_agents: int) -> tuple[Tensor, Tensor, Tensor]:
    """Where every unit stands as seen from every agent.

    SMAC computes in Python floats, so this computes in float64. The three roundings of the square root differ
    from SMAC's ``hypot`` by at most one unit in the 16th digit, and not at all where units stand in line, which
    is the only way that two float32 positions are exactly 6 or 9 apart.

    Returns:
        dx, dy, distance: float64 ``[B, A, U]``, map cells.
    """
    x, y = units.x.double(), units.y.double()
    dx = x[:, None] - x[:, :n_agents, None]
    dy = y[:, None] - y[:, :n_agents, None]
    return dx, dy, torch.sqrt(dx * dx + dy * dy)


def sees(units: UnitTable, scenario: Scenario) -> Tensor:
    """Which living units each living agent sees, itself included; a unit exactly at its sight range is not seen (SMAC).

    Args:
        units: the table ``[B, U]``.
        scenario: whose ranges and number of agents hold.

    Returns:
        bool ``[B, A, U]``.
    """
    *_, distance = offsets(units, scenario.n_agents)
    return within_sight(units, distance, sight_ranges(scenario).to(units.x.device))


def within_sight(units: UnitTable, distance: Tensor, sight: Tensor) -> Tensor:
    """:func:`sees` for distances ``[B, A, U]`` that are already known and ranges ``[types]`` of the same device."""
    n_agents = distance.shape[1]
    reach = sight[units.type[:, :n_agents], None]
    return (distance < reach) & units.alive[:, None] & units.alive[:, :n_agents, None]
