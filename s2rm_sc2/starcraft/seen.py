"""A battle's units as the game tells of them, written into our unit table."""

from collections.abc import Iterable, Sequence
from operator import attrgetter

import numpy as np
import torch

from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.sides import ENEMY
from s2rm_sc2.starcraft.faults import GameFault
from s2rm_sc2.starcraft.messages import Message
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_TYPES

_STOCK = {kind.smac_id: kind.index for kind in UNIT_TYPES}

in_smacs_order = attrgetter("unit_type", "pos.x", "pos.y")
"""What SMAC sorts its agents by."""


class SeenUnits:
    """One battle of a scenario.

    Attributes:
        table: the live table ``[1, U]``.
        tags: the tag of each row, allies first; empty before a battle.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario, self.tags = scenario, list[int]()
        U = scenario.n_units
        self._real = np.zeros((6, 1, U), np.float32)
        whole = np.zeros((2, 1, U), np.int64)
        whole[0], whole[1, :, scenario.n_agents :] = scenario.type_indices, ENEMY
        self._alive = np.zeros((1, U), np.bool_)
        kind, team = torch.from_numpy(whole)
        x, y, health, shield, energy, cooldown = torch.from_numpy(self._real)
        alive = torch.from_numpy(self._alive)
        self.table = UnitTable(kind, team, x, y, health, shield, energy, cooldown, alive)
        self._rows: dict[int, int] = {}

    def begin(self, allies: Sequence[Message], enemies: Sequence[Message]) -> None:
        """Give each unit of a new battle its row: agents in SMAC's order, enemies as they come.

        Raises:
            GameFault: they are not the scenario's.
        """
        A, M = self._scenario.n_agents, self._scenario.n_enemies
        if (len(allies), len(enemies)) != (A, M):
            raise GameFault(f"units: {len(allies)} allies and {len(enemies)} enemies appeared instead of {A} and {M}")
        self._check_types(allies, enemies)
        self.tags = [unit.tag for unit in [*allies, *enemies]]
        self._rows = {tag: row for row, tag in enumerate(self.tags)}
        self.write([*allies, *enemies])

    def write(self, units: Iterable[Message]) -> None:
        """Bring the table up to date; who is no longer told of is dead, and lies where it was last seen."""
        self._alive[:], self._real[2:] = False, 0.0
        for unit in units:
            row = self._rows.get(unit.tag)
            if row is not None and unit.health > 0:
                self._alive[0, row] = True
                self._real[:, 0, row] = (
                    unit.pos.x, unit.pos.y, unit.health, unit.shield, unit.energy, unit.weapon_cooldown
                )  # fmt: skip

    def place(self, row: int) -> tuple[float, float]:
        """Where a unit stands."""
        x, y = self._real[:2, 0, row].tolist()
        return x, y

    def _check_types(self, allies: Sequence[Message], enemies: Sequence[Message]) -> None:
        """Compare the types with the scenario's. Allies' ids are the map's own, ascending with the types' names."""
        own = sorted({unit.unit_type for unit in allies})
        names = sorted(kind.name for kind in self._scenario.ally_kinds)
        kinds = [names[own.index(unit.unit_type)] if len(own) == len(names) else None for unit in allies]
        kinds += [UNIT_TYPES[_STOCK[unit.unit_type]].name if unit.unit_type in _STOCK else None for unit in enemies]
        if kinds != [kind.name for kind in self._scenario.unit_types]:
            ids = [unit.unit_type for unit in [*allies, *enemies]]
            raise GameFault(f"units: the types {ids} are not those of the map of {self._scenario.name}")
