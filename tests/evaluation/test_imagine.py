from dataclasses import fields
from pathlib import Path

import pytest
import torch
from PIL import Image

from collectors.plan import remaining
from collectors.policies import policy
from collectors.rollout import play, settings_of
from evaluation.imagine import PURPOSE, imagine, orders_of
from evaluation.watch import tables_of
from s2rm_sc2.actions import FIRST_TARGET, NO_OP, STOP, WEST
from s2rm_sc2.backends.learned import LearnedBackend
from s2rm_sc2.backends.starts import Start
from s2rm_sc2.errors import BadArgument, ScenarioUnsupported
from s2rm_sc2.scenarios import get
from worldmodel.simulator import load


def test_it_draws_and_measures_how_a_dream_leaves_the_battle(run_2s3z: Path, tmp_path: Path) -> None:
    found = imagine(run_2s3z, get("2s3z"), "scripted", 1, tmp_path / "a", battles=3, steps=12)
    again = imagine(run_2s3z, get("2s3z"), "scripted", 1, tmp_path / "b", battles=3, steps=12)
    assert [path.name for path in found.pictures] == ["imagined.gif", "imagined.png", "drift.png"]
    for one, other in zip(found.pictures, again.pictures, strict=True):
        assert one.read_bytes() == other.read_bytes()
    with Image.open(found.pictures[0]) as film:
        assert getattr(film, "n_frames", 1) == 13
    drift = found.drift
    assert {len(getattr(drift, field.name)) for field in fields(drift)} == {12}
    assert drift.battles == [3] * 12
    assert drift.points[0] < drift.points[-1]
    assert found.bounds.unit_steps > 0
    printed = [column.header for table in found.tables() for column in table.columns]
    assert "position" in printed
    assert "acted" in printed


def test_losses_are_measured_against_the_real_battle(run_2s3z: Path, tmp_path: Path) -> None:
    scenario, player = get("2s3z"), policy("scripted")
    drift = imagine(run_2s3z, scenario, "scripted", 2, tmp_path, battles=1, steps=25).drift
    settings = settings_of(scenario, player, 2, PURPOSE)
    (episode,) = play(settings, player, remaining(0, 1, 2, PURPOSE, scenario.name))
    points = tables_of(episode).health + tables_of(episode).shield
    assert drift.unhurt == pytest.approx([float((points[k] - points[0]).abs().mean()) for k in range(1, 26)], abs=1e-3)
    assert drift.unhurt[-1] > 5.0


def test_standing_still_is_measured_against_the_real_battle(run_2s3z: Path, tmp_path: Path) -> None:
    scenario, player = get("2s3z"), policy("scripted")
    drift = imagine(run_2s3z, scenario, "scripted", 2, tmp_path, battles=1, steps=1).drift
    settings = settings_of(scenario, player, 2, PURPOSE)
    (episode,) = play(settings, player, remaining(0, 1, 2, PURPOSE, scenario.name))
    x, y = (torch.from_numpy(episode.units[name].astype("float32")) for name in ("x", "y"))
    assert drift.standing[0] == pytest.approx(float(torch.hypot(x[1] - x[0], y[1] - y[0]).mean()), abs=1e-5)


def test_the_dream_is_told_the_real_actions_step_by_step(run_2s3z: Path, tmp_path: Path) -> None:
    scenario, player = get("2s3z"), policy("scripted")
    drift = imagine(run_2s3z, scenario, "scripted", 2, tmp_path, battles=1, steps=4, sampled=False).drift
    settings = settings_of(scenario, player, 2, PURPOSE)
    (episode,) = play(settings, player, remaining(0, 1, 2, PURPOSE, scenario.name))
    real, actions = tables_of(episode), torch.from_numpy(episode.action.astype("int64"))
    start = Start(real.map(lambda field: field[None, :1]), actions[None, :0], torch.ones(1, 0, dtype=torch.bool))
    backend = LearnedBackend(scenario, 1, load(run_2s3z), sampled=False)
    backend.begin(start, [0])
    for step in range(4):
        backend.step(actions[step][None])
        apart = torch.hypot(backend.units.x[0] - real.x[step + 1], backend.units.y[0] - real.y[step + 1])
        assert drift.position[step] == pytest.approx(float(apart.mean()), abs=1e-4)


def test_who_has_died_in_the_battle_attacks_on_in_its_dream_or_stops_but_does_not_walk_off() -> None:
    actions = torch.tensor([[WEST, FIRST_TARGET, WEST], [NO_OP, NO_OP, WEST], [NO_OP, NO_OP, STOP]])
    assert orders_of(actions).tolist() == [
        [WEST, FIRST_TARGET, WEST],
        [STOP, FIRST_TARGET, WEST],
        [STOP, FIRST_TARGET, STOP],
    ]


def test_a_dream_may_begin_in_the_midst_and_ends_with_the_battle(run_2s3z: Path, tmp_path: Path) -> None:
    midst = imagine(run_2s3z, get("1s1z"), "scripted", 1, tmp_path, battles=4, steps=500, begin=10, sampled=False)
    assert midst.drift.battles[0] == 4
    assert 1 <= midst.drift.battles[-1] < 4
    assert sorted(midst.drift.battles, reverse=True) == midst.drift.battles


def test_bad_input_is_named(run_2s3z: Path, tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="--battles must be at least 1"):
        imagine(run_2s3z, get("2s3z"), "scripted", 0, tmp_path, battles=0)
    with pytest.raises(BadArgument, match="lasts until --begin 4000"):
        imagine(run_2s3z, get("2s3z"), "scripted", 0, tmp_path, battles=1, begin=4000)
    with pytest.raises(ScenarioUnsupported, match="marine, which this model"):
        imagine(run_2s3z, get("3m"), "scripted", 0, tmp_path)
    assert not any(tmp_path.iterdir())
