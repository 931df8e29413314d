"""Stores of drawn teams and of fields: collected, read back, and cut into windows for training."""

from pathlib import Path

import numpy as np
import pytest

from collectors.collect import collect
from s2rm_sc2 import scenarios
from s2rm_sc2.store import EpisodeStore
from worldmodel.windows import WindowSource


@pytest.mark.parametrize("name", ["protoss_3_vs_4,limit=12", "2x1s1z,sight=6,limit=12"])
def test_a_store_knows_the_types_of_every_episode(name: str, tmp_path: Path) -> None:
    scenario = scenarios.get(name)
    collect(scenario, tmp_path / "some.zarr", 12, "mixture", seed=3, workers=1, progress=False)
    store = EpisodeStore.open(tmp_path / "some.zarr")
    assert store.scenario == scenario
    teams = [store.episode(index).units["type"] for index in range(12)]
    assert all((types == types[0]).all() for types in teams)
    kinds = {unit.index for unit in scenario.kinds}
    assert {int(kind) for types in teams for kind in types[0]} <= kinds
    assert (len({tuple(types[0]) for types in teams}) > 1) == (scenario.draw is not None)
    windows = WindowSource([store], "train").sample(16, 4, np.random.default_rng(0))
    for types, (_, episode, _) in zip(windows.units.type, windows.origins.tolist(), strict=True):
        assert types[0].tolist() == teams[episode][0].tolist()
