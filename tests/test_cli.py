"""The command line as a user meets it: the chain of verbs, and one clear sentence for every bad input."""

import json
import shutil
from contextlib import chdir
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from typer.testing import CliRunner

from s2rm_sc2.cli import app
from s2rm_sc2.store import EpisodeStore
from tests.commands import shell
from worldmodel import checkpoint


def s2rm(*arguments: str | Path, cwd: Path) -> CompletedProcess[str]:
    """Run a verb in this process, which has imported everything already; what a verb does not foresee is raised."""
    with chdir(cwd):
        done = CliRunner(env={"COLUMNS": "200"}).invoke(app, list(map(str, arguments)))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def run_of(home: Path) -> Path:
    (run,) = (home / "runs").iterdir()
    return run


def test_collect_train_and_evaluate_chain_without_paths(home: Path) -> None:
    run = run_of(home)
    assert run.name.endswith("-s2gru-local")
    report = json.loads((run / "evaluation" / "report.json").read_text())
    fields = {"model", "seed", "scenario", "split", "views", "horizon", "status", "metric", "value", "low", "high"}
    assert all(fields <= row.keys() for row in report["rows"])
    scenarios = (("3s5z", "train"), ("1c3s5z", "train"), ("5s3z", "unseen"), ("2c4z", "unseen"))
    floors = ("persistence", "constant velocity")
    models = ("s2gru-local", *floors, *(f"fitted {name}" for name in floors))
    asked = {(model, *scenario) for model in models for scenario in scenarios}
    assert {(row["model"], row["scenario"], row["split"]) for row in report["rows"]} == asked
    assert {1.0, 0.4} <= {row["views"] for row in report["rows"]}
    assert {1, 5} <= {row["horizon"] for row in report["rows"]}
    assert list((run / "evaluation").glob("*.png"))
    assert (run / "evaluation" / "report.md").exists()


def test_inspect_describes_stores_and_runs(home: Path) -> None:
    store, run = s2rm("inspect", cwd=home), s2rm("inspect", run_of(home), cwd=home)
    assert "observation" in store.stdout
    assert "3s5z" in run.stdout
    assert "parameters" in run.stdout


@pytest.mark.parametrize("verb", ["evaluate", "imagine"])
def test_a_run_of_make_demo_is_named_where_there_is_no_other(verb: str, home: Path, tmp_path: Path) -> None:
    shutil.copytree(run_of(home), tmp_path / "demo" / "run")
    done = s2rm(verb, cwd=tmp_path)
    assert done.returncode == 2
    assert "No trained run lies in runs/; demo/run is one of make demo; name it, or train one" in done.stderr


def test_one_thing_is_told_in_the_singular(home: Path, tmp_path: Path) -> None:
    single = ("collect", "--map", "1s1z", "--episodes", "1", "--out", "one.zarr")
    s2rm(*single, cwd=tmp_path)
    assert "one.zarr holds 1 episode already, so there was nothing to do." in s2rm(*single, cwd=tmp_path).stdout
    assert "1 episode, " in str(EpisodeStore.open(tmp_path / "one.zarr"))
    asked = s2rm(
        "evaluate", run_of(home), "--questions", "fights", "--scenario", "3s5z", "--episodes", "3", cwd=tmp_path
    )
    assert "The question fights asks nothing about 3s5z" in asked.stderr


def test_imagine_compares_a_battle_with_its_dream_and_knows_what_it_cannot(home: Path) -> None:
    assert {path.name for path in (home / "imagine").iterdir()} == {"imagined.gif", "imagined.png", "drift.png"}
    unknown = s2rm("imagine", "--map", "3m", cwd=home)
    assert unknown.returncode == 2
    assert "marine" in unknown.stderr
    assert unknown.stderr.count("\n") == 1


def test_a_finished_training_has_nothing_left_to_do(home: Path) -> None:
    again = s2rm("train", "--preset", "debug", "--updates", "10", "--out", run_of(home), cwd=home)
    assert again.returncode == 0
    assert len((run_of(home) / "log.jsonl").read_text().splitlines()) == 10


def test_several_seeds_are_trained_and_inspected_together(home: Path, tmp_path: Path) -> None:
    seeds = ("--seed", "3", "--seed", "8", "--device", "cpu", "--out", "both")
    how = ("--model", "lstm", "--task", "places", "--preset", "debug", "--updates", "2", *seeds)
    done = s2rm("train", *how, "--data", home / "data", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "both").iterdir()} == {"seed3", "seed8"}
    shown = s2rm("inspect", "both", cwd=tmp_path).stdout
    assert "both/seed3" in shown
    assert "both/seed8" in shown
    assert "held-out loss" in shown


def test_a_simulator_is_another_model_unless_one_is_named(home: Path, tmp_path: Path) -> None:
    how = ("--simulator", "--preset", "debug", "--updates", "2", "--device", "cpu")
    done = s2rm("train", *how, "--data", home / "data", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert run_of(tmp_path).name.endswith("-unit-gru")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("collect", "--map", "3s5x"), "3s5z"),
        (("collect", "--map", "900c"), "room"),
        (("collect", "--episodes", "-3"), "-3"),
        (("collect", "--policy", "clever"), "mixture"),
        (("train", "--model", "gpt"), "s2gru"),
        (("train", "--model", ""), "s2gru"),
        (("train", "--updates", "0"), "--updates"),
        (("train", "--minutes", "0"), "--minutes"),
        (("train", "--minutes", "1", "--updates", "9"), "one of the two"),
        (("train", "--task", "maps"), "places"),
        (("train",), "s2rm-sc2 collect"),
        (("train", "--data", "nowhere"), "nowhere"),
        (("evaluate",), "s2rm-sc2 train"),
        (("evaluate", "nowhere"), "nowhere"),
        (("inspect", "nowhere"), "nowhere"),
        (("imagine",), "s2rm-sc2 train"),
        (("imagine", "nowhere"), "nowhere"),
        (("watch", "--map", "3m", "--agent", "7"), "--agent"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_bad_input_gets_one_sentence_and_an_exit_code(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = s2rm(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert not any(tmp_path.iterdir())


def test_a_program_of_its_own_fails_in_one_sentence_too(tmp_path: Path) -> None:
    done = shell("s2rm-sc2 collect --map 3s5x", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_a_checkpoint_cut_in_half_is_refused_by_name(home: Path, tmp_path: Path) -> None:
    whole = run_of(home) / checkpoint.BEST
    cut = tmp_path / "run"
    cut.mkdir()
    (cut / checkpoint.BEST).write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    done = s2rm("evaluate", cut, cwd=tmp_path)
    assert done.returncode == 2
    assert "truncated" in done.stderr
    assert str(cut / checkpoint.BEST) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_with_a_missing_chunk_is_refused(home: Path, tmp_path: Path) -> None:
    store = tmp_path / "3s5z.zarr"
    shutil.copytree(home / "data" / "3s5z.zarr", store)
    name = "units/x"
    assert EpisodeStore.open(store).read(name, 0, 1).shape[0] == 1
    for chunk in (store / name).glob("c*"):
        chunk.unlink()
    done = s2rm("train", "--data", store, "--preset", "debug", cwd=tmp_path)
    assert done.returncode == 2
    assert name in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["train --data {data} --preset debug", "evaluate {run}", "watch --map 3m"])
def test_a_file_in_the_way_of_a_folder_is_said(verb: str, home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    words = verb.format(data=home / "data", run=run_of(home)).split()
    done = s2rm(*words, "--out", tmp_path / "file", cwd=tmp_path)
    assert done.returncode == 2
    assert "--out" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "file").read_text() == "mine"
