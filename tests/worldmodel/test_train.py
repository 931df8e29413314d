import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from collectors.collect import collect
from s2rm_sc2 import scenarios
from s2rm_sc2.errors import BadArgument, StoreMissing, TrainingDiverged
from s2rm_sc2.store import EpisodeStore
from worldmodel import checkpoint
from worldmodel.config import TASKS, ModelConfig, TrainConfig, preset
from worldmodel.facts import runs_in, trained
from worldmodel.log import read_log
from worldmodel.models import MODELS, build
from worldmodel.s2rm import Modules
from worldmodel.session import learning_rate_share
from worldmodel.train import open_stores, train, train_seeds
from worldmodel.windows import draw_views

MODEL, TRAINING = preset("debug", "s2gru")
PLACES = preset("debug", "s2gru", task="places")[1]


def weights(run: Path) -> dict[str, torch.Tensor]:
    return checkpoint.load(run / checkpoint.LAST)[1]


def equal(first: Path, second: Path) -> bool:
    a, b = weights(first), weights(second)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def losses(run: Path) -> list[float]:
    return [line["loss"] for line in read_log(run)]


def tiny(name: str) -> tuple[ModelConfig, TrainConfig]:
    """A short training of a model, on places if it can be asked about them."""
    config = preset("debug", name)[0]
    task = "places" if build(config).answers_places else "units"
    return config, replace(preset("debug", name, updates=8, task=task)[1], horizon=0, evaluate_every=4)


@pytest.mark.parametrize("name", MODELS)
def test_training_lowers_the_loss_and_describes_itself(
    name: str, store_2s3z: EpisodeStore, store_3m: EpisodeStore, tmp_path: Path
) -> None:
    model, training = tiny(name)
    report = train([store_2s3z, store_3m], model, training, seed=0, run=tmp_path, device="cpu", progress=False)
    held_out = [line["held_out_loss"] for line in read_log(tmp_path) if "held_out_loss" in line]
    assert held_out[1] < held_out[0]
    assert report.best == min(held_out)
    loaded, info = checkpoint.load_checkpoint(tmp_path)
    assert loaded.name == name
    assert info.scenarios == ("2s3z", "3m")
    assert report.trained_on == "2s3z, 3m"
    assert replace(info, scenarios=("3m", "2s3z", "3m")).trained_on == "3m, 2s3z"
    assert info.stores == (("2s3z", store_2s3z.fingerprint()), ("3m", store_3m.fingerprint()))
    assert info.model == model
    assert (report.dead_modules is not None) == isinstance(loaded, Modules)


@pytest.mark.parametrize("task", TASKS)
def test_each_line_of_the_log_tells_what_the_update_was_like(task: str, store_3m: EpisodeStore, tmp_path: Path) -> None:
    model, training = preset("debug", "s2gru", updates=4, task=task)
    train([store_3m], model, replace(training, evaluate_every=2), 0, tmp_path, progress=False)
    lines = read_log(tmp_path)
    asked = ["units_loss", "places_loss"] if task == "both" else [f"{task}_loss"]
    assert [line["update"] for line in lines] == [1, 2, 3, 4]
    for line in lines:
        assert line["loss"] == pytest.approx(sum(line[part] for part in asked))
        assert min(line[name] for name in ("gradient_norm", "learning_rate", "updates_per_second")) > 0
        assert ("modules_per_token" in line) == ("held_out_loss" in line) == (line["update"] in (2, 4))
    assert lines[0]["seconds"] < lines[-1]["seconds"]
    dreams = 0 if task == "places" else training.horizon
    assert [line["dreamed"] for line in lines] == [0, 0, dreams, dreams]


def test_a_simulator_learns_single_steps_with_every_view(store_3m: EpisodeStore, tmp_path: Path) -> None:
    model, training = preset("debug", "s2gru", updates=4, simulator=True)
    train([store_3m], model, training, 0, tmp_path, progress=False)
    assert [line["dreamed"] for line in read_log(tmp_path)] == [0] * 4
    assert draw_views(torch.ones(50, 8, dtype=torch.bool), 3, training.keep_low, False, np.random.default_rng(0)).all()
    with pytest.raises(BadArgument, match="A simulator is asked about units, not about places"):
        preset("debug", "s2gru", task="places", simulator=True)
    longer, usual = (preset("small", "lstm", simulator=own)[1].updates or 0 for own in (True, False))
    assert longer > usual
    assert preset("small", "lstm", updates=7, simulator=True)[1].updates == 7
    assert preset("small", "lstm", minutes=2.0, simulator=True)[1].updates is None


