"""Games that are started as processes: closed in the end, however that comes, with nothing left; what may be amiss."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from collectors.collect import collect
from collectors.venue import venue
from s2rm_sc2 import scenarios
from s2rm_sc2.backends.sc2 import Sc2Backend
from s2rm_sc2.cli import app
from s2rm_sc2.episode import Episode
from s2rm_sc2.errors import BadArgument, StarCraftMissing, StoreMismatch
from s2rm_sc2.standin import faults
from s2rm_sc2.standin.install import write_install
from s2rm_sc2.starcraft.faults import GameFault
from s2rm_sc2.starcraft.game import Game, GameSettings
from s2rm_sc2.starcraft.installed import VARIABLE, look
from s2rm_sc2.store import EpisodeStore
from tests.commands import foreground
from tests.s2rm_sc2.oxwhirl import needs_smac

MAP = "3m,limit=5"
BEGIN = {
    "sc2": "from s2rm_sc2.backends.sc2 import Sc2Backend as Backend\n",
    "smac": "from s2rm_sc2.backends.smac import SmacBackend as Backend\n",
}
BACKENDS = ["sc2", pytest.param("smac", marks=needs_smac)]
BEGUN = (
    "import os, signal, subprocess\n"
    "from threading import Thread\n"
    "from s2rm_sc2 import scenarios\n"
    "from s2rm_sc2.starcraft.game import GameSettings, pysc2\n"
    "backend = Backend(scenarios.get('3m'), settings=GameSettings(timeout=600))\n"
)
SIGNALLED = """
begin = subprocess.Popen.__init__

def begin_and_signal(process, *arguments, **keywords):
    begin(process, *arguments, **keywords)
    os.kill(os.getpid(), {number})

subprocess.Popen.__init__ = begin_and_signal
"""


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_install(tmp_path_factory.mktemp("sc2"))


@pytest.fixture
def place(standin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """SC2PATH names the stand-in; its games, and the folders that they made for themselves, must be gone afterwards."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setenv(VARIABLE, str(standin))
    yield tmp_path
    left = games(standin)
    for process in left:
        process.kill()
    assert not left
    assert not list(temporary.glob("sc-*"))


