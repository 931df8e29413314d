import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from rich.console import Console

from evaluation.held_out import held_out
from evaluation.questions import Units
from evaluation.report import Report
from evaluation.rows import distinct, select
from evaluation.runs import content, load_runs
from evaluation.suite import default_scenarios, evaluate
from s2rm_sc2.errors import BadArgument, CheckpointBroken, CheckpointMissing, ScenarioUnknown
from s2rm_sc2.scenarios import get

KEYS = [
    "model",
    "seed",
    "scenario",
    "split",
    "views",
    "horizon",
    "status",
    "metric",
    "value",
    "low",
    "high",
    "n",
    "dropping",
    "bin",
]


@pytest.fixture(scope="module")
def report(run_2s3z: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("report")
    return evaluate([run_2s3z], ["2s3z", "3m"], episodes=3, seed=1, out=folder, progress=False)


@pytest.fixture(scope="module")
def written(report: Report) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((report.folder / "report.json").read_text())
    return read


def test_report_json_keeps_its_contract(written: dict[str, Any]) -> None:
    assert written["format"] == 1
    assert all(list(row) == KEYS for row in written["rows"])
    assert {(row["model"], row["seed"]) for row in written["rows"]} == {
        ("s2gru", 5),
        ("persistence", None),
        ("constant velocity", None),
    }
    assert {(row["scenario"], row["split"]) for row in written["rows"]} == {("2s3z", "train"), ("3m", "unseen")}
    assert {row["status"] for row in written["rows"]} <= {"all", "visible", "hidden"}
    assert {0.4, 1.0} <= {row["views"] for row in written["rows"]}
    assert {1, 10} <= {row["horizon"] for row in written["rows"]}
    assert all(row["n"] >= 0 and row["low"] <= row["high"] for row in written["rows"])
    assert written["about"]["episodes"] == 3
    assert written["about"]["training"][0]["update"] == 4


def test_every_figure_of_the_model_stands_beside_the_floor(report: Report) -> None:
    def asked(model: str) -> list[tuple[object, ...]]:
        rows = [row for row in select(report.rows, model=model) if not row.metric.endswith("_factor")]
        return sorted((r.scenario, r.views, r.horizon, r.status, r.metric, r.n) for r in rows)

    assert asked("s2gru") == asked("persistence") == asked("constant velocity")


def test_the_same_seed_gives_the_same_figures_and_another_gives_others(
    run_2s3z: Path, report: Report, tmp_path: Path
) -> None:
    runs = load_runs([run_2s3z])
    again = Units([held_out(get("3m"), tmp_path, 3, seed=1, progress=False)])
    other = Units([held_out(get("3m"), tmp_path, 3, seed=2, progress=False)])
    rows = again.rows(runs[0]) + again.floors([runs[0].info.scenarios])
    assert rows == select(report.rows, scenario="3m")
    assert other.rows(runs[0]) != again.rows(runs[0])


def test_markdown_shows_every_picture_and_every_picture_can_be_opened(report: Report) -> None:
    text = (report.folder / "report.md").read_text()
    linked = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
    errors = {f"{against}-{metric}.png" for against in ("horizon", "views") for metric in ("position_error", "dead_f1")}
    others = {"heat-map-units.png", "imagined-train.png", "imagined-unseen.png", "training.png"}
    assert errors | others | {"topology-s2gru-seed-5.png"} <= set(linked)
    for name in linked:
        with Image.open(report.folder / name) as image:
            image.verify()
            assert min(image.size) > 300
    assert "| 3m | unseen | persistence |" in text


def test_the_terminal_shows_every_scenario_and_model_in_a_hundred_columns(report: Report) -> None:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(*report.tables())
    text = capture.get()
    for word in ("2s3z", "(train)", "(unseen)", "s2gru", "persistence", "constant velocity", "×", "10 steps,", "40%"):
        assert word in text
    assert "…" not in text


def test_two_runs_that_differ_in_nothing_but_their_folder_are_told_apart(
    run_2s3z: Path, report: Report, tmp_path: Path
) -> None:
    shutil.copytree(run_2s3z, tmp_path / "second")
    runs = load_runs([run_2s3z, tmp_path / "second", run_2s3z])
    question = Units([held_out(get("3m"), report.folder, 3, seed=1, progress=False)])
    rows = [row for run in runs for row in question.rows(run)]
    assert distinct(rows, "model") == ["s2gru (first)", "s2gru (second)"]
    for name in ("s2gru (first)", "s2gru (second)"):
        alone = select(report.rows, model="s2gru", scenario="3m")
        assert [row.value for row in select(rows, model=name)] == [row.value for row in alone]


def test_without_scenarios_unseen_ones_with_seen_unit_types_are_chosen(run_2s3z: Path) -> None:
    assert default_scenarios(load_runs([run_2s3z])) == ["2s3z", "5s3z", "1s2z"]


def test_bad_input_is_named(run_2s3z: Path, tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="train one first"):
        evaluate([], None, 1, 0)
    with pytest.raises(BadArgument, match="episodes"):
        evaluate([run_2s3z], None, 0, 0)
    with pytest.raises(CheckpointMissing):
        evaluate([tmp_path / "nowhere"], None, 1, 0)
    with pytest.raises(ScenarioUnknown):
        evaluate([run_2s3z], ["3s5y"], 1, 0)
    cut = tmp_path / "cut"
    shutil.copytree(run_2s3z, cut)
    whole = (cut / "best.safetensors").read_bytes()
    (cut / "best.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointBroken, match="cut"):
        evaluate([cut], None, 1, 0)


def test_a_scenario_seen_in_training_is_not_unseen_under_another_name() -> None:
    same = ["3s5z", "3s5z_vs_3s5z", "3s5z@band", "5z3s"]
    assert len({content(name) for name in same}) == 1
    assert len({content(name) for name in ("3s5z", "5s3z", "3s5z@flat", "3s5z_vs_3s6z")}) == 4
