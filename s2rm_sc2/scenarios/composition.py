"""Compositions by name: ``5s3z``, ``2s3z_vs_3s2z``, ``4m@flat`` and fields of fights, ``3x2s3z``, become scenarios."""

import math
import re

from s2rm_sc2.errors import ScenarioUnknown
from s2rm_sc2.scenarios.scenario import EnemyOrder, Group, Scenario
from s2rm_sc2.scenarios.terrain import TILE, flat, terrain
from s2rm_sc2.units import UNIT_TYPES

LIMIT = 150
"""Steps of a composition that SMAC has no map of: the limit SMAC gives most of its maps."""

DEFAULT_TERRAIN = "band"

MOST_FIGHTS = 64
"""Fights of a field at most: 8 x 8 tiles."""

MOST_UNITS = 4096
"""Units of a composition at most; vectors and lists of neighbours grow with the square of their number."""

Point = tuple[float, float]

_LETTERS = {unit.letter: unit.name for unit in UNIT_TYPES}
_FIELD = re.compile(r"([1-9]\d*)x(.+)")
_GROUP = re.compile(r"([1-9]\d{0,2})(" + "|".join(sorted(_LETTERS, key=len, reverse=True)) + ")")

# SMAC's type orders by the set of unit types in battle: (map_type, allies' order, enemies' order).
_SMAC_ORDERS: dict[frozenset[str], tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    frozenset({"stalker", "zealot"}): ("stalkers_and_zealots", ("stalker", "zealot"), ("zealot", "stalker")),
    frozenset({"colossus", "stalker", "zealot"}): (
        "colossi_stalkers_zealots",
        *2 * (("colossus", "stalker", "zealot"),),
    ),
    frozenset({"marauder", "marine", "medivac"}): ("MMM", *2 * (("marauder", "marine", "medivac"),)),
    frozenset({"baneling", "zergling"}): ("bane", *2 * (("baneling", "zergling"),)),
}


def parse_team(text: str) -> list[tuple[str, int]] | None:
    """``3s5z`` as ``[("stalker", 3), ("zealot", 5)]``; None where the text is no composition."""
    groups = _GROUP.findall(text)
    if not groups or "".join(count + letter for count, letter in groups) != text:
        return None
    names = [_LETTERS[letter] for _, letter in groups]
    if len(set(names)) != len(names):
        return None
    return [(name, int(count)) for name, (count, _) in zip(names, groups, strict=True)]


def composition(name: str) -> Scenario | None:
    """The scenario that a composition name describes; None where the name is no composition.

    ``A`` is A against A, ``A_vs_B`` A against B; ``@terrain`` after it chooses the ground (default ``band``).
    ``KxA`` or ``KxA_vs_B`` is a field: K such fights at once on one flat map, each in a tile of its own.

    Raises:
        KeyError: the terrain named after ``@`` does not exist.
        ScenarioUnknown: a field with a terrain, or of more fights than :data:`MOST_FIGHTS`; more units than
            :data:`MOST_UNITS`.
    """
    field = _FIELD.fullmatch(name)
    teams, _, ground = (field[2] if field else name).partition("@")
    ally_text, versus, enemy_text = teams.partition("_vs_")
    allies, enemies = parse_team(ally_text), parse_team(enemy_text if versus else ally_text)
    if allies is None or enemies is None:
        return None
    if field:
        ground, fights = _field(name, int(field[1]), ground)
    else:
        ground = ground or DEFAULT_TERRAIN
        fights = [terrain(ground).spawns]
    units = len(fights) * sum(count for _, count in allies + enemies)
    if units > MOST_UNITS:
        raise ScenarioUnknown(f"Scenario {name!r} has {units} units; {MOST_UNITS} are the most that one may have.")
    map_type, ally_order, enemy_order = _type_orders({unit for unit, _ in allies}, {unit for unit, _ in enemies})
    goals = tuple(ally_point for ally_point, _ in fights for _ in enemies)
    return Scenario(
        name=name,
        allies=tuple(Group(unit, count, *point) for point, _ in fights for unit, count in allies),
        enemies=tuple(Group(unit, count, *point) for _, point in fights for unit, count in enemies),
        terrain_name=ground,
        order=EnemyOrder("groups", goals) if field else EnemyOrder("point", goals[:1]),
        limit=LIMIT,
        map_type=map_type,
        ally_type_order=ally_order,
        enemy_type_order=enemy_order,
    )


def _field(name: str, count: int, ground: str) -> tuple[str, list[tuple[Point, Point]]]:
    """The ground of a field, and where the allies and the enemies of each fight start."""
    if ground:
        raise ScenarioUnknown(f"Field {name!r} is fought on flat ground of its own size; leave out @{ground}.")
    if count > MOST_FIGHTS:
        raise ScenarioUnknown(f"Field {name!r} has {count} fights; {MOST_FIGHTS} are the most that a field may have.")
    side = math.ceil(math.sqrt(count))
    (ax, ay), (ex, ey) = terrain("flat").spawns
    corners = [(TILE * (fight % side), TILE * (fight // side)) for fight in range(count)]
    return flat(TILE * side), [((ax + x, ay + y), (ex + x, ey + y)) for x, y in corners]


def _type_orders(allies: set[str], enemies: set[str]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """SMAC's family where it has one; otherwise no bits for teams of one type each, else types by name."""
    if len(allies) == len(enemies) == 1:
        return "composition", (), ()
    both = frozenset(allies | enemies)
    return _SMAC_ORDERS.get(both, ("composition", *2 * (tuple(sorted(both)),)))
