import math
from dataclasses import replace

import pytest
import torch

from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_NAMES, unit_type
from s2rm_sc2.views.entity import (
    ACTION_COLUMNS,
    PAIR_COLUMNS,
    UNIT_COLUMNS,
    action_features,
    action_targets,
    chases,
    intents,
    pair_features,
    places,
    unit_features,
)


def battle() -> UnitTable:
    """A marine at (10, 16) and a medivac at (12, 16) against a zealot at (13, 20)."""
    names = ("marine", "medivac", "zealot")
    return UnitTable(
        type=torch.tensor([[unit_type(name).index for name in names]]),
        team=torch.tensor([[0, 0, 1]]),
        x=torch.tensor([[10.0, 12.0, 13.0]]),
        y=torch.tensor([[16.0, 16.0, 20.0]]),
        health=torch.tensor([[45.0, 150.0, 100.0]]),
        shield=torch.tensor([[0.0, 0.0, 50.0]]),
        energy=torch.tensor([[0.0, 50.0, 0.0]]),
        cooldown=torch.tensor([[8.0, 0.0, 16.0]]),
        alive=torch.ones(1, 3, dtype=torch.bool),
    )


STILL = torch.zeros(1, 3)


def test_units_are_described_by_type_team_and_points() -> None:
    zealot = dict(zip(UNIT_COLUMNS, unit_features(battle())[0, 2].tolist(), strict=True))
    assert [name for name in UNIT_NAMES if zealot[name]] == ["zealot"]
    assert (zealot["enemy"], zealot["health"], zealot["shield"], zealot["cooldown"]) == (1, 1, 0.5, 1)


def test_places_are_the_same_in_every_scenario() -> None:
    assert places(battle())[0, 0].tolist() == [10 / 16 - 1, 0]


def test_an_attack_points_at_its_target_and_a_medivac_heals_an_ally() -> None:
    actions = torch.tensor([[6, 6]])
    assert action_targets(battle(), actions).tolist() == [[2, 0]]
    features = action_features(battle(), actions, torch.tensor([[True, True]]))
    attack, heal = (dict(zip(ACTION_COLUMNS, row, strict=True)) for row in features[0].tolist())
    assert (attack["attack"], attack["heal"], heal["attack"], heal["heal"]) == (1, 0, 0, 1)
    assert attack["target_dx"] == pytest.approx(3 / 9)
    assert attack["target_direction_y"] == pytest.approx(0.8, abs=1e-5)
    assert heal["target_direction_x"] == pytest.approx(-1, abs=1e-5)


def test_an_action_that_is_not_known_leaves_no_trace() -> None:
    hidden = torch.tensor([[False, False]])
    stop, attack = torch.tensor([[1, 1]]), torch.tensor([[6, 6]])
    assert (action_features(battle(), attack, hidden) == 0).all()
    before = pair_features(battle(), stop, hidden, STILL, STILL)
    assert torch.equal(before, pair_features(battle(), attack, hidden, STILL, STILL))


def test_a_unit_chases_the_nearest_living_foe_that_it_can_strike() -> None:
    stride = unit_type("zealot").stride
    marine, medivac, zealot = chases(battle())[0]
    # Five cells between marine and zealot, of which the bodies take 0.375 and 0.5, the weapons 5 and 0.1; the medivac
    # is nearer to the zealot, but flies, and strikes nobody.
    assert marine.tolist() == pytest.approx([0.0, 0.0, 0.875 / 2.0], abs=1e-4)
    assert medivac.tolist() == [0.0, 0.0, 0.0]
    assert zealot.tolist() == pytest.approx([-0.6 * stride, -0.8 * stride, -1.0], abs=1e-4)
    near = replace(battle(), x=torch.tensor([[12.0, 12.0, 13.0]]), y=torch.tensor([[20.0, 16.0, 20.0]]))
    assert chases(near)[0, 2].tolist() == pytest.approx([-0.025, 0.0, -0.0125], abs=1e-4)  # no further than needed
    dead = replace(battle(), alive=torch.tensor([[False, True, True]]))
    assert (chases(dead)[0, 2] == 0).all()
    both = replace(battle(), type=battle().type[:, [0, 0, 2]])  # a second marine, where the medivac was, is the nearer
    assert chases(both)[0, 2, :2].tolist() == pytest.approx([-stride / 17**0.5, -4 * stride / 17**0.5], abs=1e-4)


def test_pairs_say_where_the_other_stands_and_who_reaches_whom() -> None:
    known = torch.tensor([[True, True]])
    pairs = pair_features(battle(), torch.tensor([[6, 1]]), known, STILL, STILL)
    marine_to_zealot = dict(zip(PAIR_COLUMNS, pairs[0, 0, 2].tolist(), strict=True))
    zealot_to_marine = dict(zip(PAIR_COLUMNS, pairs[0, 2, 0].tolist(), strict=True))
    assert marine_to_zealot["dx"] == pytest.approx(3 / 9)
    assert marine_to_zealot["distance"] == pytest.approx(5 / 9, abs=1e-5)
    assert marine_to_zealot["direction_y"] == pytest.approx(0.8, abs=1e-5)
    inside = 5.0 - (math.hypot(3, 4) - 0.375 - 0.5)
    assert marine_to_zealot["reaches_other"] == pytest.approx(inside / 2, abs=1e-5)
    assert zealot_to_marine["reaches_other"] == -1
    assert zealot_to_marine["reached_by_other"] == pytest.approx(inside / 2, abs=1e-5)
    assert (marine_to_zealot["targets_other"], zealot_to_marine["targeted_by_other"]) == (1, 1)
    assert (zealot_to_marine["targets_other"], marine_to_zealot["targeted_by_other"]) == (0, 0)


