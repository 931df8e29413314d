"""What holds in every battle, checked over a million env steps of random play on all maps and random compositions."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from collectors.policies import choose
from collectors.scripts import SCRIPTS
from s2rm_sc2 import scenarios
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import ScenarioUnsupported
from s2rm_sc2.units import UNIT_TYPES
from tests.invariants import OVERLAP, SQUEEZE, check_ground, check_numbers, check_walls, overlaps

MAPS = (*scenarios.smac_names(), "10gen_protoss", "10gen_terran", "10gen_zerg", "3x2s3z")
BATTLES, STEPS = 256, 120
"""Battles side by side and steps on each map: 27 x 256 x 120 = 829,440 env steps."""
COMPOSITIONS, FEWER = 40, 64
"""Random compositions and the battles of each: 40 x 64 x 80 = 204,800 env steps."""


def act(battles: BatchedBattles, script: str, draws: torch.Generator) -> Tensor:
    B, A = battles.n_battles, battles.scenario.n_agents
    scripts, epsilon = torch.full((B,), SCRIPTS.index(script)), torch.zeros(B, dtype=torch.float64)
    return choose(battles, scripts, epsilon, torch.rand((B, 2, A), generator=draws, dtype=torch.float64))


def play(name: str, n_battles: int, steps: int, seed: int = 0) -> None:
    scenario = scenarios.get(name)
    battles = BatchedBattles(scenario, n_battles)
    battles.reset(range(seed, seed + n_battles))
    draws = torch.Generator().manual_seed(seed)
    dead, before = ~battles.units.alive, overlaps(battles.units)
    for step in range(steps):
        result = battles.step(act(battles, "random", draws))
        units = battles.units
        check_numbers(units)
        check_ground(units, scenario)
        check_walls(units, scenario)
        if step % 8 == 6:
            before = overlaps(units)
            assert before.max() <= SQUEEZE
        elif step % 8 == 7:
            assert torch.minimum(before, overlaps(units)).max() <= OVERLAP, "whoever overlaps is pushed apart in time"
        assert (dead <= ~units.alive).all(), "the dead stay dead"
        assert torch.isfinite(result.reward).all()
        if step % 4 == 3:
            assert torch.isfinite(battles.observation()).all()
            assert torch.isfinite(battles.state()).all()
        assert ((battles.steps < scenario.limit) | battles.done).all(), "episodes end by the limit"
        if battles.done.any():
            over = torch.where(battles.done)[0].tolist()
            battles.reset([seed + 1000 * (step + 1) + battle for battle in over], over)
        dead = ~battles.units.alive


@pytest.mark.parametrize("name", MAPS)
def test_random_play_on_every_map(name: str) -> None:
    play(name, BATTLES, STEPS)


TEAM = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from([unit.letter for unit in UNIT_TYPES])),
    min_size=1,
    max_size=3,
    unique_by=lambda group: group[1],
).map(lambda groups: "".join(f"{count}{letter}" for count, letter in groups))


@settings(max_examples=COMPOSITIONS, deadline=None, derandomize=True)
@given(TEAM, TEAM, st.sampled_from(scenarios.terrain_names()), st.integers(0, 2**32))
def test_random_play_of_random_compositions(allies: str, enemies: str, ground: str, seed: int) -> None:
    name = f"{allies}_vs_{enemies}@{ground}"
    try:
        BatchedBattles(scenarios.get(name), 1)
    except ScenarioUnsupported:
        assume(False)  # the pockets have not room for everybody
    play(name, FEWER, 80, seed)


@pytest.mark.parametrize("name", ["3m", "8m", "10m_vs_8m"])
def test_a_clean_win_without_regeneration_returns_20(name: str) -> None:
    battles = BatchedBattles(scenarios.get(name), 64)
    battles.reset(range(64))
    draws = torch.Generator().manual_seed(0)
    total, won = torch.zeros(64), torch.zeros(64, dtype=torch.bool)
    while not battles.done.all():
        result = battles.step(act(battles, "focus", draws))
        total, won = total + result.reward, result.won
    assert won.any()
    assert torch.allclose(total[won], torch.tensor(20.0), atol=1e-3)
    assert (total[~won] < 20.0).all()
