"""Who plays: with probability epsilon an agent acts at random, else by script; epsilon is drawn once per episode."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.table import UnitTable

STOP, NORTH, SOUTH, EAST, WEST, FIRST_TARGET = 1, 2, 3, 4, 5, 6
"""SMAC's action numbers: 0 is for the dead, ``FIRST_TARGET + k`` attacks enemy k (a healer: heals ally k)."""


@dataclass(frozen=True)
class Policy:
    """A mixture of the random and the scripted policy.

    Attributes:
        name: as the command line and the store write it.
        lowest, highest: epsilon, the share of random actions, is uniform between them; one draw per episode.
    """

    name: str
    lowest: float
    highest: float

    def draw_epsilon(self, rng: np.random.Generator) -> float:
        """The epsilon of a new episode."""
        return self.lowest + (self.highest - self.lowest) * float(rng.random())

    def act(self, battles: BatchedBattles, epsilon: Tensor, rngs: Sequence[np.random.Generator]) -> Tensor:
        """Choose an available action for every agent.

        Args:
            battles: the battles as they stand; the script looks at the true unit table.
            epsilon: float64 ``[B]``.
            rngs: one generator per battle, so that a battle's actions do not depend on its neighbours.

        Returns:
            int64 ``[B, A]``.
        """
        available = battles.available_actions()
        draws = torch.from_numpy(np.stack([rng.random((2, available.shape[1])) for rng in rngs]))
        if self.lowest == 1.0:
            return random_actions(available, draws[:, 1])
        if self.highest == 0.0:
            return scripted_actions(battles, available)
        at_random = draws[:, 0] < epsilon[:, None]
        return torch.where(at_random, random_actions(available, draws[:, 1]), scripted_actions(battles, available))


POLICIES: dict[str, Policy] = {
    policy.name: policy
    for policy in (Policy("random", 1.0, 1.0), Policy("scripted", 0.0, 0.0), Policy("mixture", 0.0, 1.0))
}
"""The policies by name. Add a new one here."""


def policy(name: str) -> Policy:
    """The policy of this name.

    Raises:
        BadArgument: there is none.
    """
    if name not in POLICIES:
        raise BadArgument(f"Policy {name!r} is unknown; choose one of: {', '.join(POLICIES)}.")
    return POLICIES[name]


def random_actions(available: Tensor, draws: Tensor) -> Tensor:
    """One of the available actions each, all equally likely.

    Args:
        available: bool ``[B, A, N]``, at least one True each.
        draws: uniform numbers in [0, 1), ``[B, A]``.

    Returns:
        int64 ``[B, A]``.
    """
    order = available.cumsum(-1)
    chosen = (draws * order[..., -1]).floor().to(torch.int64) + 1
    return (order == chosen[..., None]).to(torch.int8).argmax(-1)


def scripted_actions(battles: BatchedBattles, available: Tensor) -> Tensor:
    """Attack the weakest enemy in range, else walk towards the nearest one; int64 ``[B, A]``.

    Weakest: least health and shield, the first of equals. Healers do the same to their most wounded ally.
    """
    units, scenario = battles.units, battles.scenario
    A = scenario.n_agents
    in_range = available[..., FIRST_TARGET:]
    targets = in_range.shape[-1]
    weakness = (units.health + units.shield)[:, None, :]
    strength = weakness[..., A:].expand(-1, A, -1)
    healers = [row for row, unit in enumerate(scenario.unit_types[:A]) if unit.heal is not None]
    if healers:
        slots = min(A, targets)
        strength = strength.clone()
        strength[:, healers, :slots] = weakness[..., :slots]
    weakest = strength.masked_fill(~in_range, torch.inf).argmin(-1)
    walk = _towards_nearest(units, available, A)
    alive = units.alive[:, :A]
    return torch.where(in_range.any(-1), weakest + FIRST_TARGET, walk).masked_fill(~alive, 0)


def _towards_nearest(units: UnitTable, available: Tensor, n_agents: int) -> Tensor:
    """The available move that leads most towards the nearest living enemy; stop where none is available."""
    dx = units.x[:, None, n_agents:] - units.x[:, :n_agents, None]
    dy = units.y[:, None, n_agents:] - units.y[:, :n_agents, None]
    distance = (dx * dx + dy * dy).masked_fill(~units.alive[:, None, n_agents:], torch.inf)
    nearest = distance.argmin(-1, keepdim=True)
    east, north = dx.gather(-1, nearest)[..., 0], dy.gather(-1, nearest)[..., 0]
    gain = torch.stack([north, -north, east, -east], -1)
    moves = available[..., NORTH : WEST + 1]
    best = gain.masked_fill(~moves, -torch.inf).argmax(-1) + NORTH
    return torch.where(moves.any(-1), best, STOP)
