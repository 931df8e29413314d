"""Unit types as data: the rows of ``units.toml`` as frozen dataclasses.

A unit type's *index* is its place in :data:`UNIT_TYPES`; the unit table, the store and the views use that index,
and the store writes the names down beside it. Times are seconds of normal game speed (16 game loops each).
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

LOOPS_PER_SECOND = 16
"""Game loops in one second of *normal* game speed, the clock of all unit data."""

LOOPS_PER_STEP = 8
"""Game loops in one environment step (SMAC's ``step_mul``): half a normal second."""

SHIELD_REGENERATION = 2.0
"""Shield points per second that a shield regains once :data:`SHIELD_DELAY` has passed."""

SHIELD_DELAY = 10.0
"""Seconds without damage before a shield regenerates (160 game loops)."""

LEAST_DAMAGE = 0.5
"""Points that a hit takes at least, whatever the armour."""

Plane = Literal["ground", "air"]
Race = Literal["T", "P", "Z"]


@dataclass(frozen=True)
class Weapon:
    """An attack.

    Attributes:
        range: reach between the *edges* of two bodies, map cells.
        damage: points per hit, before armour.
        bonus: points added per hit against a target with the attribute ``bonus_against``.
        hits: hits per attack, ``hit_delay`` seconds apart.
        period: seconds between attacks, before SC2's random delay of -0.0625 to +0.125 s.
        damage_point: seconds from the start of an attack to its first hit (or to the missile's launch).
        missile_speed: cells per second; 0 means that the hit is immediate.
        targets: planes it can hit.
        splash: ``"line"`` (colossus) or ``"blast"`` (baneling, which dies of it), else none.
        structure_damage: points against structures where they differ (baneling).
    """

    range: float
    damage: float
    period: float
    damage_point: float
    targets: tuple[Plane, ...]
    bonus: float = 0.0
    bonus_against: str = ""
    hits: int = 1
    hit_delay: float = 0.0
    missile_speed: float = 0.0
    splash: Literal["", "line", "blast"] = ""
    splash_circles: int = 0
    splash_spacing: float = 0.0
    splash_radius: float = 0.0
    structure_damage: float = 0.0

    @property
    def hit_times(self) -> tuple[float, ...]:
        """Seconds from the start of an attack to each hit (or its launch); a sweep hurts at its end."""
        first = self.damage_point + (self.hit_delay if self.splash == "line" else 0.0)
        return tuple(first + number * self.hit_delay for number in range(self.hits))

    @property
    def splash_reach(self) -> float:
        """Cells around its target in which an attack may hurt others too; 0 without splash."""
        return max(self.splash_circles - 1, 0) / 2 * self.splash_spacing + self.splash_radius


@dataclass(frozen=True)
class Heal:
    """A medivac's heal: reach and acquisition in cells, rate in health per second, energy per health point."""

    range: float
    acquire: float
    rate: float
    energy_per_health: float
    energy_to_start: float


@dataclass(frozen=True)
class UnitType:
    """One unit type (source: SC2's Liberty catalogue, the only data SMAC's maps load).

    Attributes:
        radius: the body's radius for ranges, cells.
        separation: the radius at which two bodies push each other apart, cells.
        inner: the radius below which a body never yields, cells.
        speed: cells per normal second; acceleration is instant unless ``acceleration`` (cells/s²) is set.
        range_slop: how far beyond its range a chased target may be and still be fired at, cells.
        regeneration: health points per second.
        smac_max_cooldown: the constant SMAC normalises weapon cooldown (medivac: energy) by.
        smac_shoot_range: the range in which SMACv2 offers attacks, between centres; not always the weapon's.
    """

    name: str
    letter: str
    race: Race
    smac_id: int
    smac_max_cooldown: float
    smac_shoot_range: float
    health: float
    attributes: tuple[str, ...]
    radius: float
    separation: float
    inner: float
    speed: float
    sight: float
    shield: float = 0.0
    armor: float = 0.0
    energy: float = 0.0
    energy_start: float = 0.0
    energy_regeneration: float = 0.0
    regeneration: float = 0.0
    acceleration: float = 0.0
    plane: Plane = "ground"
    walks_cliffs: bool = False
    range_slop: float = 1.0
    weapon: Weapon | None = None
    heal: Heal | None = None

    @property
    def stride(self) -> float:
        """Cells that it walks in an environment step at full speed."""
        return self.speed * LOOPS_PER_STEP / LOOPS_PER_SECOND

    @property
    def index(self) -> int:
        """The number that stands for this type in tables and stores."""
        return UNIT_NAMES.index(self.name)

    def hit(self, target: "UnitType") -> float:
        """Points of one hit on another type, before armour; 0 where it cannot hit it."""
        weapon = self.weapon
        if weapon is None or target.plane not in weapon.targets:
            return 0.0
        if weapon.structure_damage and "structure" in target.attributes:
            return weapon.structure_damage
        return weapon.damage + (weapon.bonus if weapon.bonus_against in target.attributes else 0.0)

    def blow(self, target: "UnitType") -> float:
        """Points of a whole attack on another type's health, all hits after armour; 0 where it cannot hit it."""
        hit = self.hit(target)
        return self.weapon.hits * max(hit - target.armor, LEAST_DAMAGE) if self.weapon and hit else 0.0

    @property
    def can_be_healed(self) -> bool:
        """Whether a medivac can heal it: biological and no structure."""
        return "biological" in self.attributes and "structure" not in self.attributes


def _read(name: str, row: dict[str, Any]) -> UnitType:
    weapon, heal = row.pop("weapon", None), row.pop("heal", None)
    row["attributes"] = tuple(row["attributes"])
    row.setdefault("separation", row["radius"])
    row.setdefault("inner", row["radius"])
    if weapon is not None:
        weapon = Weapon(**{**weapon, "targets": tuple(weapon["targets"])})
    return UnitType(name=name, weapon=weapon, heal=None if heal is None else Heal(**heal), **row)


def _load() -> tuple[UnitType, ...]:
    text = resources.files("s2rm_sc2").joinpath("units.toml").read_text()
    return tuple(_read(name, dict(row)) for name, row in tomllib.loads(text).items())


UNIT_TYPES: tuple[UnitType, ...] = _load()
"""All unit types, in the order of ``units.toml``."""

UNIT_NAMES: tuple[str, ...] = tuple(unit.name for unit in UNIT_TYPES)


@cache
def unit_type(name: str) -> UnitType:
    """The unit type of this name.

    Raises:
        KeyError: no such row in ``units.toml``.
    """
    return {unit.name: unit for unit in UNIT_TYPES}[name]
