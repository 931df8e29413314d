"""Who sees whom: distances between centres, and sight."""

import torch
from torch import Tensor

from s2rm_sc2.table import ALLY, UnitTable


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


def sees(units: UnitTable, sight_range: float, n_agents: int | None = None) -> Tensor:
    """Which living units each living agent sees, itself included.

    Args:
        units: the table ``[B, U]``.
        sight_range: cells between centres; a unit at exactly that distance is not seen (SMAC).
        n_agents: A; counted in the table where not given, which waits for the device.

    Returns:
        bool ``[B, A, U]``.
    """
    if n_agents is None:
        n_agents = int((units.team[0] == ALLY).sum())
    *_, distance = offsets(units, n_agents)
    return within_sight(units, distance, sight_range)


def within_sight(units: UnitTable, distance: Tensor, sight_range: float) -> Tensor:
    """:func:`sees` for distances ``[B, A, U]`` that are already known."""
    n_agents = distance.shape[1]
    return (distance < sight_range) & units.alive[:, None] & units.alive[:, :n_agents, None]
