"""The scripts in examples/ run, at the size of seconds, in a dream of a run that was trained for a moment."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from s2rm_sc2.store import EpisodeStore
from worldmodel.config import preset
from worldmodel.train import train

ROOT = Path(__file__).parent.parent
NEEDS = {"pymarl_loop": "numpy", "torchrl_mappo": "torchrl", "rllib_ppo": "ray"}


@pytest.fixture(scope="module")
def run(store_3m: EpisodeStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    model, training = preset("debug", "s2gru", updates=2)
    train([store_3m], model, training, seed=0, run=folder, progress=False)
    return folder


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "examples").glob("*.py")))
def test_an_example_runs(name: str, run: Path, tmp_path: Path) -> None:
    if find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    command = [sys.executable, str(ROOT / "examples" / f"{name}.py"), str(run), "3m", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("[") >= 1
