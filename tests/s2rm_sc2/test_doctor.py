"""`s2rm-sc2 doctor`: what is there, what is not, and what to do about it."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collectors.venue import Incidents, venue
from s2rm_sc2.cli import app
from s2rm_sc2.doctor import Finding, examine
from s2rm_sc2.errors import StarCraftMissing
from s2rm_sc2.scenarios import get
from s2rm_sc2.standin.install import write_install
from s2rm_sc2.starcraft.installed import VARIABLE


def findings() -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine()}


def test_without_a_game_it_says_where_it_looked_and_what_to_copy_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    found = findings()
    assert found["s2clientprotocol"].good
    assert found["pysc2"].good
    for subject, words in (("StarCraft II", "s2rm-sc2 standin"), ("SMAC's maps", f"SMAC_Maps to {tmp_path}/Maps")):
        assert not found[subject].good
        assert words in found[subject].remedy


def test_with_the_stand_in_everything_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(write_install(tmp_path)))
    found = findings()
    assert "builds 75689" in found["StarCraft II"].said
    assert found["SMAC's maps"].said.startswith("23 of 23")
    (tmp_path / "Maps/SMAC_Maps/3m.SC2Map").unlink()
    assert not findings()["SMAC's maps"].good


@pytest.mark.parametrize(
    ("file", "good", "said"), [("env/starcraft2/starcraft2.py", True, "SMAC,"), ("facade/hpo.py", False, "SMAC3")]
)
def test_it_tells_smac_from_the_optimiser_of_that_name(
    file: str, good: bool, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "smac" / file
    path.parent.mkdir(parents=True)
    for made in (path, tmp_path / "smac/__init__.py"):
        made.write_text("raise ImportError('nothing of it is run')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "smac", raising=False)
    found = findings()["smac"]
    assert found.good == good
    assert said in found.said
    assert "oxwhirl/smac" in found.remedy or good
    if not good:
        with pytest.raises(StarCraftMissing, match=r"not SMAC but another.*pip uninstall smac; pip .*oxwhirl/smac"):
            venue("smac").open(get("3m"), 1, 0, Incidents())


def test_the_command_prints_every_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr("s2rm_sc2.starcraft.messages.PACKAGE", "no_such_package")
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0
    for words in ("GPU", "free disk", "no_such_package", "pip install 's2rm-sc2[sc2]'"):
        assert words in result.stdout
