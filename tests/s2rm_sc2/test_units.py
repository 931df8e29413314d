"""units.toml holds the numbers of SC2's Liberty catalogue, the only data that SMAC's maps load.

Written out a second time from the catalogue (builds 4.6.2 and 4.10.1, as SC2Mapster's SC2GameData publishes them), so
that no number changes by a slip.
"""

import pytest

from s2rm_sc2.units import UNIT_NAMES, Heal, UnitType, Weapon, unit_type

# health/shield, armour, attributes (Light, Armored, Biological, Mechanical, maSsive, sTructure),
# radius/separation/inner, speed, sight
BODIES = """
marine        45/0    0 LB  .375/.375/.375   2.25   9
marauder      125/0   1 AB  .5625/.5/.375    2.25   10
medivac       150/0   1 AM  .75/.75/.75      2.75   11
stalker       80/80   1 AM  .625/.625/.5     2.9531 10
zealot        100/50  1 LB  .5/.375/.375     2.25   9
colossus      200/150 1 AMS 1/.75/.5625      2.25   10
zergling      35/0    0 LB  .375/.375/.375   2.9531 8
baneling      30/0    0 B   .375/.375/.375   2.5    8
hydralisk     80/0    0 LB  .625/.5/.375     2.25   9
spine_crawler 300/0   2 ABT .875/.875/.875   0      11
"""
LETTERS = {"L": "light", "A": "armored", "B": "biological", "M": "mechanical", "S": "massive", "T": "structure"}

# range, targets (Ground, Air), damage (+ bonus against), hits, seconds between hits, period, damage point, missile
# speed (0: none, or not known)
WEAPONS = """
marine        5   GA 6     1 0   .8608 .05   0
marauder      6   G  10+10A 1 0  1.5   0     20
stalker       6   GA 10+4A 1 0   1.44  .167  18.75
zealot        .1  G  8     2 .28 1.2   0     0
colossus      6   G  20    2 .25 2.2   .0832 0
zergling      .1  G  5     1 0   .696  .167  0
baneling      .25 G  20+15L 1 0  .833  0     0
hydralisk     5   GA 12    1 0   .83   .208  40
spine_crawler 7   G  25+5A 1 0   1.6   .333  0
"""


def rows(table: str) -> dict[str, list[str]]:
    return {name: cells for name, *cells in (line.split() for line in table.split("\n") if line)}


def weapon_of(unit: UnitType) -> Weapon:
    assert unit.weapon is not None
    return unit.weapon


def test_every_type_is_in_the_tables() -> None:
    assert set(rows(BODIES)) == set(UNIT_NAMES) == set(rows(WEAPONS)) | {"medivac"}
    assert unit_type("medivac").weapon is None


@pytest.mark.parametrize(("name", "cells"), rows(BODIES).items())
def test_bodies(name: str, cells: list[str]) -> None:
    points, armor, letters, radii, speed, sight = cells
    unit = unit_type(name)
    assert [unit.health, unit.shield] == [float(number) for number in points.split("/")]
    assert [unit.radius, unit.separation, unit.inner] == [float(number) for number in radii.split("/")]
    assert (unit.armor, unit.speed, unit.sight) == (float(armor), float(speed), float(sight))
    assert set(unit.attributes) == {LETTERS[letter] for letter in letters}
    assert unit.regeneration == (0.2734 if unit.race == "Z" else 0.0)
    assert unit.plane == ("air" if name == "medivac" else "ground")
    assert unit.walks_cliffs == (name == "colossus")
    assert unit.range_slop == (0.0 if name in ("colossus", "spine_crawler") else 1.0)


@pytest.mark.parametrize(("name", "cells"), rows(WEAPONS).items())
def test_weapons(name: str, cells: list[str]) -> None:
    weapon = weapon_of(unit_type(name))
    damage, _, bonus = cells[2].partition("+")
    assert weapon.range == float(cells[0])
    assert weapon.targets == (("ground", "air") if cells[1] == "GA" else ("ground",))
    assert weapon.damage == float(damage)
    assert weapon.bonus == (float(bonus[:-1]) if bonus else 0.0)
    assert not bonus or weapon.bonus_against == LETTERS[bonus[-1]]
    numbers = [weapon.hits, weapon.hit_delay, weapon.period, weapon.damage_point, weapon.missile_speed]
    assert numbers == [float(number) for number in cells[3:]]


def test_splash_healing_and_energy() -> None:
    sweep, blast, medivac = weapon_of(unit_type("colossus")), weapon_of(unit_type("baneling")), unit_type("medivac")
    assert (sweep.splash_circles, sweep.splash_spacing, sweep.splash_radius) == (11, 0.25, 0.15)
    assert (blast.splash_radius, blast.structure_damage) == (2.2, 80.0)
    assert medivac.heal == Heal(range=4.0, acquire=6.0, rate=9.0, energy_per_health=0.33, energy_to_start=5.0)
    assert (medivac.energy, medivac.energy_start, medivac.energy_regeneration) == (200.0, 50.0, 0.5625)
    assert medivac.acceleration == 2.3125
