"""`python -m benchmarks.faults`: a small run keeps every promise, and a promise that is broken is noticed."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faults import ATTACH, SMAC, START, Ordeal, endure, left_behind, miscounted, unwhole
from collectors.venue import Incidents
from s2rm_sc2.standin import faults
from s2rm_sc2.starcraft.installed import VARIABLE
from s2rm_sc2.store import EpisodeStore
from tests.s2rm_sc2.oxwhirl import needs_smac
from tests.s2rm_sc2.whole import check_whole

SMALL: dict[str, Any] = {"episodes": 6, "workers": 1, "scenario": "3m,limit=12"}

NO_HANG = 168
"""Draws faults of games that start, play and are closed, none of which costs the time limit: that has to be long."""


@pytest.mark.parametrize(
    "ordeal",
    [
        Ordeal(ways=(ATTACH,), faults=15, timeout=1, steps=60, **SMALL),
        Ordeal(ways=(START,), faults=4, timeout=60, steps=30, seed=NO_HANG, **SMALL),
        pytest.param(Ordeal(ways=(SMAC,), faults=4, timeout=60, steps=30, seed=NO_HANG, **SMALL), marks=needs_smac),
    ],
    ids=lambda ordeal: ordeal.ways[0],
)
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # pysc2's, where the first ping fails
def test_a_collection_gets_all_it_asked_for_whatever_fails_and_leaves_nothing(
    ordeal: Ordeal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for variable in (VARIABLE, "TMPDIR", faults.VARIABLE):
        monkeypatch.setenv(variable, str(tmp_path))  # to be put back as it was, in the end
    outcome = endure(ordeal, tmp_path)
    assert not outcome.broken
    check_whole(EpisodeStore.open(tmp_path / "store.zarr"))


def test_a_broken_promise_is_noticed(store_3m: EpisodeStore, tmp_path: Path) -> None:
    failures = Counter({"action: lost": 2, "debug: refused": 3, "step: lost": 1})
    assert not miscounted(9, Incidents(failures, 2), START, 3)
    assert "10 games were begun, 6 counted as failed, and 3 closed" in miscounted(10, Incidents(failures, 2), START, 3)
    assert "8 games were begun" in miscounted(8, Incidents(failures, 2), START, 3)[0]
    assert not miscounted(9, Incidents(failures + Counter({"start: ConnectError": 1}), 2), START, 3)
    assert "1 episodes were discarded, of which 2 to 3" in "".join(miscounted(9, Incidents(failures, 1), START, 3))
    assert "4 episodes were discarded, of which 2 to 3" in "".join(miscounted(9, Incidents(failures, 4), START, 3))
    assert unwhole(store_3m, store_3m.n_episodes) == []
    assert unwhole(store_3m, 21) == ["the store holds 20 episodes of 21"]
    (tmp_path / "tmp/sc-1").mkdir(parents=True)
    sleeper = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)", f"{tmp_path}/sc2/program"]
    with subprocess.Popen(sleeper, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        left = left_behind(tmp_path)
        process.kill()
    assert [words.split()[-1] for words in left] == ["left", "left"]
    assert str(process.pid) in left[0]
