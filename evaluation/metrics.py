"""The metrics, each a pure function of predictions and truth, and their bootstrap intervals over episodes.

Every metric is a ratio of two sums over unit-steps. A function returns both sums per window, so that figures
over all windows, and over episodes drawn again with replacement, are made from the same tally.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

RESAMPLES = 1000
"""Bootstrap samples behind an interval."""


@dataclass(frozen=True)
class Answers:
    """Predictions for one step ahead of N windows beside the truth, arrays ``[N, U]``.

    Attributes:
        x, y: predicted place, cells.
        points: predicted health + shield.
        alive: predicted probability of being alive.
        true_x, true_y, true_points, true_alive: the same of the true unit table.
        asked: the units that count.
    """

    x: Floats
    y: Floats
    points: Floats
    alive: Floats
    true_x: Floats
    true_y: Floats
    true_points: Floats
    true_alive: Mask
    asked: Mask


@dataclass(frozen=True)
class Outcomes:
    """Predictions for the battle over T steps of N windows beside the truth, arrays ``[N, T]``.

    Attributes:
        reward: predicted, in SMAC's scale.
        terminated: predicted probability that the step decides the battle.
        true_reward, true_terminated: what the step brought.
        asked: the steps that count.
    """

    reward: Floats
    terminated: Floats
    true_reward: Floats
    true_terminated: Mask
    asked: Mask


@dataclass(frozen=True)
class Tally:
    """A metric's sums, float64 ``[N]`` per window: it is ``over / under``, and rests on ``count`` units."""

    over: Floats
    under: Floats
    count: Floats


@dataclass(frozen=True)
class Figure:
    """A metric's value, its 95 % interval, and the numbers of units and of battles that it rests on."""

    value: float
    low: float
    high: float
    n: int
    battles: int


def position_error(answers: Answers) -> Tally:
    """Mean Euclidean distance in cells, over the units that are truly alive."""
    return _mean(np.hypot(answers.x - answers.true_x, answers.y - answers.true_y), answers.asked & answers.true_alive)


def health_error(answers: Answers) -> Tally:
    """Mean absolute error of health + shield in points, over the units that are truly alive."""
    return _mean(np.abs(answers.points - answers.true_points), answers.asked & answers.true_alive)


def alive_f1(answers: Answers) -> Tally:
    """F1 of "is alive" at probability one half; the floor that calls all alive scores high where few die."""
    return _f1(answers.alive >= 0.5, answers.true_alive, answers.asked)


def dead_f1(answers: Answers) -> Tally:
    """F1 of "is dead" at probability one half; it rests on the deaths, and calling all alive scores 0."""
    return _f1(answers.alive < 0.5, ~answers.true_alive, answers.asked)


def alive_brier(answers: Answers) -> Tally:
    """Brier score of the probability of being alive: its mean squared error (Brier 1950)."""
    return _mean((answers.alive - answers.true_alive) ** 2, answers.asked)


def unit_nll(answers: Answers, spread: Floats) -> Tally:
    """Negative log-likelihood of a unit's life and place in nats: of being alive or not and, of the living, where.

    Places are told to a tenth of a cell: what counts is the probability that x, and that y, lies within half of that of
    the truth, by a Laplace distribution around the prediction. No probability counts as less than one in a million, so
    that one certain error does not outweigh everything.

    Args:
        answers: one step ahead.
        spread: scale of the Laplace distribution, cells ``[N, U]``.
    """
    lives = _nats(np.where(answers.true_alive, answers.alive, 1.0 - answers.alive))
    x, y = (
        _nats(_within(np.abs(said - true), spread))
        for said, true in ((answers.x, answers.true_x), (answers.y, answers.true_y))
    )
    return _mean(lives + np.where(answers.true_alive, x + y, 0.0), answers.asked)


def reward_error(outcomes: Outcomes) -> Tally:
    """Mean absolute error of a step's reward, in SMAC's scale (a clean win is 20)."""
    return _mean(np.abs(outcomes.reward - outcomes.true_reward), outcomes.asked)


def terminated_f1(outcomes: Outcomes) -> Tally:
    """F1 of "this step decides the battle" at probability one half; saying that none does scores 0."""
    return _f1(outcomes.terminated >= 0.5, outcomes.true_terminated, outcomes.asked)


def terminated_brier(outcomes: Outcomes) -> Tally:
    """Brier score of the probability that a step decides the battle."""
    return _mean((outcomes.terminated - outcomes.true_terminated) ** 2, outcomes.asked)


METRICS: dict[str, Callable[[Answers], Tally]] = {
    metric.__name__: metric for metric in (position_error, health_error, alive_f1, dead_f1, alive_brier)
}
"""Metrics of units by the name that reports use."""

OUTCOME_METRICS: dict[str, Callable[[Outcomes], Tally]] = {
    metric.__name__: metric for metric in (reward_error, terminated_f1, terminated_brier)
}
"""Metrics of what a step brings."""

MAP_METRICS = {
    "friend_foe_f1": "F1 of the bins of local maps (3x3 bins of 2 cells) that hold a unit of a team.",
    "unit_type_f1": "F1 of the bins of local maps (3x3 bins of 2 cells) that hold a unit of a team and type.",
}
"""Metrics of what stands around places and what they mean; :mod:`evaluation.maps` counts."""

