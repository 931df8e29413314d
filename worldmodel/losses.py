"""What each answer is trained on: the likelihood of what happened, where a likelihood is stable to learn."""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
from torch.nn.functional import smooth_l1_loss

from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import LOOPS_PER_STEP
from worldmodel.contract import WALK, Change, LocalMap, Outcome, cooled

HIT_POINTS_LOST = 0.5
"""Points of health and shield that a unit must lose over a step to count as hit: regeneration gives less."""

_LOOPS_SET = 0.5
"""Game loops that a cooldown must be longer than it would have run down to for its weapon to count as fired."""

_POINTS = 10.0
"""Points of health or shield that weigh as much as a map cell."""

_SMOOTH = 0.1
_HIDDEN_WEIGHT = 0.25
_SPREAD_WEIGHT = 0.1
_FIRES_WEIGHT = 0.3


def hit(before: UnitTable, after: UnitTable) -> Tensor:
    """Which units lose points over a step, bool ``[..., U]``; whoever dies is hit."""
    return before.health + before.shield - after.health - after.shield > HIT_POINTS_LOST


def unit_loss(
    change: Change, believed: UnitTable, before: UnitTable, after: UnitTable, counted: Tensor, visible: Tensor
) -> Tensor:
    """Loss of one predicted step of units; hidden ones, few and much harder, weigh a quarter of those in sight.

    Places are learned by a smooth L1 and their spread by the Laplace likelihood of what error is left, so that an
    uncertain model does not stop caring for its median; besides, whether a unit walks, and where to if so. Damage,
    among the survivors that were hit, by the deviance of a Poisson distribution, whose optimum is the mean however
    skewed it is: a median would make every fight too harmless.

    Args:
        change: the prediction ``[..., U]``.
        believed: the table it starts from, last seen or imagined; places are told from there.
        before: the table from which is told who lost points and who walked: last seen, or in a dream the true one, so
            that what a model has imagined wrongly counts neither as a hit nor as a walk.
        after: the true table a step later.
        counted: bool, rows that were asked about and whose truth is known.
        visible: bool, rows in sight when asked.
    """
    was_hit = hit(before, after)
    alive = cross_entropy(change.alive, after.alive.to(change.alive.dtype), reduction="none")
    hits = cross_entropy(change.hit, was_hit.to(change.hit.dtype), reduction="none")
    way_x, way_y = after.x - believed.x, after.y - believed.y
    dx, dy = way_x - change.dx, way_y - change.dy
    place = _smooth(dx) + _smooth(dy) + _SPREAD_WEIGHT * (_laplace(dx, change.spread) + _laplace(dy, change.spread))
    walked = torch.hypot(after.x - before.x, after.y - before.y) > WALK
    walk = cross_entropy(change.walks, walked.to(change.walks.dtype), reduction="none")
    walk = walk + torch.where(walked, _smooth(way_x - change.walk_x) + _smooth(way_y - change.walk_y), 0.0)
    lost = before.health + before.shield - after.health - after.shield
    damage = _deviance(lost / _POINTS, change.damage / _POINTS)
    damage = damage + _SPREAD_WEIGHT * _normal((lost - change.damage) / _POINTS, change.damage_spread / _POINTS)
    health = _smooth((after.health - before.health - change.health) / _POINTS)
    shield = _smooth((after.shield - before.shield - change.shield) / _POINTS)
    energy = _smooth((after.energy - believed.energy - change.energy) / 5.0)
    fired = after.cooldown > cooled(before.cooldown) + _LOOPS_SET
    fires = cross_entropy(change.fires, fired.to(change.fires.dtype), reduction="none")
    fires = fires + torch.where(fired, _smooth((after.cooldown - change.cooldown) / LOOPS_PER_STEP), 0.0)
    survivor = place + walk + torch.where(was_hit, damage, health + shield) + 0.1 * energy + _FIRES_WEIGHT * fires
    losses = alive + hits + torch.where(after.alive, survivor, 0.0)
    return _mean(losses, counted & visible) + _HIDDEN_WEIGHT * _mean(losses, counted & ~visible)


def outcome_loss(outcome: Outcome, reward: Tensor, terminated: Tensor, counted: Tensor) -> Tensor:
    """Loss of reward and ending ``[...]`` where a step was taken (bool ``counted``)."""
    losses = _smooth(outcome.reward - reward) + cross_entropy(
        outcome.terminated, terminated.to(outcome.terminated.dtype), reduction="none"
    )
    return _mean(losses, counted)


def place_loss(answer: LocalMap, maps: Tensor, counted: Tensor) -> Tensor:
    """Poisson likelihood (but for its constant) and smooth L1 of health and shield, mean over the places asked about.

    Args:
        answer: the prediction.
        maps: float32 ``[..., Q, C, n, n]``, the true local maps (:func:`s2rm_sc2.views.local_map.local_map`).
        counted: bool ``[..., Q]``.
    """
    points = _smooth(maps[..., -2:, :, :] - answer.points).flatten(-3).sum(-1)
    return _mean(_poisson(answer.log_rates, maps[..., :-2, :, :]) + points, counted)


def place_nll(log_rates: Tensor, maps: Tensor) -> Tensor:
    """Negative log-likelihood of the units around each place, nats ``[..., Q]``, summed over bins, teams and types."""
    counts = maps[..., :-2, :, :]
    return _poisson(log_rates, counts) + torch.lgamma(counts + 1.0).flatten(-3).sum(-1)


def _poisson(log_rates: Tensor, counts: Tensor) -> Tensor:
    return (log_rates.exp() - counts * log_rates).flatten(-3).sum(-1)


def _smooth(error: Tensor) -> Tensor:
    return smooth_l1_loss(error, torch.zeros_like(error), beta=_SMOOTH, reduction="none")


def _laplace(error: Tensor, spread: Tensor) -> Tensor:
    """Negative log-likelihood of an error that is given, as a function of the spread alone."""
    return error.detach().abs() / spread + torch.log(2.0 * spread)


def _normal(error: Tensor, spread: Tensor) -> Tensor:
    """As :func:`_laplace` for a normal distribution, whose scale is a standard deviation."""
    return 0.5 * (error.detach() / spread) ** 2 + torch.log(spread)


def _deviance(amount: Tensor, mean: Tensor) -> Tensor:
    """Half the deviance of amounts above 0 under Poisson distributions of these means: 0 where they agree."""
    amount = amount.clamp(min=1e-3)
    return amount * torch.log(amount / mean) + mean - amount


def _mean(losses: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask, losses, 0.0).sum() / mask.sum().clamp(min=1)
