"""Writing a store: append whole episodes, then raise the commit record in one atomic write.

Until that write nothing of an append counts; what a killed writer left beyond the record is cut off when the
store is next opened for writing, so that its files equal those of a collection that was never interrupted.
"""

import fcntl
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import zarr
from zarr.storage import LocalStore

from s2rm_sc2.episode import Episode
from s2rm_sc2.errors import StoreBusy, StoreMismatch, StoreMissing
from s2rm_sc2.store.files import (
    ZarrArray,
    check_chunks,
    chunk_files,
    create_arrays,
    decoding,
    open_array,
    read_attributes,
    read_settings,
    settle,
    writing,
)
from s2rm_sc2.store.layout import ArraySpec, StoreSettings
from s2rm_sc2.store.tail import Tail

_LEFTOVER = re.compile(r"\.[0-9a-f]{32}\.partial$")
"""How zarr names the file it was writing when it was killed; nobody else's files are touched."""


class StoreWriter:
    """The only writer of a store while it is open; a context manager.

    Attributes:
        path: the store's folder.
        settings: what all its episodes have in common.
        n_episodes, n_steps: what is committed.
    """

    def __init__(self, path: Path, settings: StoreSettings, lock: int) -> None:
        self.path = path
        self.settings = settings
        self.n_episodes = self.n_steps = 0
        self._lock: int | None = lock
        self._group: zarr.Group
        self._tails: dict[str, Tail] = {}

    @classmethod
    def open(cls, path: Path, settings: StoreSettings) -> Self:
        """Create a store, or continue one of the same settings.

        Raises:
            StoreMissing: something that is no store lies at ``path``.
            StoreMismatch: the store has other settings.
            StoreBusy: another process is writing it.
            StoreBroken: the store is damaged.
            DiskFull: the file system refuses the first files.
        """
        if path.exists() and not path.is_dir():
            raise StoreMissing(f"{path} is a file, not an episode store; choose another place with --out.")
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
            writer = cls(path, settings, _lock(path))
            try:
                writer._prepare()
            except BaseException:
                settle()
                writer.close()
                raise
        return writer

    def append(self, episodes: Sequence[Episode]) -> None:
        """Write whole episodes behind those that are there, and commit them.

        Raises:
            DiskFull: the file system refuses; the writer is closed, what was committed before stays.
            ValueError: an episode does not have the shapes or types of this store.
        """
        if self._lock is None:
            raise ValueError("the writer is closed")
        if not episodes:
            return
        columns = self._columns(episodes)
        try:
            with writing(self.path):
                for spec in self.settings.arrays():
                    start, parts = self._committed(spec), columns[spec.name]
                    with decoding(self.path, spec.name, start, start + sum(map(len, parts))):
                        self._tails[spec.name].extend(parts)
                self._commit(len(episodes), sum(episode.n_steps for episode in episodes))
        except BaseException:
            settle()
            self.close()
            raise

    def close(self) -> None:
        """Let other writers in; closing twice is allowed."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self) -> None:
        here = list(self.path.iterdir())
        if all(file.name.startswith("zarr.") and _LEFTOVER.search(file.name) for file in here):
            for file in here:
                file.unlink()
            zarr.create_group(LocalStore(self.path), attributes=self.settings.to_attributes())
        attributes = read_attributes(self.path)
        found, self.n_episodes, self.n_steps = read_settings(self.path, attributes)
        _compare(self.path, found, self.settings)
        folders = [self.path / spec.name for spec in self.settings.arrays()]
        for folder in {*folders, *(folder.parent for folder in folders)}:
            for file in folder.glob("*.partial"):
                if _LEFTOVER.search(file.name):
                    file.unlink()
        self._group = zarr.open_group(LocalStore(self.path), mode="r+", zarr_format=3)
        if self.n_episodes == 0:
            create_arrays(self.path, self.settings.arrays())
        for spec in self.settings.arrays():
            self._tails[spec.name] = Tail(spec, self._repaired(spec))

    def _repaired(self, spec: ArraySpec) -> ZarrArray:
        """The array, all rows beyond the commit record cut off; killed midway, the next call finishes it."""
        rows = self._committed(spec)
        array = open_array(self.path, spec, rows, writable=True)
        check_chunks(self.path, spec, rows)
        chunks = -(-rows // spec.chunk_rows)
        for index, file in chunk_files(self.path, spec).items():
            if index >= chunks:
                file.unlink()
        if array.shape[0] > rows:
            torn = min(array.shape[0], chunks * spec.chunk_rows)
            with decoding(self.path, spec.name, rows, torn):
                array[rows:torn] = 0
            array.resize((rows, *spec.tail))
        return array

    def _committed(self, spec: ArraySpec) -> int:
        return self.n_episodes if spec.per == "episode" else self.n_steps + self.n_episodes

    def _columns(self, episodes: Sequence[Episode]) -> dict[str, list[npt.NDArray[Any]]]:
        """The new rows of every array in parts, checked against its type and shape."""
        row_arrays = [episode.rows() for episode in episodes]
        lengths = np.array([episode.n_rows for episode in episodes])
        first = self.n_steps + self.n_episodes
        index: dict[str, npt.NDArray[Any]] = {
            "episode/start": first + np.cumsum(lengths) - lengths,
            "episode/length": lengths,
            "episode/seed": np.array([episode.seed for episode in episodes], np.uint64),
            "episode/policy": np.array([self.settings.scripts.index(episode.policy) for episode in episodes]),
            "episode/epsilon": np.array([episode.epsilon for episode in episodes]),
            "episode/return": np.array([episode.total_reward for episode in episodes]),
            "episode/battle_won": np.array([episode.battle_won for episode in episodes]),
        }
        columns = {name: [values] for name, values in index.items()}
        for spec in self.settings.arrays():
            if spec.per == "episode":
                continue
            columns[spec.name] = parts = [rows[spec.name] for rows in row_arrays]
            for part, length in zip(parts, lengths, strict=True):
                if part.shape != (length, *spec.tail) or part.dtype != spec.dtype:
                    raise ValueError(f"{spec.name}: {part.dtype}{part.shape} is not {spec.dtype}{(length, *spec.tail)}")
        return columns

    def _commit(self, episodes: int, steps: int) -> None:
        record = {"episodes": self.n_episodes + episodes, "steps": self.n_steps + steps}
        self._group = self._group.update_attributes(record)
        self.n_episodes, self.n_steps = record["episodes"], record["steps"]


def _lock(path: Path) -> int:
    """An exclusive lock on the store's folder, held by the file descriptor, let go even by SIGKILL."""
    folder = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(folder)
        raise StoreBusy(
            f"Another process is collecting into {path}; wait for it or choose another place with --out."
        ) from None
    return folder


def _compare(path: Path, found: StoreSettings, wanted: StoreSettings) -> None:
    pairs: Iterable[tuple[str, object, object]] = (
        ("scenario", found.scenario.name, wanted.scenario.name),
        ("policy", found.policy, wanted.policy),
        ("seed", found.seed, wanted.seed),
        ("purpose", found.purpose, wanted.purpose),
        *((name, found.backend.get(name), wanted.backend.get(name)) for name in {**found.backend, **wanted.backend}),
    )
    for name, old, new in pairs:
        if old != new:
            raise StoreMismatch(
                f"Store {path} was collected with {name} {old}, not {new}; "
                f"choose another place with --out, or collect with the same {name}."
            )
    if found != wanted:
        raise StoreMismatch(
            f"Store {path} was collected by a version whose scenario data or columns differ from this one's; "
            f"choose another place with --out."
        )
