"""Games that are started as processes: closed in the end, however that comes, with nothing left; what may be amiss."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from collectors.collect import collect
from collectors.venue import venue
from s2rm_sc2 import scenarios
from s2rm_sc2.backends.sc2 import Sc2Backend
from s2rm_sc2.errors import BadArgument, StarCraftMissing, StoreMismatch
from s2rm_sc2.standin import faults
from s2rm_sc2.standin.install import write_install
from s2rm_sc2.starcraft.faults import GameFault
from s2rm_sc2.starcraft.game import Game, GameSettings
from s2rm_sc2.starcraft.installed import VARIABLE, look
from s2rm_sc2.store import EpisodeStore
from tests.commands import foreground, shell

MAP = "3m,limit=5"


@pytest.fixture
def sc2path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A stand-in's folder that SC2PATH names, and a folder for temporary files that must be empty afterwards."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setenv(VARIABLE, str(write_install(tmp_path / "sc2")))
    yield tmp_path
    left = games(tmp_path)
    for process in left:
        process.kill()
    assert not left
    assert not list(temporary.glob("sc-*"))


def games(folder: Path) -> list[psutil.Process]:
    """The living games that were started from the folder: its path is among their arguments."""
    found = [process for process in psutil.process_iter(["cmdline"]) if process.pid != os.getpid()]
    return [p for p in found if f"{folder}/sc2/" in " ".join(p.info["cmdline"] or []) and p.status() != "zombie"]


def test_several_workers_collect_from_games_of_their_own(sc2path: Path) -> None:
    where = venue("sc2", workers=2)
    report = collect(scenarios.get(MAP), sc2path / "3m.zarr", 20, "random", workers=2, progress=False, venue=where)
    store = EpisodeStore.open(report.path)
    assert store.n_episodes == 20
    backend = store.attributes["backend"]
    assert backend["backend"] == "sc2"
    assert "not StarCraft II" in backend["game_version"]
    assert (backend["data_build"], backend["difficulty"], backend["step_mul"]) == ("75689", "7", "8")
    with pytest.raises(StoreMismatch):
        collect(scenarios.get(MAP), report.path, 21, "random", progress=False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_closes_the_game(number: signal.Signals, sc2path: Path) -> None:
    program = (
        "from s2rm_sc2.starcraft.game import Game, GameSettings\n"
        "import signal\n"
        "game = Game(GameSettings(timeout=60))\n"
        "game.create('3m', ('T', 'T'), 0)\n"
        "print('playing', flush=True)\n"
        "while True: game.step(8)\n"
    )
    with foreground():
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    assert process.stdout.readline() == b"playing\n"
    assert games(sc2path)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode != 0


def test_ctrl_c_ends_workers_and_their_games_and_keeps_what_was_committed(sc2path: Path) -> None:
    command = [sys.executable, "-m", "s2rm_sc2", "collect", "--backend", "sc2", "--map", MAP, "--policy", "random"]
    command += ["--episodes", "100000", "--workers", "2", "--out", str(sc2path / "3m.zarr")]
    with foreground():
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    banners = (line for line in process.stderr if b"not StarCraft II" in line)
    for _ in range(3):  # the game that says what it is, and one for each worker
        next(banners)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert EpisodeStore.open(sc2path / "3m.zarr").n_episodes % 16 == 0


def test_a_game_that_was_killed_or_will_not_end_leaves_nothing(sc2path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = sc2path / "faults"
    file.write_text("\nhang quit\ncrash quit\ncrash start")
    monkeypatch.setenv(faults.VARIABLE, str(file))
    killed, *others = (Game(GameSettings(timeout=60)) for _ in range(3))
    for process in games(sc2path)[:1]:
        process.kill()
        process.wait()
    failed = 0
    for game in (killed, *others):
        try:
            game.versions()
        except GameFault:
            failed += 1
        game.close()
        game.close()
    assert failed == 1
    with pytest.raises(GameFault, match="start: ConnectError"):
        Game(GameSettings(timeout=60))


def test_without_a_game_one_sentence_says_where_it_was_looked_for_and_what_to_do_instead(tmp_path: Path) -> None:
    command = f"{VARIABLE}={tmp_path}/nowhere s2rm-sc2 collect --backend sc2 --map 3m"
    done = shell(command, tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for part in (f"{tmp_path}/nowhere/Versions/Base* does not exist", VARIABLE, "--backend embedded"):
        assert part in done.stderr.replace("\n", "")
    assert not list(tmp_path.iterdir())


def test_what_is_missing_of_a_game_is_named(sc2path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = look()
    assert (found.builds, len(found.maps)) == ((75689,), 23)
    with pytest.raises(StarCraftMissing, match=r"4\.6\.2 is not in .*75689"):
        Game(GameSettings(version="4.6.2"))
    (sc2path / "sc2/Maps/SMAC_Maps/3m.SC2Map").unlink()
    with pytest.raises(StarCraftMissing, match="copy SMAC's folder SMAC_Maps"):
        Sc2Backend(scenarios.get("3m"))
    (sc2path / "sc2/Versions/Base75689/SC2_x64").chmod(0o644)
    with pytest.raises(GameFault, match="isn't executable"):
        Game(GameSettings())


def test_a_real_game_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "Versions/Base75689").mkdir(parents=True)
    (tmp_path / "Versions/Base75689/SC2_x64").write_bytes(b"\x7fELF")
    with pytest.raises(BadArgument, match="holds a StarCraft II already"):
        write_install(tmp_path)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"backend": "sc3"}, "choose one of: embedded, sc2, smac"),
        ({"backend": "embedded", "attach": ("a:1",)}, "add --backend sc2"),
        ({"backend": "sc2", "attach": ("a:1",), "workers": 2}, "give each --attach"),
        ({"backend": "smac", "attach": ("a:1",)}, "or --backend sc2"),
    ],
)
def test_venues_that_do_not_fit_are_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        venue(**values)  # type: ignore[arg-type]
