"""Small battles set up by hand on open ground, and what is read off them."""

import numpy as np

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.field import Field
from s2rm_sc2.battle.loop import advance, order
from s2rm_sc2.battle.orders import ATTACK
from s2rm_sc2.scenarios import terrain
from s2rm_sc2.units import unit_type


def meeting(allies: str, enemies: str, points: list[tuple[float, float]]) -> Field:
    """Passive allies against enemies that fight on their own."""
    names = allies.split() + enemies.split()
    teams = (0,) * len(allies.split()) + (1,) * len(enemies.split())
    field = Field(1, tuple(map(unit_type, names)), teams, terrain("flat"))
    field.place(points)
    return field


def target(field: Field, unit: int) -> int:
    """Whom a unit attacks or heals."""
    return int(field.whole[0, r.TARGET, unit])


def duel(ally: str, enemy: str, gap: float, battles: int = 1) -> Field:
    """Two passive units whose edges are ``gap`` apart; unit 0 is told to attack unit 1."""
    types = (unit_type(ally), unit_type(enemy))
    field = Field(battles, types, (0, 1), terrain("flat"))
    field.place([(10.0, 16.0), (10.0 + gap + types[0].radius + types[1].radius, 16.0)])
    field.whole[:, r.ACTIVE] = 0
    field.random[:] = np.arange(battles)
    field.real[:, r.CALM] = 160.0
    for battle in range(battles):
        order(field, battle, 0, ATTACK, target=1)
    return field


def vitals(field: Field, unit: int = 1) -> tuple[float, float]:
    """Shield and health."""
    return float(field.real[0, r.SHIELD, unit]), float(field.real[0, r.HEALTH, unit])


def losses(field: Field, unit: int, loops: int) -> list[tuple[int, float]]:
    """(loop, points lost) for every loop in which the unit lost shield or health."""
    found, before = [], sum(vitals(field, unit))
    for loop in range(1, loops + 1):
        advance(field, 1)
        after = sum(vitals(field, unit))
        if after < before:
            found.append((loop, before - after))
        before = after
    return found


def durable(field: Field, unit: int = 1) -> Field:
    """The same battle with a unit that does not die and whose shield stays empty."""
    field.real[:, r.HEALTH, unit], field.real[:, r.SHIELD, unit] = 1e6, 0.0
    field.real[:, r.CALM, unit] = 1e6
    return field
