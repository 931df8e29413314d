"""Occupied bins of local maps against what a hand counts, and thresholds that are fitted, not guessed."""

import pytest
import torch
from torch import Tensor

from evaluation.maps import Thresholds, fit_thresholds, rendered, rendered_marks, said_marks
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import unit_type
from s2rm_sc2.views.local_map import LOCAL_MAP_CHANNELS, UNIT_CHANNELS

ALL = torch.ones(1, 1, 1, dtype=torch.bool)
KINDS = len(UNIT_CHANNELS)


def table(*units: tuple[int, str, float, float, bool]) -> UnitTable:
    """Units of (team, type, x, y, alive) in one window at one step."""
    teams, names, x, y, alive = zip(*units, strict=True)
    zero = torch.zeros(1, 1, len(units))
    return UnitTable(
        type=torch.tensor([[[unit_type(name).index for name in names]]]),
        team=torch.tensor([[teams]]),
        x=torch.tensor([[x]]),
        y=torch.tensor([[y]]),
        health=zero,
        shield=zero,
        energy=zero,
        cooldown=zero,
        alive=torch.tensor([[alive]]),
    )


def test_two_tables_are_compared_by_the_bins_that_they_fill() -> None:
    place = torch.tensor([[[[10.0, 10.0]]]])  # bins of 2 cells: 7-9, 9-11, 11-13
    true = table(
        (0, "marine", 10, 10, True), (1, "zealot", 12, 10, True), (1, "zealot", 8, 8, True), (1, "zealot", 30, 30, True)
    )
    said = table(
        (0, "marine", 10.5, 10, True),
        (1, "stalker", 12, 10, True),
        (1, "zealot", 8, 8, False),
        (1, "zealot", 8, 12, True),
    )
    marks = rendered_marks(said, rendered(true, place), place)
    # Teams: ally and one enemy are right, one enemy is missed, one stands nowhere. By type the stalker is wrong too.
    friend_foe, kinds = marks.friend_foe.tally(ALL), marks.unit_type.tally(ALL)
    assert (friend_foe.over / friend_foe.under).tolist() == pytest.approx([2 * 2 / (3 + 3)])
    assert (kinds.over / kinds.under).tolist() == pytest.approx([2 * 1 / (3 + 3)])
    assert friend_foe.count.tolist() == [3.0]


def maps(generator: torch.Generator, places: int = 400) -> Tensor:
    counts = (torch.rand(1, 1, places, KINDS, 3, 3, generator=generator) < 0.02).float()
    return torch.cat([counts, counts.new_zeros(1, 1, places, len(LOCAL_MAP_CHANNELS) - KINDS, 3, 3)], dim=3)


def f1(log_rates: Tensor, true: Tensor, thresholds: Thresholds) -> float:
    tally = said_marks(log_rates, true, thresholds).unit_type.tally(torch.ones(true.shape[:3], dtype=torch.bool))
    return float(tally.over.sum() / tally.under.sum())


def test_a_threshold_lies_where_it_tells_occupied_bins_best() -> None:
    generator = torch.Generator().manual_seed(0)
    true = maps(generator)
    odds = torch.where(true[..., :KINDS, :, :] > 0, 0.33, 0.21)  # never above one half, and yet all is said
    log_rates = (-torch.log1p(-odds)).log()
    fitted = fit_thresholds([(log_rates[:, :, :200], true[:, :, :200])])
    assert 0.21 < fitted.unit_type <= 0.33
    assert f1(log_rates[:, :, 200:], true[:, :, 200:], fitted) == 1.0
    assert f1(log_rates, true, Thresholds(0.5, 0.5)) == 0.0


def test_an_empty_map_scores_nothing_and_a_shuffled_one_next_to_nothing() -> None:
    generator = torch.Generator().manual_seed(1)
    true = maps(generator)
    half = Thresholds(0.5, 0.5)
    oracle = (true[..., :KINDS, :, :] + 1e-6).log()
    assert f1(oracle, true, half) == 1.0
    assert f1(torch.full_like(oracle, -20.0), true, half) == 0.0
    assert f1(oracle[:, :, torch.randperm(400, generator=generator)], true, half) < 0.06  # 2 % are occupied
