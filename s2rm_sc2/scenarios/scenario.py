"""What a scenario is: two teams, a terrain, an order, a limit."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios.terrain import Terrain, terrain
from s2rm_sc2.units import UNIT_NAMES, Race, UnitType, unit_type

ANY = "any"
"""The unit of a group whose types are drawn anew in every episode; see :class:`TeamDraw`."""

Opponent = Literal["smac", "focus", "kite"]


@dataclass(frozen=True)
class Group:
    """``count`` units of one type (or of :data:`ANY`) that are created together at a point (map cells)."""

    unit: str
    count: int
    x: float
    y: float


@dataclass(frozen=True)
class TeamDraw:
    """SMACv2's random teams: each ally's type is drawn by weight, anew in every episode; the enemies copy the allies.

    Attributes:
        units, weights: the types and their probabilities.
        exceptions: types of which a team may not consist alone; such a team is drawn again.
        surrounded: probability that the enemies start around the allies instead of mirrored.

    Raises:
        BadArgument: no team can ever be drawn: weights and types differ in number, a weight is negative, or nothing
            but exceptions has a weight.
    """

    units: tuple[str, ...]
    weights: tuple[float, ...]
    exceptions: tuple[str, ...] = ()
    surrounded: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what the draw would repeat for ever."""
        if len(self.units) != len(self.weights) or not all(weight >= 0.0 for weight in self.weights):
            raise BadArgument(f"A team of {self.units} cannot be drawn by weights {self.weights}; give each type one.")
        drawn = [unit for unit, weight in zip(self.units, self.weights, strict=True) if weight > 0.0]
        if set(drawn) <= set(self.exceptions):
            raise BadArgument(
                f"A team of {', '.join(drawn) or 'no types'} may not consist of exceptions alone, so none is drawn; "
                "add a type that is no exception, with a weight above 0."
            )


@dataclass(frozen=True)
class EnemyOrder:
    """What the enemy side is told at spawn (SMAC's map scripts).

    ``point``: attack-move to the point. ``segment``: attack-move to a random point between the two points.
    ``groups``: attack-move, each group of enemies to its own point. ``units``: attack the ally group wherever it is.
    ``none``: stand.
    """

    kind: Literal["point", "segment", "groups", "units", "none"]
    points: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A battle that can be played; all of it is data.

    Attributes:
        limit: steps after which the battle ends undecided.
        map_type: SMAC's family name, e.g. ``stalkers_and_zealots``; ``composition`` for those SMAC lacks.
        ally_type_order, enemy_type_order: unit types in the order of SMAC's type one-hots; empty without type
            bits. They differ on SMAC's stalker-and-zealot maps, where SMAC inverts the enemy's.
        sight_range, shoot_range: cells between centres, one value for all units as in SMAC.
        smac_version: whose rules of interface hold. 2: each unit type has ranges of its own, agents know their own
            place, rewards are cut off at 0 instead of being made positive (SMACv2 with its shipped configurations).
        opponent: who plays the enemies: SMAC's built-in behaviour, or a stronger script.
        draw: how the teams are drawn in every episode; None where they are fixed.
    """

    name: str
    allies: tuple[Group, ...]
    enemies: tuple[Group, ...]
    terrain_name: str
    order: EnemyOrder
    limit: int
    map_type: str
    ally_type_order: tuple[str, ...] = ()
    enemy_type_order: tuple[str, ...] = ()
    sight_range: float = 9.0
    shoot_range: float = 6.0
    smac_version: Literal[1, 2] = 1
    opponent: Opponent = "smac"
    draw: TeamDraw | None = None

    @property
    def terrain(self) -> Terrain:
        """The ground it is fought on."""
        return terrain(self.terrain_name)

    @cached_property
    def n_agents(self) -> int:
        """Number of allied units, the agents."""
        return sum(group.count for group in self.allies)

    @cached_property
    def n_enemies(self) -> int:
        """Number of enemy units."""
        return sum(group.count for group in self.enemies)

    @cached_property
    def n_units(self) -> int:
        """Rows of the unit table: allies first, then enemies."""
        return self.n_agents + self.n_enemies

    @cached_property
    def unit_types(self) -> tuple[UnitType, ...]:
        """The unit type of each row of the unit table.

        Allies stand sorted by name, which is the order of SMAC's ally type ids (within a type the backend sorts
        by x, then y); enemies stand in the order of creation.

        Raises:
            ValueError: the teams are drawn in every episode (see :attr:`ally_kinds`); the unit table has the types.
        """
        if self.draw is not None:
            raise ValueError(f"the teams of {self.name} are drawn in every episode; read the types from the unit table")
        allies = sorted(group.unit for group in self.allies for _ in range(group.count))
        enemies = [group.unit for group in self.enemies for _ in range(group.count)]
        return tuple(unit_type(name) for name in allies + enemies)

    @cached_property
    def ally_kinds(self) -> tuple[UnitType, ...]:
        """The types that allies may have, each once, in the order of the unit table's numbers."""
        return _kinds(self.draw.units if self.draw else [group.unit for group in self.allies])

    @cached_property
    def enemy_kinds(self) -> tuple[UnitType, ...]:
        """The types that enemies may have."""
        return _kinds(self.draw.units if self.draw else [group.unit for group in self.enemies])

    @property
    def kinds(self) -> tuple[UnitType, ...]:
        """The types that may be in battle, on either side."""
        return _kinds([unit.name for unit in self.ally_kinds + self.enemy_kinds])

    @property
    def type_indices(self) -> tuple[int, ...]:
        """The unit type index of each row of the unit table."""
        return tuple(unit.index for unit in self.unit_types)

    @property
    def type_bits(self) -> int:
        """Width of SMAC's unit type one-hot (``unit_type_bits``)."""
        return len(self.ally_type_order)

    @property
    def ally_race(self) -> Race:
        """The allies' race: decides whether shields are in SMAC's vectors."""
        return unit_type(self.draw.units[0] if self.draw else self.allies[0].unit).race

    @property
    def enemy_race(self) -> Race:
        """The enemies' race."""
        return unit_type(self.draw.units[0] if self.draw else self.enemies[0].unit).race

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as a store's attributes hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Scenario":
        """The scenario that :meth:`to_dict` wrote down (JSON turns tuples to lists; both are read).

        Raises:
            KeyError, TypeError: the data do not describe a scenario.
        """
        order = data["order"]
        fields = {
            **data,
            "allies": tuple(Group(**group) for group in data["allies"]),
            "enemies": tuple(Group(**group) for group in data["enemies"]),
            "order": EnemyOrder(order["kind"], tuple((x, y) for x, y in order["points"])),
            "ally_type_order": tuple(data["ally_type_order"]),
            "enemy_type_order": tuple(data["enemy_type_order"]),
            "draw": _draw(data.get("draw")),
        }
        scenario = cls(**fields)
        unknown = {group.unit for group in scenario.allies + scenario.enemies} - {*UNIT_NAMES, ANY}
        if unknown:
            raise KeyError(f"unknown unit types {sorted(unknown)}")
        return scenario


def _kinds(names: Sequence[str]) -> tuple[UnitType, ...]:
    return tuple(sorted({unit_type(name) for name in names}, key=lambda unit: unit.index))


def _draw(data: dict[str, Any] | None) -> TeamDraw | None:
    if data is None:
        return None
    return TeamDraw(tuple(data["units"]), tuple(data["weights"]), tuple(data["exceptions"]), data["surrounded"])
