"""Banelings: what their blast hits, when they explode, and chains of explosions."""

import itertools

import pytest

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.field import Field
from s2rm_sc2.battle.loop import advance, order
from s2rm_sc2.battle.orders import ATTACK
from s2rm_sc2.scenarios import terrain
from s2rm_sc2.units import unit_type
from tests.arena import losses, vitals


def still(units: list[tuple[str, int, float]]) -> Field:
    """Passive units (type, team, x) on the line y = 16, none of which is pushed."""
    names, teams, places = zip(*units, strict=True)
    field = Field(1, tuple(map(unit_type, names)), teams, terrain("flat"))
    field.place([(x, 16.0) for x in places])
    field.whole[:, r.ACTIVE] = 0
    field.real[:, r.BODY] = 0.01
    return field


def test_a_blast_hits_foes_whose_edge_is_within_2_2_of_the_banelings_centre() -> None:
    field = still(
        [
            ("baneling", 0, 16.0),
            ("zealot", 1, 17.0),  # the target; 20 + 15 against light
            ("zealot", 1, 13.3125),  # 2.6875 - .5 = 2.1875: within
            ("zealot", 1, 18.75),  # 2.75 - .5 = 2.25: beyond
            ("stalker", 1, 18.8125),  # 2.8125 - .625 = 2.1875: within; 20 against what is not light
        ]
    )
    order(field, 0, 0, ATTACK, target=1)
    advance(field, 1)
    assert field.alive[0].tolist() == [False, True, True, True, True]
    assert field.real[0, r.SHIELD, 1:].tolist() == [15.0, 15.0, 50.0, 60.0]


def test_a_blast_spares_friends_and_flyers() -> None:
    field = still([("baneling", 0, 16.0), ("zealot", 1, 17.0), ("zealot", 0, 15.0), ("medivac", 1, 16.5)])
    order(field, 0, 0, ATTACK, target=1)
    advance(field, 1)
    assert [vitals(field, unit) for unit in (1, 2, 3)] == [(15.0, 100.0), (50.0, 100.0), (0.0, 150.0)]


@pytest.mark.parametrize(("victim", "health"), [("marauder", 125 - 20 + 1), ("hydralisk", 80 - 35)])
def test_armour_and_the_bonus_against_light_apply_to_a_blast(victim: str, health: float) -> None:
    field = still([("baneling", 0, 16.0), (victim, 1, 17.0)])
    order(field, 0, 0, ATTACK, target=1)
    advance(field, 1)
    assert vitals(field) == (0.0, health)


def test_a_blast_does_80_to_structures() -> None:
    field = still([("baneling", 0, 16.0), ("spine_crawler", 1, 17.0)])
    order(field, 0, 0, ATTACK, target=1)
    assert losses(field, 1, 1) == [(1, 78.0)]  # less armour 2


def test_a_baneling_explodes_when_others_kill_it() -> None:
    field = still([("marine", 0, 16.0), ("zealot", 0, 19.0), ("baneling", 1, 20.0), ("zealot", 1, 20.5)])
    field.real[0, r.HEALTH, 2] = 5.0
    order(field, 0, 0, ATTACK, target=2)
    advance(field, 1)
    assert field.alive[0].tolist() == [True, True, False, True]
    assert field.real[0, r.SHIELD].tolist() == [0.0, 15.0, 0.0, 50.0]  # its foe is hit, its friend is not


def test_a_passive_baneling_does_not_explode_on_its_own() -> None:
    field = still([("baneling", 0, 16.0), ("zealot", 1, 17.0)])
    advance(field, 100)
    assert field.alive.all()


def test_a_blast_that_kills_the_last_foe_leaves_nobody() -> None:
    field = still([("baneling", 0, 16.0), ("zergling", 1, 17.0)])
    order(field, 0, 0, ATTACK, target=1)
    advance(field, 1)
    assert field.alive[0].tolist() == [False, False]  # 35 - 35 = 0


CHAIN = [
    ("baneling", 0, 10.0),
    ("baneling", 1, 12.5),  # 2.5 - .375 = 2.125 from each neighbour: within 2.2
    ("baneling", 0, 15.0),
    ("baneling", 1, 17.5),
    ("baneling", 0, 20.5),  # 3 - .375 = 2.625: out of the chain
    ("zealot", 0, 13.0),  # .5 - .5 and 4.5 - .5 from the foes at 12.5 and 17.5: one blast
    ("zealot", 1, 16.0),  # 1 - .5 from the foe at 15: one blast
]


@pytest.mark.parametrize("rows", list(itertools.islice(itertools.permutations(range(7)), 0, 5040, 840)))
def test_banelings_set_each_other_off_within_a_loop_whatever_their_order(rows: tuple[int, ...]) -> None:
    field = still([CHAIN[k] for k in rows])
    place = {k: row for row, k in enumerate(rows)}
    banelings = [place[k] for k in range(5)]
    field.real[0, r.HEALTH, banelings] = 15.0
    order(field, 0, place[0], ATTACK, target=place[1])
    field.real[0, r.REACH, place[0]] = 3.0
    advance(field, 1)
    assert [bool(field.alive[0, place[k]]) for k in range(7)] == [False] * 4 + [True] * 3
    assert [float(field.real[0, r.SHIELD, place[k]]) for k in (5, 6)] == [15.0, 15.0]
