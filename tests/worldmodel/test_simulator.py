from dataclasses import replace
from pathlib import Path

import pytest
import torch

from collectors.collect import collect
from s2rm_sc2 import scenarios
from s2rm_sc2.backends.learned import LearnedBackend
from s2rm_sc2.errors import BadArgument, CheckpointMissing
from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.table import UnitTable
from worldmodel.baselines.constant_velocity import ConstantVelocity
from worldmodel.baselines.persistence import Persistence
from worldmodel.config import preset
from worldmodel.contract import CHANGE_FIELDS, DRAWS, Change, UnitQueries
from worldmodel.facts import trained
from worldmodel.simulator import load
from worldmodel.tokens import ROW_COLUMNS, ROW_WIDTH
from worldmodel.train import train


def change(n: int, **fields: float) -> Change:
    filled = {name: torch.full((1, n), fields.get(name, 0.0)) for name in CHANGE_FIELDS}
    return Change(**filled)


def units(n: int) -> UnitTable:
    zero, one = torch.zeros(1, n), torch.ones(1, n)
    whole = torch.zeros(1, n, dtype=torch.int64)
    return UnitTable(whole, whole, zero, zero, 40 * one, 20 * one, zero, zero, torch.ones(1, n, dtype=torch.bool))


def draws(n: int) -> torch.Tensor:
    return torch.rand(1, n, DRAWS, generator=torch.Generator().manual_seed(0)).clamp(1e-6, 1 - 1e-6)


def logit(odds: float) -> float:
    return float(torch.logit(torch.tensor(odds)))


def test_drawn_outcomes_have_the_frequencies_that_the_model_says() -> None:
    n = 200_000
    weapon = {"fires": logit(0.25), "cooldown": 15.0}
    health = {"hit": logit(0.3), "damage": 4.0, "damage_spread": 2.0, "alive": logit(0.9), "shield": 0.4}
    place = {"dx": 0.05, "walks": logit(0.3), "walk_x": 1.5, "walk_y": -0.5}
    after = change(n, **place, spread=0.2, **health, **weapon).drawn(draws(n)).unbounded(units(n))
    lives = after.alive[0]
    assert float(lives.float().mean()) == pytest.approx(0.9, abs=0.005)
    walked = after.x == 1.5
    assert float(walked.float().mean()) == pytest.approx(0.3, abs=0.005)
    assert (after.y[walked] == -0.5).all()
    assert (after.x[~walked] == 0.05).all()
    struck = after.shield[0, lives] < 20.0
    # Three in ten are hit, and the one in ten who dies is among them: of nine survivors two.
    assert float(struck.float().mean()) == pytest.approx(0.2 / 0.9, abs=0.005)
    lost = 20.0 - after.shield[0, lives][struck]
    assert float(lost.mean()) == pytest.approx(4.0, abs=0.04)
    assert float(lost.std()) == pytest.approx(2.0, abs=0.04)
    assert float(lost.median()) == pytest.approx(3.67, abs=0.04)  # of the gamma distribution of shape 4
    assert float(after.shield[0, lives][~struck].mean()) == pytest.approx(20.4, abs=1e-3)
    assert (after.health[0] == 40.0).all()
    assert sorted(set(after.cooldown[0].tolist())) == [0.0, 15.0]
    assert float((after.cooldown > 0.0).float().mean()) == pytest.approx(0.25, abs=0.005)


def test_who_stands_is_jostled_at_most() -> None:
    after = change(1, dx=0.6, dy=-0.8, walks=-torch.inf, walk_x=1.0).drawn(draws(1)).unbounded(units(1))
    assert (float(after.x), float(after.y)) == pytest.approx((0.06, -0.08))
    after = change(1, dx=0.03, dy=-0.04, walks=-torch.inf, walk_x=1.0).drawn(draws(1)).unbounded(units(1))
    assert (float(after.x), float(after.y)) == pytest.approx((0.03, -0.04))


