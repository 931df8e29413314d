"""`s2rm-sc2 standin`: what it writes, where it refuses to, and its program as pysc2 starts it."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from s2rm_sc2.cli import app
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.standin import faults
from s2rm_sc2.standin.install import write_install
from s2rm_sc2.standin.server import serving
from s2rm_sc2.starcraft.game import Game, GameSettings
from s2rm_sc2.starcraft.installed import VARIABLE


def below(place: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "real", ["Maps/SMAC_Maps/MMM.SC2Map", "Versions/Base75689/SC2_x64", "Versions/Base80949/SC2_x64"]
)
def test_nothing_of_a_real_game_is_overwritten_nor_mixed_with_the_stand_in(
    real: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    path = tmp_path / real
    path.parent.mkdir(parents=True)
    path.write_bytes(b"MPQ\x1b")
    with pytest.raises(BadArgument, match="holds a StarCraft II already"):
        write_install(tmp_path)
    assert below(tmp_path) == {path: b"MPQ\x1b"}


def test_a_link_to_a_real_map_is_not_written_through(tmp_path: Path) -> None:
    real, place = tmp_path / "3m.SC2Map", tmp_path / "game/Maps/SMAC_Maps"
    place.mkdir(parents=True)
    (place / real.name).symlink_to(real)
    with pytest.raises(BadArgument, match=r"3m\.SC2Map is not the stand-in's"):
        write_install(tmp_path / "game")
    assert not real.exists()


def test_it_is_written_anew_over_itself_and_over_what_an_interrupted_writing_left(tmp_path: Path) -> None:
    written = below(write_install(tmp_path))
    assert len(written) == 24
    next(path for path in written if path.parts[-2] != "SMAC_Maps").unlink()
    write_install(tmp_path)
    assert below(tmp_path) == written


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_where_nothing_can_be_written_one_sentence_says_so(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(app, ["standin", "--write-install", str(tmp_path / place)])
    assert done.exit_code == 2
    said = done.output.replace("\n", "")
    assert "choose another folder" in said
    assert "--out" not in said


def test_a_place_and_a_python_with_blanks_and_quotes_in_their_names_play(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / 'it\'s "py" $HOME' / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    place = tmp_path / 'the `game` $of "it\'s"'
    said = CliRunner().invoke(app, ["standin", "--write-install", str(place)]).stdout
    command = said.splitlines()[-1].partition(": ")[2]
    assert command.startswith(f"export {VARIABLE}=")
    shell = subprocess.run(["sh", "-c", f'{command}; printf %s "${VARIABLE}"'], capture_output=True, text=True)
    assert shell.stdout == str(place)
    monkeypatch.setenv(VARIABLE, str(place))
    game = Game(GameSettings(timeout=60))
    game.create("3m", ("T", "T"), 0)
    assert len(game.observe()) == 6
    game.close()


@pytest.fixture
def program(tmp_path: Path) -> str:
    place = write_install(tmp_path)
    return str(next(path for path in (place / "Versions").rglob("SC2*") if path.is_file()))


def test_an_address_that_is_in_use_or_none_is_one_sentence(program: str) -> None:
    with serving() as port:
        for address in (["-port", str(port)], ["-listen", "300.1.1.1"], ["-port", "70000"]):
            done = subprocess.run([program, *address], capture_output=True, text=True, timeout=120)
            assert done.returncode != 0
            assert "Traceback" not in done.stderr
            assert "cannot listen at" in done.stderr.splitlines()[-1]


def test_faults_that_cannot_be_read_are_one_sentence(program: str, tmp_path: Path) -> None:
    (tmp_path / "faults").write_text("explode step 3")
    for name in ("faults", "nowhere"):
        environment = {**os.environ, faults.VARIABLE: str(tmp_path / name)}
        done = subprocess.run([program], env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        assert "No fault can be taken out of" in done.stderr.splitlines()[-1]


def test_its_help_says_what_it_is(program: str) -> None:
    done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert "not StarCraft II" in done.stdout.replace("\n", " ")


def test_several_at_once_play_games_of_their_own(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    games = [Game(GameSettings(timeout=60)) for _ in range(3)]
    for game, name in zip(games, ("3m", "8m", "2s3z"), strict=True):
        game.create(name, ("T", "T"), 0)
    assert [len(game.observe()) for game in games] == [6, 16, 10]
    for game in games:
        game.close()
