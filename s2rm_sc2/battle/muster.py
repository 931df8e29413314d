"""SMACv2's random teams and starts, drawn from a battle's own generator when it begins.

Types are independent draws by weight, and the enemies copy the allies. Then either every ally stands anywhere in the
left half and the enemies mirror them, or the allies stand in the middle and up to four groups of enemies around them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.compiled import rule
from s2rm_sc2.battle.field import Wholes
from s2rm_sc2.battle.random import States, uniform
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.units import unit_type

Points = npt.NDArray[np.float64]

BUFFER = 1.0
"""Cells between the middle line and the nearest mirrored unit."""
OFFSET = 2.0
"""Cells, along both axes, between the surrounded allies and the nearest place of a group of enemies."""
DIRECTIONS = 4
"""Diagonals on which groups of enemies may stand; also the most groups."""


@dataclass(frozen=True, eq=False)
class Lots:
    """What is drawn, as arrays.

    Attributes:
        types: int64 ``[k, 2]``, index of each type, and 1 for those of which a team may not consist alone; no types
            where teams are fixed.
        odds: float64 ``[k]``, cumulative probabilities of the types.
        surrounded: probability of the start with the allies in the middle.
        size: float64 ``[2]``, width and height of the map.
    """

    types: Wholes
    odds: Points
    surrounded: float
    size: Points


def lots(scenario: Scenario) -> Lots:
    """The draws that a scenario asks for."""
    draw, size = scenario.draw, np.array(scenario.terrain.size, np.float64)
    if draw is None:
        return Lots(np.zeros((0, 2), np.int64), np.zeros(0), 0.0, size)
    types = [(unit_type(name).index, int(name in draw.exceptions)) for name in draw.units]
    return Lots(np.array(types), np.cumsum(draw.weights) / np.sum(draw.weights), draw.surrounded, size)


@rule
def _draw_types(whole: Wholes, first: int, last: int, types: Wholes, odds: Points, random: States, battle: int) -> None:
    """Draw the types of some rows, again while all are exceptions."""
    alone = first < last
    while alone:
        for row in range(first, last):
            part, k = uniform(random, battle), 0
            while k + 1 < len(odds) and part >= odds[k]:
                k += 1
            whole[r.TYPE, row] = k
        alone = True
        for row in range(first, last):
            alone = alone and types[whole[r.TYPE, row], 1] == 1
    for row in range(first, last):
        whole[r.TYPE, row] = types[whole[r.TYPE, row], 0]


@rule
def draw_teams(whole: Wholes, n_agents: int, types: Wholes, odds: Points, random: States, battle: int) -> None:
    """Write the types of all rows: the enemies are a copy of the allies, cut short or drawn on as their number asks."""
    n_units = whole.shape[1]
    _draw_types(whole, 0, n_agents, types, odds, random, battle)
    for row in range(n_agents, min(2 * n_agents, n_units)):
        whole[r.TYPE, row] = whole[r.TYPE, row - n_agents]
    _draw_types(whole, 2 * n_agents, n_units, types, odds, random, battle)


@rule
def draw_places(
    points: Points, groups: Wholes, n_agents: int, surrounded: float, size: Points, random: States, battle: int
) -> bool:
    """Write the spawn points and the groups of all units; whether the enemies mirror the allies."""
    if uniform(random, battle) < surrounded:
        _surround(points, groups, n_agents, size, random, battle)
        return False
    for k in range(len(groups)):
        groups[k] = k
        points[k, 0] = uniform(random, battle) * (size[0] / 2.0 - BUFFER)
        points[k, 1] = uniform(random, battle) * size[1]
        if k >= 2 * n_agents:  # enemies beyond the copied team stand anywhere in their half
            points[k, 0] = size[0] / 2.0 * (1.0 + uniform(random, battle))
    return True


@rule
def _surround(points: Points, groups: Wholes, n_agents: int, size: Points, random: States, battle: int) -> None:
    """Allies in the middle; groups of enemies, sizes multinomial, each somewhere on a diagonal of its own."""
    middle_x, middle_y = size[0] / 2.0, size[1] / 2.0
    for k in range(n_agents):
        groups[k] = 0
        points[k, 0], points[k, 1] = middle_x, middle_y
    n_groups = 1 + int(DIRECTIONS * uniform(random, battle))
    for k in range(n_agents, len(groups)):
        group, place = 1 + int(n_groups * uniform(random, battle)), k
        while place > n_agents and groups[place - 1] > group:
            groups[place] = groups[place - 1]
            place -= 1
        groups[place] = group
    taken, x, y = 0, 0.0, 0.0
    for k in range(n_agents, len(groups)):
        if groups[k] != groups[k - 1]:
            direction = int(DIRECTIONS * uniform(random, battle))
            while taken & (1 << direction):
                direction = int(DIRECTIONS * uniform(random, battle))
            taken |= 1 << direction
            part = uniform(random, battle)
            x, y = 2.0 * middle_x * (direction % 2), 2.0 * middle_y * (direction // 2)
            x += part * (middle_x + OFFSET * (2.0 * (direction % 2) - 1.0) - x)
            y += part * (middle_y + OFFSET * (2.0 * (direction // 2) - 1.0) - y)
        points[k, 0], points[k, 1] = x, y
