import json
import pickle
import resource
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from s2rm_sc2.errors import CheckpointBroken, CheckpointMissing, S2rmError
from s2rm_sc2.store import EpisodeStore
from worldmodel import checkpoint
from worldmodel.config import preset
from worldmodel.train import train

MODEL, TRAINING = preset("debug", "s2gru")


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


def rewritten(path: Path, change: Callable[[dict[str, Any]], object], folder: Path) -> Path:
    """The checkpoint with another header."""
    header = json.loads(checkpoint_metadata(path))
    change(header)
    out = folder / "rewritten.safetensors"
    save_file(load_file(path), out, {"s2rm_sc2": json.dumps(header)})
    return out


def checkpoint_metadata(path: Path) -> str:
    length = int.from_bytes(path.read_bytes()[:8], "little")
    text: str = json.loads(path.read_bytes()[8 : 8 + length])["__metadata__"]["s2rm_sc2"]
    return text


STRANGE: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "an unknown model": (lambda header: header["model"].update(name="gpt"), "gpt"),
    "a model's size in words": (lambda header: header["model"].update(width="wide"), "width"),
    "a size that is true": (lambda header: header["model"].update(layers=True), "layers"),
    "an absurd size": (lambda header: header["model"].update(width=10**12), "do not fit"),
    "an absurd number of layers": (lambda header: header["model"].update(layers=10**9), "do not fit"),
    "a large size": (lambda header: header["model"].update(hidden=4000), "do not fit"),
    "a negative size": (lambda header: header["model"].update(modules=-8), "do not fit"),
    "heads that do not fit": (lambda header: header["model"].update(heads=3), "do not fit"),
    "a size too few": (lambda header: header["model"].pop("width"), "fields"),
    "a field too many": (lambda header: header.update(run="rm -rf"), "fields"),
    "no seed": (lambda header: header.update(seed=None), "seed"),
    "a nested list": (lambda header: header.update(scenarios=[["3m"]]), "scenarios"),
    "half a store": (lambda header: header.update(stores=[["3m"]]), "stores"),
    "a metric that is no number": (lambda header: header.update(metrics={"best_held_out_loss": "low"}), "metrics"),
    "no versions": (lambda header: header.update(versions=[]), "cannot be read"),
    "another task": (lambda header: header["training"].update(task="harm"), "task"),
    "an older format": (lambda header: header.update(format=1), "another format than 3"),
    "another view": (lambda header: header["versions"].update(entity_view="0"), "entity view version 0"),
}


@pytest.fixture(scope="module")
def trained_run(store_3m: EpisodeStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("trained")
    train([store_3m], MODEL, replace(TRAINING, updates=2), 0, run, progress=False)
    return run


@pytest.mark.parametrize("what", STRANGE)
def test_a_header_that_was_tampered_with_is_refused(what: str, trained_run: Path, tmp_path: Path) -> None:
    change, said = STRANGE[what]
    path = rewritten(trained_run / checkpoint.BEST, change, tmp_path)
    with pytest.raises(CheckpointBroken, match=said) as caught:
        checkpoint.load_checkpoint(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("header", ["[]", "3", "null", "[" * 100_000, "{}", '{"format": 2}', "{"])
def test_a_header_that_is_no_description_is_refused(header: str, trained_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file(load_file(trained_run / checkpoint.BEST), path, {"s2rm_sc2": header})
    with pytest.raises(CheckpointBroken):
        checkpoint.load_checkpoint(path)


@pytest.mark.parametrize(
    "name",
    ["optimizer/0/exp_avg", "optimizer/999/exp_avg", "optimizer/first/step", "optimizer/0/momentum", "optimizer/0"],
)
def test_a_strange_optimizer_state_is_refused(
    name: str, trained_run: Path, store_3m: EpisodeStore, tmp_path: Path
) -> None:
    last = trained_run / checkpoint.LAST
    tensors = {**load_file(last), name: torch.ones(3)}
    save_file(tensors, tmp_path / checkpoint.LAST, {"s2rm_sc2": checkpoint_metadata(last)})
    with pytest.raises(CheckpointBroken, match="optimiser"):
        train([store_3m], MODEL, replace(TRAINING, updates=4), 0, tmp_path, progress=False)


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
