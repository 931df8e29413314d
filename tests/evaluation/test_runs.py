"""When two names mean the same battles, so that a scenario counts as seen in training; and what can be taken away."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.runs import Run, ablated, content, load_runs
from evaluation.suite import default_scenarios
from s2rm_sc2.errors import BadArgument
from worldmodel.checkpoint import BEST, LAST, load_checkpoint, save
from worldmodel.config import preset
from worldmodel.models import build
from worldmodel.s2rm import Modules


def test_scenarios_that_differ_in_battle_are_told_apart() -> None:
    names = (
        *("3s5z", "3s5z,sight=6", "3s5z,opponent=kite", "2s3z", "1x2s3z", "3x2s3z"),
        *("10gen_protoss", "10gen_zerg", "protoss_5_vs_5"),
    )
    assert len({content(name) for name in names}) == len(names)


def test_names_of_the_same_battles_are_not() -> None:
    assert content("protoss_10_vs_10") == content("10gen_protoss")
    assert content("3s5z,limit=200") == content("5z3s")


def test_an_ablation_leaves_the_run_itself_as_it_is(run_2s3z: Path) -> None:
    (run,) = load_runs([run_2s3z])
    for name in Modules.ablations:
        without = ablated(run, name)
        assert (without.name, without.ablation) == (f"s2gru ({name})", name)
        assert isinstance(without.model, Modules)
        assert isinstance(run.model, Modules)
        assert (without.model.ablation, run.model.ablation) == (name, "none")
        assert (without.model.sphere.constant, run.model.sphere.constant) == (name == "constant", False)


def test_only_models_with_modules_can_be_ablated_and_only_so(run_2s3z: Path) -> None:
    (run,) = load_runs([run_2s3z])
    plain = Run(run.folder, build(preset("debug", "lstm")[0]), run.info, "lstm")
    with pytest.raises(BadArgument, match=r"lstm in .* has no modules"):
        ablated(plain, "reset")
    with pytest.raises(
        BadArgument, match=r"--ablate sight takes nothing from s2gru in .*; choose one of reset, blind, constant"
    ):
        ablated(run, "sight")


def test_a_folder_of_seeds_is_as_many_runs(run_2s3z: Path, tmp_path: Path) -> None:
    for seed in (0, 1):
        shutil.copytree(run_2s3z, tmp_path / f"seed{seed}")
    assert [run.folder.name for run in load_runs([tmp_path])] == ["seed0", "seed1"]


def trained(source: Path, target: Path, **other: object) -> Path:
    """A copy of a run that says that it was trained in another way."""
    shutil.copytree(source, target)
    for name in (BEST, LAST):
        model, info = load_checkpoint(target / name)
        save(target / name, model, replace(info, **other))  # type: ignore[arg-type]
    return target


def test_seeds_of_one_training_share_a_name_and_those_of_two_do_not(run_2s3z: Path, tmp_path: Path) -> None:
    for folder in ("old", "new"):
        for seed in (0, 1):
            trained(run_2s3z, tmp_path / folder / f"seed{seed}", seed=seed)
    old, new = tmp_path / "old", tmp_path / "new"
    assert [run.name for run in load_runs([old])] == ["s2gru", "s2gru"]
    assert [run.name for run in load_runs([old, new])] == ["s2gru (old)"] * 2 + ["s2gru (new)"] * 2
    alike = [shutil.copytree(old / "seed0", tmp_path / grid / "s2gru-seed0") for grid in ("a", "b")]
    assert [run.name for run in load_runs(alike)] == ["s2gru (a/s2gru-seed0)", "s2gru (b/s2gru-seed0)"]
    assert len({run.name for run in load_runs([old / "seed0" / BEST, old / "seed0" / LAST])}) == 2


def test_trainings_of_one_model_that_differ_are_no_seeds_of_each_other(run_2s3z: Path, tmp_path: Path) -> None:
    (run,) = load_runs([run_2s3z])
    longer = replace(run.info.training, updates=9000)
    one = trained(run_2s3z, tmp_path / "short", seed=0)
    for name, other in (("long", {"training": longer}), ("elsewhere", {"stores": (("3m", "0123456789abcdef"),)})):
        another = trained(run_2s3z, tmp_path / name, seed=1, **other)
        assert [run.name for run in load_runs([one, another])] == ["s2gru (short)", f"s2gru ({name})"]


def test_runs_of_places_are_tested_on_more_fights_of_the_same_sight(run_2s3z: Path) -> None:
    (run,) = load_runs([run_2s3z])
    places = replace(run.info.training, task="places")
    for sight in ("", ",sight=5"):
        trained = (f"2x1s2z{sight}", f"3x2s2z{sight}")
        asked = replace(run, info=replace(run.info, training=places, scenarios=trained))
        assert default_scenarios([asked]) == [*trained, f"4x2s2z{sight}"]
