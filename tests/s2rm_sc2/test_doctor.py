"""`s2rm-sc2 doctor`: what is there, what is not, and what to do about it."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collectors.venue import Incidents, venue
from s2rm_sc2.cli import app
from s2rm_sc2.doctor import Finding, examine
from s2rm_sc2.errors import StarCraftMissing
from s2rm_sc2.scenarios import get
from s2rm_sc2.standin.install import write_install
from s2rm_sc2.starcraft.installed import VARIABLE, require

PROGRAM = "Versions/Base75689/SC2_x64"


def findings() -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine()}


def doctor(*options: str) -> tuple[int, str]:
    """Its exit code, and what it printed."""
    done = CliRunner().invoke(app, ["doctor", *options])
    return done.exit_code, done.stdout


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setenv(VARIABLE, str(write_install(tmp_path)))
    return tmp_path


def test_without_a_game_it_says_where_it_looked_and_what_to_copy_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "its place"
    monkeypatch.setenv(VARIABLE, str(place))
    found = findings()
    assert found["s2clientprotocol"].good
    assert found["pysc2"].good
    for subject, said, remedy in (
        ("StarCraft II", f"{VARIABLE}={place}", "s2rm-sc2 standin"),
        ("SMAC's maps", "0 of 23", f"SMAC_Maps {shlex.quote(str(place / 'Maps'))}"),
    ):
        assert not found[subject].good
        assert said in found[subject].said
        assert remedy in found[subject].remedy


def test_with_the_stand_in_everything_is_there_and_it_is_called_one(standin: Path) -> None:
    found = findings()
    assert "builds 75689 (a stand-in" in found["StarCraft II"].said
    assert found["SMAC's maps"].said.startswith("23 of 23")
    assert doctor()[0] == 0
    (standin / PROGRAM).write_text("#!/bin/sh\n")
    assert findings()["StarCraft II"].said.endswith("builds 75689")
    (standin / "Maps/SMAC_Maps/3m.SC2Map").unlink()
    assert not findings()["SMAC's maps"].good
    assert doctor()[0] == 1


def _empty(place: Path) -> None:
    (place / PROGRAM).unlink()


def _not_executable(place: Path) -> None:
    (place / PROGRAM).chmod(0o644)


def _too_old(place: Path) -> None:
    (place / "Versions/Base75689").rename(place / "Versions/Base55505")


def _a_copy_beside_it(place: Path) -> None:
    (place / "Versions/Base75689.bak").mkdir()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_empty, "SC2_x64 does not exist"),
        (_not_executable, "SC2_x64 is not executable"),
        (_too_old, "is older than version 3.16.1"),
        (_a_copy_beside_it, "Base75689.bak is no build"),
    ],
)
def test_a_game_that_could_not_be_started_is_none(spoil: Callable[[Path], None], said: str, standin: Path) -> None:
    spoil(standin)
    found = findings()["StarCraft II"]
    assert not found.good
    assert said in found.said
    with pytest.raises(StarCraftMissing, match=rf"{said}.*embedded"):
        require("3m")


def test_an_older_build_that_could_be_started_does_not_hide_that_the_newest_cannot(standin: Path) -> None:
    (standin / "Versions/Base80949").mkdir()
    found = findings()["StarCraft II"]
    assert not found.good
    assert "Base80949/SC2_x64 does not exist" in found.said
    assert "--game-version" in found.remedy
    require("3m")


@pytest.mark.parametrize(
    ("file", "good", "said"), [("env/starcraft2/starcraft2.py", True, "SMAC,"), ("facade/hpo.py", False, "SMAC3")]
)
def test_it_tells_smac_from_the_optimiser_of_that_name(
    file: str, good: bool, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "smac" / file
    path.parent.mkdir(parents=True)
    path.write_text("raise ImportError('nothing of it is run')\n")
    (tmp_path / "smac/__init__.py").write_text("")
    if good:
        (tmp_path / "smac/env/__init__.py").write_text("StarCraft2Env = None\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("smac", "smac.env"):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, name)
    found = findings()["smac"]
    assert found.good == good
    assert said in found.said
    assert "oxwhirl/smac" in found.remedy or good
    if not good:
        with pytest.raises(StarCraftMissing, match=r"not SMAC but another.*pip uninstall smac; pip .*oxwhirl/smac"):
            venue("smac").open(get("3m"), 1, 0, Incidents())


def test_a_package_that_fails_in_its_own_way_is_one_more_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "smac/env/starcraft2").mkdir(parents=True)
    (tmp_path / "smac/env/starcraft2/starcraft2.py").write_text("")
    (tmp_path / "smac/env/__init__.py").write_text("raise AttributeError('nothing\\nis as it was')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("smac", "smac.env"):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, name)
    found = findings()
    assert found["smac"].said == "cannot be imported: nothing is as it was"
    assert "StarCraft II" in found


def test_only_what_the_backend_needs_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("s2rm_sc2.starcraft.messages.PACKAGE", "no_such_package")
    plain, sc2, wrong = doctor(), doctor("--backend", "sc2"), doctor("--backend", "sc3")
    assert [code for code, _ in (plain, sc2, wrong)] == [0, 1, 2]
    assert "note  no_such_package" in plain[1]
    assert "NO    no_such_package" in sc2[1]
    assert sc2[1].splitlines()[-1].startswith("Not ready for --backend sc2: no_such_package")
    monkeypatch.setenv(VARIABLE, str(tmp_path))  # who names its folder means the game
    assert doctor()[0] == 1


def test_commands_stand_on_one_line_however_narrow_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr("s2rm_sc2.starcraft.messages.PACKAGE", "no_such_package")
    lines = doctor()[1].splitlines()
    for finding in examine():
        assert not finding.remedy or f"      {finding.remedy}" in lines
    assert "      pip install 's2rm-sc2[sc2]'" in lines
