from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics import (
    METRICS,
    OUTCOME_METRICS,
    Answers,
    Bootstrap,
    Outcomes,
    Tally,
    alive_brier,
    alive_f1,
    dead_f1,
    health_error,
    position_error,
    reliability,
    unit_nll,
)

# One window of four units: two live, one dies unforeseen, the last is not asked about.
ANSWERS = Answers(
    x=np.array([[3.0, 5.0, 7.0, 99.0]]),
    y=np.array([[4.0, 5.0, 7.0, 99.0]]),
    points=np.array([[50.0, 100.0, 20.0, 0.0]]),
    alive=np.array([[0.9, 0.4, 0.6, 0.0]]),
    true_x=np.array([[0.0, 5.0, 0.0, 0.0]]),
    true_y=np.array([[0.0, 6.0, 0.0, 0.0]]),
    true_points=np.array([[40.0, 130.0, 0.0, 0.0]]),
    true_alive=np.array([[True, True, False, True]]),
    asked=np.array([[True, True, True, False]]),
)


def value(metric: Callable[[Answers], Tally], answers: Answers) -> float:
    tally = metric(answers)
    return float(tally.over.sum() / tally.under.sum())


@pytest.mark.parametrize(
    ("metric", "expected", "count"),
    [
        (position_error, (5.0 + 1.0) / 2, 2),  # 3-4-5 and one cell; the dead are nowhere
        (health_error, (10.0 + 30.0) / 2, 2),
        (alive_f1, 2 * 1 / (2 * 1 + 1 + 1), 2),  # one hit, one dead called alive, one alive called dead
        (dead_f1, 0.0, 1),
        (alive_brier, (0.01 + 0.36 + 0.36) / 3, 3),
    ],
)
def test_metrics_equal_what_a_hand_computes(metric: Callable[[Answers], Tally], expected: float, count: int) -> None:
    assert value(metric, ANSWERS) == pytest.approx(expected)
    assert metric(ANSWERS).count.sum() == count


def test_the_likelihood_of_a_next_state_equals_what_a_hand_computes() -> None:
    """The first lives, .04 cells from where it was said to be, the second lives 1 cell away, the third is dead."""
    answers = replace(ANSWERS, x=np.array([[0.04, 5.0, 7.0, 0.0]]), y=np.array([[0.0, 5.0, 7.0, 0.0]]))
    spread = np.array([[0.1, 0.5, 1.0, 1.0]])
    half = 1 - np.exp(-0.5)  # within half a scale of the middle
    first = -np.log(0.9) - np.log(1 - (np.exp(-0.1) + np.exp(-0.9)) / 2) - np.log(half)
    second = -np.log(0.4) - np.log(1 - np.exp(-0.1)) - np.log((np.exp(-1.9) - np.exp(-2.1)) / 2)
    third = -np.log(1 - 0.6)
    tally = unit_nll(answers, spread)
    assert tally.over == pytest.approx([first + second + third])
    assert tally.under == tally.count == 3


@given(st.floats(0.02, 1.0), st.floats(-2.0, 2.0))
def test_the_chances_of_all_places_add_up_to_one(spread: float, said: float) -> None:
    places: npt.NDArray[np.float64] = np.linspace(-40.0, 40.0, 801)[:, None]
    flat, certain = np.zeros_like(places), np.ones_like(places)
    answers = Answers(flat + said, flat, flat, certain, places, flat, flat, certain > 0, certain > 0)
    of_y = 1.0 - np.exp(-0.05 / spread)
    chances = np.exp(-unit_nll(answers, np.full_like(places, spread)).over) / of_y
    assert chances[chances > 2e-6 / of_y].sum() == pytest.approx(1.0, abs=2e-3)


def test_what_was_called_impossible_costs_no_more_than_one_in_a_million() -> None:
    certain = replace(ANSWERS, alive=np.array([[1.0, 0.0, 1.0, 0.0]]))
    tally = unit_nll(certain, np.full((1, 4), 1e-3))
    # x and y of the first, life and y of the second, life of the third; the second's x is exact, but not to a certainty
    assert tally.over[0] == pytest.approx(5 * np.log(1e6))


def test_who_is_surer_than_a_thousandth_of_a_cell_gains_nothing() -> None:
    exact = replace(ANSWERS, x=ANSWERS.true_x + 0.06, y=ANSWERS.true_y)
    costs = [float(unit_nll(exact, np.full((1, 4), spread)).over[0]) for spread in (0.0, 1e-3, 1e-2)]
    assert costs[0] == costs[1] > costs[2]


def test_metrics_of_the_outcome_equal_what_a_hand_computes() -> None:
    said = Outcomes(
        reward=np.array([[1.0, 2.0, 9.0], [0.0, 0.5, 0.0]]),
        terminated=np.array([[0.2, 0.6, 0.9], [0.1, 0.3, 0.8]]),
        true_reward=np.array([[0.5, 2.0, 0.0], [0.0, 1.5, 0.0]]),
        true_terminated=np.array([[False, True, False], [False, True, False]]),
        asked=np.array([[True, True, False], [True, True, True]]),
    )
    found = {name: metric(said) for name, metric in OUTCOME_METRICS.items()}
    values = {name: tally.over.sum() / tally.under.sum() for name, tally in found.items()}
    assert values == pytest.approx(
        {
            "reward_error": (0.5 + 0.0 + 0.0 + 1.0 + 0.0) / 5,
            "terminated_f1": 2 * 1 / (2 * 1 + 1 + 1),  # one found, one missed, one called without reason
            "terminated_brier": (0.04 + 0.16 + 0.01 + 0.49 + 0.64) / 5,
        }
    )
    assert {name: tally.count.sum() for name, tally in found.items()} == {
        "reward_error": 5,
        "terminated_f1": 2,
        "terminated_brier": 5,
    }


