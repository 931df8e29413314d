"""Finding a scenario by name: SMAC's 23 maps first, then SMACv2's families, then compositions and fields."""

import tomllib
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Any

from s2rm_sc2.errors import ScenarioUnknown
from s2rm_sc2.scenarios.composition import composition
from s2rm_sc2.scenarios.families import family, family_names
from s2rm_sc2.scenarios.properties import with_properties
from s2rm_sc2.scenarios.scenario import EnemyOrder, Group, Scenario
from s2rm_sc2.scenarios.terrain import TILE, flat, terrain, terrain_names


@cache
def _rows() -> dict[str, dict[str, Any]]:
    return tomllib.loads(resources.files("s2rm_sc2.scenarios").joinpath("smac.toml").read_text())


def smac_names() -> tuple[str, ...]:
    """The 23 SMAC maps."""
    return tuple(_rows())


@cache
def get(name: str) -> Scenario:
    """The scenario of this name.

    A name is a SMAC map (``3s5z``), a composition (``5s3z``, ``2s3z_vs_3s2z@flat``), a field of fights (``3x2s3z``)
    or a SMACv2 family (``10gen_protoss``, ``protoss_5_vs_5``), and may end in properties: ``3s5z,sight=6,limit=200``
    (see :func:`with_properties`).

    Raises:
        ScenarioUnknown: none of these; the message lists near matches.
    """
    plain, *properties = name.split(",")
    return with_properties(_plain(plain), properties)


def _plain(name: str) -> Scenario:
    if name in _rows():
        return _smac(name, _rows()[name])
    ground = name.partition("@")[2]
    try:
        found = family(name) or composition(name)
    except KeyError as error:
        raise ScenarioUnknown(
            f"Terrain {ground!r} of scenario {name!r} is unknown; terrains: {', '.join(terrain_names())}, "
            f"{flat(2 * TILE)}, {flat(3 * TILE)}, ..."
        ) from error
    if found is None:
        near = get_close_matches(name, smac_names() + family_names(), n=4, cutoff=0.4) or ["3m", "3s5z"]
        raise ScenarioUnknown(
            f"Scenario {name!r} is neither one of SMAC's 23 maps, a composition such as 5s3z or 2s3z_vs_3s2z, a field "
            "of fights such as 3x2s3z, nor a SMACv2 family such as 10gen_protoss or protoss_5_vs_5; "
            f"near matches: {', '.join(near)} (all maps: s2rm-sc2 scenarios)."
        )
    return found


def _smac(name: str, row: dict[str, Any]) -> Scenario:
    ground = terrain(row["terrain"])
    type_order = tuple(row.get("type_order", ()))
    order = row.get("order", {"kind": "point", "points": [ground.spawns[0]]})
    return Scenario(
        name=name,
        allies=tuple(_group(text, ground.spawns[0]) for text in row["allies"]),
        enemies=tuple(_group(text, ground.spawns[1]) for text in row["enemies"]),
        terrain_name=row["terrain"],
        order=EnemyOrder(order["kind"], tuple((x, y) for x, y in order.get("points", ()))),
        limit=row["limit"],
        map_type=row["map_type"],
        ally_type_order=type_order,
        enemy_type_order=tuple(row.get("enemy_type_order", type_order)),
    )


def _group(text: str, point: tuple[float, float]) -> Group:
    count, unit, *place = text.split()
    x, y = (float(place[0]), float(place[1])) if place else point
    return Group(unit, int(count), x, y)
