"""Episodes of random numbers, for tests of the store that need many different ones and no battle."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from s2rm_sc2 import scenarios
from s2rm_sc2.episode import ROW_FIELDS, Episode
from s2rm_sc2.store import StoreSettings, layout
from s2rm_sc2.table import FIELDS


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> StoreSettings:
    """Settings of a store with chunks of 8 rows, so that a few episodes fill several."""
    monkeypatch.setattr(layout, "CHUNK_ROWS", (8, 8))
    return StoreSettings(
        scenario=scenarios.get("2m_vs_1z"),
        backend={"backend": "none", "engine_version": "1"},
        policy="random",
        scripts=("random",),
        seed=3,
        purpose="collect",
        observation_columns=("a", "b", "c"),
        state_columns=("d", "e"),
        action_names=("no-op", "stop", "attack"),
    )


@pytest.fixture
def make_episode(settings: StoreSettings) -> Callable[[int, int], Episode]:
    """A function of an episode's index and number of steps."""

    def make(index: int, steps: int) -> Episode:
        rng = np.random.default_rng(index)

        def numbers(dtype: str, shape: tuple[int, ...]) -> npt.NDArray[np.generic]:
            return rng.integers(0, 2 if dtype == "bool" else 100, (steps + 1, *shape)).astype(dtype)

        arrays = {spec.name: numbers(spec.dtype, spec.tail) for spec in settings.arrays() if spec.per == "row"}
        return Episode(
            index=index,
            seed=int(rng.integers(2**64, dtype=np.uint64)),
            policy="random",
            epsilon=float(rng.random()),
            battle_won=bool(index % 3 == 0),
            units={name: arrays[f"units/{name}"] for name in FIELDS},
            **{name: arrays[name] for name in ROW_FIELDS},  # type: ignore[arg-type]
        )

    return make


@pytest.fixture
def tree() -> Callable[[Path], dict[str, bytes]]:
    """A function that reads every file below a folder."""

    def read(folder: Path) -> dict[str, bytes]:
        return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}

    return read
