"""The compiled vectors against the tensor operations, bit for bit, and what keeps them quick to start."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from s2rm_sc2 import scenarios
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_TYPES, unit_type
from s2rm_sc2.views import SmacOptions, SmacViews
from s2rm_sc2.views.compiled import CompiledViews
from s2rm_sc2.views.layout import SmacLayout
from s2rm_sc2.views.tensors import TensorViews
from tests.s2rm_sc2.teams import drawn

OPTION_SETS: tuple[dict[str, Any], ...] = (
    {},
    {"obs_last_action": True, "state_timestep_number": True},
    {"obs_pathing_grid": True, "obs_terrain_height": True, "move_amount": 3},
    {"obs_all_health": False, "obs_own_health": False, "state_last_action": False},
    {"obs_all_health": False, "obs_own_health": True, "obs_timestep_number": True},
    {"obs_pathing_grid": True, "obs_timestep_number": True, "move_amount": 1},
    {"obs_terrain_height": True, "obs_last_action": True, "obs_timestep_number": True},
    {"obs_last_action": True, "obs_pathing_grid": True, "obs_terrain_height": True, "obs_all_health": False},
)
COMPOSITIONS = ("1c2z_vs_3m", "5m1md_vs_2m", "2md1h", "1m", "3M2b_vs_2zg@flat")
SCENARIOS = {
    **{name: scenarios.get(name) for name in (*scenarios.smac_names(), *COMPOSITIONS)},
    **{scenario.name: scenario for race in "TPZ" for scenario in (drawn(race, 5, 5), drawn(race, 6, 4))},
    "3s5z,sight=6": replace(scenarios.get("3s5z"), sight_range=6.0, shoot_range=3.7),
}


def random_table(scenario: Scenario, rng: np.random.Generator, battles: int) -> UnitTable:
    """Places on whole cells and off them, far outside and on -0; exact ranges; the dead; strides as the engine's."""
    A, U = scenario.n_agents, scenario.n_units
    if scenario.draw is None:
        kind = np.broadcast_to(np.array(scenario.type_indices), (battles, U))
    else:
        kind = rng.choice([unit.index for unit in scenario.ally_kinds], (battles, U))
    place = rng.uniform(0, 32, (battles, 1, 2)) + rng.normal(0, 1, (battles, U, 2)) * rng.choice([1.5, 6, 20])
    place = np.where(rng.random((battles, U, 1)) < 0.3, np.round(place), place)
    exact = rng.choice([2, 3.7, 4, 5, 6, 7, 8, 9, 10, 11], (battles, U)) * rng.choice([-1, 1], (battles, U))
    place[..., 0] = np.where(rng.random((battles, U)) < 0.3, place[:, :1, 0] + exact, place[..., 0])
    place[..., 1] = np.where(rng.random((battles, U)) < 0.3, place[:, :1, 1], place[..., 1])
    place = np.where(rng.random((battles, U, 2)) < 0.05, -0.0, place)
    full = np.array([[unit.health, unit.shield, unit.energy, 36.0] for unit in UNIT_TYPES])[kind]
    points = full * np.where(rng.random(full.shape) < 0.3, 1.0, rng.random(full.shape))
    alive = rng.random((battles, U)) < rng.choice([1.0, 0.7, 0.1], (battles, 1))
    real = np.zeros((battles, 9, U), np.float32)
    real[:, 0:2], real[:, 3:7] = place.transpose(0, 2, 1), (points * alive[..., None]).transpose(0, 2, 1)
    whole = np.stack([kind, np.broadcast_to(np.arange(U) >= A, (battles, U))], 1)
    reals, wholes = torch.from_numpy(real), torch.from_numpy(np.ascontiguousarray(whole, np.int64))
    return UnitTable(
        type=wholes[:, 0],
        team=wholes[:, 1],
        x=reals[:, 0],
        y=reals[:, 1],
        health=reals[:, 3],
        shield=reals[:, 4],
        energy=reals[:, 5],
        cooldown=reals[:, 6],
        alive=torch.from_numpy(alive),
    )