def test_pairs_say_which_blows_may_fall() -> None:
    """The marine stands 4.125 cells from the zealot, edge to edge; its weapon reaches 5, the zealot's 0.1."""
    known, unknown = torch.tensor([[True, True]]), torch.tensor([[False, False]])
    column = PAIR_COLUMNS.index("strikes_other")

    def blows(units: UnitTable, actions: list[int], seen: torch.Tensor) -> torch.Tensor:
        pairs = pair_features(units, torch.tensor([actions]), seen, STILL, STILL)
        assert torch.equal(pairs[0, ..., column + 1], pairs[0, ..., column].T)
        return pairs[0, ..., column] * 10.0

    cooling, ready = battle(), replace(battle(), cooldown=torch.tensor([[3.0, 0.0, 16.0]]))
    assert not blows(cooling, [6, 1], known).any()  # 8 loops: not within this step
    assert blows(ready, [6, 1], known)[0].tolist() == [0, 0, 5]  # 6 points, less one of armour
    assert not blows(ready, [1, 1], known).any()
    assert blows(ready, [1, 1], unknown)[0].tolist() == [0, 0, 5]
    close = replace(ready, x=torch.tensor([[10.0, 12.0, 10.0]]), y=torch.tensor([[16.0, 16.0, 17.475]]))
    struck = blows(replace(close, cooldown=torch.zeros(1, 3)), [6, 1], known)
    # Half a cell of the 1.125 that it walks in a step is spent on the way; it cannot hit what flies.
    assert struck[2].tolist() == pytest.approx([16 * (1 - 0.5 / 1.125), 0, 0], abs=1e-4)


def test_intents_lead_where_actions_say_and_no_further_than_a_step() -> None:
    """The marine walks 1.125 cells in a step, the zealot came 0.5 cells west."""
    vx, vy = torch.tensor([[9.0, 9.0, -0.5]]), torch.zeros(1, 3)

    def led(units: UnitTable, action: int, known: bool = True) -> list[list[float]]:
        told: list[list[float]] = intents(units, torch.tensor([[action, 1]]), torch.tensor([[known, True]]), vx, vy)[
            0
        ].tolist()
        return told

    assert led(battle(), 1) == [[0.0, 0.0], [0.0, 0.0], [-0.5, 0.0]]
    assert led(battle(), 3)[0] == [0.0, -1.125]
    assert led(battle(), 4)[0] == [1.125, 0.0]
    assert led(battle(), 6)[0] == [0.0, 0.0]  # in reach
    assert led(battle(), 6, known=False)[0] == [9.0, 0.0]
    near = replace(battle(), x=torch.tensor([[10.0, 12.0, 16.0]]), y=torch.full((1, 3), 16.0))
    assert led(near, 6)[0] == pytest.approx([6.0 - 5.0 - 0.375 - 0.5, 0.0], abs=1e-5)
    far = replace(near, x=torch.tensor([[10.0, 12.0, 20.0]]))
    assert led(far, 6)[0] == pytest.approx([1.125, 0.0], abs=1e-5)


def one_against(agent: str, *enemies: str, x: list[float], cooldown: list[float]) -> UnitTable:
    kinds = torch.tensor([[unit_type(name).index for name in (agent, *enemies)]])
    team, full = torch.ones_like(kinds), torch.full(kinds.shape, 100.0)
    team[0, 0] = 0
    y, loops = torch.full(kinds.shape, 16.0), torch.tensor([cooldown])
    return UnitTable(kinds, team, torch.tensor([x]), y, full, 0 * full, 0 * full, loops, full > 0)


def strikes(units: UnitTable, actions: list[int]) -> torch.Tensor:
    still, known = torch.zeros_like(units.x), torch.ones(1, len(actions), dtype=torch.bool)
    pairs = pair_features(units, torch.tensor([actions]), known, still, still)
    return pairs[0, ..., PAIR_COLUMNS.index("strikes_other")] * 10.0


def test_blows_fall_when_their_hits_land() -> None:
    """A stalker's missile needs 2.7 loops to its launch and 0.85 for each cell; its period is 23 loops."""
    far = one_against("stalker", "zealot", x=[10.0, 15.0], cooldown=[0.0, 0.0])
    assert float(strikes(far, [6])[0, 1]) == pytest.approx(9.0 * (8 - 2.672 - 5 * 16 / 18.75) / 2, abs=1e-3)
    flying = replace(far, cooldown=torch.tensor([[20.0, 0.0]]))  # launched 0.4 loops ago
    assert strikes(flying, [6])[0, 1] == 9.0
    landed = replace(far, cooldown=torch.tensor([[12.0, 0.0]]))
    assert strikes(landed, [6])[0, 1] == 0.0
    zealots = one_against("zealot", "zealot", x=[10.0, 11.0], cooldown=[19.0 - 3.0, 19.0 - 3.0])
    assert strikes(zealots, [6])[0, 1] == 7.0  # the second of two hits
    assert strikes(zealots, [6])[1, 0] == 7.0  # nor is it known whom an enemy attacks


