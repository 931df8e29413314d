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


def has_healers(scenario: Scenario) -> bool:
    """Whether a medivac may be in battle: other endings hold then."""
    return any(unit.heal is not None for unit in scenario.ally_kinds + scenario.enemy_kinds)


def outcome(units: UnitTable, scenario: Scenario) -> Outcome:
    """Who has won, checked in SMAC's order: lost, won, draw.

    With medivacs in battle (in SMAC: the MMM maps) it is also lost when no ally but medivacs lives, even when the
    last enemy died too, and also won when a single enemy is left and is a medivac (SMACv2: none but medivacs are).
    """
    A = scenario.n_agents
    ally_alive, enemy_alive = units.alive[:, :A], units.alive[:, A:]
    allies, enemies = ally_alive.any(-1), enemy_alive.any(-1)
    lost, won = ~allies & enemies, allies & ~enemies
    if has_healers(scenario):
        heals = torch.tensor([unit.heal is not None for unit in UNIT_TYPES], device=units.x.device)[units.type]
        lost = lost | ~(ally_alive & ~heals[:, :A]).any(-1)
        harmless = ~(enemy_alive & ~heals[:, A:]).any(-1)
        won = won | (harmless if scenario.smac_version == 2 else harmless & (enemy_alive.sum(-1) == 1))
    return Outcome(won=won & ~lost, lost=lost, draw=~allies & ~enemies & ~lost)


def step_reward(
    before: UnitTable, after: UnitTable, result: Outcome, scenario: Scenario, options: SmacOptions
) -> Tensor:
    """The reward of one step: float32 ``[B]``.

    Dense: health and shield that enemies lost, plus ``reward_death_value`` per enemy killed. With
    ``reward_only_positive`` the *absolute* value of that sum, so that a step in which enemies regain more than
    they lose is rewarded (SMAC's rule; SMACv2 makes it 0); otherwise the same for allies is subtracted, weighted.
    Winning and losing add their bonus. Sparse: 1, -1 or 0. Both are scaled by :func:`max_rewards` if
    ``reward_scale``.

    Sums are float64, those that may round (weighted losses, deaths) in SMAC's order, unit by unit.
    """
    if options.reward_sparse:
        reward = result.won.double() - result.lost.double()
    else:
        reward = _change(before, after, scenario.n_agents, options)
        if options.reward_only_positive:
            reward = torch.where(reward > 0, reward, 0.0) if scenario.smac_version == 2 else reward.abs()
        reward = reward + options.reward_win * result.won.double() + options.reward_defeat * result.lost.double()
    if options.reward_scale:
        reward = reward / (max_rewards(after, scenario, options) / options.reward_scale_rate)
    return reward.float()


def worth() -> Tensor:
    """Health and shield of each unit type at full, float64 ``[types]``."""
    return torch.tensor([unit.health + unit.shield for unit in UNIT_TYPES], dtype=torch.float64)


def max_reward(scenario: Scenario, options: SmacOptions) -> float:
    """What a win without losses to regeneration sums to before scaling (SMAC's ``max_reward``).

    Raises:
        ValueError: the enemies are drawn in every episode; see :func:`max_rewards`.
    """
    enemies = scenario.unit_types[scenario.n_agents :]
    points = sum(unit.health + unit.shield for unit in enemies)
    return points + options.reward_death_value * scenario.n_enemies + options.reward_win


def max_rewards(units: UnitTable, scenario: Scenario, options: SmacOptions) -> Tensor:
    """:func:`max_reward` of each battle of a table, float64 ``[B]``.

    Where teams are drawn it is each battle's own; SMACv2 keeps that of its first episode for all later ones, so
    that its rewards depend on what was played before.
    """
    points = worth().to(units.x.device)[units.type[:, scenario.n_agents :]].sum(-1)
    return points + options.reward_death_value * scenario.n_enemies + options.reward_win


def _change(before: UnitTable, after: UnitTable, A: int, options: SmacOptions) -> Tensor:
    """What enemies lost, deaths included, less the allies' weighted losses if rewards are signed: float64 ``[B]``."""
    death, scale = options.reward_death_value, options.reward_negative_scale
    points, killed = _points(before) - _points(after), (before.alive & ~after.alive).double()
    deaths = death * killed[:, A:]
    if options.reward_only_positive:
        return points[:, A:].sum(-1) + _in_order(deaths)
    deaths = torch.cat([-(death * scale) * killed[:, :A], deaths], -1)
    return points[:, A:].sum(-1) + _in_order(deaths) - _in_order(scale * points[:, :A])


def _in_order(values: Tensor) -> Tensor:
    """Sums over the last dimension, added one by one: ``sum`` adds in an order of its own."""
    return values.cumsum(-1)[..., -1]


def _points(units: UnitTable) -> Tensor:
    return units.health.double() + units.shield.double()
