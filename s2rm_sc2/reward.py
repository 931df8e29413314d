"""How a battle ends and what a step is worth, by SMAC's rules."""

from dataclasses import dataclass

import torch
from torch import Tensor

from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_TYPES
from s2rm_sc2.views.options import SmacOptions


@dataclass(frozen=True)
class Outcome:
    """How battles stand, bool ``[B]`` each; all False while a battle is undecided.

    Attributes:
        won, lost: for the allies.
        draw: both sides died in the same step.
    """

    won: Tensor
    lost: Tensor
    draw: Tensor

    @property
    def decided(self) -> Tensor:
        """Whether the battle is over, bool ``[B]``."""
        return self.won | self.lost | self.draw


def outcome(units: UnitTable, scenario: Scenario) -> Outcome:
    """Who has won, checked in SMAC's order: lost, won, draw.

    With medivacs in battle (in SMAC: the MMM maps) it is also lost when no ally but medivacs lives, even when the
    last enemy died too, and also won when a single enemy is left and is a medivac.
    """
    A = scenario.n_agents
    ally_alive, enemy_alive = units.alive[:, :A], units.alive[:, A:]
    allies, enemies = ally_alive.any(-1), enemy_alive.any(-1)
    lost, won = ~allies & enemies, allies & ~enemies
    if any(unit.heal is not None for unit in scenario.unit_types):
        heals = torch.tensor([unit.heal is not None for unit in UNIT_TYPES], device=units.x.device)[units.type]
        fighters = (ally_alive & ~heals[:, :A]).any(-1)
        single_medivac = (enemy_alive.sum(-1) == 1) & (enemy_alive & heals[:, A:]).any(-1)
        lost, won = lost | ~fighters, won | single_medivac
    return Outcome(won=won & ~lost, lost=lost, draw=~allies & ~enemies & ~lost)


def step_reward(
    before: UnitTable, after: UnitTable, result: Outcome, scenario: Scenario, options: SmacOptions
) -> Tensor:
    """The reward of one step: float32 ``[B]``.

    Dense: health and shield that enemies lost, plus ``reward_death_value`` per enemy killed. With
    ``reward_only_positive`` the *absolute* value of that sum, so that a step in which enemies regain more than
    they lose is rewarded (SMAC's rule); otherwise the same for allies is subtracted, weighted. Winning and losing
    add their bonus. Sparse: 1, -1 or 0. Both are scaled by :func:`max_reward` if ``reward_scale``.

    Sums are float64, exact for weights that are powers of two (the default); SMAC adds unit by unit, so other
    weights may round a reward differently in its last bit.
    """
    if options.reward_sparse:
        reward = result.won.double() - result.lost.double()
    else:
        A, death = scenario.n_agents, options.reward_death_value
        points = _points(before) - _points(after)
        killed = before.alive & ~after.alive
        reward = points[:, A:].sum(-1) + death * killed[:, A:].sum(-1)
        if options.reward_only_positive:
            reward = reward.abs()
        else:
            losses = points[:, :A].sum(-1) + death * killed[:, :A].sum(-1)
            reward = reward - options.reward_negative_scale * losses
        reward = reward + options.reward_win * result.won + options.reward_defeat * result.lost
    if options.reward_scale:
        reward = reward / (max_reward(scenario, options) / options.reward_scale_rate)
    return reward.float()


def max_reward(scenario: Scenario, options: SmacOptions) -> float:
    """What a win without losses to regeneration sums to before scaling (SMAC's ``max_reward``)."""
    enemies = scenario.unit_types[scenario.n_agents :]
    points = sum(unit.health + unit.shield for unit in enemies)
    return points + options.reward_death_value * len(enemies) + options.reward_win


def _points(units: UnitTable) -> Tensor:
    return units.health.double() + units.shield.double()
