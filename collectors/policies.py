"""Who plays: with probability epsilon an agent acts at random, else by script; epsilon is drawn once per episode."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from s2rm_sc2.actions import FIRST_TARGET, NORTH, STOP, WEST
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable

SLACK = 0.5
"""How far beyond its reach a target still counts as reached, cells: about half a step of walking."""

FAR = 1e4
"""Added to the distance of targets out of reach, so that any target within reach comes first."""


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

    def act(self, battles: BatchedBattles, epsilon: Tensor, draws: Tensor) -> Tensor:
        """Choose an available action for every agent.

        Args:
            battles: the battles as they stand; the script looks at the true unit table.
            epsilon: float64 ``[B]``.
            draws: uniform numbers, float64 ``[B, 2, A]``: whether an agent acts at random, and how. They come from
                a generator per battle, so that a battle's actions do not depend on its neighbours.

        Returns:
            int64 ``[B, A]``.
        """
        available = battles.available_actions()
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
    """Focus fire without chasing; int64 ``[B, A]``.

    Attack the weakest target (health and shield, the first of equals) that the weapon reaches from where the agent
    stands; else the nearest one that may be attacked; else walk towards the nearest enemy. A healer's targets are
    its allies.
    """
    units, scenario = battles.units, battles.scenario
    A, targets = scenario.n_agents, available.shape[-1] - FIRST_TARGET
    allowed = available[..., FIRST_TARGET:]
    distance = _distance(units, A)
    strength = (units.health + units.shield)[:, None, :].expand_as(distance)
    urgency = torch.where(distance <= _reach(scenario), strength, FAR + distance)
    of_targets = urgency[..., A : A + targets]
    healers = [row for row, unit in enumerate(scenario.unit_types[:A]) if unit.heal is not None]
    if healers:
        slots = min(A, targets)
        of_targets = of_targets.clone()
        of_targets[:, healers, :slots] = urgency[:, healers, :slots]
    chosen = of_targets.masked_fill(~allowed, torch.inf).argmin(-1) + FIRST_TARGET
    action = torch.where(allowed.any(-1), chosen, _walk(units, available, distance))
    return action.masked_fill(~units.alive[:, :A], 0)


def _distance(units: UnitTable, n_agents: int) -> Tensor:
    """Distance between centres from each agent to each unit, ``[B, A, U]``, cells."""
    dx = units.x[:, None, :] - units.x[:, :n_agents, None]
    dy = units.y[:, None, :] - units.y[:, :n_agents, None]
    return (dx * dx + dy * dy).sqrt()


@cache
def _reach(scenario: Scenario) -> Tensor:
    """The distance between centres at which an agent's weapon (or heal) works on each unit, ``[A, U]``, cells."""
    radius = torch.tensor([unit.radius for unit in scenario.unit_types])
    tools = [unit.weapon or unit.heal for unit in scenario.unit_types[: scenario.n_agents]]
    reach = torch.tensor([tool.range if tool else 0.0 for tool in tools])
    return reach[:, None] + radius[: scenario.n_agents, None] + radius + SLACK


def _walk(units: UnitTable, available: Tensor, distance: Tensor) -> Tensor:
    """The available move that leads most towards the nearest living enemy; stop where none is available."""
    A = available.shape[1]
    nearest = distance[..., A:].masked_fill(~units.alive[:, None, A:], torch.inf).argmin(-1)
    east = units.x[:, A:].gather(-1, nearest) - units.x[:, :A]
    north = units.y[:, A:].gather(-1, nearest) - units.y[:, :A]
    gain = torch.stack([north, -north, east, -east], -1)
    moves = available[..., NORTH : WEST + 1]
    best = gain.masked_fill(~moves, -torch.inf).argmax(-1) + NORTH
    return torch.where(moves.any(-1), best, STOP)
