from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
import torch

from evaluation.accuracy import next_steps
from evaluation.candidate import SHARES, Candidate
from evaluation.held_out import HORIZON, WARMUP, HeldOut, held_out, some
from evaluation.questions import (
    QUESTIONS,
    calibration,
    hidden,
    horizon,
    likelihood,
    outcome,
    scenarios,
    views,
    views_by_step,
)
from evaluation.rows import Dropping, Row, select
from evaluation.unit_floors import doubtful
from s2rm_sc2.scenarios import get
from s2rm_sc2.table import UnitTable
from worldmodel.baselines.constant_velocity import ConstantVelocity
from worldmodel.baselines.persistence import Persistence
from worldmodel.contract import Change, Encoded, Memory, Outcome, UnitQueries
from worldmodel.dream import Forecast
from worldmodel.windows import Windows

ROWS = WARMUP + HORIZON
STEPS = (1, 2, 5, 10)
START = WARMUP - 1
SPEED, LOSS = 0.5, 2.0


class Seer(Persistence):
    """Knows that the enemy walks east and loses health."""

    name = "seer"

    def read_units(self, memory: Memory, encoded: Encoded, queries: UnitQueries) -> tuple[Change, Outcome]:
        enemy = torch.tensor([0.0, 1.0]).expand_as(queries.age)
        change, outcome = super().read_units(memory, encoded, queries)
        return replace(change, dx=SPEED * enemy, health=-LOSS * enemy), outcome


def duel(distance: float, death: int = ROWS, end: int = ROWS) -> HeldOut:
    """A marine that stands, and one that starts ``distance`` cells east, walks away, dies at row ``death``."""
    row = torch.arange(ROWS, dtype=torch.float32)
    alive = torch.stack([torch.ones(ROWS, dtype=torch.bool), row < death], dim=1)[None]
    zero = torch.zeros(1, ROWS, 2)
    x = torch.stack([torch.full((ROWS,), 8.0), 8.0 + distance + SPEED * row], dim=1)[None]
    health = torch.stack([torch.full((ROWS,), 45.0), 45.0 - LOSS * row], dim=1)[None] * alive
    units = UnitTable(
        type=zero.long(),
        team=torch.tensor([0, 1]).expand(1, ROWS, 2),
        x=x,
        y=zero + 12.0,
        health=health,
        shield=zero,
        energy=zero,
        cooldown=zero,
        alive=alive,
    )
    windows = Windows(
        units=units,
        actions=torch.ones(1, ROWS, 1, dtype=torch.int64),
        sees=((x - 8.0).abs() < 9.0)[:, :, None] & alive[:, :, None],
        valid=(torch.arange(ROWS) < end)[None],
        agents=torch.ones(1, 1, dtype=torch.bool),
        sight=torch.tensor([[9.0]]),
        size=torch.tensor([[32.0, 32.0]]),
        reward=0.1 * row[None],
        terminated=(torch.arange(ROWS) == end - 2)[None],
        origins=torch.zeros(1, 3, dtype=torch.int64),
    )
    return HeldOut(get("1m_vs_1m"), windows, np.array([0]), seed=0)


def before(
    test: HeldOut, model: Persistence, steps: Iterable[int] = STEPS, shares: Iterable[float] = (1.0,)
) -> list[Row]:
    floor = Candidate(Persistence(), test, "persistence", None, "unseen")
    return Candidate(model, test, model.name, 0, "unseen", floor).unit_rows(shares, steps)


def figures(test: HeldOut, model: Persistence, **conditions: object) -> list[float]:
    """Values by horizon at all views."""
    return [row.value for row in select(before(test, model), **conditions)]


def floor(test: HeldOut) -> Candidate:
    return Candidate(Persistence(), test, "persistence", None, "train")


def test_persistence_is_wrong_by_what_moved_and_what_was_lost() -> None:
    test = duel(distance=1.0)
    errors = figures(test, Persistence(), status="visible", metric="position_error")
    assert errors == pytest.approx([SPEED * h / 2 for h in STEPS])  # one of two units moves
    losses = figures(test, Persistence(), status="visible", metric="health_error")
    assert losses == pytest.approx([LOSS * h / 2 for h in STEPS])
    assert figures(test, Persistence(), status="all", metric="alive_f1") == [1.0] * len(STEPS)