CALIBRATION_METRICS = {
    "alive_predicted": "Mean predicted probability of being alive, of the units for which it lies in a bin.",
    "alive_observed": "Share of those units that truly are alive; where it equals the prediction, that is calibrated.",
}
"""A reliability curve, by bins of width 0.1 (Murphy and Winkler 1977)."""

BINS = 10
"""Of a reliability curve."""


LIKELIHOOD = unit_nll.__name__
"""The metric that needs to be told how sure a model is of places."""

_BIN, _SURE, _LEAST = 0.1, 1e-3, 1e-6
"""Cells to which places are told, and that nobody is surer by; the least probability that counts."""


def meanings() -> dict[str, str]:
    """What each metric of units, maps and outcomes means, in one line."""
    functions = {**METRICS, LIKELIHOOD: unit_nll, **OUTCOME_METRICS}
    counted = {
        name: " ".join((metric.__doc__ or "").partition("Args:")[0].split()) for name, metric in functions.items()
    }
    return counted | MAP_METRICS | CALIBRATION_METRICS


FACTORS = {"position_error": "position_error_factor", "health_error": "health_error_factor"}
"""Errors that are also given as a factor of the floor's, and what that is called."""


def reliability(answers: Answers) -> dict[float, dict[str, Tally]]:
    """What was predicted and what came true, by the lower edge of the bin that the prediction lies in."""
    number = np.minimum((answers.alive * BINS).astype(np.int64), BINS - 1)
    bins = {}
    for k in range(BINS):
        counted = answers.asked & (number == k)
        columns = (answers.alive, answers.true_alive.astype(np.float64))
        bins[k / BINS] = {name: _mean(col, counted) for name, col in zip(CALIBRATION_METRICS, columns, strict=True)}
    return bins


class Bootstrap:
    """Percentile bootstrap over episodes: the windows of an episode are drawn together.

    Args:
        episodes: int64 ``[N]``, the episode each window is from.
        rng: draws the episodes, once for all figures, so that models are compared on the same draws.
    """

    def __init__(self, episodes: npt.NDArray[np.int64], rng: np.random.Generator) -> None:
        distinct, self._group = np.unique(episodes, return_inverse=True)
        number = len(distinct)
        self._drawn = rng.multinomial(number, np.full(number, 1 / number), size=RESAMPLES).astype(np.float64)

    def figure(self, tally: Tally) -> Figure | None:
        """The metric over all windows with its interval; None where nothing was counted."""
        return self._interval(self._ratio(tally.over, tally.under), tally)

    def factor(self, tally: Tally, floor: Tally) -> Figure | None:
        """The metric as a factor of the floor's on the same windows; None where either is undefined or 0.

        Both are taken over the same drawn episodes, so what makes an episode hard for both cancels out.
        """
        values, base = self._ratio(tally.over, tally.under), self._ratio(floor.over, floor.under)
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._interval(values / base, tally)

    def sums(self, tally: Tally) -> tuple[tuple[float, float], ...]:
        """The metric's two sums for each episode."""
        over, under = (np.bincount(self._group, weights=column).tolist() for column in (tally.over, tally.under))
        return tuple(zip(over, under, strict=True))

    def _ratio(self, over: Floats, under: Floats) -> Floats:
        """The metric over all windows, and then over each draw; NaN where nothing was counted."""
        sums = (np.bincount(self._group, weights=column) for column in (over, under))
        above, below = (np.concatenate([[column.sum()], self._drawn @ column]) for column in sums)
        ratio = np.full(len(above), np.nan)
        ratio[below > 0] = above[below > 0] / below[below > 0]
        return ratio

    def _interval(self, values: Floats, tally: Tally) -> Figure | None:
        if not np.isfinite(values[0]):
            return None
        drawn = values[1:][np.isfinite(values[1:])]
        low, high = np.percentile(drawn, [2.5, 97.5]) if len(drawn) else (values[0], values[0])
        battles = int((np.bincount(self._group, weights=tally.under) > 0).sum())
        return Figure(float(values[0]), float(low), float(high), int(tally.count.sum()), battles)


def f1_of(hits: Floats, claimed: Floats, real: Floats) -> Tally:
    """2 TP / (2 TP + FP + FN) (van Rijsbergen 1979); it rests on the true positives and the missed ones."""
    return Tally(2 * hits, claimed + real, real)


def _within(error: Floats, spread: Floats) -> Floats:
    """The probability of the bin that lies so far (cells) from the middle of a Laplace distribution."""
    spread = np.maximum(spread, _SURE)
    near, far = (error - _BIN / 2) / spread, (error + _BIN / 2) / spread
    beyond = 0.5 * (np.exp(-np.maximum(near, 0.0)) - np.exp(-far))
    around = 1.0 - 0.5 * (np.exp(np.minimum(near, 0.0)) + np.exp(-far))
    return np.where(near > 0.0, beyond, around)


def _nats(probability: Floats) -> Floats:
    found: Floats = -np.log(np.maximum(probability, _LEAST))
    return found


def _mean(error: Floats, counted: Mask) -> Tally:
    number = counted.sum(axis=1).astype(np.float64)
    return Tally(np.where(counted, error, 0.0).sum(axis=1), number, number)


def _f1(said: Mask, true: Mask, counted: Mask) -> Tally:
    """F1 of a mask."""
    return f1_of(*((mask & counted).sum(axis=1).astype(np.float64) for mask in (said & true, said, true)))
