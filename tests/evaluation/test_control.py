"""Policies trained in dreams and in the engine: what a comparison holds, what it costs, and that it goes on exactly."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("torchrl", reason="TorchRL, of the extra `marl`, is not installed", exc_type=ImportError)

from evaluation.control import saved
from evaluation.control.experiment import Plan, control
from evaluation.control.growth import Dyna
from evaluation.control.learner import learner
from evaluation.control.networks import drawn
from evaluation.control.outcome import DREAM, EQUAL, SAME
from evaluation.control.player import load, playing
from evaluation.control.settings import ALGORITHMS, Algorithm, Settings
from evaluation.control.training import LAST, POLICY, Task, Training
from evaluation.strength import strength
from s2rm_sc2.backends.learned import LearnedBackend
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument, CheckpointBroken
from s2rm_sc2.scenarios import get
from s2rm_sc2.store import EpisodeStore
from tests.dreams import simulator
from worldmodel.checkpoint import BEST, digest, load_checkpoint
from worldmodel.log import read_log

SCENARIO = get("2s3z")
TINY = Settings(battles=8, rollout=16, stage=3, width=8, epochs=2, parts=2, batch=16, draws=2)


def task(algorithm: Algorithm = "mappo", stages: int = 2, **changes: object) -> Task:
    settings = replace(TINY, algorithm=algorithm)
    wanted = Task(SCENARIO, DREAM, stages * settings.steps, 0, settings, looks=2, origin={})
    return replace(wanted, **changes)  # type: ignore[arg-type]


def dreamt() -> BatchedBattles:
    return BatchedBattles(SCENARIO, TINY.battles, LearnedBackend(SCENARIO, TINY.battles, simulator()))


def finished(folder: Path, algorithm: Algorithm, together: bool) -> bytes:
    """The policy of a training in a dream, taken up anew after every stage, or not."""
    training = Training(task(algorithm), dreamt, folder)
    while not training.over:
        training.step()
        if not together:
            training = Training(task(algorithm), dreamt, folder)
    return (folder / POLICY).read_bytes()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_training_that_is_taken_up_ends_in_the_same_bytes(algorithm: Algorithm, tmp_path: Path) -> None:
    whole = finished(tmp_path / "whole", algorithm, together=True)
    assert finished(tmp_path / "parts", algorithm, together=False) == whole
    fresh = learner(BatchedBattles(SCENARIO, 1), replace(TINY, algorithm=algorithm), 0).agents
    learned = load(tmp_path / "whole" / POLICY, SCENARIO).network
    assert learned is not None
    assert any(not torch.equal(a, b) for a, b in zip(fresh.parameters(), learned.parameters(), strict=True))


def test_a_training_goes_on_only_as_it_was_begun(tmp_path: Path) -> None:
    Training(task(), dreamt, tmp_path).step()
    with pytest.raises(BadArgument, match="differs in seed, width"):
        Training(task(seed=1, settings=replace(TINY, width=16)), dreamt, tmp_path)
    content = (tmp_path / LAST).read_bytes()
    (tmp_path / LAST).write_bytes(content[: len(content) // 2])
    with pytest.raises(CheckpointBroken):
        Training(task(), dreamt, tmp_path)


def test_a_policy_plays_only_what_it_was_trained_for(tmp_path: Path) -> None:
    training = Training(task(stages=1), dreamt, tmp_path)
    training.step()
    with pytest.raises(BadArgument, match="plays 2s3z, not 3m"):
        load(tmp_path / POLICY, get("3m"))
    header, tensors = saved.read(tmp_path / POLICY)
    saved.write(tmp_path / POLICY, {name: value[..., :1].contiguous() for name, value in tensors.items()}, header)
    with pytest.raises(CheckpointBroken):
        load(tmp_path / POLICY, SCENARIO)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("extreme", [0.0, None, 1.0 - 2**-53])
def test_a_policy_never_does_what_it_cannot(share: float, extreme: float | None) -> None:
    battles, rng = BatchedBattles(SCENARIO, 8), np.random.default_rng(0)
    battles.reset(range(8))
    player = playing(learner(battles, TINY, 0).agents)
    epsilon = torch.full((8,), share, dtype=torch.float64)
    for _ in range(40):
        draws = rng.random((8, 2, 5)) if extreme is None else np.full((8, 2, 5), extreme)
        battles.step(player.act(battles, ["learned"] * 8, epsilon, torch.from_numpy(draws)))  # raises if it does


def test_actions_are_drawn_by_their_probabilities() -> None:
    likely = torch.tensor([0.0, 0.2, 0.0, 0.8, 0.0]).expand(10_000, 5)
    numbers = torch.linspace(0, 1, 10_001)[:-1]
    counts = drawn(likely, numbers).bincount(minlength=5)
    assert counts.tolist() == pytest.approx([0, 2000, 0, 8000, 0], abs=2)
    assert drawn(likely[:2], torch.tensor([0.0, 1.0])).tolist() == [1, 3]


def test_a_policy_learns_to_win_and_is_seen_to(tmp_path: Path) -> None:
    scenario = get("2s_vs_1z")
    settings = Settings(battles=16, rollout=16, stage=8, width=32, rate=3e-3)
    wanted = Task(scenario, SAME, 8_000, 0, settings, looks=16, origin={})
    training = Training(wanted, partial(BatchedBattles, scenario, settings.battles), tmp_path)
    before = training.judged(32, "control")
    while not training.over:
        training.step()
    after = strength(scenario, load(tmp_path / POLICY, scenario), 32, 0, "control")
    assert before.rate < 0.5 < 0.8 < after.rate
    assert after.mean_return > 18
    assert [point.steps for point in training.curve] == [2048, 4096, 6144, 8192]
    assert training.curve[-1].won > 0.8


@pytest.fixture(scope="module")
def plan(store_2s3z: EpisodeStore, run_2s3z: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    out, data = tmp_path_factory.mktemp("control"), (store_2s3z.path,)
    return Plan(run_2s3z, SCENARIO, out, TINY, steps=700, seeds=(0, 1), episodes=4, looks=2, data=data)


def test_every_arm_is_trained_judged_and_counted(plan: Plan, store_2s3z: EpisodeStore) -> None:
    held, stage = store_2s3z.n_steps, TINY.steps
    found = control(plan, progress=False)
    lines = {line.arm: line for line in found.lines}
    assert list(lines) == ["dream", "real-equal", "real-same", "focus", "kite", "random"]
    assert (lines[DREAM].real_steps, lines[DREAM].dream_steps) == (held, 2 * stage)
    assert (lines[EQUAL].real_steps, lines[EQUAL].dream_steps) == (-(-held // stage) * stage, 0)
    assert (lines[SAME].real_steps, lines[SAME].dream_steps) == (2 * stage, 0)
    assert [line.seeds for line in found.lines] == [2, 2, 2, 1, 1, 1]
    assert all(0 <= line.low <= line.won <= line.high <= 1 for line in found.lines)
    assert found.picture.stat().st_size > 10_000
    assert "| dream | 2 |" in (plan.out / "control.md").read_text()
    file = json.loads((plan.out / "control.json").read_text())
    about = file["about"]
    assert (about["run"], about["checkpoint"]) == (str(plan.run), digest(plan.run / BEST))
    assert (about["steps asked for"], about["steps of the model's data"]) == (700, held)
    assert about["these steps were"] == "counted in its stores"
    assert lines[DREAM].model_seconds == read_log(plan.run)[-1]["seconds"] > 0
    assert lines[EQUAL].model_seconds == lines[SAME].model_seconds == 0
    for row in file["results"]:
        assert (row["bounds"] is not None) == (row["arm"] == DREAM)
        assert row["arm"] != DREAM or row["bounds"]["unit_steps"] > 2 * stage  # of several units that live
    trained = {path: path.stat().st_mtime_ns for path in plan.out.glob("*/*.safetensors")}
    assert len(trained) == 12
    again = control(plan, progress=False)
    assert again.lines == found.lines
    assert {path: path.stat().st_mtime_ns for path in trained} == trained


def test_the_models_steps_must_be_known(plan: Plan, store_3m: EpisodeStore, tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="--real-steps"):
        control(replace(plan, data=(store_3m.path,), out=tmp_path), progress=False)
    said = control(replace(plan, data=(), out=tmp_path, real_steps=7, arms=("dream",), seeds=(0,)), progress=False)
    assert [line.real_steps for line in said.lines] == [7]
    assert "these steps were: given with --real-steps" in (tmp_path / "control.md").read_text()
    grown = replace(plan, data=(store_3m.path,), real_steps=7, dyna=Dyna(2))
    with pytest.raises(BadArgument, match="--data") as problem:
        control(grown, progress=False)
    assert "--real-steps" not in str(problem.value)  # a model can only grow with what it was trained on


@pytest.mark.parametrize("number", [0, -3])
def test_numbers_below_one_are_refused_by_the_name_of_their_option(number: int, plan: Plan, tmp_path: Path) -> None:
    plan = replace(plan, out=tmp_path / "out")
    wrong = {
        "steps": replace(plan, steps=number),
        "episodes": replace(plan, episodes=number),
        "real-steps": replace(plan, real_steps=number),
        "iterations": replace(plan, dyna=Dyna(number)),
        "collect-episodes": replace(plan, dyna=Dyna(2, episodes=number)),
        "updates": replace(plan, dyna=Dyna(2, updates=number)),
    }
    for option, asked in wrong.items():
        with pytest.raises(BadArgument, match=f"--{option} is {number}; give at least 1"):
            control(asked, progress=False)
    assert not plan.out.exists()


def test_model_and_data_grow_with_the_policy(plan: Plan, store_2s3z: EpisodeStore, tmp_path: Path) -> None:
    grown = replace(plan, out=tmp_path, seeds=(0,), arms=("dream",), dyna=Dyna(2, episodes=3, updates=2))
    (line,) = control(grown, progress=False).lines
    part = tmp_path / "dream-seed0" / "iteration1"
    collected = EpisodeStore.open(part / "2s3z.zarr")
    assert collected.n_episodes == 3
    assert collected.attributes["policy"] == "learned"
    assert line.real_steps == store_2s3z.n_steps + collected.n_steps
    assert line.dream_steps == 2 * TINY.steps
    info = load_checkpoint(part / "model")[1]
    assert info.update == load_checkpoint(plan.run)[1].update + 2
    assert [mark for _, mark in info.stores] == [store_2s3z.fingerprint(), collected.fingerprint()]
    taken = [saved.read(part.parent / f"iteration{number}" / LAST)[1]["optimizer/0/step"] for number in (0, 1)]
    assert taken[1] == 2 * taken[0] > 0  # the policy went on, and did not begin anew
    (again,) = control(grown, progress=False).lines
    assert again == line
