"""Enemies of a dream that have a foe before them and a free way go for it."""

from dataclasses import replace

import pytest
import torch

from s2rm_sc2 import scenarios
from s2rm_sc2.backends.pursuit import Pursuit
from s2rm_sc2.backends.starts import Spawns
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import unit_type

ZEALOT = unit_type("zealot")
TOUCH = 2 * ZEALOT.radius + ZEALOT.weapon.range if ZEALOT.weapon else 0.0


def standing(x: list[float], y: list[float]) -> UnitTable:
    """Two zealots of the agents, then two of the enemy."""
    spawned = Spawns(scenarios.get("2z")).draw([0]).units.at(-1)
    return replace(spawned, x=torch.tensor([x]), y=torch.tensor([y]))


def walked(before: UnitTable, after: UnitTable | None = None) -> list[list[float]]:
    """By how much the pursuit moves each."""
    after = before if after is None else after
    found = Pursuit(torch.device("cpu")).step(before, after, 2)
    return torch.stack([found.x - after.x, found.y - after.y], -1)[0].tolist()


STILL = [0.0, 0.0]


def test_who_stands_before_a_foe_goes_for_the_nearest_and_stops_in_reach() -> None:
    far = standing([10.0, 10.0, 15.0, 10.0], [10.0, 20.0, 10.0, 20.0 + TOUCH + 0.4])
    allies, (west, straight), (aside, south) = walked(far)[:2], *walked(far)[2:]
    assert allies == [STILL, STILL]
    assert (west, straight) == pytest.approx((-ZEALOT.stride, 0.0), abs=1e-5)
    assert (aside, south) == pytest.approx((0.0, -0.4), abs=1e-4)
    assert walked(standing([10.0, 10.0, 10.0 + TOUCH, 28.0], [10.0, 20.0, 10.0, 28.0])) == [STILL] * 4


def test_who_stands_behind_another_or_far_away_or_goes_somewhere_is_left_alone() -> None:
    queue = standing([10.0, 10.0, 10.0 + TOUCH, 10.0 + TOUCH + 2 * ZEALOT.separation], [10.0, 28.0, 10.0, 10.0])
    assert walked(queue) == [STILL] * 4
    open_way = replace(queue, y=torch.tensor([[10.0, 28.0, 10.0, 12.0]]))
    assert walked(open_way)[3] != STILL
    beyond = standing([10.0, 10.0, 10.0 + 2 * ZEALOT.radius + 5.1, 28.0], [10.0, 12.0, 10.0, 28.0])
    assert walked(beyond) == [STILL] * 4
    hurt = replace(beyond, shield=beyond.shield - torch.tensor([[0.0, 0.0, 9.0, 0.0]]))
    assert walked(beyond, hurt)[2] != STILL
    near = standing([10.0, 10.0, 14.0, 28.0], [10.0, 20.0, 10.0, 28.0])
    away = replace(near, x=near.x + torch.tensor([[0.0, 0.0, 0.5 * ZEALOT.stride, 0.0]]))
    assert walked(near, away) == [STILL] * 4


def test_the_dead_are_neither_pursued_nor_pursue_nor_stand_in_the_way() -> None:
    near = standing([10.0, 10.0, 12.0, 13.2], [10.0, 28.0, 10.0, 10.0])
    assert walked(near)[3] == STILL
    fallen = replace(near, alive=torch.tensor([[True, True, False, True]]))
    assert [place != STILL for place in walked(fallen)] == [False, False, False, True]
    assert walked(replace(near, alive=torch.tensor([[False, True, True, True]]))) == [STILL] * 4
    assert walked(near, fallen)[2] == STILL


def test_what_no_weapon_hits_is_not_pursued() -> None:
    spawned = Spawns(scenarios.get("1md_vs_1z")).draw([0]).units.at(-1)
    close = replace(spawned, x=torch.tensor([[10.0, 13.0]]), y=torch.tensor([[10.0, 10.0]]))
    found = Pursuit(torch.device("cpu")).step(close, close, 1)
    assert torch.equal(found.x, close.x)
