"""Game, ground, units and unit types as StarCraft II's messages tell them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.sides import ALLY
from s2rm_sc2.starcraft import messages, numbers
from s2rm_sc2.starcraft.messages import Message
from s2rm_sc2.units import UNIT_TYPES, UnitType

if TYPE_CHECKING:
    from s2rm_sc2.standin.battle import Sighted

sc = messages.load()

FIRST_ALLY_TYPE = 2005
"""The type id of the first of SMAC's own units; a map's own types follow each other by name, as in build 75689."""

_SELF, _ENEMY, _VISIBLE = 1, 4, 1  # alliances, display type
_RACES = {"T": 1, "Z": 2, "P": 3}


def game_info(response: Message, scenario: Scenario, asked: Message, options: Message) -> None:
    """The map with its grids, the players, the options that were joined with.

    Paths are one bit per cell, highest bit first, south row first; heights are bytes, north row first, which is how
    SMAC reads them.
    """
    ground = scenario.terrain
    (width, height), info = ground.size, response.start_raw
    response.map_name, response.local_map_path = scenario.name, asked.local_map.map_path
    for number, (player, race) in enumerate(zip(asked.player_setup, _races(scenario), strict=False), numbers.US):
        response.player_info.add(player_id=number, type=player.type, race_requested=race, race_actual=race)
    response.options.CopyFrom(options)
    levels = np.round((ground.height.astype(np.float64) + 16.0) * 255.0 / 32.0)
    info.map_size.x, info.map_size.y = width, height
    info.playable_area.p1.x, info.playable_area.p1.y = width, height
    info.playable_area.p0.x = info.playable_area.p0.y = 0
    for grid, bits, data in (
        (info.pathing_grid, 1, np.packbits(ground.walkable.T, axis=1)),
        (info.placement_grid, 1, np.packbits(ground.walkable.T, axis=1)),
        (info.terrain_height, 8, np.flip(levels.T, 0).astype(np.uint8)),
    ):
        grid.bits_per_pixel, grid.size.x, grid.size.y, grid.data = bits, width, height, data.tobytes()


def observation(told: Message, units: "Iterable[Sighted]", scenario: Scenario, loop: int) -> None:
    """All living units, whoever sees them: SMAC's maps have no fog."""
    told.game_loop = loop
    told.player_common.player_id = numbers.US
    told.raw_data.player.camera.x = told.raw_data.player.camera.y = 0.0
    for unit in units:
        ally, kind = unit.team == ALLY, unit.kind
        told.raw_data.units.add(
            tag=unit.tag,
            unit_type=ally_ids(scenario)[kind.name] if ally else kind.smac_id,
            owner=numbers.US if ally else numbers.THEM,
            alliance=_SELF if ally else _ENEMY,
            display_type=_VISIBLE,
            pos={"x": unit.x, "y": unit.y},
            radius=kind.radius,
            build_progress=1.0,
            is_flying=kind.plane == "air",
            health=unit.health,
            health_max=kind.health,
            shield=unit.shield,
            shield_max=kind.shield,
            energy=unit.energy,
            energy_max=kind.energy,
            weapon_cooldown=unit.cooldown,
        )


def data(response: Message, scenario: Scenario) -> None:
    """The unit types of both sides and the abilities of unit commands."""
    names = {numbers.MOVE: "move", numbers.ATTACK: "attack", numbers.STOP: "stop", numbers.HEAL: "heal"}
    for ability in range(max(names) + 1):
        name = names.get(ability, "")
        response.abilities.add(ability_id=ability, link_name=name, friendly_name=name, available=bool(name))
    rows = [(identity, f"{name.title()}_RL", name) for name, identity in ally_ids(scenario).items()]
    rows += [(kind.smac_id, kind.name.title().replace("_", ""), kind.name) for kind in UNIT_TYPES]
    for identity, title, name in sorted(rows):
        kind = next(kind for kind in UNIT_TYPES if kind.name == name)
        row = response.units.add(
            unit_id=identity,
            name=title,
            available=True,
            race=_RACES[kind.race],
            armor=kind.armor,
            sight_range=kind.sight,
            movement_speed=kind.speed,
        )
        if kind.weapon:
            row.weapons.add(damage=kind.weapon.damage, range=kind.weapon.range, speed=kind.weapon.period)


def ally_ids(scenario: Scenario) -> dict[str, int]:
    """The type ids of the allies, by name of the type: the map's own, in order of their names."""
    names = sorted(kind.name for kind in scenario.ally_kinds)
    return {name: FIRST_ALLY_TYPE + place for place, name in enumerate(names)}


def kind_of(identity: int, scenario: Scenario) -> UnitType | None:
    """The unit type of an id, the map's own or a stock one."""
    own = {number: name for name, number in ally_ids(scenario).items()}
    return next((kind for kind in UNIT_TYPES if kind.smac_id == identity or own.get(identity) == kind.name), None)


def _races(scenario: Scenario) -> tuple[int, int]:
    return _RACES[scenario.ally_race], _RACES[scenario.enemy_race]
