import json
import pickle
import resource
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from collectors.collect import collect
from s2rm_sc2 import scenarios
from s2rm_sc2.errors import BadArgument, CheckpointBroken, CheckpointMissing, S2rmError, StoreMissing
from s2rm_sc2.store import EpisodeStore
from worldmodel import checkpoint
from worldmodel.config import MODEL_NAMES, preset
from worldmodel.train import open_stores, train

MODEL, TRAINING = preset("debug", "s2gru")


def weights(run: Path) -> dict[str, torch.Tensor]:
    return checkpoint.load(run / checkpoint.LAST)[1]


def equal(first: Path, second: Path) -> bool:
    a, b = weights(first), weights(second)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def losses(run: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (run / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_training_lowers_the_loss_and_describes_itself(
    name: str, store_2s3z: EpisodeStore, store_3m: EpisodeStore, tmp_path: Path
) -> None:
    model, training = preset("debug", name, updates=80)
    report = train([store_2s3z, store_3m], model, training, seed=0, run=tmp_path, progress=False)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    held_out = [line["held_out_loss"] for line in lines if "held_out_loss" in line]
    assert held_out[-1] < 0.98 * held_out[0]
    assert report.best == min(held_out)
    loaded, info = checkpoint.load_checkpoint(tmp_path)
    assert loaded.name == name
    assert info.scenarios == report.scenarios == ("2s3z", "3m")
    assert info.stores == (("2s3z", store_2s3z.fingerprint()), ("3m", store_3m.fingerprint()))
    assert info.model == model


def test_the_same_seed_trains_the_same_weights_and_another_seed_does_not(
    store_3m: EpisodeStore, tmp_path: Path
) -> None:
    for run, seed in (("a", 1), ("b", 1), ("c", 2)):
        train([store_3m], MODEL, replace(TRAINING, updates=4), seed, tmp_path / run, progress=False)
    assert (tmp_path / "a" / checkpoint.LAST).read_bytes() == (tmp_path / "b" / checkpoint.LAST).read_bytes()
    assert not equal(tmp_path / "a", tmp_path / "c")


def test_a_training_that_was_interrupted_continues_to_the_same_weights(
    store_3m: EpisodeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = replace(TRAINING, updates=12, evaluate_every=5)
    train([store_3m], MODEL, training, 0, tmp_path / "whole", progress=False)

    step, calls = torch.optim.AdamW.step, 0

    def interrupted(self: torch.optim.AdamW, closure: None = None) -> None:
        nonlocal calls
        calls += 1
        if calls == 8:
            signal.raise_signal(signal.SIGINT)
        step(self, closure)

    monkeypatch.setattr(torch.optim.AdamW, "step", interrupted)
    with pytest.raises(KeyboardInterrupt, match="8 updates and saved; continue with --out"):
        train([store_3m], MODEL, training, 0, tmp_path / "parts", progress=False)
    monkeypatch.undo()
    assert checkpoint.load(tmp_path / "parts" / checkpoint.LAST)[0].update == 8
    train([store_3m], MODEL, training, 0, tmp_path / "parts", progress=False)
    assert equal(tmp_path / "whole", tmp_path / "parts")
    assert losses(tmp_path / "whole") == losses(tmp_path / "parts")


def test_a_run_is_not_continued_with_other_settings(store_3m: EpisodeStore, tmp_path: Path) -> None:
    training = replace(TRAINING, updates=2)
    train([store_3m], MODEL, training, 0, tmp_path, progress=False)
    with pytest.raises(BadArgument, match="another seed; give the options it was begun with"):
        train([store_3m], MODEL, training, 1, tmp_path, progress=False)


def test_a_checkpoint_comes_back_as_it_was_saved(store_3m: EpisodeStore, tmp_path: Path) -> None:
    train([store_3m], MODEL, replace(TRAINING, updates=2), 0, tmp_path, progress=False)
    loaded, info = checkpoint.load_checkpoint(tmp_path)
    checkpoint.save(tmp_path / "again.safetensors", loaded, info)
    again, info_again = checkpoint.load_checkpoint(tmp_path / "again.safetensors")
    assert info == info_again
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), again.parameters(), strict=True))


def test_broken_checkpoints_are_refused_and_nothing_in_them_runs(store_3m: EpisodeStore, tmp_path: Path) -> None:
    train([store_3m], MODEL, replace(TRAINING, updates=2), 0, tmp_path / "run", progress=False)
    whole = (tmp_path / "run" / checkpoint.BEST).read_bytes()

    class Malice:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "harmed",)  # type: ignore[return-value]

    broken = {
        "half": whole[: len(whole) // 2],
        "head": whole[:20],
        "empty": b"",
        "noise": bytes(range(256)) * 10,
        "pickle": pickle.dumps(Malice()),
    }
    for name, content in broken.items():
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(content)
        with pytest.raises(CheckpointBroken) as caught:
            checkpoint.load_checkpoint(path)
        assert str(path) in str(caught.value)
        assert isinstance(caught.value, S2rmError)
    assert not (tmp_path / "harmed").exists()
    with pytest.raises(CheckpointMissing, match="train one first"):
        checkpoint.load_checkpoint(tmp_path / "nowhere")


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


def test_a_full_disk_keeps_the_checkpoint_that_was_there(store_3m: EpisodeStore, tmp_path: Path) -> None:
    train([store_3m], MODEL, replace(TRAINING, updates=2), 0, tmp_path, progress=False)
    before = (tmp_path / checkpoint.LAST).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            train([store_3m], MODEL, replace(TRAINING, updates=4), 0, tmp_path, progress=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / checkpoint.LAST).read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))
    train([store_3m], MODEL, replace(TRAINING, updates=4), 0, tmp_path, progress=False)
    assert checkpoint.load(tmp_path / checkpoint.LAST)[0].update == 4