def games(standin: Path) -> list[psutil.Process]:
    """The living games that were started from the folder: its path is among their arguments."""
    found = [process for process in psutil.process_iter(["cmdline"]) if process.pid != os.getpid()]
    return [p for p in found if f"{standin}/" in " ".join(p.info["cmdline"] or []) and p.status() != "zombie"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_several_workers_collect_from_games_of_their_own_until_ctrl_c(
    backend: str, place: Path, standin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[int] = []

    def show(_: object, episode: Episode) -> None:
        said.append(episode.index)
        if episode.index >= 32 and len(games(standin)) == 2:  # a worker may be well ahead before the other has its game
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("collectors.collect._Display.show", show)
    monkeypatch.setattr("collectors.collect.COMMIT_BYTES", 100_000)  # a dozen episodes
    where, scenario, path = venue(backend, workers=2), scenarios.get(MAP), place / "3m.zarr"
    with foreground(), pytest.raises(KeyboardInterrupt):
        collect(scenario, path, 2000, "random", workers=2, progress=False, venue=where)
    assert said == list(range(len(said)))
    assert 33 <= len(said) < 2000
    store = EpisodeStore.open(path)
    assert store.n_episodes > 0
    played = store.attributes["backend"]
    assert played["backend"] == backend
    assert "not StarCraft II" in played["game_version"]
    assert (played["data_build"], played["difficulty"], played["step_mul"]) == ("75689", "7", "8")
    with pytest.raises(StoreMismatch):
        collect(scenario, path, 2000, "random", progress=False)


def test_a_signal_closes_the_game(place: Path, standin: Path) -> None:
    program = (
        "from s2rm_sc2.starcraft.game import Game, GameSettings\n"
        "import signal\n"
        "game = Game(GameSettings(timeout=60))\n"
        "game.create('3m', ('T', 'T'), 0)\n"
        "print('playing', flush=True)\n"
        "while True: game.step(8)\n"
    )
    command = [sys.executable, "-c", program]
    with foreground():
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"playing\n"
    assert len(games(standin)) == 2
    for process, number in zip(processes, (signal.SIGINT, signal.SIGTERM), strict=True):
        process.send_signal(number)
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode != 0


@pytest.mark.parametrize(
    ("number", "reset"),
    [
        (signal.SIGINT, "backend.reset([0])"),
        (signal.SIGTERM, "backend.reset([0])"),
        (signal.SIGHUP, "backend.reset([0])"),
        (signal.SIGINT, "other = Thread(target=backend.reset, args=([0],), daemon=True); other.start(); other.join()"),
    ],
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_signal_right_after_the_fork_leaves_nothing(backend: str, number: int, reset: str, place: Path) -> None:
    program = BEGIN[backend] + BEGUN + SIGNALLED.format(number=int(number)) + f"{reset}\nprint('begun')\n"
    with foreground():
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100)
    assert done.returncode in (-signal.SIGINT, 128 + number)
    assert not done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_game_that_never_listens_is_given_up_at_a_signal(
    backend: str, number: int, place: Path, standin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = place / "faults"
    file.write_text("hang start")
    monkeypatch.setenv(faults.VARIABLE, str(file))
    with foreground():
        process = subprocess.Popen([sys.executable, "-c", BEGIN[backend] + BEGUN + "backend.reset([0])"])
    while file.read_text():  # until the game took its fault
        assert process.poll() is None
    process.send_signal(number)
    assert process.wait(100) in (-signal.SIGINT, 128 + number)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_second_ctrl_c_while_the_first_is_obeyed_leaves_nothing(backend: str, place: Path) -> None:
    impatient = (
        "pysc2()\n"
        "from pysc2.lib import sc_process\n"
        "shut_down = sc_process._shutdown_proc\n"
        "def interrupted(*arguments):\n"
        "    sc_process._shutdown_proc = shut_down\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return shut_down(*arguments)\n"
        "backend.reset([0])\n"
        "sc_process._shutdown_proc = interrupted\n"
        "try:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "finally:\n"
        "    backend.close()\n"
    )
    with foreground():
        program = [sys.executable, "-c", BEGIN[backend] + BEGUN + impatient]
        assert subprocess.run(program, capture_output=True, timeout=100).returncode == -signal.SIGINT


def test_a_game_that_was_killed_or_will_not_end_leaves_nothing(
    place: Path, standin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = place / "faults"
    file.write_text("\nhang quit\ncrash quit\ncrash start\nhang start")
    monkeypatch.setenv(faults.VARIABLE, str(file))
    killed, *others = (Game(GameSettings(timeout=60)) for _ in range(3))
    for process in games(standin)[:1]:
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
    for timeout in (60, 1):
        with pytest.raises(GameFault, match="start: ConnectError"):
            Game(GameSettings(timeout=timeout))


def test_without_a_game_one_sentence_says_where_it_was_looked_for_and_what_to_do_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, f"{tmp_path}/nowhere")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["collect", "--backend", "sc2", "--map", "3m"])
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    for part in (f"{tmp_path}/nowhere/Versions/Base* does not exist", VARIABLE, "--backend embedded"):
        assert part in done.output.replace("\n", "")
    assert not list(tmp_path.iterdir())


def test_what_is_missing_of_a_game_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(write_install(tmp_path)))
    found = look()
    assert (found.builds, len(found.maps)) == ((75689,), 23)
    with pytest.raises(StarCraftMissing, match=r"4\.6\.2 is not in .*75689"):
        Game(GameSettings(version="4.6.2"))
    (tmp_path / "Maps/SMAC_Maps/3m.SC2Map").unlink()
    with pytest.raises(StarCraftMissing, match="copy SMAC's folder SMAC_Maps"):
        Sc2Backend(scenarios.get("3m"))
    (tmp_path / "Versions/Base75689/SC2_x64").chmod(0o644)
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
        ({"backend": "sc2", "attach": ("a:1", "a:1"), "workers": 2}, "given twice"),
        ({"backend": "sc2", "attach": ("a:1",), "version": "4.10"}, "leave out --game-version"),
    ],
)
def test_venues_that_do_not_fit_are_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        venue(**values)  # type: ignore[arg-type]