def test_a_blow_under_way_lands_whatever_its_unit_is_told_next() -> None:
    """A stalker's missile flies: it is for whom the stalker attacks, or for any that it may have been launched at."""
    units = one_against("stalker", "zealot", "zealot", x=[10.0, 14.0, 12.0], cooldown=[20.0, 0.0, 0.0])
    north, south = 2, 3
    assert strikes(units, [6])[0].tolist() == [0.0, 9.0, 0.0]
    for told in (north, south, 1):
        assert strikes(units, [told])[0].tolist() == [0.0, 4.5, 4.5]
    ready = replace(units, cooldown=torch.zeros(1, 3))
    assert not strikes(ready, [north])[0].any()


def test_a_blow_is_shared_out_among_all_whom_it_may_be_meant_for() -> None:
    """A ready zealot at 16: three agents in its reach, one of them flying, and one a third of a step's walk off."""
    x = [15.0, 17.0, 16.0, 17.0 + 0.1 + 1.125 / 3, 16.0]
    units = one_against("zealot", "zealot", "medivac", "zealot", "zealot", x=x, cooldown=[0.0] * 5)
    units = replace(units, team=torch.tensor([[0, 0, 0, 0, 1]]))
    struck = strikes(units, [1] * 4)[4].tolist()
    assert struck == pytest.approx([14 * 3 / 8, 14 * 3 / 8, 0, 14 * 2 / 8, 0], abs=1e-3)
    assert strikes(units, [1, 1, 1, 6])[3, 4].item() == pytest.approx(14 * 2 / 3, abs=1e-3)  # meant for one alone
    lone = replace(units, alive=torch.tensor([[False, False, True, True, True]]))
    assert strikes(lone, [1] * 4)[4].tolist() == pytest.approx([0, 0, 0, 14 * 2 / 3, 0], abs=1e-3)


def test_the_dead_neither_strike_nor_are_struck() -> None:
    units = one_against("zealot", "zealot", x=[10.0, 11.0], cooldown=[0.0, 0.0])
    assert strikes(units, [6]).tolist() == [[0.0, 14.0], [14.0, 0.0]]
    for dead in ([[False, True]], [[True, False]]):
        assert not strikes(replace(units, alive=torch.tensor(dead)), [6]).any()


def test_splash_reaches_those_around_the_target() -> None:
    """A colossus sweeps 1.4 cells to each side; both its sweeps end 9.3 loops after it has begun."""
    units = one_against(
        "colossus", "zealot", "stalker", "zealot", x=[10.0, 15.0, 15.0, 15.0], cooldown=[30.0, 0.0, 0.0, 0.0]
    )
    units = replace(units, y=torch.tensor([[16.0, 16.0, 16.9, 20.0]]))
    meant, beside, far = strikes(units, [6])[0, 1:].tolist()
    assert meant == 2 * 19.0
    assert beside == pytest.approx(meant * (1 - (0.9 - 0.625) / 1.4), abs=1e-3)  # to the stalker's edge
    assert far == 0.0


def test_no_feature_stops_a_training() -> None:
    """Who stands still, on the edge of a reach, or in another's place: features and gradients are finite."""
    kinds = [unit for unit in UNIT_NAMES if unit != "medivac"]
    units = one_against("stalker", *kinds, x=[16.0] * (len(kinds) + 1), cooldown=[0.0] * (len(kinds) + 1))
    x = units.x.clone().requires_grad_()
    still, known = torch.zeros_like(x), torch.ones(1, 1, dtype=torch.bool)
    pairs = pair_features(replace(units, x=x), torch.tensor([[6]]), known, still, still)
    led = intents(replace(units, x=x), torch.tensor([[6]]), known, still, still)
    (pairs.sum() + led.sum()).backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    assert torch.isfinite(pairs).all()
    assert torch.isfinite(x.grad).all()


def test_pairs_say_by_how_much_they_came_nearer() -> None:
    """The zealot lies in direction (0.6, 0.8) of the marine; both walk towards each other, the medivac away."""
    vx, vy = torch.tensor([[0.6, -0.5, -0.3]]), torch.tensor([[0.8, 0.0, -0.4]])
    column = PAIR_COLUMNS.index("closing")
    closing = pair_features(battle(), torch.tensor([[1, 1]]), torch.ones(1, 2, dtype=torch.bool), vx, vy)[
        0, ..., column
    ]
    assert torch.equal(closing, closing.T)
    assert closing[0, 2].item() == pytest.approx(1.5, abs=1e-5)
    assert closing[0, 1].item() == pytest.approx(1.1, abs=1e-5)  # the medivac comes to meet it
