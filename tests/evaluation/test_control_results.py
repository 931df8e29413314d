"""The command line of control, and its figures by hand; nothing here needs TorchRL."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluation.control.outcome import Result
from evaluation.control.results import lines, markdown
from s2rm_sc2.cli import app


def test_without_torchrl_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "torchrl", None)
    done = CliRunner().invoke(app, ["control"])
    assert done.exit_code == 2
    assert "pip install 's2rm-sc2[marl]'" in done.output
    assert "Traceback" not in done.output


def result(arm: str, seed: int, won: int) -> Result:
    return Result(arm, seed, 100, won, 10.0 + seed, 1000, 2000, 60.0)


def test_one_seed_has_wilsons_interval() -> None:
    (line,) = lines([result("dream", 0, 50)])
    assert (line.won, line.seeds) == (0.5, 1)
    assert (line.low, line.high) == pytest.approx((0.4038, 0.5962), abs=1e-4)


def test_several_seeds_have_students_interval_where_it_is_wider() -> None:
    (line,) = lines([result("dream", 0, 40), result("dream", 1, 50), result("dream", 2, 60)])
    half = 4.303 * 0.1 / 3**0.5
    assert (line.low, line.won, line.high) == pytest.approx((0.5 - half, 0.5, 0.5 + half))
    assert line.mean_return == 11.0
    (level,) = lines([result("dream", seed, 100) for seed in range(3)])
    assert (level.won, level.high) == (1.0, 1.0)
    assert level.low == pytest.approx(300 / (300 + 1.96**2))  # Wilson's, where seeds do not differ at all


def test_a_table_has_a_row_for_each_arm() -> None:
    rows = markdown([result("dream", 0, 50), result("random", 0, 2)]).splitlines()
    assert rows[2] == "| dream | 1 | 50 | 40 to 60 | 10.0 | 1,000 | 2,000 | 1.0 |"
    assert len(rows) == 4
