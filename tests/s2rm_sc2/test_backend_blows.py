from dataclasses import replace

import pytest
import torch

from s2rm_sc2.actions import FIRST_TARGET, NORTH, STOP
from s2rm_sc2.backends.blows import Blows, Dealt
from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.field import Field
from s2rm_sc2.battle.loop import advance
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import unit_type
from tests.arena import duel, meeting, vitals

SWEEP, MISSILE, BLAST = 2 * 20.0, 10.0, 20.0 + 15.0
"""Points that a whole attack takes from a zealot, which is light; it walks 1.125 cells in a step."""


def table(field: Field) -> UnitTable:
    real, whole = torch.from_numpy(field.real.copy()), torch.from_numpy(field.whole.copy())
    x, y, health, shield, energy, cooldown = (
        real[:, row] for row in (r.X, r.Y, r.HEALTH, r.SHIELD, r.ENERGY, r.COOLDOWN)
    )
    alive = torch.from_numpy(field.alive.copy())
    return UnitTable(whole[:, r.TYPE], whole[:, r.TEAM], x, y, health, shield, energy, cooldown, alive)


def around(agent: str, enemies: str, gaps: list[float], cooldown: float = 0.0) -> UnitTable:
    """An agent at (16, 16) and its enemies on all sides of it, their edges this far from its own."""
    sides, names = ((1, 0), (-1, 0), (0, 1), (0, -1)), enemies.split()
    points = [(16.0, 16.0)]
    for (x, y), name, gap in zip(sides[: len(gaps)], names, gaps, strict=True):
        apart = unit_type(agent).radius + gap + unit_type(name).radius
        points.append((16.0 + x * apart, 16.0 + y * apart))
    units = table(meeting(agent, enemies, points))
    loops = torch.full_like(units.x, 12.0)  # for the enemies: a zealot's hits have landed, and it is not ready again
    loops[0, 0] = cooldown
    return replace(units, cooldown=loops)


def without(units: UnitTable, row: int) -> UnitTable:
    return replace(units, alive=units.alive & (torch.arange(units.x.shape[1]) != row))


def dealt(units: UnitTable, action: int, after: UnitTable | None = None) -> Dealt:
    """What a step allows whose only agent does this; nobody walks."""
    return Blows(torch.device("cpu")).most(units, after or units, torch.tensor([[action]]))


def strikes(units: UnitTable, action: int = STOP) -> bool:
    """Whether the agent's weapon can begin a new attack."""
    return bool(dealt(units, action).strikes[0, 0])


def taken(units: UnitTable, action: int, after: UnitTable | None = None) -> list[float]:
    """Points that the enemies can lose."""
    points: list[float] = dealt(units, action, after).points[0, 1:].tolist()
    return points


@pytest.mark.parametrize(("agent", "reach", "points"), [("colossus", 6 + 1.4, SWEEP), ("stalker", 6, MISSILE)])
def test_an_attack_reaches_no_further_than_its_range_and_splash(agent: str, reach: float, points: float) -> None:
    """A sweep hurts those within 1.4 cells of its target; ways that bend bring nobody nearer than 0.2 cells."""
    inside, outside = around(agent, "zealot", [reach + 0.15]), around(agent, "zealot", [reach + 0.25])
    assert taken(inside, FIRST_TARGET) == taken(inside, STOP) == [points]
    assert taken(outside, FIRST_TARGET) == [0.0]
    assert taken(inside, NORTH) == [0.0]
    assert taken(without(inside, 0), FIRST_TARGET) == [0.0]
    walked = replace(outside, x=outside.x - torch.tensor([[0.0, 0.1]]))
    assert taken(outside, FIRST_TARGET, walked) == [points]


def test_a_sweep_hurts_whoever_stands_in_its_reach_but_flyers() -> None:
    units = around("colossus", "zealot zealot medivac zealot", [6.0, 7.0, 1.0, 9.0])
    assert taken(units, FIRST_TARGET) == [SWEEP, SWEEP, 0.0, 0.0]


def test_a_missile_is_for_whom_the_action_names() -> None:
    units = around("stalker", "zealot zealot", [2.0, 2.0])
    assert taken(units, FIRST_TARGET) == [MISSILE, 0.0]
    assert taken(units, FIRST_TARGET + 1) == [0.0, MISSILE]


