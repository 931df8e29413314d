"""SMACv2's families: teams and starts drawn anew in every episode, ``10gen_protoss`` or ``protoss_5_vs_5``."""

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from s2rm_sc2.scenarios.scenario import ANY, EnemyOrder, Group, Scenario, TeamDraw
from s2rm_sc2.scenarios.terrain import terrain

NOMINAL = 10
"""Units a side of the maps that SMACv2 registers, ``10gen_protoss`` and its sisters."""

SIZES = ((5, 5), (10, 10), (20, 20), (10, 11), (20, 23))
"""Sizes that SMACv2 reports results for; any other up to 99 is played too."""


@cache
def _rows() -> dict[str, dict[str, Any]]:
    return tomllib.loads(resources.files("s2rm_sc2.scenarios").joinpath("families.toml").read_text())


def family_names() -> tuple[str, ...]:
    """SMACv2's scenarios: every race in every size of :data:`SIZES`."""
    return tuple(_name(race, *size) for race in _rows() for size in SIZES)


def family(name: str) -> Scenario | None:
    """The scenario of a family's name, None where it is none.

    ``10gen_RACE`` is 10 against 10, which ``RACE_10_vs_10`` is another name of; other sizes are ``RACE_5_vs_5``, which
    may also be written ``10gen_RACE_5v5``, the map of SMACv2 with the size of its configuration.
    """
    races = "|".join(_rows())
    registered = re.fullmatch(rf"{NOMINAL}gen_({races})", name)
    sized = re.fullmatch(rf"(?:{NOMINAL}gen_)?({races})_([1-9]\d?)(?:_vs_|v)([1-9]\d?)", name)
    if registered:
        return _family(registered[1], NOMINAL, NOMINAL)
    return _family(sized[1], int(sized[2]), int(sized[3])) if sized else None


def _name(race: str, allies: int, enemies: int) -> str:
    return f"{NOMINAL}gen_{race}" if allies == enemies == NOMINAL else f"{race}_{allies}_vs_{enemies}"


def _family(race: str, allies: int, enemies: int) -> Scenario:
    row = _rows()[race]
    ally_point, enemy_point = terrain(row["terrain"]).spawns
    types = tuple(row["types"])
    return Scenario(
        name=_name(race, allies, enemies),
        allies=(Group(ANY, allies, *ally_point),),
        enemies=(Group(ANY, enemies, *enemy_point),),
        terrain_name=row["terrain"],
        order=EnemyOrder("units"),
        limit=row["limit"],
        map_type=f"{race}_gen",
        ally_type_order=types,
        enemy_type_order=types,
        smac_version=2,
        draw=TeamDraw(types, tuple(row["types"].values()), tuple(row["exceptions"]), row["surrounded"]),
    )
