import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from rich.console import Console

from evaluation.held_out import held_out
from evaluation.judges import UnitJudge, unit_judge
from evaluation.questions import QUESTIONS, choose
from evaluation.report import Report
from evaluation.rows import distinct, select
from evaluation.runs import content, load_runs
from evaluation.suite import default_scenarios, evaluate, unfamiliar
from s2rm_sc2.errors import BadArgument, CheckpointBroken, CheckpointMissing, ScenarioUnknown
from s2rm_sc2.scenarios import get
from s2rm_sc2.store import EpisodeStore
from worldmodel import checkpoint
from worldmodel.checkpoint import load_checkpoint

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
    "battles",
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
        ("fitted persistence", None),
        ("fitted constant velocity", None),
    }
    assert {(row["scenario"], row["split"]) for row in written["rows"]} == {("2s3z", "train"), ("3m", "unseen")}
    statuses = {row["status"] for row in written["rows"]}
    assert statuses <= {"all", "visible", "hidden", "hidden 1-3", "hidden 4-7", "hidden 8+"}
    assert {row["dropping"] for row in written["rows"]} == {"episode"}
    assert {0.4, 1.0} <= {row["views"] for row in written["rows"]}
    assert {1, 10, 20} <= {row["horizon"] for row in written["rows"]}
    assert all(row["n"] >= 0 and row["low"] <= row["high"] for row in written["rows"])
    assert {1, 2, 3} >= {row["battles"] for row in written["rows"]}
    assert written["about"]["episodes"] == 3
    assert written["about"]["training"][0]["update"] == 4


def test_every_figure_of_the_model_stands_beside_the_floor(report: Report) -> None:
    def asked(model: str) -> list[tuple[object, ...]]:
        rows = [row for row in select(report.rows, model=model, bin=None) if not row.metric.endswith("_factor")]
        # Where nobody dies, only who foretells deaths has a figure for that.
        return sorted((r.scenario, r.views, r.horizon, r.status, r.metric, r.n) for r in rows if r.n)

    plain, fitted = ([who.format(name) for name in ("persistence", "constant velocity")] for who in ("{}", "fitted {}"))
    whole = asked("s2gru")
    assert asked(plain[0]) == asked(plain[1]) == [found for found in whole if found[4] != "unit_nll"]
    assert asked(fitted[0]) == asked(fitted[1]) == [found for found in whole if found[4] == "unit_nll"]


def test_what_models_are_compared_by_is_kept_for_every_battle(report: Report) -> None:
    for metric in ("position_error", "health_error", "unit_nll"):
        for row in select(report.rows, metric=metric, status="visible", dropping="episode"):
            assert sum(over for over, _ in row.sums) / sum(under for _, under in row.sums) == pytest.approx(row.value)
            assert sum(under for _, under in row.sums) == row.n


def test_fitted_floors_know_what_they_were_fitted_on_and_not_the_test(run_2s3z: Path, tmp_path: Path) -> None:
    tests = [held_out(get("3m"), tmp_path, 3, 1, False)]
    said = {
        trained: unit_judge(tests, [trained], tmp_path, 1, False, choose(["likelihood"])).floors([["2s3z"]])
        for trained in ("2s3z", "3m")
    }
    assert [row.value for row in said["2s3z"]] != [row.value for row in said["3m"]]
    assert {row.model for row in said["3m"]} == {"fitted persistence", "fitted constant velocity"}


def test_the_same_seed_gives_the_same_figures_and_another_gives_others(
    run_2s3z: Path, report: Report, tmp_path: Path
) -> None:
    runs = load_runs([run_2s3z])
    again, other = (
        unit_judge([held_out(get("3m"), tmp_path, 3, seed, False)], ["2s3z"], tmp_path, seed, False, choose(asked))
        for seed, asked in ((1, None), (2, ["scenarios"]))
    )
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
            assert min(image.size) > 200
    assert "| 3m | unseen | persistence |" in text


def test_the_terminal_shows_every_scenario_and_model_in_a_hundred_columns(report: Report) -> None:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(*report.tables())
    text = capture.get()
    for word in ("2s3z", "(train)", "(unseen)", "s2gru", "persistence", "constant velocity", "×", "10 steps,", "40%"):
        assert word in text
    assert "…" not in text


def test_the_terminal_answers_a_question_that_was_asked_by_itself(run_2s3z: Path, tmp_path: Path) -> None:
    (run,) = load_runs([run_2s3z])
    tests = [held_out(get("2x1s2z"), tmp_path, 3, 1, False)]
    for question in QUESTIONS:
        if question.units is None:
            continue
        judge = unit_judge(tests, ["2s3z"], tmp_path, 1, False, [question])
        report = Report(judge.rows(run) + judge.floors([["2s3z"]]), {}, tmp_path, (), [question.name])
        console = Console(width=80)
        with console.capture() as capture:
            console.print(*report.tables())
        assert "s2gru" in capture.get(), question.name
        assert "…" not in capture.get(), question.name
    report = evaluate([run_2s3z], ["2x1s2z"], 3, 1, tmp_path, progress=False, questions=["hidden"])
    titles = [table.title for table in report.tables()]
    assert "Position error in cells: hidden units by age" in titles
    assert all("hidden" in str(title) for title in titles)


