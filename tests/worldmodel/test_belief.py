from dataclasses import replace

import torch

from s2rm_sc2.actions import FIRST_TARGET
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import unit_type
from s2rm_sc2.views.entity import ACTION_COLUMNS, UNIT_COLUMNS, chases
from worldmodel.belief import Belief, imagine, nothing, see
from worldmodel.contract import CHANGE_FIELDS, Change
from worldmodel.tokens import ROW_COLUMNS, ask, chase_of, intent_of

SIGHT = torch.tensor([[9.0, 9.0]])
MARINE, ZEALOT = unit_type("marine").index, unit_type("zealot").index


def battle(x: list[float], alive: list[bool] | None = None) -> UnitTable:
    """Two agents, then enemies, in a row."""
    n = len(x)
    lives = torch.tensor([alive or [True] * n])
    zero = torch.zeros(1, n)
    return UnitTable(
        type=torch.tensor([[MARINE, MARINE] + [ZEALOT] * (n - 2)]),
        team=torch.tensor([[0, 0] + [1] * (n - 2)]),
        x=torch.tensor([x]),
        y=zero + 16.0,
        health=torch.where(lives, 40.0, 0.0),
        shield=zero,
        energy=zero,
        cooldown=zero,
        alive=lives,
    )


def looks(units: UnitTable, keep: list[bool]) -> torch.Tensor:
    kept = torch.tensor([keep])
    near = (units.x[:, :2, None] - units.x[:, None, :]).abs() < 9
    return near & (kept & units.alive[:, :2])[..., None] & units.alive[:, None]


def watch(tables: list[UnitTable], keep: list[bool]) -> list[Belief]:
    belief, history = nothing(tables[0]), []
    for units in tables:
        belief = see(belief, units, looks(units, keep), torch.tensor([keep]), SIGHT)
        history.append(belief)
    return history


def test_a_unit_out_of_sight_keeps_its_last_seen_state_and_ages() -> None:
    first, second, third = watch([battle([5, 6, 13]), battle([5, 6, 13.5]), battle([5, 6, 20])], [True, False])
    assert first.known.tolist() == [[True, True, True]]
    assert second.units.x[0, 2] == 13.5
    assert second.vx[0, 2] == 0.5
    assert third.units.x[0, 2] == 13.5
    assert third.age[0, 2] == 1
    assert not third.visible[0, 2]


def test_views_that_are_not_kept_show_nothing() -> None:
    (belief,) = watch([battle([5, 30, 31])], [True, False])
    assert belief.known.tolist() == [[True, False, False]]


def test_a_death_in_sight_is_known_and_a_death_out_of_sight_is_not() -> None:
    before = battle([5, 30, 10, 13])
    after = battle([5, 30, 10, 26], alive=[True, True, False, False])
    gone = watch([before, battle([5, 30, 10, 20]), after], [True, False])[-1]
    assert gone.known.tolist() == [[True, False, False, True]]


def test_a_kept_agent_that_dies_is_known_to_be_dead() -> None:
    alive = [False, True, True]
    last = watch([battle([5, 30, 10]), battle([5, 30, 10], alive)], [True, False])[-1]
    assert not last.known[0, 0]


def test_an_imagined_step_moves_units_and_removes_those_predicted_dead() -> None:
    belief = watch([battle([5, 6, 12])], [True, True])[-1]
    zero = torch.zeros(1, 3)
    change = Change(
        dx=zero + 1,
        dy=zero,
        spread=zero + 1,
        walks=zero,
        walk_x=zero,
        walk_y=zero,
        hit=torch.tensor([[-torch.inf, 0.0, torch.inf]]),
        damage=zero + 30,
        damage_spread=zero + 1,
        health=zero - 2,
        shield=zero,
        energy=zero,
        fires=zero,
        cooldown=zero,
        alive=torch.tensor([[1.0, -1.0, 1.0]]),
    )
    dreamed = imagine(belief, change, torch.tensor([[True, True]]), SIGHT)
    assert dreamed.units.x.tolist() == [[6, 7, 13]]
    assert dreamed.units.health.tolist() == [[38, 24, 10]]
    assert dreamed.known.tolist() == [[True, False, True]]
    assert dreamed.vx.tolist() == [[1, 1, 1]]


