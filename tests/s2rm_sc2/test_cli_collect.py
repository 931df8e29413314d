"""`collect`, `inspect` and `scenarios` as a user meets them: what is printed, and with which exit code."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from s2rm_sc2.cli import app
from s2rm_sc2.scenarios import family_names, get, smac_names
from s2rm_sc2.store import EpisodeStore
from tests.commands import foreground

COMMAND = [sys.executable, "-m", "s2rm_sc2"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def collect(*arguments: str) -> tuple[int, str, str]:
    return run("collect", "--map", "3m", "--workers", "1", *arguments)


def test_collect_fills_data_and_continues() -> None:
    code, out, _ = collect("--episodes", "4")
    assert code == 0
    assert "4 (4 new)" in out
    assert collect("--episodes", "6")[0] == 0
    assert EpisodeStore.open(Path("data/3m.zarr")).n_episodes == 6
    code, out, _ = collect("--episodes", "5")
    assert code == 0
    assert "holds 6 episodes already, so there was nothing to do" in out


def test_inspect_shows_what_a_store_holds() -> None:
    collect("--episodes", "3", "--policy", "random", "--seed", "8", "--out", "some.zarr")
    code, out, _ = run("inspect", "some.zarr")
    assert code == 0
    for words in ("3m", "random", "8 (collect)", "engine_version", "observation", "units/cooldown", "episode/seed"):
        assert words in out
    assert run("inspect", ".")[1] == out


def test_scenarios_lists_all_maps_and_describes_one() -> None:
    code, out, _ = run("scenarios")
    assert code == 0
    for name in smac_names():
        assert name in out
    row = next(line for line in out.splitlines() if line.split()[:1] == ["3s5z"])
    assert row.split() == ["3s5z", "3s5z", "3s5z", "band", "150", "14", "128", "216"]
    code, out, _ = run("scenarios", "corridor")
    assert code == 0
    assert "24zg" in out


def test_scenarios_lists_families_and_describes_any_name() -> None:
    code, out, _ = run("scenarios")
    assert code == 0
    for name in family_names():
        assert name in out
    row = next(line for line in out.splitlines() if line.split()[:1] == ["10gen_protoss"])
    assert row.split() == ["10gen_protoss", *2 * ["10(s|z|c)"], "flat", "200", *row.split()[5:8]]
    code, out, _ = run("scenarios", "protoss_10_vs_10,opponent=kite")
    assert code == 0
    for words in ("10gen_protoss,opponent=kite", "45% stalker, 45% zealot, 10% colossus", "kite", "own"):
        assert words in out
    code, out, _ = run("scenarios", "3x2s3z,limit=70,sight=6")
    assert code == 0
    for words in ("3x2s3z,sight=6,limit=70", "6s9z", "flat64", "70", "6, 6 cells"):
        assert words in out


def test_a_field_with_properties_is_collected_under_its_own_name() -> None:
    name = "2x1m,sight=6,limit=5"
    assert run("collect", "--map", "2x1m,limit=5,sight=6", "--episodes", "2", "--workers", "1")[0] == 0
    store = EpisodeStore.open(Path(f"data/{name}.zarr"))
    assert store.scenario == get(name)
    assert store.lengths.tolist() == [6, 6]
    assert "2x1m,sight=6,limit=5" in run("inspect")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("collect", "--map", "3sz5"), "Scenario '3sz5' is neither"),
        (("collect", "--map", "3m", "--episodes", "-1"), "--episodes is -1"),
        (("collect", "--map", "3m", "--episodes", "0"), "--episodes is 0"),
        (("collect", "--map", "3m", "--workers", "-2"), "--workers is -2"),
        (
            ("collect", "--map", "3m", "--policy", "best"),
            "choose one of: random, nearest, focus, kite, scripted, listed, paired, mixture",
        ),
        (("collect", "--map", "3m", "--out", "/proc/no/where.zarr"), "Nothing can be written to /proc/no/where.zarr"),
        (("scenarios", "27n"), "Scenario '27n' is neither"),
        (("inspect", "nowhere.zarr"), "nowhere.zarr does not exist"),
        (("inspect",), "s2rm-sc2 collect --map 3s5z"),
    ],
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    code, out, err = run(*arguments)
    assert code == 2
    assert words in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert not out


def test_a_store_of_another_seed_is_left_alone() -> None:
    collect("--episodes", "2")
    code, _, err = collect("--episodes", "4", "--seed", "1")
    assert code == 2
    assert "seed 0, not 1" in err
    assert "--out" in err


def test_a_full_disk_ends_in_one_sentence_and_the_next_call_continues(here: Path) -> None:
    collect("--episodes", "20")
    limited = f"ulimit -f 48; exec {' '.join(COMMAND)} collect --map 3m --workers 1 --episodes 200"
    ended = subprocess.run(["bash", "-c", limited], capture_output=True, text=True)
    assert ended.returncode == 2, ended.stderr
    sentence = ended.stderr.strip().splitlines()[-1]
    assert sentence.startswith("error: The disk refuses to store more")
    assert "Traceback" not in ended.stderr
    assert 20 <= EpisodeStore.open(Path("data/3m.zarr")).n_episodes < 200
    assert collect("--episodes", "200")[0] == 0
    collect("--episodes", "200", "--out", "peace.zarr")
    for file in Path("peace.zarr").rglob("*"):
        if file.is_file():
            assert file.read_bytes() == (Path("data/3m.zarr") / file.relative_to("peace.zarr")).read_bytes()


def test_ctrl_c_ends_in_one_sentence_and_leaves_no_process(here: Path) -> None:
    arguments = [*COMMAND, "collect", "--map", "3m", "--workers", "2", "--episodes", "1000000"]
    with foreground():
        process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not (here / "data/3m.zarr/episode/battle_won/zarr.json").exists():
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert err.splitlines()[-1].startswith("error: Interrupted; what was committed is safe")
    assert "Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    EpisodeStore.open(here / "data/3m.zarr")


def test_help_needs_no_heavy_import() -> None:
    code = "import sys, s2rm_sc2.cli; print(*{'torch', 'numba', 'zarr', 'numpy', 'matplotlib'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == ""


def test_scenarios_play_prints_how_often_policies_win() -> None:
    code, out, _ = run("scenarios", "3m", "--play", "--episodes", "8", "--policy", "random", "--policy", "scripted")
    assert code == 0
    row = next(line.split() for line in out.splitlines() if line.split()[:1] == ["3m"])
    assert row[1].startswith("0±")
    assert int(row[3].split("±")[0]) >= 50
    assert run("scenarios", "3m", "--play", "--episodes", "8", "--policy", "random", "--policy", "scripted")[1] == out


def test_scenarios_play_shows_a_refused_map_as_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s2rm_sc2.scenarios.smac_names", lambda: ("2m_vs_1z", "99c@pocket_2s"))
    code, out, _ = run("scenarios", "--play", "--episodes", "2", "--policy", "focus")
    assert code == 0
    assert out.count("99c@pocket_2s") == 2
    assert "refused" in out
    assert "2m_vs_1z" in out


def test_scenarios_play_wants_a_battle_and_a_policy_there_is() -> None:
    assert run("scenarios", "3m", "--play", "--episodes", "0")[0] == 2
    code, _, error = run("scenarios", "3m", "--play", "--policy", "best")
    assert code == 2
    assert "'best' is unknown" in error


def test_a_scenario_with_properties_in_its_name_is_a_file_name() -> None:
    name = "3m,opponent=kite.zarr"
    assert collect("--episodes", "2", "--out", name)[0] == 0
    assert collect("--episodes", "3", "--out", name)[0] == 0
    assert run("inspect", name)[0] == 0
    assert EpisodeStore.open(Path(name)).n_episodes == 3
