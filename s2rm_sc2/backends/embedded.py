"""The embedded backend: battles of one scenario played by the compiled engine, its memory shared with torch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from s2rm_sc2.actions import MOVE_AMOUNT
from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.field import Field
from s2rm_sc2.battle.loop import act_smac, advance, undecided
from s2rm_sc2.battle.spawn import plan, spawn
from s2rm_sc2.battle.tactics import OPPONENTS
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.sides import ALLY, ENEMY
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import LOOPS_PER_STEP
from s2rm_sc2.words import counted

ENGINE_VERSION = "3"
"""Raised whenever the same seed may no longer play the same battle."""

_MASK = (1 << 64) - 1


class EmbeddedBackend:
    """B battles of one scenario side by side; see :class:`s2rm_sc2.backends.contract.Backend`.

    Args:
        scenario: what is fought.
        n_battles: B, at least 1.
        move_amount: cells that a move action leads away.
        loops: game loops that pass in a step.

    Attributes:
        repeatable: seeds and orders decide battles, bit for bit.
        field: the engine's arrays, for whoever gives orders to single units or steps single loops.

    Raises:
        ScenarioUnsupported: the terrain has no room for the units.
        BadArgument: ``n_battles`` is below 1.
    """

    repeatable = True

    def __init__(
        self, scenario: Scenario, n_battles: int, move_amount: int = MOVE_AMOUNT, loops: int = LOOPS_PER_STEP
    ) -> None:
        if n_battles < 1:
            raise BadArgument(f"The number of battles must be at least 1, not {n_battles}.")
        self.scenario, self.n_battles = scenario, n_battles
        self._move_amount, self._loops = move_amount, loops
        teams = (ALLY,) * scenario.n_agents + (ENEMY,) * scenario.n_enemies
        types = scenario.ally_kinds[:1] * scenario.n_units if scenario.draw else scenario.unit_types
        self.field = Field(n_battles, types, teams, scenario.terrain)
        self._plan = plan(scenario)
        self._units = _table(self.field)
        self.field.opponent = OPPONENTS.index(scenario.opponent)
        self.reset(range(n_battles))

    def __getstate__(self) -> dict[str, Any]:
        """All but the table, which in a copy must lie in the copied field's memory."""
        return {name: value for name, value in vars(self).items() if name != "_units"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become a copy, deep or unpickled: its battles go on as the original's would, without it."""
        vars(self).update(state)
        self._units = _table(self.field)

    @property
    def units(self) -> UnitTable:
        """The live table ``[B, U]``, in the engine's own memory."""
        return self._units

    def reset(self, seeds: Sequence[int], battles: Sequence[int] | None = None) -> None:
        """Start battles anew, each from its 64-bit seed; equal seeds play equal battles in any batch."""
        rows = np.arange(self.n_battles) if battles is None else np.asarray(battles, np.int64)
        if len(seeds) != len(rows):
            raise BadArgument(f"A reset of {counted(len(rows), 'battle')} takes as many seeds, not {len(seeds)}.")
        states = np.array([int(seed) & _MASK for seed in seeds], np.uint64)
        spawn(self.field, self._plan, rows, states, self.scenario.name)

    def step(self, actions: Tensor, active: Tensor | None = None) -> None:
        """Play one step with these orders, int64 ``[B, A]``; decided battles stand still."""
        playing = undecided(self.field, self.scenario.n_agents, None if active is None else active.numpy())
        act_smac(self.field, np.ascontiguousarray(actions.numpy(), np.int64), playing, self._move_amount)
        advance(self.field, self._loops, playing)

    def describe(self) -> dict[str, str]:
        """Name and version."""
        return {"backend": "embedded", "engine_version": ENGINE_VERSION}

    def close(self) -> None:
        """Nothing to release."""


def _table(field: Field) -> UnitTable:
    """The unit table of a field, in the field's own memory."""
    real, whole = torch.from_numpy(field.real), torch.from_numpy(field.whole)
    return UnitTable(
        type=whole[:, r.TYPE],
        team=whole[:, r.TEAM],
        x=real[:, r.X],
        y=real[:, r.Y],
        health=real[:, r.HEALTH],
        shield=real[:, r.SHIELD],
        energy=real[:, r.ENERGY],
        cooldown=real[:, r.COOLDOWN],
        alive=torch.from_numpy(field.alive),
    )
