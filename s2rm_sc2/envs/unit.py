"""One unit the way SMAC's code reads it: an object with a position, health and a type id."""

from dataclasses import dataclass

from s2rm_sc2.sides import ALLY
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_TYPES, UnitType

_BY_ID = {kind.smac_id: kind for kind in UNIT_TYPES}


@dataclass(frozen=True)
class Point:
    """A place in map cells."""

    x: float
    y: float


@dataclass(frozen=True)
class Unit:
    """One unit as it stands, with the attributes that SMAC's units have.

    Attributes:
        tag: its row in the unit table, plus 1.
        unit_type: StarCraft II's stock id, for allies too (SMAC's maps give allies ids of their own).
        owner: 1 for allies, 2 for enemies.
        weapon_cooldown: game loops until it may fire.
    """

    tag: int
    unit_type: int
    owner: int
    pos: Point
    health: float
    health_max: float
    shield: float
    shield_max: float
    energy: float
    weapon_cooldown: float

    @property
    def kind(self) -> UnitType:
        """Its unit type."""
        return _BY_ID[self.unit_type]


def unit_of(table: UnitTable, row: int) -> Unit:
    """The unit of one row of the first battle of a table ``[B, U]``."""
    kind = UNIT_TYPES[int(table.type[0, row])]
    return Unit(
        tag=row + 1,
        unit_type=kind.smac_id,
        owner=1 if int(table.team[0, row]) == ALLY else 2,
        pos=Point(float(table.x[0, row]), float(table.y[0, row])),
        health=float(table.health[0, row]),
        health_max=kind.health,
        shield=float(table.shield[0, row]),
        shield_max=kind.shield,
        energy=float(table.energy[0, row]),
        weapon_cooldown=float(table.cooldown[0, row]),
    )
