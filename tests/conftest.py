"""A few real episodes of the embedded engine, collected once for all tests."""

from pathlib import Path

import pytest
import torch

from collectors.collect import collect
from s2rm_sc2 import scenarios
from s2rm_sc2.store import EpisodeStore

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
