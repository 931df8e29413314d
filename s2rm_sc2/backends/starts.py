"""Where dreams begin: at a scenario's spawn, or anywhere in recorded battles."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from s2rm_sc2.backends import chance
from s2rm_sc2.backends.embedded import EmbeddedBackend
from s2rm_sc2.errors import BadArgument, StoreMissing
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.table import FIELDS, UnitTable

WATCH = 8
"""Steps before a start in the midst of a battle that a model watches first, unless told otherwise."""

_DTYPES = {"type": torch.int64, "team": torch.int64, "alive": torch.bool}


@dataclass(frozen=True)
class Start:
    """How n battles stand when a dream begins, and what led to it.

    Attributes:
        units: the table ``[n, W + 1, U]`` of the last steps, the last being the start; W may be 0.
        actions: int64 ``[n, W, A]``, what was done at the W steps before it.
        watched: bool ``[n, W]``; a battle that has not gone on for W steps lacks the first ones, whose rows repeat
            its beginning.
    """

    units: UnitTable
    actions: Tensor
    watched: Tensor


class Starts(Protocol):
    """Whoever says where battles begin."""

    scenario: Scenario

    def draw(self, seeds: Sequence[int]) -> Start:
        """The starts of these seeds, one each; equal seeds, equal starts."""
        ...


class Spawns:
    """The scenario's own starts, as the engine places the teams."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._engine = EmbeddedBackend(scenario, 1)

    def draw(self, seeds: Sequence[int]) -> Start:
        """Documented at :meth:`Starts.draw`."""
        n = len(seeds)
        if self._engine.n_battles < n:
            self._engine = EmbeddedBackend(self.scenario, n)
        self._engine.reset(seeds, range(n))
        units = self._engine.units[:n].map(lambda field: field[:, None].clone())
        actions = torch.zeros(n, 0, self.scenario.n_agents, dtype=torch.int64)
        return Start(units, actions, torch.zeros(n, 0, dtype=torch.bool))


class Recorded:
    """Moments of a store's battles, drawn uniformly over all steps; the store is read into memory once.

    Args:
        store: an open store, or where one lies.
        midst: begin anywhere; otherwise at the first step of a battle.
        watch: W, how many steps before the start the model watches.

    Raises:
        BadArgument: ``watch`` is negative.
        StoreMissing, StoreBroken: the store cannot be read or holds nothing.
    """

    def __init__(self, store: EpisodeStore | Path | str, midst: bool = True, watch: int = WATCH) -> None:
        if watch < 0:
            raise BadArgument(f"A model cannot watch {watch} steps before it dreams; give 0 or more.")
        store = store if isinstance(store, EpisodeStore) else EpisodeStore.open(Path(store))
        if not store.n_steps:
            raise StoreMissing(f"Store {store.path} holds no episode to begin from; collect some: s2rm-sc2 collect.")
        self.scenario, self.watch = store.scenario, watch
        columns = (store.read(f"units/{name}", 0, store.n_rows) for name in FIELDS)
        self._units = UnitTable(
            *(
                torch.from_numpy(column).to(_DTYPES.get(name, torch.float32))
                for name, column in zip(FIELDS, columns, strict=True)
            )
        )
        self._actions = torch.from_numpy(store.read("action", 0, store.n_rows)).long()
        self._starts = store.starts
        # The last row of an episode has no step after it.
        self._from = self._starts if not midst else np.delete(np.arange(store.n_rows), self._starts + store.lengths - 1)

    def draw(self, seeds: Sequence[int]) -> Start:
        """Documented at :meth:`Starts.draw`."""
        numbers = chance.uniform(chance.as_tensor(seeds), torch.zeros(len(seeds), dtype=torch.int64), 1)[:, 0]
        return self.at(self._from[(numbers.double().numpy() * len(self._from)).astype(np.int64)])

    def at(self, rows: npt.NDArray[np.int64]) -> Start:
        """The starts at these rows of the store."""
        first = self._starts[np.searchsorted(self._starts, rows, side="right") - 1]
        wanted = torch.from_numpy(rows)[:, None] + torch.arange(-self.watch, 1)
        begun = torch.from_numpy(first)[:, None]
        taken = wanted.maximum(begun)
        return Start(
            self._units.map(lambda field: field[taken]), self._actions[taken[:, :-1]], (wanted >= begun)[:, :-1]
        )