@pytest.mark.parametrize(
    ("agent", "due", "reach", "points"), [("colossus", 24.0, 7.4, SWEEP), ("stalker", 11.0, 6 + 1, MISSILE)]
)
def test_a_blow_begun_before_lands_on_a_target_that_walks_away(
    agent: str, due: float, reach: float, points: float
) -> None:
    """Of its period of 35 loops a colossus' sweeps take 9; of 23 a stalker's aim takes 3, its missile's flight 8.

    Two loops are left for the shortest of cooldowns and for the loop that has begun.
    """
    inside = around(agent, "zealot", [reach + 1.1], due)
    assert taken(inside, NORTH) == taken(inside, FIRST_TARGET) == [points]
    assert taken(around(agent, "zealot", [reach + 1.15], due), NORTH) == [0.0]
    assert taken(around(agent, "zealot", [0.0], due - 0.5), NORTH) == [0.0]  # all has landed


def test_a_weapon_begins_anew_when_it_is_ready_or_has_only_aimed() -> None:
    """A stalker aims for 2.7 loops: with 19 left of a period of 22 to 25 its missile may not have been launched."""
    begins = [strikes(around("stalker", "zealot", [2.0], left)) for left in (7.0, 9.0, 18.0, 19.0)]
    assert begins == [True, False, False, True]
    held = [strikes(around("stalker", "zealot", [gap], left)) for gap, left in ((6.9, 7.0), (7.1, 7.0), (6.9, 0.0))]
    assert held == [True, False, False]  # on to a target that it has shot at, up to a cell further off
    units = around("stalker", "zealot", [2.0])
    assert not strikes(without(units, 1))


def test_an_enemy_strikes_whom_it_reaches_and_nobody_tells_it() -> None:
    units = around("zealot", "stalker", [5.9])
    ready = replace(units, cooldown=0 * units.cooldown)
    assert dealt(ready, NORTH).points[0].tolist() == [MISSILE, 0.0]
    assert dealt(ready, NORTH).strikes[0].tolist() == [False, True]


def test_a_blast_hurts_foes_on_the_ground_and_costs_the_baneling_itself() -> None:
    units = around("baneling", "zealot stalker medivac zealot", [2.45 + 0.15, 0.1, 0.1, 2.45 + 0.25])
    assert taken(units, FIRST_TARGET + 1) == [BLAST, 20.0, 0.0, 0.0]
    assert taken(units, NORTH) == [0.0] * 4
    assert dealt(units, NORTH).points[0, 0] == torch.inf


@pytest.mark.parametrize("action", [NORTH, FIRST_TARGET])
def test_a_baneling_bursts_where_it_dies_and_nobody_else_does(action: int) -> None:
    units = around("baneling", "zealot stalker medivac zealot", [2.45 + 0.15, 0.1, 0.1, 2.45 + 0.25])
    assert taken(units, action, without(units, 0)) == [BLAST, 20.0, 0.0, 0.0]  # once, even if it was about to strike
    corpse = without(units, 0)
    assert taken(corpse, action, corpse) == [0.0] * 4
    dying = around("colossus", "zealot", [0.1])
    assert taken(dying, NORTH, without(dying, 0)) == [0.0]


def test_a_dying_enemy_baneling_hurts_the_agent_and_not_its_own_side() -> None:
    units = around("zealot", "baneling zealot", [0.1, 3.0])
    blown = [dealt(units, NORTH, after).points[0].tolist() for after in (units, without(units, 1), without(units, 2))]
    assert blown == [[0.0, torch.inf, 0.0], [BLAST, torch.inf, 0.0], [0.0, torch.inf, 0.0]]


def test_a_refused_order_leaves_an_agent_to_whom_it_fights_already() -> None:
    """A zealot cannot hit what flies."""
    units = around("zealot", "medivac zealot zealot", [0.0, 0.0, 5.0])
    assert taken(units, FIRST_TARGET) == [0.0, 16.0, 0.0]
    assert taken(units, FIRST_TARGET + 1) == [0.0, 16.0, 0.0]
    assert taken(units, FIRST_TARGET + 2) == [0.0, 0.0, 0.0]  # too far off, yet obeyed
    assert strikes(units, FIRST_TARGET)


@pytest.mark.parametrize(
    ("agent", "begun", "points"), [("colossus", 5, SWEEP), ("stalker", 0, MISSILE), ("baneling", 0, BLAST)]
)
def test_the_engine_takes_as_much_as_is_allowed(agent: str, begun: int, points: float) -> None:
    field = duel(agent, "zealot", 0.2)
    advance(field, begun)
    before, had = table(field), sum(vitals(field))
    advance(field, 8)
    assert taken(before, FIRST_TARGET, table(field)) == [points] == [had - sum(vitals(field))]