def test_a_reliability_curve_sorts_predictions_into_bins() -> None:
    bins = reliability(ANSWERS)  # 0.9 of a living one, 0.4 of a living one, 0.6 of a dead one; 0.0 is not asked
    assert list(bins) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    filled = {edge: found for edge, found in bins.items() if found["alive_observed"].count.sum()}
    assert {edge: float(found["alive_observed"].over.sum()) for edge, found in filled.items()} == {
        0.4: 1,
        0.6: 0,
        0.9: 1,
    }
    assert {edge: float(found["alive_predicted"].over.sum()) for edge, found in filled.items()} == {
        0.4: 0.4,
        0.6: 0.6,
        0.9: 0.9,
    }


def test_a_perfect_forecast_is_perfect_in_every_metric() -> None:
    rng = np.random.default_rng(0)
    x, y, points = rng.uniform(0, 32, (3, 20, 6))
    alive = rng.random((20, 6)) < 0.7
    perfect = Answers(x, y, points, alive.astype(float), x, y, points, alive, rng.random((20, 6)) < 0.8)
    best = {"position_error": 0.0, "health_error": 0.0, "alive_f1": 1.0, "dead_f1": 1.0, "alive_brier": 0.0}
    assert {name: value(metric, perfect) for name, metric in METRICS.items()} == best


def test_calling_everything_alive_has_no_merit_among_deaths() -> None:
    rng = np.random.default_rng(1)
    x, y, points = rng.uniform(0, 32, (3, 50, 6))
    alive = rng.random((50, 6)) < 0.9
    asked = np.ones_like(alive)
    answers = Answers(x, y, points, np.ones((50, 6)), x, y, points, alive, asked)
    assert value(dead_f1, answers) == 0.0
    assert dead_f1(answers).count.sum() == (~alive).sum()  # it rests on what there was to find, not on what was said
    assert value(alive_f1, answers) > 0.9


def test_an_undefined_metric_has_no_figure() -> None:
    bootstrap = Bootstrap(np.array([0, 1]), np.random.default_rng(0))
    assert bootstrap.figure(Tally(np.zeros(2), np.zeros(2), np.zeros(2))) is None


def test_an_interval_of_equal_episodes_has_no_width() -> None:
    bootstrap = Bootstrap(np.arange(10), np.random.default_rng(0))
    figure = bootstrap.figure(Tally(np.full(10, 6.0), np.full(10, 3.0), np.full(10, 3.0)))
    assert figure is not None
    assert (figure.value, figure.low, figure.high, figure.n) == (2.0, 2.0, 2.0, 30)


def test_battles_are_counted_in_which_there_was_something_to_count() -> None:
    bootstrap = Bootstrap(np.array([0, 0, 1, 2]), np.random.default_rng(0))
    figure = bootstrap.figure(Tally(np.ones(4), np.array([2.0, 2.0, 2.0, 0.0]), np.array([1.0, 1.0, 0.0, 0.0])))
    assert figure is not None
    assert (figure.n, figure.battles) == (2, 2)


def test_an_interval_of_means_is_as_wide_as_theory_says() -> None:
    rng = np.random.default_rng(2)
    means = rng.normal(10.0, 2.0, 400)
    figure = Bootstrap(np.arange(400), rng).figure(Tally(means, np.ones(400), np.ones(400)))
    assert figure is not None
    assert figure.high - figure.low == pytest.approx(2 * 1.96 * means.std() / np.sqrt(400), rel=0.12)


def test_a_factor_is_sure_where_every_battle_says_the_same_however_hard_it_is() -> None:
    errors, ones = np.array([1.0, 2.0, 40.0, 7.0]), np.ones(4)
    floor, model = Tally(errors, ones, ones), Tally(errors / 2, ones, 3 * ones)
    factor = Bootstrap(np.arange(4), np.random.default_rng(0)).factor(model, floor)
    assert factor is not None
    assert (factor.value, factor.low, factor.high, factor.n) == (0.5, 0.5, 0.5, 12)
    assert Bootstrap(np.arange(4), np.random.default_rng(0)).factor(model, Tally(0 * ones, ones, ones)) is None


def test_windows_of_one_episode_count_as_one_observation() -> None:
    values = np.random.default_rng(3).normal(0.0, 1.0, 50).repeat(8)
    tally = Tally(values, np.ones(400), np.ones(400))
    together = Bootstrap(np.arange(50).repeat(8), np.random.default_rng(0)).figure(tally)
    apart = Bootstrap(np.arange(400), np.random.default_rng(0)).figure(tally)
    assert together is not None
    assert apart is not None
    assert together.high - together.low > 2 * (apart.high - apart.low)


@given(st.lists(st.floats(0.0, 100.0), min_size=2, max_size=12), st.integers(0, 5))
def test_an_interval_lies_within_the_episodes_own_figures(values: list[float], seed: int) -> None:
    ones = np.ones(len(values))
    figure = Bootstrap(np.arange(len(values)), np.random.default_rng(seed)).figure(Tally(np.array(values), ones, ones))
    assert figure is not None
    assert min(values) - 1e-9 <= figure.low <= figure.high <= max(values) + 1e-9