def test_a_model_that_knows_the_rule_makes_no_error() -> None:
    test = duel(distance=1.0)
    for metric in ("position_error", "position_error_factor", "health_error", "health_error_factor", "alive_brier"):
        assert figures(test, Seer(), status="all", metric=metric) == pytest.approx([0.0] * len(STEPS), abs=1e-6)


def test_constant_velocity_goes_on_as_the_enemy_went_and_does_not_foresee_its_losses() -> None:
    test = duel(distance=1.0)
    assert figures(test, ConstantVelocity(), status="all", metric="position_error") == pytest.approx([0.0] * len(STEPS))
    losses = figures(test, ConstantVelocity(), status="all", metric="health_error")
    assert losses == pytest.approx([LOSS * h / 2 for h in STEPS])


def test_a_unit_out_of_sight_counts_as_hidden_from_where_it_was_last_seen() -> None:
    test = duel(distance=6.5)  # leaves sight at row 5; the forecast starts at row 7
    last_seen = 4
    errors = figures(test, Persistence(), status="hidden", metric="position_error")
    assert errors == pytest.approx([SPEED * (START + h - last_seen) for h in STEPS])
    assert figures(test, Persistence(), status="visible", metric="position_error") == [0.0] * len(STEPS)


def test_a_unit_never_seen_is_not_asked_about() -> None:
    rows = floor(duel(distance=12.0)).unit_rows(SHARES, views.STEPS)
    assert {row.n for row in select(rows, metric="position_error")} == {1}
    assert not select(rows, status="hidden")


def test_deaths_that_nobody_foresaw_cost_dead_f1_and_leave_position_to_the_living() -> None:
    rows = select(floor(duel(distance=1.0, death=WARMUP + 2)).unit_rows([1.0], STEPS), status="all")
    assert [row.horizon for row in select(rows, metric="dead_f1")] == [5, 10]  # before that no death to find
    assert {row.value for row in select(rows, metric="dead_f1")} == {0.0}
    assert [row.n for row in select(rows, metric="position_error")] == [2, 2, 1, 1]
    brier = [row.value for row in select(rows, metric="alive_brier")]
    assert brier == pytest.approx([0.0, 0.0, 0.5, 0.5])


def test_rows_say_what_they_are_and_the_floor_has_no_factor_to_itself() -> None:
    test = duel(distance=1.0)
    same = Candidate(Persistence(), test, "m", 3, "train", floor(test))
    model, bottom = views.units(same), views.units(floor(test))
    assert {row.views for row in model} == set(SHARES)
    assert {row.horizon for row in model} == set(views.STEPS)
    assert {(row.model, row.seed, row.scenario, row.split) for row in model} == {("m", 3, "1m_vs_1m", "train")}
    assert {row.value for row in select(model, metric="position_error_factor")} == {1.0}
    assert not [row for row in bottom if row.metric.endswith("_factor")]
    assert all(isinstance(row, Row) and row.low <= row.value <= row.high for row in model)


def test_maps_hold_who_stands_where_the_forecast_says_and_who_was_never_seen_is_missed() -> None:
    for metric in ("friend_foe_f1", "unit_type_f1"):
        assert figures(duel(distance=1.0), Seer(), metric=metric) == [1.0] * len(STEPS)
        unseen = select(before(duel(distance=12.0), Seer()), metric=metric)
        assert all(0.0 < row.value < 1.0 for row in unseen)


def test_hidden_units_are_counted_by_the_steps_since_they_were_seen() -> None:
    rows = select(hidden.units(floor(duel(distance=6.5))), views=1.0, metric="position_error")  # last seen at row 4
    # Asked after rows 7 to 26 where it is one step later, so it has walked one step more than its age.
    walked = {"hidden 1-3": SPEED * 4, "hidden 4-7": SPEED * 6.5, "hidden 8+": SPEED * 16}
    assert {str(row.status): row.value for row in rows} == pytest.approx(walked)
    assert [row.n for row in rows] == [1, 4, 15]


def test_a_unit_that_was_seen_to_die_is_hidden_from_nobody() -> None:
    assert hidden.units(floor(duel(distance=1.0, death=WARMUP + 2))) == []
    assert (
        hidden.units(floor(duel(distance=6.5, death=WARMUP + 2))) != []
    )  # died out of sight, for all one knows it lives


