"""``s2rm-sc2 control`` from its command line to its files."""

import json
from contextlib import chdir
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("torchrl", reason="TorchRL, of the extra `marl`, is not installed", exc_type=ImportError)

from s2rm_sc2.cli import app
from s2rm_sc2.store import EpisodeStore

STAGE = 16_384
"""Steps of a stage, the least that a policy is trained for."""


def test_from_a_run_to_a_table_and_again_without_training(
    run_2s3z: Path, store_2s3z: EpisodeStore, tmp_path: Path
) -> None:
    words = ("--map", "2s_vs_1z", "--steps", "1", "--episodes", "8", "--arm", "dream", "--arm", "real-same", "--arm")
    command = ["control", str(run_2s3z), "--data", str(store_2s3z.path), *words, "kite"]
    with chdir(tmp_path):
        done = CliRunner(env={"COLUMNS": "200"}).invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "Table and curves: control/2s_vs_1z" in done.output
    out = tmp_path / "control" / "2s_vs_1z"
    told = json.loads((out / "control.json").read_text())
    dream, real, script = told["arms"]
    assert [arm["arm"] for arm in told["arms"]] == ["dream", "real-same", "kite"]
    assert (dream["real_steps"], dream["dream_steps"]) == (store_2s3z.n_steps, STAGE)
    assert (real["real_steps"], real["dream_steps"]) == (STAGE, 0)
    assert (script["real_steps"], script["dream_steps"]) == (0, 0)
    assert told["about"]["run"] == str(run_2s3z)
    assert all(result["episodes"] == 8 for result in told["results"])
    assert f"| dream | 1 | {100 * dream['won']:.0f} |" in (out / "control.md").read_text()
    assert (out / "control.png").read_bytes().startswith(b"\x89PNG")
    trained = {path: path.stat().st_mtime_ns for path in out.glob("*/*")}
    assert {path.name for path in trained} == {"last.safetensors", "policy.safetensors", "result.json"}
    with chdir(tmp_path):
        again = CliRunner(env={"COLUMNS": "200"}).invoke(app, command)
    assert again.exit_code == 0, again.output
    assert {path: path.stat().st_mtime_ns for path in out.glob("*/*")} == trained
    assert json.loads((out / "control.json").read_text()) == told