def test_the_same_seed_trains_the_same_weights_and_another_seed_does_not(
    store_3m: EpisodeStore, tmp_path: Path
) -> None:
    for run, seed in (("a", 1), ("b", 1), ("c", 2)):
        train([store_3m], MODEL, replace(TRAINING, updates=2), seed, tmp_path / run, progress=False)
    assert (tmp_path / "a" / checkpoint.LAST).read_bytes() == (tmp_path / "b" / checkpoint.LAST).read_bytes()
    assert not equal(tmp_path / "a", tmp_path / "c")


def interrupt_at(update: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl-C while that update runs."""
    step, calls = torch.optim.AdamW.step, 0

    def interrupted(self: torch.optim.AdamW, closure: None = None) -> None:
        nonlocal calls
        calls += 1
        if calls == update:
            signal.raise_signal(signal.SIGINT)
        step(self, closure)

    monkeypatch.setattr(torch.optim.AdamW, "step", interrupted)


@pytest.mark.parametrize("name", ["s2gru", "lstm"])
@pytest.mark.parametrize("task", ["units", "places"])
def test_a_training_that_was_interrupted_continues_to_the_same_weights(
    name: str, task: str, store_3m: EpisodeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, training = preset("debug", name, updates=5, task=task)
    training = replace(training, evaluate_every=3, blink=True, symmetries=True)
    train([store_3m], model, training, 0, tmp_path / "whole", "cpu", progress=False)
    interrupt_at(4, monkeypatch)
    with pytest.raises(KeyboardInterrupt, match="4 updates and saved; continue with"):
        train([store_3m], model, training, 0, tmp_path / "parts", "cpu", progress=False)
    monkeypatch.undo()
    assert checkpoint.load(tmp_path / "parts" / checkpoint.LAST)[0].update == 4
    train([store_3m], model, training, 0, tmp_path / "parts", "cpu", progress=False)
    assert equal(tmp_path / "whole", tmp_path / "parts")
    assert losses(tmp_path / "whole") == losses(tmp_path / "parts")


def test_what_the_log_says_of_updates_after_the_last_checkpoint_is_done_again(
    store_3m: EpisodeStore, tmp_path: Path
) -> None:
    training = replace(TRAINING, updates=2)
    train([store_3m], MODEL, training, 0, tmp_path, progress=False)
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"update": 3, "loss": 9, "seconds": 1}\n{"update": 4, "lo')
    train([store_3m], MODEL, replace(training, updates=4), 0, tmp_path, progress=False)
    assert [line["update"] for line in read_log(tmp_path)] == [1, 2, 3, 4]
    assert losses(tmp_path)[2] != 9


def test_several_seeds_are_trained_in_one_call_and_only_the_unfinished_go_on(
    store_3m: EpisodeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = replace(TRAINING, updates=3)
    interrupt_at(5, monkeypatch)  # the second update of the second seed
    with pytest.raises(KeyboardInterrupt, match=f"--out {tmp_path / 'runs'} and"):
        train_seeds([store_3m], MODEL, training, [7, 2], tmp_path / "runs", progress=False)
    monkeypatch.undo()
    first = (tmp_path / "runs" / "seed7" / checkpoint.LAST).stat().st_mtime_ns
    reports = train_seeds([store_3m], MODEL, training, [7, 2], tmp_path / "runs", progress=False)
    assert [(report.seed, report.updates, report.run.name) for report in reports] == [(7, 3, "seed7"), (2, 3, "seed2")]
    assert (tmp_path / "runs" / "seed7" / checkpoint.LAST).stat().st_mtime_ns == first
    train([store_3m], MODEL, training, 2, tmp_path / "alone", progress=False)
    assert equal(tmp_path / "alone", tmp_path / "runs" / "seed2")
    assert sorted(run.name for run in runs_in(tmp_path / "runs")) == ["seed2", "seed7"]
    assert checkpoint.latest_run(tmp_path) in {report.run for report in reports} | {tmp_path / "alone"}
    assert trained(reports).row_count == 2


def test_a_training_by_minutes_ends_by_the_clock_and_its_schedules_follow_it(
    store_3m: EpisodeStore, tmp_path: Path
) -> None:
    model, training = preset("debug", "lstm", minutes=1 / 60)
    report = train([store_3m], model, training, 0, tmp_path, progress=False)
    lines = read_log(tmp_path)
    assert max(line["seconds"] for line in lines[:-1]) < 1 <= lines[-1]["seconds"]
    assert "held_out_loss" in lines[-1]
    assert [line["dreamed"] > 0 for line in lines] == sorted(line["dreamed"] > 0 for line in lines)
    rates = [line["learning_rate"] for line in lines]
    assert max(rates) > 10 * rates[-1]
    assert train([store_3m], model, training, 0, tmp_path, progress=False).updates == report.updates == len(lines)


def test_the_learning_rate_rises_and_falls_over_the_share_of_the_training_that_is_done() -> None:
    assert [round(learning_rate_share(done), 3) for done in (0, 0.01, 0.02, 0.51, 1)] == [0.02, 0.51, 1, 0.51, 0.02]
    assert TrainConfig(updates=10).done(5, seconds=1e9) == 0.5
    assert TrainConfig(updates=None, minutes=2).done(10**9, seconds=30) == 0.25


def test_presets_know_the_task() -> None:
    units, places = preset("small", "lstm")[1], preset("small", "lstm", task="places")[1]
    assert (units.blink, units.symmetries, units.warmup, units.horizon) == (False, False, 10, 4)
    assert (places.blink, places.symmetries, places.warmup, places.horizon) == (True, True, 16, 0)
    for wrong in ({"task": "maps"}, {"updates": 0}, {"minutes": 0.0}, {"updates": 3, "minutes": 1.0}):
        with pytest.raises(BadArgument):
            preset("small", "lstm", **wrong)


def test_a_memory_per_unit_is_not_asked_about_places(store_3m: EpisodeStore, tmp_path: Path) -> None:
    for name in (name for name in MODELS if not build(preset("debug", name)[0]).answers_places):
        with pytest.raises(BadArgument, match="--task units"):
            train([store_3m], preset("debug", name)[0], PLACES, 0, tmp_path / "run", progress=False)
        assert not (tmp_path / "run").exists()


def test_tensorboard_that_is_not_installed_is_said_before_anything_is_done(
    store_3m: EpisodeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(BadArgument, match=r"s2rm-sc2\[tensorboard\]"):
        train([store_3m], MODEL, TRAINING, 0, tmp_path / "run", tensorboard=True, progress=False)
    assert not (tmp_path / "run").exists()


def test_tensorboard_gets_the_figures(store_3m: EpisodeStore, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    train([store_3m], MODEL, replace(TRAINING, updates=2), 0, tmp_path, tensorboard=True, progress=False)
    (events,) = (tmp_path / "tensorboard").iterdir()
    assert b"held_out_loss" in events.read_bytes()


def test_a_diverged_training_names_where_its_batch_is_from(store_3m: EpisodeStore, tmp_path: Path) -> None:
    wild = replace(TRAINING, learning_rate=1e38, updates=5)
    with pytest.raises(
        TrainingDiverged, match=r"update \d .* start at 3m episode \d+ row \d+, .* lower the learning rate"
    ):
        train([store_3m], MODEL, wild, 0, tmp_path, progress=False)


@pytest.mark.parametrize("every", [1, 5])
def test_a_diverged_training_saves_nothing_that_is_ruined(every: int, store_3m: EpisodeStore, tmp_path: Path) -> None:
    wild = replace(TRAINING, learning_rate=1e38, updates=5, evaluate_every=every)
    with pytest.raises(TrainingDiverged, match="No checkpoint had been saved"):
        train([store_3m], MODEL, wild, 0, tmp_path, progress=False)
    assert not list(tmp_path.glob("*.safetensors"))


def test_a_run_is_not_continued_with_other_settings(store_3m: EpisodeStore, tmp_path: Path) -> None:
    training = replace(TRAINING, updates=2)
    train([store_3m], MODEL, training, 0, tmp_path, progress=False)
    other = replace(training, blink=True, batch=5, updates=1)
    said = r"differs in training settings \(batch, blink\) and seed and number of updates \(2 done, 1 asked for\); give"
    with pytest.raises(BadArgument, match=said):
        train([store_3m], MODEL, other, 1, tmp_path, progress=False)


def test_training_without_data_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="s2rm-sc2 collect"):
        open_stores([tmp_path])


def test_test_episodes_are_never_trained_on(tmp_path: Path) -> None:
    path = tmp_path / "3m.zarr"
    collect(scenarios.get("3m"), path, episodes=1, purpose="evaluation", progress=False)
    with pytest.raises(BadArgument, match="'evaluation'"):
        open_stores([tmp_path])


def test_a_store_named_twice_counts_once(store_3m: EpisodeStore) -> None:
    assert len(open_stores([store_3m.path, store_3m.path.parent])) == 1


def test_a_folder_with_other_things_in_it_is_left_alone(store_3m: EpisodeStore, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("mine")
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(BadArgument, match="holds no training"):
        train([store_3m], MODEL, TRAINING, 0, tmp_path, progress=False)
    assert (tmp_path / "log.jsonl").read_text() == "mine"