def test_whether_a_unit_walks_does_not_hang_on_whether_it_dies_is_hit_or_fires() -> None:
    n = 200_000
    said = {"alive": logit(0.6), "hit": logit(0.7), "fires": logit(0.5), "walks": logit(0.4), "walk_x": 1.0}
    drawn = change(n, damage=4.0, damage_spread=2.0, **said).drawn(draws(n))
    walks = drawn.dx[0] > 0
    assert torch.equal(walks, drawn.walks[0] > 0)
    for event in (drawn.alive[0] > 0, drawn.hit[0] > 0, drawn.fires[0] > 0, drawn.damage[0] > 4.0):
        assert float(event[walks].float().mean()) == pytest.approx(float(event[~walks].float().mean()), abs=0.01)


def test_drawn_or_not_the_floors_stand_still_or_go_on_as_they_went() -> None:
    rows = torch.zeros(1, 1, 3, ROW_WIDTH)
    rows[..., ROW_COLUMNS.index("vx")] = torch.tensor([0.0, 0.05, 2.0])
    nothing = torch.zeros(1, 1, 3)
    queries = UnitQueries(nothing[..., None].expand(-1, -1, -1, 2), rows, nothing[..., None], nothing > -1, nothing)
    for floor, way in ((Persistence(), [0.0, 0.0, 0.0]), (ConstantVelocity(), [0.0, 0.05, 2.0])):
        said = floor.read_units((), (), queries)[0].at(0)
        for told in (said, said.drawn(draws(3))):
            assert told.unbounded(units(3)).x[0].tolist() == pytest.approx(way)


def test_weapons_that_do_not_fire_cool_down() -> None:
    table = replace(units(3), cooldown=torch.tensor([[20.0, 5.0, 20.0]]))
    said = replace(change(3, cooldown=14.0), fires=torch.tensor([[-torch.inf, -torch.inf, torch.inf]]))
    assert said.expected(table).cooldown.tolist() == [[12.0, 0.0, 14.0]]


def test_what_the_shield_cannot_take_goes_to_health() -> None:
    after = change(1, hit=torch.inf, damage=50.0).unbounded(units(1))
    assert (float(after.shield), float(after.health)) == (0.0, 10.0)


def test_a_run_becomes_a_simulator_of_the_types_it_was_trained_on(run_2s3z: Path) -> None:
    sim = load(run_2s3z)
    assert sim.unit_types == {"stalker", "zealot"}
    assert sim.describe()["trained_on"] == "2s3z"
    backend = LearnedBackend(scenarios.get("1s2z"), 2, load(str(run_2s3z / "best.safetensors")))
    backend.step(torch.ones(2, 3, dtype=torch.int64))
    assert backend.describe()["model"] == "s2gru"


def test_a_scenario_of_several_stores_is_named_once(store_3m: EpisodeStore, tmp_path: Path) -> None:
    collect(scenarios.get("3m"), tmp_path / "more.zarr", 3, "random", seed=2, workers=1, progress=False)
    stores, (model, training) = [store_3m, EpisodeStore.open(tmp_path / "more.zarr")], preset("debug", "lstm", 1)
    report = train(stores, model, training, seed=0, run=tmp_path / "run", progress=False)
    assert load(tmp_path / "run").describe()["trained_on"] == "3m"
    assert str(trained([report]).title).startswith("trained on 3m:")
    with pytest.raises(BadArgument, match="a training of lstm on 3m that differs"):
        train(stores, model, training, seed=1, run=tmp_path / "run", progress=False)


def test_runs_that_cannot_simulate_are_refused(store_2s3z: EpisodeStore, tmp_path: Path) -> None:
    with pytest.raises(CheckpointMissing):
        load(tmp_path / "nowhere")
    model, training = preset("debug", "lstm", updates=1, task="places")
    train([store_2s3z], model, training, seed=0, run=tmp_path / "places", progress=False)
    with pytest.raises(BadArgument, match="--task units"):
        load(tmp_path / "places")
