import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from evaluation.floors import Floors, fit, group, rendered
from evaluation.held_out import HeldOut, held_out
from evaluation.judges import PlaceJudge
from evaluation.maps import Thresholds
from evaluation.places import ASKED, PER_EPISODE, PLACES, SHARES, Exam, PlaceCandidate, exam, fitted, pose, said_by
from evaluation.questions import choose
from evaluation.rows import Row, select
from evaluation.runs import load_runs
from s2rm_sc2.scenarios import get
from s2rm_sc2.table import UnitTable
from s2rm_sc2.views.local_map import UNIT_CHANNELS
from worldmodel.config import preset
from worldmodel.losses import place_nll
from worldmodel.models import build
from worldmodel.places import darkness, true_maps
from worldmodel.windows import Windows

KINDS, BINS = len(UNIT_CHANNELS), 9
HALF = Thresholds(0.5, 0.5)
AGENT, ENEMY = (8.0, 12.0), (20.0, 12.0)


def scene(lit: Sequence[bool], enemy_x: Sequence[float], places: Sequence[tuple[float, float]]) -> Exam:
    """A marine at (8, 12) that sees 9 cells where its view is lit; an enemy at some x; the same places at every row."""
    rows = len(enemy_x)
    zero = torch.zeros(1, rows, 2)
    x = torch.stack([torch.full((rows,), AGENT[0]), torch.tensor(enemy_x)], dim=1)[None]
    alive = torch.ones(1, rows, 2, dtype=torch.bool)
    team = torch.tensor([0, 1]).expand(1, rows, 2)
    units = UnitTable(zero.long(), team, x, zero + AGENT[1], zero + 45.0, zero, zero, zero, alive)
    windows = Windows(
        units=units,
        actions=torch.ones(1, rows, 1, dtype=torch.int64),
        sees=((x - AGENT[0]).abs() < 9.0)[:, :, None],
        valid=torch.ones(1, rows, dtype=torch.bool),
        agents=torch.ones(1, 1, dtype=torch.bool),
        sight=torch.tensor([[9.0]]),
        size=torch.tensor([[32.0, 32.0]]),
        reward=torch.zeros(1, rows),
        terminated=torch.zeros(1, rows, dtype=torch.bool),
        origins=torch.zeros(1, 3, dtype=torch.int64),
    )
    keep = torch.tensor([*lit, False])[None, :, None]
    asked = torch.tensor(places).expand(1, rows - 1, len(places), 2)
    after = units.map(lambda column: column[:, 1:])
    test = HeldOut(get("1m_vs_1m"), windows, np.array([0]), seed=0)
    age = darkness(windows, keep, asked)
    return Exam(test, asked, true_maps(after, asked), {1.0: keep}, {1.0: age})


def test_a_place_is_in_sight_then_dark_for_so_many_steps_then_in_sight_again() -> None:
    asked = scene([False, True, False, False, True], [20.0] * 6, [(10.0, 12.0), (17.5, 12.0)])
    near, far = asked.age[1.0][0].unbind(-1)
    assert near.tolist() == [-1, 0, 1, 2, 0]
    assert far.tolist() == [-1] * 5


def test_what_is_asked_is_what_stands_there_one_step_later() -> None:
    asked = scene([True] * 3, [14.0, 16.0, 18.0, 20.0], [(16.0, 12.0)])
    posed = pose(asked.test, asked.places)
    enemy = posed.maps[0, :, 0, UNIT_CHANNELS.index("enemy_marine")]
    assert [step.nonzero().tolist() for step in enemy] == [[[1, 1]], [[2, 1]], []]  # in the middle, then east of it
    assert set(posed.age) == set(posed.keep) == set(SHARES)


def test_thresholds_are_fitted_at_one_share_of_the_views() -> None:
    asked, shares = scene([True], [20.0, 20.0], [(19.0, 12.0)]), []

    def rates(of: Exam, share: float) -> Iterator[tuple[Tensor, Tensor]]:
        shares.append(share)
        yield (of.maps[..., :KINDS, :, :] + 0.1).log(), of.maps

    found = fitted(rates, [asked, asked])
    assert shares == [0.6, 0.6]
    assert (
        0.1 < found.unit_type <= 0.66
    )  # what is empty is said to be filled with a chance of 10 %, what is not, of 67 %