def test_two_runs_that_differ_in_nothing_but_their_folder_are_told_apart(
    run_2s3z: Path, report: Report, tmp_path: Path
) -> None:
    shutil.copytree(run_2s3z, tmp_path / "second")
    runs = load_runs([run_2s3z, tmp_path / "second", run_2s3z])
    judge = UnitJudge([held_out(get("3m"), report.folder, 3, seed=1, progress=False)], [], choose(None))
    rows = [row for run in runs for row in judge.rows(run)]
    assert distinct(rows, "model") == ["s2gru (first)", "s2gru (second)"]
    for name in ("s2gru (first)", "s2gru (second)"):
        alone = select(report.rows, model="s2gru", scenario="3m")
        assert alone
        assert [row.value for row in select(rows, model=name)] == [row.value for row in alone]


def test_without_scenarios_unseen_ones_with_seen_unit_types_are_chosen(run_2s3z: Path) -> None:
    assert default_scenarios(load_runs([run_2s3z])) == ["2s3z", "5s3z", "1s2z"]


def test_only_what_is_named_is_asked_and_evaluating_twice_gives_equal_bytes(
    run_2s3z: Path, report: Report, tmp_path: Path
) -> None:
    written = []
    for name in ("one", "two"):
        evaluate([run_2s3z], ["3m"], 2, 1, tmp_path / name, progress=False, questions=["fights", "ablations"])
        written.append((tmp_path / name / "report.json").read_bytes())
    assert written[0] == written[1]
    models = {row["model"] for row in json.loads(written[0])["rows"]}
    assert models == {f"s2gru ({name})" for name in ("reset", "blind", "constant")}  # 3m is no field


def test_unit_types_that_a_model_never_saw_are_named_and_asked_about_all_the_same(
    run_2s3z: Path, report: Report
) -> None:
    assert report.about["notes"] == ["s2gru was never trained on marine, which 3m has."]
    assert unfamiliar(load_runs([run_2s3z]), ["2c4z", "5s3z"]) == [
        "s2gru was never trained on colossus, which 2c4z has."
    ]
    assert select(report.rows, model="s2gru", scenario="3m")


def test_a_run_that_was_trained_on_test_battles_is_refused(run_2s3z: Path, tmp_path: Path) -> None:
    held_out(get("3m"), tmp_path / "out", 3, seed=4, progress=False)
    store = EpisodeStore.open(next((tmp_path / "out").glob("*.zarr")))
    peeking = tmp_path / "oracle"
    peeking.mkdir()
    weights, info = load_checkpoint(run_2s3z)
    seen = replace(info, stores=(("3m", store.fingerprint()),))
    checkpoint.save(peeking / checkpoint.BEST, weights, seen)
    with pytest.raises(BadArgument, match=r"s2gru in .*oracle was trained on test battles of 3m .* --seed"):
        evaluate([peeking], ["3m"], 3, 4, tmp_path / "out", progress=False)
    assert not (tmp_path / "out" / "report.json").exists()


def test_a_checkpoint_of_another_view_version_is_refused_by_name(run_2s3z: Path, tmp_path: Path) -> None:
    model, info = load_checkpoint(run_2s3z)
    checkpoint.save(tmp_path / checkpoint.BEST, model, replace(info, versions={**info.versions, "entity_view": "0"}))
    with pytest.raises(CheckpointBroken, match=r"best.safetensors was trained on entity view version 0, this package"):
        evaluate([tmp_path], None, 1, 0)


def test_questions_and_splits_that_do_not_fit_are_named(run_2s3z: Path, tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match=r"Question 'weather' is unknown; choose from scenarios, horizon"):
        evaluate([run_2s3z], ["3m"], 1, 0, questions=["weather"])
    with pytest.raises(BadArgument, match=r"trained on units, of which --questions places asks nothing"):
        evaluate([run_2s3z], ["3m"], 1, 0, questions=["places"])
    with pytest.raises(BadArgument, match=r"question fights asks nothing about 3m"):
        evaluate([run_2s3z], ["3m"], 2, 1, tmp_path, progress=False, questions=["fights"])
    with pytest.raises(BadArgument, match=r"Split v1 has no test for a model trained on 2s3z"):
        evaluate([run_2s3z], None, 1, 0, split="v1")
    with pytest.raises(BadArgument, match="one of the two"):
        evaluate([run_2s3z], ["3m"], 1, 0, split="v1")


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
