"""Collections with processes, signals and full disks, against the same collection left in peace."""

import json
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from collectors import collect as module
from collectors.collect import collect
from collectors.scripts import SCRIPTS
from s2rm_sc2 import scenarios
from s2rm_sc2.episode import Episode
from s2rm_sc2.errors import BadArgument, DiskFull, ScenarioUnsupported, StoreMismatch, WorkerDied
from s2rm_sc2.store import EpisodeStore, StoreWriter

SCENARIO = scenarios.get("3m")
EPISODES = 300

# Commits every few episodes, so that a kill finds many of them done and one in the middle.
CHILD = """
import sys
from pathlib import Path
from collectors import collect as module
from s2rm_sc2 import scenarios
module.COMMIT_BYTES = 100_000
module.collect(scenarios.get("3m"), Path(sys.argv[1]), {episodes}, workers={workers}, progress=False)
"""


def tree(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def child(out: Path, workers: int = 1) -> "subprocess.Popen[bytes]":
    code = CHILD.format(episodes=EPISODES, workers=workers)
    return subprocess.Popen([sys.executable, "-c", code, str(out)], start_new_session=True, stderr=subprocess.DEVNULL)


def committed(store: Path) -> int:
    try:
        return int(json.loads((store / "zarr.json").read_text())["attributes"]["episodes"])
    except FileNotFoundError:
        return 0


def wait_until(process: "subprocess.Popen[bytes]", ready: Callable[[], bool]) -> None:
    while process.poll() is None and not ready():
        wait(process, 0.01)


def wait(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "3m.zarr"
    report = collect(SCENARIO, path, EPISODES, progress=False)
    assert report.episodes == report.new_episodes == EPISODES
    assert report.steps == EpisodeStore.open(path).n_steps
    return path


def test_collecting_again_continues_to_the_number_asked_for(tmp_path: Path) -> None:
    parts, whole = tmp_path / "parts.zarr", tmp_path / "whole.zarr"
    assert collect(SCENARIO, parts, 10, progress=False).new_episodes == 10
    report = collect(SCENARIO, parts, 25, progress=False)
    assert (report.episodes, report.new_episodes) == (25, 15)
    assert collect(SCENARIO, parts, 5, progress=False).new_episodes == 0
    assert EpisodeStore.open(parts).n_episodes == 25
    collect(SCENARIO, whole, 25, progress=False)
    assert tree(parts) == tree(whole)


def test_a_store_is_small_and_names_its_columns_but_no_place(uninterrupted: Path) -> None:
    opened = EpisodeStore.open(uninterrupted)
    arrays = opened.arrays()
    assert sum(array.disk_bytes for array in arrays) < sum(array.raw_bytes for array in arrays) / 5
    for name, columns in (("observation", "observation_columns"), ("state", "state_columns")):
        assert opened.read(name, 0, 1).shape[-1] == len(opened.attributes[columns])
    assert opened.read("available_actions", 0, 1).shape[-1] == len(opened.attributes["action_names"])
    text = (uninterrupted / "zarr.json").read_text()
    assert str(uninterrupted.parent) not in text


def test_a_store_says_which_script_played_each_episode(uninterrupted: Path) -> None:
    opened = EpisodeStore.open(uninterrupted)
    assert opened.attributes["policy"] == "mixture"
    played = [opened.attributes["policies"][script] for script in opened.per_episode("policy")]
    assert set(played) == set(SCRIPTS) - {"random"}
    assert played[:9] == [opened.episode(index).policy for index in range(9)]
    assert len(set(opened.per_episode("epsilon"))) == EPISODES


def test_two_processes_write_the_same_bytes_as_one(uninterrupted: Path, tmp_path: Path) -> None:
    collect(SCENARIO, tmp_path / "two.zarr", EPISODES, workers=2, progress=False)
    assert tree(tmp_path / "two.zarr") == tree(uninterrupted)
    assert not multiprocessing.active_children()


def test_killed_at_random_moments_it_opens_and_continues_to_the_same_bytes(uninterrupted: Path, tmp_path: Path) -> None:
    path, moments = tmp_path / "killed.zarr", random.Random(0)
    before = 0
    for _ in range(3):
        process = child(path)
        target = before + moments.randrange(1, 30)
        wait_until(process, lambda: committed(path) > target)  # noqa: B023
        wait(process, moments.random() * 0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        opened = EpisodeStore.open(path)
        assert before < opened.n_episodes <= EPISODES
        before = opened.n_episodes
        assert not opened.episode(before - 1).reward[-1]
    collect(SCENARIO, path, EPISODES, progress=False)
    assert tree(path) == tree(uninterrupted)


def test_the_workers_of_a_killed_collection_end_by_themselves(tmp_path: Path) -> None:
    path = tmp_path / "orphans.zarr"
    process = child(path, workers=2)
    wait_until(process, lambda: committed(path) > 0)
    process.kill()
    process.wait()
    # The session is gone when its last process is: killpg then finds nobody.
    for _ in range(3000):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        subprocess.run([sys.executable, "-S", "-c", ""], check=True)
    else:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail("a worker outlived its collection")


def test_whatever_ends_the_playing_keeps_what_was_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played = module._played

    def failing(*arguments: object) -> Iterator[Episode]:
        yield from islice(played(*arguments), 3)  # type: ignore[arg-type]
        raise WorkerDied("A worker died.")

    monkeypatch.setattr(module, "_played", failing)
    with pytest.raises(WorkerDied):
        collect(SCENARIO, tmp_path / "ended.zarr", 10, progress=False)
    assert EpisodeStore.open(tmp_path / "ended.zarr").n_episodes == 3


@pytest.mark.parametrize(("seconds", "committed_then"), [(0.0, [0, 1, 2, 3]), (1e9, [0, 1, 1, 1])])
def test_where_battles_take_long_each_is_committed_as_it_ends(
    seconds: float, committed_then: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[int] = []
    monkeypatch.setattr(module, "COMMIT_SECONDS", seconds)
    monkeypatch.setattr(module._Display, "show", lambda *_: found.append(committed(tmp_path / "slow.zarr")))
    collect(SCENARIO, tmp_path / "slow.zarr", 4, progress=False)
    assert found == committed_then
    assert EpisodeStore.open(tmp_path / "slow.zarr").n_episodes == 4


def test_a_disk_that_fills_up_in_the_middle_is_the_error_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMIT_SECONDS", 0.0)
    path, (_, hard) = tmp_path / "full.zarr", resource.getrlimit(resource.RLIMIT_FSIZE)
    collect(SCENARIO, path, 1, progress=False)
    largest = max(file.stat().st_size for file in path.rglob("*") if file.is_file())
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 4096, hard))
    try:
        with pytest.raises(DiskFull):
            collect(SCENARIO, path, 200, progress=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert 1 <= EpisodeStore.open(path).n_episodes < 200


def test_a_killed_worker_ends_the_collection_in_one_error_and_what_was_committed_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMIT_BYTES", 200_000)
    path = tmp_path / "died.zarr"
    append = StoreWriter.append

    def append_and_kill(writer: StoreWriter, group: list[Episode]) -> None:
        append(writer, group)
        for worker in multiprocessing.active_children()[:1]:  # none are left where a group was already on its way
            worker.kill()

    monkeypatch.setattr(StoreWriter, "append", append_and_kill)
    with pytest.raises(WorkerDied, match=r"died .*run the same command again"):
        collect(SCENARIO, path, 4000, workers=2, progress=False)
    assert EpisodeStore.open(path).n_episodes > 0
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"episodes": -3}, "--episodes is -3"),
        ({"episodes": 0}, "--episodes is 0"),
        ({"workers": 0}, "--workers is 0"),
        ({"policy_name": "clever"}, "clever"),
    ],
)
def test_bad_arguments_make_no_store(tmp_path: Path, arguments: dict[str, object], words: str) -> None:
    with pytest.raises(BadArgument, match=words):
        collect(SCENARIO, tmp_path / "s.zarr", **({"episodes": 1} | arguments))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_scenario_that_cannot_be_played_makes_no_store(tmp_path: Path) -> None:
    with pytest.raises(ScenarioUnsupported):
        collect(scenarios.get("900c"), tmp_path / "s.zarr", 1, progress=False)
    assert not list(tmp_path.iterdir())


def test_another_seed_does_not_continue_a_store(uninterrupted: Path) -> None:
    with pytest.raises(StoreMismatch, match="seed 0, not 1"):
        collect(SCENARIO, uninterrupted, EPISODES, seed=1, progress=False)


def test_a_script_without_a_main_guard_ends_with_a_sentence_that_says_so(tmp_path: Path) -> None:
    """Its workers would begin by running it; the job is so long that it does not fit into a pipe."""
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\nfrom collectors.collect import collect\nfrom s2rm_sc2 import scenarios\n"
        "collect(scenarios.get('3m'), Path('some.zarr'), 8000, workers=2, progress=False)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 1
    assert "__name__ == '__main__'" in ended.stderr.splitlines()[-1]
    assert "WorkerDied" in ended.stderr.splitlines()[-1]
