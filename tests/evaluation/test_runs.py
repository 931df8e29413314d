"""When two names mean the same battles, so that a scenario counts as seen in training; and what can be taken away."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.runs import Run, ablated, content, load_runs
from evaluation.suite import default_scenarios
from s2rm_sc2.errors import BadArgument
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


def test_runs_of_places_are_tested_on_more_fights_of_the_same_sight(run_2s3z: Path) -> None:
    (run,) = load_runs([run_2s3z])
    places = replace(run.info.training, task="places")
    for sight in ("", ",sight=5"):
        trained = (f"2x1s2z{sight}", f"3x2s2z{sight}")
        asked = replace(run, info=replace(run.info, training=places, scenarios=trained))
        assert default_scenarios([asked]) == [*trained, f"4x2s2z{sight}"]