def same(ours: Tensor, theirs: Tensor) -> bool:
    """Same shape, dtype and bytes, the sign of zero included."""
    alike = ours.shape == theirs.shape and ours.dtype == theirs.dtype
    return alike and ours.numpy().tobytes() == theirs.contiguous().numpy().tobytes()


@pytest.mark.parametrize("name", SCENARIOS)
def test_compiled_vectors_equal_the_tensor_operations(name: str) -> None:
    scenario = SCENARIOS[name]
    for number, keywords in enumerate(OPTION_SETS):
        rng = np.random.default_rng([number, *name.encode()])
        layout = SmacLayout(scenario, SmacOptions(**keywords))
        compiled, tensors = CompiledViews(layout), TensorViews(layout)
        for battles in (12, 1):
            units = random_table(scenario, rng, battles)
            available = tensors.available_actions(units)
            assert same(compiled.available_actions(units), available)
            alive = units.alive[:, : scenario.n_agents]
            last = torch.tensor(rng.integers(0, layout.n_actions, alive.shape))
            steps = torch.tensor(rng.integers(0, scenario.limit + 1, battles))
            for given in ((last, steps), (None, None)):
                seen = tensors.observation(units, available, *given)
                assert same(compiled.observation(units, available, *given), seen)
            assert same(compiled.state(units, last, steps), tensors.state(units, last, steps))
            assert same(compiled.sees(units), tensors.sees(units))


def test_a_table_that_needs_gradients_or_another_precision_takes_the_tensor_path() -> None:
    scenario = scenarios.get("2s3z")
    views, units = SmacViews(scenario), random_table(scenario, np.random.default_rng(0), 3)
    expected = views.unit_state(units)
    x = units.x.clone().requires_grad_()
    state = views.state(replace(units, x=x), torch.zeros(3, 5).long(), torch.zeros(3).long())
    assert torch.equal(state[:, : expected.shape[1]], expected)
    (slope,) = torch.autograd.grad(state.sum(), x)
    assert torch.equal(slope > 0, units.alive)
    wide = units.map(lambda field: field.double() if field.is_floating_point() else field)
    assert torch.equal(views.available_actions(wide), views.available_actions(units))


def test_the_second_process_compiles_nothing() -> None:
    program = (
        "from s2rm_sc2 import scenarios\n"
        "from s2rm_sc2.envs.batched import BatchedBattles\n"
        "from s2rm_sc2.views import compiled\n"
        "for name, n in (('3m', 1), ('3s5z', 4)):\n"
        "    b = BatchedBattles(scenarios.get(name), n)\n"
        "    b.reset(range(n))\n"
        "    b.observation(), b.state(), b.visible()\n"
        "entries = [getattr(compiled, f'_fill_{name}') for name in ('masks', 'sees', 'observation', 'state')]\n"
        "print(*(sum(e.stats.cache_misses.values()) for e in entries), *(len(e.signatures) for e in entries))\n"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert there.stdout.split() == ["0"] * 4 + ["1"] * 4


def test_medivacs_of_drawn_teams_heal_whoever_they_are() -> None:
    scenario = drawn("T", 3, 2)
    layout = SmacLayout(scenario)
    units = random_table(scenario, np.random.default_rng(1), 1)
    kinds = [unit_type(name).index for name in ("marine", "medivac", "marauder", "medivac", "marine")]
    near, everyone = torch.full((1, 5), 16.0), torch.ones(1, 5, dtype=torch.bool)
    units = replace(units, type=torch.tensor([kinds]), x=near, y=near, alive=everyone)
    masks = CompiledViews(layout).available_actions(units)[0, :, 6:]
    assert masks.tolist() == [[True, True, False], [True, False, True], [True, True, False]]