def test_windows_that_are_asked_step_by_step_count_no_step_twice() -> None:
    one = duel(distance=1.0)
    rows = ((0, 0), (0, 19), (0, 20), (0, 41), (1, 45), (1, 64), (1, 65))
    origins = torch.tensor([(0, episode, row) for episode, row in rows])
    windows = replace(some(one.windows, torch.zeros(len(rows), dtype=torch.int64)), origins=origins)
    apart = replace(one, windows=windows, episodes=origins[:, 1].numpy()).apart
    assert [(episode, row) for _, episode, row in apart.windows.origins.tolist()] == [
        *((0, 0), (0, 20), (0, 41)),
        *((1, 45), (1, 65)),
    ]
    assert apart.episodes.tolist() == [0, 0, 0, 1, 1]


def test_steps_after_the_end_of_a_battle_have_no_figure() -> None:
    test = duel(distance=1.0, end=WARMUP + 10)
    rows = horizon.units(floor(test))
    assert {row.horizon for row in rows} == {1, 2, 3, 5, 7, 10}
    assert {row.horizon for row in horizon.units(floor(duel(distance=1.0)))} == {1, 2, 3, 5, 7, 10, 15, 20}


def test_a_reward_and_an_end_that_nobody_foresaw_cost_what_they_are() -> None:
    steps = 12
    rows = outcome.units(floor(duel(distance=1.0, end=WARMUP + steps)))
    found = {row.metric: (row.value, row.n) for row in select(rows, views=1.0)}
    assert found == {
        "reward_error": (pytest.approx(0.1 * (START + 5.5)), steps),  # of rows 7 to 18
        "terminated_f1": (0.0, 1),
        "terminated_brier": (pytest.approx(1 / steps), steps),
    }


def test_a_floor_that_calls_all_alive_fills_one_bin_with_the_share_that_lives() -> None:
    rows = [row for row in calibration.units(floor(duel(distance=1.0, death=WARMUP + 2))) if row.bin is not None]
    assert {row.bin for row in rows} == {0.9}
    assert [row.value for row in select(rows, metric="alive_predicted")] == [1.0, 1.0, 1.0]
    assert [row.value for row in select(rows, metric="alive_observed")] == [1.0, 0.5, 0.5]
    assert {row.n for row in rows} == {2}


def test_views_dropped_by_step_are_told_apart_and_equal_where_none_is_dropped() -> None:
    one = floor(duel(distance=1.0))
    by_step = views_by_step.units(one)
    assert {row.dropping for row in by_step} == {"step"}
    whole = [replace(row, dropping="episode") for row in select(by_step, views=1.0)]
    assert whole == select(views.units(one), views=1.0)


class Knowing(Candidate):
    """Answers with the truth, of each window or of another one."""

    def __init__(self, test: HeldOut, order: list[int]) -> None:
        super().__init__(Persistence(), test, "knowing", None, "train")
        self.order = order

    def forecast(self, views: float, dropping: Dropping = "episode") -> Forecast:
        said = super().forecast(views, dropping)
        told = said.targets.map(lambda column: column[self.order])
        columns = {name: getattr(told, name) for name in ("x", "y", "health", "shield")}
        return replace(said, **columns, alive=told.alive.float(), queried=self.test.windows.units.alive[:, WARMUP - 1])


@pytest.fixture(scope="module")
def battles(tmp_path_factory: pytest.TempPathFactory) -> HeldOut:
    return held_out(get("2s3z"), tmp_path_factory.mktemp("battles"), episodes=12, seed=0, progress=False)


def test_where_other_agents_report_at_every_step_more_units_are_known(battles: HeldOut) -> None:
    one = floor(battles)
    always, changing = one.forecast(0.2), one.forecast(0.2, "step")
    assert (always.queried & ~changing.queried).sum() < (changing.queried & ~always.queried).sum()
    assert one.forecast(1.0, "step") is one.forecast(1.0)


