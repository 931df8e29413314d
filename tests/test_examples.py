"""The scripts in examples/ run, at the size of seconds, in a dream of a run that was trained for a moment.

They need the extra ``examples``, which is part of ``dev``: without it these tests fail.
"""

import re
import subprocess
import sys
from math import isfinite
from pathlib import Path

import pytest

from s2rm_sc2.store import EpisodeStore
from worldmodel.config import preset
from worldmodel.train import train

ROOT = Path(__file__).parent.parent
SAID = {
    "pymarl_loop": ["returns of dreamt episodes"],
    "skrl_mappo": ["mean reward of a step, update by update", "the critic's loss"],
    "torchrl_mappo": ["mean reward of a step, batch by batch"],
}
"""What each of them prints figures of."""

ROUNDS = 2


@pytest.fixture(scope="module")
def run(store_3m: EpisodeStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    model, training = preset("debug", "s2gru", updates=2)
    train([store_3m], model, training, seed=0, run=folder, progress=False)
    return folder


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "examples").glob("*.py")))
def test_an_example_plays_and_learns(name: str, run: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "examples" / f"{name}.py"), str(run), "3m", str(ROUNDS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    found = {what: numbers.split(", ") for what, numbers in re.findall(r"^(.*): \[(.*)\]$", done.stdout, re.MULTILINE)}
    assert list(found) == SAID[name], done.stdout
    for what, numbers in found.items():
        assert len(numbers) == ROUNDS, what
        assert all(isfinite(float(number)) for number in numbers), f"{what}: {numbers}"
