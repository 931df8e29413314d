"""Made once for all tests: a few real episodes, and a folder in which the README's commands were run."""

from pathlib import Path

import pytest
import torch

from collectors.collect import collect
from s2rm_sc2 import scenarios
from s2rm_sc2.store import EpisodeStore
from tests.commands import SMALLER, readme_blocks, shell
from worldmodel.config import preset
from worldmodel.train import train

torch.set_num_threads(1)  # the models here are tiny: a second thread only waits for the first


def _collected(folder: Path, name: str) -> EpisodeStore:
    path = folder / f"{name}.zarr"
    collect(scenarios.get(name), path, episodes=20, policy_name="mixture", seed=1, workers=1, progress=False)
    return EpisodeStore.open(path)


@pytest.fixture(scope="session")
def store_2s3z(tmp_path_factory: pytest.TempPathFactory) -> EpisodeStore:
    return _collected(tmp_path_factory.mktemp("data"), "2s3z")


@pytest.fixture(scope="session")
def store_3m(tmp_path_factory: pytest.TempPathFactory) -> EpisodeStore:
    return _collected(tmp_path_factory.mktemp("data"), "3m")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the README's chain of verbs was run."""
    folder = tmp_path_factory.mktemp("home")
    (chain,) = (block for block in readme_blocks("sh") if "s2rm-sc2" in block)
    for command in chain.strip().splitlines():
        for full, small in SMALLER.items():
            command = command.replace(full, small)
        done = shell(command, folder)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert done.stdout
    return folder


@pytest.fixture(scope="session")
def run_2s3z(store_2s3z: EpisodeStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run trained for a moment."""
    run = tmp_path_factory.mktemp("runs") / "first"
    model, training = preset("debug", "s2gru", updates=4)
    train([store_2s3z], model, training, seed=5, run=run, progress=False)
    return run
