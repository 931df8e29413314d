from pathlib import Path

import pytest

from s2rm_sc2.store import EpisodeStore
from worldmodel.config import preset
from worldmodel.train import train


@pytest.fixture(scope="session")
def run_2s3z(store_2s3z: EpisodeStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run trained for a moment."""
    run = tmp_path_factory.mktemp("runs") / "first"
    model, training = preset("debug", "s2gru", updates=4)
    train([store_2s3z], model, training, seed=5, run=run, progress=False)
    return run