def test_figures_count_each_place_under_its_age() -> None:
    lit = [True, *[False] * 12]
    asked = scene(lit, [20.0] * 14, [(10.0, 18.0), (30.0, 30.0)])
    # Nobody stands there, so that the cost of an answer is the sum of its rates: here 0 to 12 nats, step by step.
    log_rates = (torch.arange(13.0)[None, :, None, None, None, None] / (KINDS * BINS)).clamp(min=1e-9).log()
    rows = rows_of(log_rates.expand(1, 13, 2, KINDS, 3, 3), asked, 1.0)
    found = select(rows, metric="place_nll")
    values, numbers = ({row.status: getattr(row, name) for row in found} for name in ("value", "n"))
    statuses = ("in sight", "dark", "dark 1-3", "dark 4-7", "dark 8-10", "dark 11-19", "never")
    costs = (0.0, 5.5, 2.0, 5.5, 9.0, 11.5, 6.0)
    assert values == pytest.approx(dict(zip(statuses, costs, strict=True)), abs=1e-5)
    assert numbers == dict(zip(statuses, (1, 10, 3, 4, 3, 2, 13), strict=True))


def test_steps_after_the_end_of_a_battle_are_not_counted() -> None:
    asked = scene([True] * 4, [20.0] * 5, [(10.0, 12.0)])
    valid = torch.tensor([[True, True, True, False, False]])  # two steps were taken
    ended = replace(asked, test=replace(asked.test, windows=replace(asked.test.windows, valid=valid)))
    assert [row.n for row in select(rows_of(torch.zeros(1, 4, 1, KINDS, 3, 3), ended, 1.0), metric="place_nll")] == [2]


def test_the_cost_of_an_answer_is_what_a_hand_computes() -> None:
    asked = scene([True], [20.0, 20.0], [(19.0, 12.0), (14.0, 25.0)])
    rate = 0.25
    one, none = place_nll(torch.full((1, 1, 2, KINDS, 3, 3), math.log(rate)), asked.maps)[0, 0].tolist()
    assert none == pytest.approx(KINDS * BINS * rate)
    assert one == pytest.approx(KINDS * BINS * rate - math.log(rate))
    both = replace(asked, maps=2.0 * asked.maps)  # two units in the bin: log 2! more, and their rate twice
    assert place_nll(torch.full((1, 1, 2, KINDS, 3, 3), math.log(rate)), both.maps)[0, 0, 0].item() == pytest.approx(
        KINDS * BINS * rate - 2 * math.log(rate) + math.log(2)
    )


def test_what_was_last_seen_stays_where_it_was() -> None:
    asked = scene([True, False, False], [14.0, 16.0, 18.0, 20.0], [(14.0, 12.0)])
    shown, true = rendered(asked, 1.0), asked.maps[..., :KINDS, :, :]
    assert [step.nonzero()[:, -2:].tolist() for step in shown[0, :, 0]] == [[[1, 1]]] * 3  # the middle bin
    assert [step.nonzero()[:, -2:].tolist() for step in true[0, :, 0]] == [[[2, 1]], [], []]  # walks out to the east


def test_floors_are_the_rates_of_what_they_were_fitted_on() -> None:
    asked = scene([True, *[False] * 19], [14.0] * 21, [(14.0, 12.0), (8.0, 18.0)] * 40)
    floors = fit([asked])
    dark = int(group(torch.tensor(5)))
    enemy = UNIT_CHANNELS.index("enemy_marine")
    middle = floors.constant[dark, enemy, 1, 1].item()
    assert middle == pytest.approx(0.5, abs=0.01)  # one place in two has it in its middle
    assert floors.constant[dark].sum().item() - middle < 0.5
    ((log_rates, maps),) = floors.last_seen(asked, 1.0)
    stands, empty = place_nll(log_rates, maps)[0, 5, :2].tolist()
    assert stands == pytest.approx(1.0, abs=0.15)  # a Poisson that is sure of one unit costs 1 nat
    assert empty < 0.15


@pytest.fixture(scope="module")
def battles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Exam, Floors]:
    folder = tmp_path_factory.mktemp("exams")
    fitted = fit([exam(get("2s3z,sight=5"), folder, 6, 0, False, "floors")])
    return folder, exam(get("2s3z,sight=5"), folder, 4, 0, False), fitted


def rows_of(log_rates: Tensor, asked: Exam, share: float) -> list[Row]:
    """Figures of one answer, the same at every share."""

    def rates(of: Exam, _: float) -> Iterator[tuple[Tensor, Tensor]]:
        yield log_rates, of.maps

    rows = PlaceCandidate(rates, asked, HALF, "m", 0, "train").rows()
    return select(rows, views=share)


def value(rows: Sequence[Row], status: str, metric: str = "place_nll") -> float:
    (row,) = select(rows, status=status, metric=metric)
    return row.value


