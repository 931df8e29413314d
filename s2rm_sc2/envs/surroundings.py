"""SMAC's questions about a unit and the ground around it, for code that asks them of the environment."""

import math

import numpy.typing as npt

from s2rm_sc2.envs.unit import Unit
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.views.layout import AROUND, MOVES, elevation


class Surroundings:
    """The part of SMAC's environment that knows map and unit types, and nothing of the battle.

    Attributes:
        map_x, map_y: size of the map, cells.
        max_distance_x, max_distance_y: what SMAC divides positions by: the size of the map.
        pathing_grid: bool ``[x, y]``, where ground units can walk.
        terrain_height: float64 ``[x, y]``, heights from 0 to 1.
    """

    def __init__(self, scenario: Scenario, move_amount: int) -> None:
        ground = scenario.terrain
        self.scenario = scenario
        self.map_x, self.map_y = self.max_distance_x, self.max_distance_y = ground.size
        self.pathing_grid, self.terrain_height = ground.walkable, elevation(ground)
        self._move_amount = int(move_amount)

    @staticmethod
    def distance(x1: float, y1: float, x2: float, y2: float) -> float:
        """Distance between two places."""
        return math.hypot(x2 - x1, y2 - y1)

    def check_bounds(self, x: float, y: float) -> bool:
        """Whether a cell is on the map."""
        return 0 <= x < self.map_x and 0 <= y < self.map_y

    def can_move(self, unit: Unit, direction: int) -> bool:
        """Whether a unit may move 0 north, 1 south, 2 east or 3 west: the cell half a move away can be walked."""
        _, east, north = MOVES[direction]
        half = self._move_amount / 2
        x, y = int(unit.pos.x + half * east), int(unit.pos.y + half * north)
        return self.check_bounds(x, y) and bool(self.pathing_grid[x, y])

    def get_surrounding_points(self, unit: Unit, include_self: bool = False) -> list[tuple[int, int]]:
        """The eight points around a unit whose ground agents may see, and its own cell last if asked for."""
        x, y, step = int(unit.pos.x), int(unit.pos.y), self._move_amount
        points = [(x + east * step, y + north * step) for _, east, north in AROUND]
        return [*points, *([(x, y)] if include_self else [])]

    def get_surrounding_pathing(self, unit: Unit) -> list[bool | int]:
        """Whether those points can be walked; 1 beyond the map."""
        return self._values(self.pathing_grid, self.get_surrounding_points(unit))

    def get_surrounding_height(self, unit: Unit) -> list[float]:
        """How high those points and the unit's own cell lie; 1 beyond the map."""
        return self._values(self.terrain_height, self.get_surrounding_points(unit, include_self=True))

    def unit_max_cooldown(self, unit: Unit) -> float:
        """What SMAC divides this unit's cooldown (a medivac's energy) by."""
        return unit.kind.smac_max_cooldown

    def unit_max_shield(self, unit: Unit) -> float:
        """Full shield of this unit; 0 where it has none."""
        return unit.shield_max

    def get_unit_type_id(self, unit: Unit, ally: bool) -> int:
        """Which of the type bits is set for a unit; 0 on maps without."""
        order = self.scenario.ally_type_order if ally else self.scenario.enemy_type_order
        return order.index(unit.kind.name) if order else 0

    def _values(self, grid: npt.NDArray, points: list[tuple[int, int]]) -> list:  # type: ignore[type-arg]
        return [grid[x, y].item() if self.check_bounds(x, y) else 1 for x, y in points]