def test_the_truth_scores_perfect_and_shuffled_it_scores_as_chance_does(battles: HeldOut) -> None:
    number = len(battles.episodes)
    order = np.random.default_rng(0).permutation(number).tolist()
    best, worst = (
        {row.metric: row for row in Knowing(battles, of).unit_rows([1.0], [10], ["all"])}
        for of in (list(range(number)), order)
    )
    errors = ("position_error", "health_error", "alive_brier")
    scores = ("alive_f1", "dead_f1", "friend_foe_f1", "unit_type_f1")
    assert {name: row.value for name, row in best.items()} == pytest.approx(
        dict.fromkeys(errors, 0.0) | dict.fromkeys(scores, 1.0)
    )
    dead = worst["dead_f1"].n / number / 10  # said as often as it is true, but of others: F1 is its share
    assert worst["dead_f1"].value == pytest.approx(dead, abs=0.2)
    assert worst["alive_brier"].value == pytest.approx(2 * dead * (1 - dead), abs=0.15)
    assert worst["position_error"].value > 1.5
    assert worst["unit_type_f1"].value < worst["friend_foe_f1"].value < 0.6


def test_a_question_says_what_it_asks_and_is_called_as_its_file() -> None:
    assert len({question.name for question in QUESTIONS}) == len(QUESTIONS)
    for question in QUESTIONS:
        asked = question.units or question.places
        assert asked is not None
        assert asked.__module__ == f"evaluation.questions.{question.name}"
        assert question.asks.endswith("?")
    assert scenarios.QUESTION.usual


def test_a_doubtful_floor_doubts_as_often_as_battles_proved_it_wrong() -> None:
    """In sight the marine stands for 20 steps; the enemy walks east for 10 and falls in the eleventh."""
    test = duel(distance=-6.0, death=WARMUP + 10)
    said = next_steps(doubtful(Persistence(), [test]), test.windows, test.kept(1.0))
    marine, enemy = said.known[0, :, 0], said.known[0, :, 1]
    assert (int(marine.sum()), int(enemy.sum())) == (20, 11)
    off, lives = 10 * SPEED / 2 / 30, (60 + 1) / (62 + 2)  # of all, at both shares of views; one more counts like all
    assert said.spread[0, marine, 0].tolist() == pytest.approx([0.01] * 20)  # never surer than that
    assert said.spread[0, enemy, 1].tolist() == pytest.approx([(20 * SPEED / 2 + off) / 21] * 11)
    assert said.alive[0, marine, 0].tolist() == pytest.approx([(40 + lives) / 41] * 20)
    assert said.alive[0, enemy, 1].tolist() == pytest.approx([(20 + lives) / 23] * 11)


def test_a_doubtful_floor_doubts_what_is_out_of_sight_by_age_and_where_it_knows_nothing_as_of_all() -> None:
    """The enemy walks out of sight at row 5 and goes on; when it is first asked about, it has been gone for 3 steps."""
    test = duel(distance=6.5)
    said = next_steps(doubtful(Persistence(), [test]), test.windows, test.kept(1.0))
    gone = said.age[0, :, 1]
    assert gone.tolist() == [3.0 + k for k in range(20)]
    away = [SPEED * (age + 1) / 2 for age in range(3, 23)]
    off = sum(away) / 40
    groups = [(3, 3), (4, 7), (8, 22)]
    for first, last in groups:
        mine = [error for age, error in zip(range(3, 23), away, strict=True) if first <= age <= last]
        asked = (gone >= first) & (gone <= last)
        expected = (2 * sum(mine) + off) / (2 * len(mine) + 1)
        assert said.spread[0, asked, 1].tolist() == pytest.approx([expected] * len(mine))
    near = duel(distance=1.0)
    unheard = next_steps(doubtful(Persistence(), [near]), test.windows, test.kept(1.0)).spread[0, 0, 1]
    assert float(unheard) > 0.1  # it never saw anyone leave, and is no surer of it than of all


def test_who_doubts_where_it_errs_holds_the_truth_likelier_than_who_is_certain() -> None:
    test = duel(distance=-6.0)
    certain, walks = (Candidate(model, test, "m", 0, "unseen") for model in (Persistence(), Seer()))
    doubts = Candidate(doubtful(Persistence(), [test]), test, "m", None, "unseen")
    worst, middle, best = (likelihood.units(who)[0] for who in (certain, doubts, walks))
    assert [row.status for row in (worst, middle, best)] == ["visible"] * 3
    assert worst.value > middle.value > best.value
