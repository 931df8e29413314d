"""Reading a store: committed episodes only, whoever is writing behind them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from s2rm_sc2.episode import ROW_FIELDS, Episode
from s2rm_sc2.errors import StoreBroken
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.store.files import (
    METADATA,
    ZarrArray,
    check_chunks,
    chunk_files,
    decoding,
    open_array,
    read_attributes,
    read_settings,
)
from s2rm_sc2.store.layout import ArraySpec
from s2rm_sc2.table import FIELDS
from s2rm_sc2.words import counted


@dataclass(frozen=True)
class ArrayInfo:
    """An array's committed shape, type, and bytes in memory and on disk."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    raw_bytes: int
    disk_bytes: int


class EpisodeStore:
    """The committed episodes of a store, as of its opening.

    Attributes:
        path: the store's folder.
        attributes: the group's attributes, plain data.
        settings: what all episodes have in common.
        n_episodes: committed episodes.
        n_steps: their steps; each episode has one row more than steps.
        starts, lengths: int64 ``[n_episodes]``, first row and number of rows (steps + 1) of each episode.
    """

    def __init__(self, path: Path, attributes: Mapping[str, Any]) -> None:
        self.path = path
        self.attributes = attributes
        self.settings, self.n_episodes, self.n_steps = read_settings(path, dict(attributes))
        self._specs = {spec.name: spec for spec in self.settings.arrays()}
        self._open: dict[str, ZarrArray] = {}
        if self.n_episodes:
            for spec in self._specs.values():
                check_chunks(path, spec, self._committed(spec))
        self.starts: npt.NDArray[np.int64] = self.per_episode("start").astype(np.int64)
        self.lengths: npt.NDArray[np.int64] = self.per_episode("length").astype(np.int64)
        ends = np.cumsum(self.lengths)
        if not np.array_equal(self.starts, ends - self.lengths) or ends[-1:].sum() != self.n_rows:
            raise StoreBroken(
                f"The episode index of store {path} contradicts its commit record of "
                f"{counted(self.n_episodes, 'episode')} and {counted(self.n_steps, 'step')}; restore it from a copy or "
                "collect the store anew."
            )

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the store at ``path`` for reading.

        Raises:
            StoreMissing: no store lies there.
            StoreBroken: metadata or chunk files are missing or damaged.
        """
        return cls(path, read_attributes(path))

    @property
    def scenario(self) -> Scenario:
        """What is fought."""
        return self.settings.scenario

    @property
    def n_rows(self) -> int:
        """Committed rows of the per-row arrays."""
        return self.n_steps + self.n_episodes

    def read(self, name: str, start: int, stop: int) -> npt.NDArray[Any]:
        """Rows ``start:stop`` of a per-row array such as ``observation`` or ``units/x``.

        Raises:
            KeyError: the store has no such array.
            IndexError: the rows are not committed.
            StoreBroken: a chunk is damaged.
        """
        spec = self._specs[name]
        if not 0 <= start <= stop <= self._committed(spec):
            raise IndexError(f"rows {start}:{stop} of {name} are outside 0:{self._committed(spec)}")
        if start == stop:
            return np.zeros((0, *spec.tail), spec.dtype)
        with decoding(self.path, name, start, stop):
            return np.asarray(self._array(spec)[start:stop])

    def per_episode(self, field: str) -> npt.NDArray[Any]:
        """A column of the episode index: start, length, seed, policy, epsilon, return or battle_won."""
        return self.read(f"episode/{field}", 0, self.n_episodes)

    def episode(self, index: int) -> Episode:
        """Episode ``index`` as it was played.

        Raises:
            IndexError: there is no such episode.
            StoreBroken: a chunk is damaged.
        """
        if not 0 <= index < self.n_episodes:
            raise IndexError(f"episode {index} is outside 0:{self.n_episodes}")
        start = int(self.starts[index])
        stop = start + int(self.lengths[index])
        return Episode(
            index=index,
            seed=int(self._index["seed"][index]),
            policy=str(self.attributes["policies"][int(self._index["policy"][index])]),
            epsilon=float(self._index["epsilon"][index]),
            battle_won=bool(self._index["battle_won"][index]),
            **{name: self.read(name, start, stop) for name in ROW_FIELDS},
            units={name: self.read(f"units/{name}", start, stop) for name in FIELDS},
        )

    def arrays(self) -> list[ArrayInfo]:
        """Every array with its size in memory and on disk."""
        return [
            ArrayInfo(
                name=spec.name,
                shape=(self._committed(spec), *spec.tail),
                dtype=spec.dtype,
                raw_bytes=self._committed(spec) * spec.row_bytes,
                disk_bytes=sum(file.stat().st_size for file in chunk_files(self.path, spec).values()),
            )
            for spec in self._specs.values()
        ]

    def fingerprint(self, episodes: int | None = None) -> str:
        """A short name of what is in the store: equal for equal settings, episodes and seeds.

        Args:
            episodes: as if it held so many only, its first ones; all by default.
        """
        held = self.n_episodes if episodes is None else episodes
        steps = int(self.lengths[:held].sum()) - held
        settings = {key: value for key, value in self.attributes.items() if key != "package_version"}
        settings |= {"episodes": held, "steps": steps}
        digest = hashlib.blake2b(json.dumps(settings, sort_keys=True).encode(), digest_size=8)
        for field in ("seed", "length", "return"):
            digest.update(self.per_episode(field)[:held].tobytes())
        return digest.hexdigest()

    def __repr__(self) -> str:
        shapes = ", ".join(f"{a.name} {a.dtype}{list(a.shape)}" for a in self.arrays())
        held = f"{counted(self.n_episodes, 'episode')}, {counted(self.n_steps, 'step')}"
        return f"EpisodeStore({self.scenario.name}, {held}: {shapes})"

    @cached_property
    def _index(self) -> dict[str, npt.NDArray[Any]]:
        return {field: self.per_episode(field) for field in ("seed", "policy", "epsilon", "battle_won")}

    def _committed(self, spec: ArraySpec) -> int:
        return self.n_episodes if spec.per == "episode" else self.n_rows

    def _array(self, spec: ArraySpec) -> ZarrArray:
        if spec.name not in self._open:
            self._open[spec.name] = open_array(self.path, spec, self._committed(spec))
        return self._open[spec.name]


def find_stores(folder: Path) -> list[Path]:
    """The stores in a folder (``*.zarr``), sorted by name; the folder itself where it is a store."""
    if (folder / METADATA).is_file():
        return [folder]
    return sorted(path.parent for path in folder.glob(f"*.zarr/{METADATA}"))