def test_an_imagined_state_is_of_now_even_where_nobody_looks() -> None:
    seen, hidden = watch([battle([5, 6, 12]), battle([5, 6, 30])], [True, True])[0:2]
    assert [bool(seen.visible[0, 2]), bool(hidden.visible[0, 2]), float(hidden.age[0, 2])] == [True, False, 1.0]
    zero = torch.zeros(1, 3)
    still = Change(*(zero + float(name == "alive") for name in CHANGE_FIELDS))
    away = replace(hidden, units=replace(hidden.units, x=torch.tensor([[5.0, 6.0, 25.0]])))
    dreamed = imagine(away, still, torch.tensor([[True, True]]), SIGHT)
    assert [bool(dreamed.visible[0, 2]), float(dreamed.age[0, 2])] == [False, 0.0]


def test_each_agent_sees_as_far_as_its_own_sight() -> None:
    units = battle([5, 5, 14])
    belief = watch([units], [True, True])[0]
    zero = torch.zeros(1, 3)
    still = Change(*(zero + float(name == "alive") for name in CHANGE_FIELDS))
    for sight, seen in (([9.0, 9.0], False), ([9.0, 10.0], True), ([10.0, 9.0], True)):
        keep, reach = torch.tensor([[True, True]]), torch.tensor([sight])
        everyone = Belief(units, belief.vx, belief.vy, belief.age, belief.visible, torch.ones(1, 3, dtype=torch.bool))
        assert imagine(everyone, still, keep, reach).visible[0, 2] == seen


def test_where_a_target_stands_that_nobody_has_seen_is_not_told() -> None:
    units = battle([10.0, 11.0, 14.0, 28.0])
    belief = watch([units], [True, True])[0]
    assert belief.known.tolist() == [[True, True, True, False]]
    acts = ask(belief, torch.tensor([[FIRST_TARGET, FIRST_TARGET + 1]]), torch.ones(1, 2, dtype=torch.bool)).rows[0, :2]
    attack, aim = (len(UNIT_COLUMNS) + ACTION_COLUMNS.index(name) for name in ("attack", "target_dx"))
    assert acts[:, attack].tolist() == [1.0, 1.0]
    assert acts[0, aim] > 0.0
    assert not acts[1, aim : aim + 4].any()


def test_questions_tell_where_units_mean_to_go_and_where_their_nearest_known_foe_is() -> None:
    units, keep = battle([10.0, 12.0, 14.0, 30.0]), [True, True]
    queries = ask(watch([units], keep)[0], torch.tensor([[4, FIRST_TARGET]]), torch.tensor([keep]))
    east = unit_type("marine").stride
    assert torch.allclose(intent_of(queries)[0, :2], torch.tensor([[east, 0.0], [0.0, 0.0]]))  # the other is in range
    first = ROW_COLUMNS.index("chase_dx")
    assert ROW_COLUMNS[first : first + 3] == ("chase_dx", "chase_dy", "foe_reached")
    known = units.map(lambda field: field[..., :3])  # nobody has seen the second zealot
    assert torch.equal(queries.rows[..., :3, first : first + 3], chases(known))
    assert torch.equal(chase_of(queries)[..., :3, :], chases(known)[..., :2])
    assert chase_of(queries)[0, 2, 0] < 0  # west, to the nearer marine


def test_nobody_is_told_the_way_to_a_foe_that_is_known_to_be_dead_or_that_nobody_has_seen() -> None:
    zealot, keep = 2, torch.tensor([[True, True]])
    stop = torch.ones(1, 2, dtype=torch.int64)
    fallen = watch([battle([10.0, 12.0, 14.0]), battle([10.0, 12.0, 14.0], [True, False, True])], [True, True])[1]
    assert not fallen.known[0, 1]
    toward = chase_of(ask(fallen, stop, keep))[0, zealot]
    assert torch.allclose(toward, torch.tensor([-unit_type("zealot").stride, 0.0]), atol=1e-4)  # past the dead one
    hidden = watch([battle([10.0, 12.0, 30.0])], [True, True])[0]
    assert (chase_of(ask(hidden, stop, keep))[0, :2] == 0).all()
