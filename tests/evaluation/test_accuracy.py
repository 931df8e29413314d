from dataclasses import replace

import numpy as np
import pytest
import torch

from evaluation.accuracy import SHARES, STEPS, accuracy, ask
from evaluation.held_out import HORIZON, WARMUP, HeldOut
from evaluation.rows import Row, select
from s2rm_sc2.scenarios import get
from s2rm_sc2.table import UnitTable
from worldmodel.baselines.constant_velocity import ConstantVelocity
from worldmodel.baselines.persistence import Persistence
from worldmodel.contract import Change, Encoded, Memory, Outcome, UnitQueries
from worldmodel.windows import Windows

ROWS = WARMUP + HORIZON
START = WARMUP - 1
SPEED, LOSS = 0.5, 2.0


class Seer(Persistence):
    """Knows that the enemy walks east and loses health."""

    name = "seer"

    def read_units(self, memory: Memory, encoded: Encoded, queries: UnitQueries) -> tuple[Change, Outcome]:
        enemy = torch.tensor([0.0, 1.0]).expand_as(queries.age)
        change, outcome = super().read_units(memory, encoded, queries)
        return replace(change, dx=SPEED * enemy, health=-LOSS * enemy), outcome


def duel(distance: float, death: int = ROWS) -> HeldOut:
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
        valid=torch.ones(1, ROWS, dtype=torch.bool),
        agents=torch.ones(1, 1, dtype=torch.bool),
        sight=torch.tensor([[9.0]]),
        size=torch.tensor([[32.0, 32.0]]),
        reward=torch.zeros(1, ROWS),
        terminated=torch.zeros(1, ROWS, dtype=torch.bool),
        origins=torch.zeros(1, 3, dtype=torch.int64),
    )
    return HeldOut(get("1m_vs_1m"), windows, np.array([0]), seed=0)


def figures(test: HeldOut, model: Persistence, **conditions: object) -> list[float]:
    """Values by horizon at all views."""
    rows = accuracy(ask(model, test), ask(Persistence(), test), test, "unseen", model.name, 0)
    return [row.value for row in select(rows, views=1.0, **conditions)]


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
    rows = accuracy(ask(Persistence(), duel(distance=12.0)), None, duel(distance=12.0), "train", "persistence", None)
    assert {row.n for row in select(rows, metric="position_error")} == {1}
    assert not select(rows, status="hidden")


def test_deaths_that_nobody_foresaw_cost_dead_f1_and_leave_position_to_the_living() -> None:
    test = duel(distance=1.0, death=WARMUP + 2)
    rows = accuracy(ask(Persistence(), test), None, test, "train", "persistence", None)
    rows = select(rows, views=1.0, status="all")
    assert [row.horizon for row in select(rows, metric="dead_f1")] == [5, 10]  # before that no death to find
    assert {row.value for row in select(rows, metric="dead_f1")} == {0.0}
    assert [row.n for row in select(rows, metric="position_error")] == [2, 2, 1, 1]
    brier = [row.value for row in select(rows, metric="alive_brier")]
    assert brier == pytest.approx([0.0, 0.0, 0.5, 0.5])


def test_rows_say_what_they_are_and_the_floor_has_no_factor_to_itself() -> None:
    test = duel(distance=1.0)
    floor = ask(Persistence(), test)
    model, bottom = accuracy(floor, floor, test, "train", "m", 3), accuracy(floor, None, test, "train", "f", None)
    assert {row.views for row in model} == set(SHARES)
    assert {row.horizon for row in model} == set(STEPS)
    assert {(row.model, row.seed, row.scenario, row.split) for row in model} == {("m", 3, "1m_vs_1m", "train")}
    assert {row.value for row in select(model, metric="position_error_factor")} == {1.0}
    assert not [row for row in bottom if row.metric.endswith("_factor")]
    assert all(isinstance(row, Row) and row.low <= row.value <= row.high for row in model)
