"""Our vectors and rewards against what SMAC's own code said of the same tables, recorded by ``record_smac.py``."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from s2rm_sc2 import scenarios
from s2rm_sc2.reward import outcome, step_reward
from s2rm_sc2.table import UnitTable
from s2rm_sc2.views import SmacOptions, SmacViews

FILE = Path(__file__).with_name("smac_vectors.npz")


@pytest.fixture(scope="module")
def recorded() -> dict[str, npt.NDArray[Any]]:
    with np.load(FILE, allow_pickle=False) as arrays:
        return dict(arrays)


def test_vectors_and_rewards_are_smacs(recorded: dict[str, npt.NDArray[Any]]) -> None:
    cases = json.loads(str(recorded["cases"]))
    assert len({name for name, _ in cases}) >= 6
    for number, (name, keywords) in enumerate(cases):
        keys = ("real", "whole", "last", "steps", "available", "observation", "state", "visible", "reward")
        case = {key: recorded[f"{number}/{key}"] for key in keys}
        scenario, options = scenarios.get(name), SmacOptions(**keywords)
        views = SmacViews(scenario, options)
        kind, team, *living = (torch.from_numpy(case["whole"][:, row]) for row in range(4))
        alive, alive_after = (field.bool() for field in living)
        x, y, health, shield, energy, cooldown, *rest = (torch.from_numpy(case["real"][:, row]) for row in range(8))
        before = UnitTable(kind.long(), team.long(), x, y, health, shield, energy, cooldown, alive)
        after = replace(before, health=rest[0], shield=rest[1], alive=alive_after)
        last, steps = torch.from_numpy(case["last"]).long(), torch.from_numpy(case["steps"]).long()
        available = views.available_actions(before)
        ours = {
            "available": available,
            "observation": views.observation(before, available, last, steps),
            "state": views.state(before, last, steps),
            "visible": views.visibility(before),
            "reward": step_reward(before, after, outcome(after, scenario), scenario, options),
        }
        for key, vectors in ours.items():
            where = f"{key} of {name} with {keywords}"
            assert vectors.shape == case[key].shape, where
            assert vectors.numpy().tobytes() == case[key].tobytes(), where
