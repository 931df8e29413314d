"""What a failing disk leaves behind: the file system refuses the n-th write of an append, for every n."""

from collections.abc import Callable
from pathlib import Path

import pytest
import zarr.storage._local as local
from zarr.core.buffer import Buffer

from s2rm_sc2.episode import Episode
from s2rm_sc2.errors import DiskFull
from s2rm_sc2.store import EpisodeStore, StoreSettings, StoreWriter

Make = Callable[[int, int], Episode]
Tree = Callable[[Path], dict[str, bytes]]


UNLIMITED = 10**9


class FailingDisk:
    """Counts the files written through zarr and refuses all from number ``limit`` on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.written, self.limit = 0, UNLIMITED
        put = local._put

        def refusing(path: Path, value: Buffer, exclusive: bool = False) -> int:
            if self.written >= self.limit:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.with_suffix(f".{0:032x}.partial").write_bytes(b"half a file")
                raise OSError(28, "No space left on device")
            self.written += 1
            return put(path, value, exclusive)

        monkeypatch.setattr(local, "_put", refusing)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> FailingDisk:
    return FailingDisk(monkeypatch)


def test_an_append_that_fails_at_any_write_leaves_no_trace(
    tmp_path: Path, settings: StoreSettings, make_episode: Make, tree: Tree, disk: FailingDisk
) -> None:
    first, added = [make_episode(0, 9), make_episode(1, 2)], [make_episode(2, 11), make_episode(3, 4)]
    for path in (tmp_path / "torn.zarr", tmp_path / "uninterrupted.zarr"):
        with StoreWriter.open(path, settings) as writer:
            writer.append(first)
            before = tree(path)
            disk.written = 0
            if path.name == "uninterrupted.zarr":
                writer.append(added)
    writes = disk.written
    assert writes == 25 + 18 * 3 + 7 + 1  # shapes, chunks of 18 arrays of rows and 7 of episodes, the commit
    path = tmp_path / "torn.zarr"
    for survived in [*range(0, writes - 1, 7), writes - 1]:
        with StoreWriter.open(path, settings) as writer:
            assert tree(path) == before
            disk.written, disk.limit = 0, survived
            with pytest.raises(DiskFull):
                writer.append(added)
            assert EpisodeStore.open(path).n_episodes == 2
            disk.limit = UNLIMITED
    with StoreWriter.open(path, settings) as writer:
        writer.append(added)
    assert tree(path) == tree(tmp_path / "uninterrupted.zarr")


def test_a_store_whose_creation_fails_at_any_write_is_created_by_the_next_attempt(
    tmp_path: Path, settings: StoreSettings, tree: Tree, disk: FailingDisk
) -> None:
    StoreWriter.open(tmp_path / "whole.zarr", settings).close()
    whole = tree(tmp_path / "whole.zarr")
    path = tmp_path / "torn.zarr"
    failures = 0
    while True:  # each attempt goes on where the one before it failed
        disk.written, disk.limit = 0, 4 if failures else 0
        try:
            StoreWriter.open(path, settings).close()
            break
        except DiskFull:
            failures += 1
    assert failures > 6
    assert tree(path) == whole


def test_a_repair_that_fails_at_any_write_is_finished_by_the_next_one(
    tmp_path: Path, settings: StoreSettings, make_episode: Make, tree: Tree, disk: FailingDisk
) -> None:
    path = tmp_path / "s.zarr"
    with StoreWriter.open(path, settings) as writer:
        writer.append([make_episode(0, 9)])
        before = tree(path)
        disk.written, disk.limit = 0, 80
        with pytest.raises(DiskFull):
            writer.append([make_episode(1, 30)])
    survived = 0
    while True:
        disk.written, disk.limit = 0, survived
        try:
            StoreWriter.open(path, settings).close()
            break
        except DiskFull:
            assert EpisodeStore.open(path).n_episodes == 1
        survived += 9
    assert survived > 0
    assert tree(path) == before


def test_a_writer_that_failed_refuses_to_go_on(
    tmp_path: Path, settings: StoreSettings, make_episode: Make, disk: FailingDisk
) -> None:
    writer = StoreWriter.open(tmp_path / "s.zarr", settings)
    disk.written, disk.limit = 0, 10
    with pytest.raises(DiskFull, match="make room and run the same command again"):
        writer.append([make_episode(0, 9)])
    disk.limit = UNLIMITED
    with pytest.raises(ValueError, match="closed"):
        writer.append([make_episode(0, 9)])
