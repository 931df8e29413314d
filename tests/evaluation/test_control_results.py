"""The command line of control, and its figures by hand; nothing here needs TorchRL."""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluation.control.bounded import joined
from evaluation.control.outcome import Result
from evaluation.control.results import lines, markdown, write
from s2rm_sc2.backends.bounds import BOUNDS
from s2rm_sc2.backends.learned import Report
from s2rm_sc2.cli import app


def test_without_torchrl_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "torchrl", None)
    done = CliRunner().invoke(app, ["control"])
    assert done.exit_code == 2
    assert "pip install 's2rm-sc2[marl]'" in done.output
    assert "Traceback" not in done.output


def result(arm: str, seed: int, won: int) -> Result:
    return Result(arm, seed, 100, won, 10.0 + seed, 1000, 2000, 60.0, 90.0)


def test_one_seed_has_wilsons_interval() -> None:
    (line,) = lines([result("dream", 0, 50)])
    assert (line.won, line.seeds) == (0.5, 1)
    assert (line.low, line.high) == pytest.approx((0.4038, 0.5962), abs=1e-4)


def test_several_seeds_have_the_interval_of_their_battles_joined_with_that_over_seeds() -> None:
    (line,) = lines([result("dream", 0, 40), result("dream", 1, 50), result("dream", 2, 60)])
    battles, seeds = 0.0962, 4.30 * 0.1 / 3**0.5  # Wilson's of 50 in 100, and Student's
    half = (battles**2 + seeds**2) ** 0.5
    assert (line.low, line.won, line.high) == pytest.approx((0.5 - half, 0.5, 0.5 + half), abs=1e-4)
    assert line.mean_return == 11.0


def test_seeds_that_play_the_same_battles_say_no_more_of_these_battles_than_one_does() -> None:
    (one,) = lines([result("dream", 0, 80)])
    (three,) = lines([result("dream", seed, 80) for seed in range(3)])
    assert (three.low, three.high) == pytest.approx((one.low, one.high))
    (all_won,) = lines([result("dream", seed, 100) for seed in range(3)])
    assert (all_won.won, all_won.high) == (1.0, 1.0)
    assert all_won.low == pytest.approx(100 / (100 + 1.96**2))


def test_a_table_has_a_row_for_each_arm() -> None:
    rows = markdown([result("dream", 0, 50), result("random", 0, 2)]).splitlines()
    assert rows[2] == "| dream | 1 | 50 | 40 to 60 | 10.0 | 1,000 | 2,000 | 1.0 | 1.5 |"
    assert len(rows) == 4


def test_how_long_a_model_was_trained_is_not_made_up() -> None:
    (line,) = lines([result("dream", 0, 50), replace(result("dream", 1, 50), model_seconds=None)])
    assert line.model_seconds is None
    assert line.cells()[-1] == "unknown"


def test_bounds_are_counted_over_all_dreams(tmp_path: Path) -> None:
    """By hand: a bound that acted in 1 of 100 unit steps and in 30 of 300 acted in 31 of 400."""
    few = Report(100, dict.fromkeys(BOUNDS, 0.01), dict.fromkeys(BOUNDS, 2.0))
    many = Report(300, dict.fromkeys(BOUNDS, 0.1), dict.fromkeys(BOUNDS, 4.0))
    both = joined([few, many])
    assert both.unit_steps == 400
    assert both.acted["speed"] == pytest.approx(31 / 400)
    assert both.mean["speed"] == pytest.approx((1 * 2.0 + 30 * 4.0) / 31)
    found = [replace(result("dream", seed, 50), bounds=report) for seed, report in enumerate((few, many))]
    write(tmp_path, {"scenario": "2s3z"}, [*found, result("random", 0, 2)])
    assert "| speed | 77.5 | 3.94 |" in (tmp_path / "control.md").read_text()
    told = [row["bounds"] for row in json.loads((tmp_path / "control.json").read_text())["results"]]
    assert told == [asdict(few), asdict(many), None]
