"""What holds in every battle, checked over a million env steps of random play on all maps and random compositions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from collectors.policies import random_actions
from s2rm_sc2 import scenarios
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_TYPES

MAPS = (*scenarios.smac_names(), "10gen_protoss", "10gen_terran", "10gen_zerg", "3x2s3z")
BATTLES, STEPS = 256, 120
"""Battles side by side and steps on each map: 27 x 256 x 120 = 829,440 env steps."""
COMPOSITIONS, FEWER = 40, 64
"""Random compositions and the battles of each: 40 x 64 x 80 = 204,800 env steps."""

MAX_HEALTH = torch.tensor([unit.health for unit in UNIT_TYPES])
MAX_SHIELD = torch.tensor([unit.shield for unit in UNIT_TYPES])
MAX_ENERGY = torch.tensor([unit.energy for unit in UNIT_TYPES])
BODY = torch.tensor([unit.separation for unit in UNIT_TYPES])
FLIES = torch.tensor([unit.plane == "air" for unit in UNIT_TYPES])
CLIMBS = torch.tensor([unit.walks_cliffs for unit in UNIT_TYPES])
OVERLAP = 0.25
"""Share of their contact distance that two bodies may share at the end of a step: crowds are pushed apart in time."""


def check_numbers(units: UnitTable) -> None:
    for name in ("x", "y", "health", "shield", "energy", "cooldown"):
        assert torch.isfinite(getattr(units, name)).all(), name
    for name, most in (("health", MAX_HEALTH), ("shield", MAX_SHIELD), ("energy", MAX_ENERGY)):
        assert (getattr(units, name) >= 0).all(), name
        assert (getattr(units, name) <= most[units.type]).all(), name
    assert (units.cooldown >= 0).all()
    assert ((units.health > 0) == units.alive).all()
    assert not units.shield[~units.alive].any()


def check_ground(units: UnitTable, scenario: scenarios.Scenario) -> None:
    width, height = scenario.terrain.size
    assert units.x.min() >= 0.0
    assert units.y.min() >= 0.0
    assert units.x.max() <= width
    assert units.y.max() <= height
    walkable = torch.tensor(scenario.terrain.walkable)
    walks = units.alive & ~FLIES[units.type] & ~CLIMBS[units.type]
    column, row = units.x.long().clamp(max=width - 1), units.y.long().clamp(max=height - 1)
    assert (walkable[column, row] | ~walks).all()


def check_apart(units: UnitTable) -> None:
    """Bodies of the same kind (on the ground, over cliffs, in the air) do not stay overlapped."""
    kind = FLIES[units.type].long() + 2 * CLIMBS[units.type].long()
    distance = torch.hypot(units.x[:, :, None] - units.x[:, None], units.y[:, :, None] - units.y[:, None])
    contact = BODY[units.type][:, :, None] + BODY[units.type][:, None]
    both = units.alive[:, :, None] & units.alive[:, None] & (kind[:, :, None] == kind[:, None])
    both &= ~torch.eye(both.shape[1], dtype=torch.bool)
    deepest = torch.where(both, 1.0 - distance / contact, 0.0).max().item()
    assert deepest <= OVERLAP, deepest


def play(name: str, n_battles: int, steps: int, seed: int = 0) -> None:
    scenario = scenarios.get(name)
    battles = BatchedBattles(scenario, n_battles)
    battles.reset(range(seed, seed + n_battles))
    draws = torch.Generator().manual_seed(seed)
    dead: Tensor = ~battles.units.alive
    for step in range(steps):
        available = battles.available_actions()
        result = battles.step(random_actions(available, torch.rand(available.shape[:2], generator=draws)))
        units = battles.units
        check_numbers(units)
        check_ground(units, scenario)
        if step % 4 == 3:
            check_apart(units)
        assert (dead <= ~units.alive).all(), "the dead stay dead"
        assert torch.isfinite(result.reward).all()
        assert torch.isfinite(battles.observation()).all()
        assert ((battles.steps < scenario.limit) | battles.done).all(), "episodes end by the limit"
        if battles.done.any():
            over = torch.where(battles.done)[0].tolist()
            battles.reset([seed + 1000 * (step + 1) + battle for battle in over], over)
        dead = ~battles.units.alive


@pytest.mark.parametrize("name", MAPS)
def test_random_play_on_every_map(name: str) -> None:
    play(name, BATTLES, STEPS)


TEAM = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from([unit.letter for unit in UNIT_TYPES if unit.name != "spine_crawler"])),
    min_size=1,
    max_size=3,
    unique_by=lambda group: group[1],
).map(lambda groups: "".join(f"{count}{letter}" for count, letter in groups))


@settings(max_examples=COMPOSITIONS, deadline=None, derandomize=True)
@given(TEAM, TEAM, st.sampled_from(scenarios.terrain_names()), st.integers(0, 2**32))
def test_random_play_of_random_compositions(allies: str, enemies: str, ground: str, seed: int) -> None:
    play(f"{allies}_vs_{enemies}@{ground}", FEWER, 80, seed)


@pytest.mark.parametrize("name", ["3m", "8m", "5m_vs_6m"])
def test_a_clean_win_without_regeneration_returns_20(name: str) -> None:
    from collectors.policies import scripted_actions

    battles = BatchedBattles(scenarios.get(name), 64)
    battles.reset(range(64))
    total, won = torch.zeros(64), torch.zeros(64, dtype=torch.bool)
    while not battles.done.all():
        result = battles.step(scripted_actions(battles, battles.available_actions()))
        total, won = total + result.reward, result.won
    assert won.any()
    assert torch.allclose(total[won], torch.tensor(20.0), atol=1e-3)
    assert (total[~won] < 20.0).all()