def test_true_rates_beat_every_floor_and_shuffled_ones_none(battles: tuple[Path, Exam, Floors]) -> None:
    _, asked, floors = battles
    oracle = (asked.maps[..., :KINDS, :, :] + 1e-3).log()
    order = torch.from_numpy(np.random.default_rng(0).permutation(PLACES))
    best, worst = (rows_of(said, asked, 0.6) for said in (oracle, oracle[:, :, order]))
    last, mean = (
        select(PlaceCandidate(said, asked, HALF, "floor", None, "train").rows(), views=0.6)
        for said in (floors.last_seen, floors.constant_rate)
    )
    for status in ("in sight", "dark", "never"):
        assert value(best, status) < value(last, status) < value(mean, status) + 0.1 < value(worst, status)
        for metric in ("friend_foe_f1", "unit_type_f1"):
            assert value(best, status, metric) == 1.0
            assert value(worst, status, metric) < 0.3
    for metric in ("friend_foe_f1", "unit_type_f1"):
        assert value(last, "in sight", metric) > value(mean, "in sight", metric)


def test_every_model_is_asked_the_same_and_answers_the_same_twice(battles: tuple[Path, Exam, Floors]) -> None:
    folder, asked, _ = battles
    again = exam(get("2s3z,sight=5"), folder, 4, 0, False)
    assert (again.places == asked.places).all()
    assert all((again.keep[share] == asked.keep[share]).all() for share in SHARES)
    model = build(preset("debug", "s2gru")[0]).eval()
    rates = partial(said_by, model)
    rows = PlaceCandidate(rates, asked, HALF, "s2gru", 0, "train").rows()
    assert rows == PlaceCandidate(rates, again, HALF, "s2gru", 0, "train").rows()
    rows = select(rows, metric="place_nll")
    assert {row.views for row in rows} == set(SHARES)
    counted = {share: sum(r.n for r in select(rows, views=share) if r.status != "dark") for share in SHARES}
    total = asked.places.shape[0] * ASKED * PLACES
    assert all(0.95 * total < n <= total for n in counted.values())  # all but those dark for 20 steps and more


def test_more_views_leave_fewer_places_in_the_dark(battles: tuple[Path, Exam, Floors]) -> None:
    _, asked, _ = battles
    seen = [int((asked.age[share] == 0).sum()) for share in (0.3, 0.6, 1.0)]
    assert seen[0] < seen[1] < seen[2]


def test_battles_are_turned_and_moved_so_that_no_place_can_be_known_by_heart(
    battles: tuple[Path, Exam, Floors],
) -> None:
    folder, asked, _ = battles
    plain = held_out(get("2s3z,sight=5"), folder, 4, 0, False, ASKED + 1, PER_EPISODE, needed=ASKED + 1)
    here, there = (torch.stack([of.windows.units.x, of.windows.units.y], -1) for of in (asked.test, plain))
    assert (asked.test.windows.origins == plain.windows.origins).all()
    assert ((here - there).norm(dim=-1).amax((1, 2)) > 2.0).any()
    assert torch.cdist(here, here).sub(torch.cdist(there, there)).abs().max() < 0.01


def test_what_is_fitted_knows_nothing_of_the_test(run_2s3z: Path, battles: tuple[Path, Exam, Floors]) -> None:
    folder, asked, _ = battles
    (run,) = load_runs([run_2s3z])
    known = exam(get("2s3z,sight=5"), folder, 6, 0, False, "floors")
    # The same battles with one more of every type in every bin: whoever is fitted on them expects it everywhere.
    crowd = torch.zeros_like(asked.maps)
    crowd[..., : len(UNIT_CHANNELS), :, :] = 1.0
    crowded = replace(asked, maps=asked.maps + crowd)

    def figures(tested: Sequence[Exam], trained: Sequence[Exam], of: str = "2s3z") -> list[Row]:
        trained = [replace(known, test=replace(known.test, scenario=get(of))) for known in trained]
        judge = PlaceJudge(tested, trained, choose(["places"]))
        said = judge.rows(run), judge.floors([["2s3z"]])
        return [row for rows in said for row in rows[: len(rows) // len(tested)]]  # on the first test

    alone = figures([asked], [known])
    assert figures([asked, crowded], [known]) == alone
    fitted_otherwise = figures([asked], [known, crowded])
    for model in ("s2gru", "constant rate", "last-seen table"):
        assert select(fitted_otherwise, model=model) != select(alone, model=model)
    # What another run beside this one was trained on does not set this one's thresholds.
    (both, one) = (figures([asked], [known], "3m"), figures([asked], [known, crowded], "3m"))
    assert select(both, model="s2gru") == select(one, model="s2gru")
