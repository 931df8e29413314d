"""An episode as it was played, kept so that it can be shown: by its orders where they repeat it, else by its tables."""

from contextlib import closing

import torch
from torch import Tensor

from s2rm_sc2.backends.contract import Backend, BackendMaker
from s2rm_sc2.table import FIELDS, UnitTable


class Replay:
    """The one battle of a backend, from its reset on.

    Args:
        number: which episode it is, from 0.
        seed: what the backend was reset with.
        backend: plays it, and has been reset.
        maker: makes another such backend.

    Attributes:
        number: as given.
    """

    def __init__(self, number: int, seed: int, backend: Backend, maker: BackendMaker) -> None:
        self.number, self._seed, self._backend, self._maker = number, seed, backend, maker
        self._orders: list[Tensor] = []
        self._tables = [] if backend.repeatable else [backend.units.clone()]

    def note(self, orders: Tensor) -> None:
        """Keep a step that was played with these orders, int64 ``[1, A]``."""
        if self._backend.repeatable:
            self._orders.append(orders)
        else:
            self._tables.append(self._backend.units.clone())

    def tables(self) -> UnitTable:
        """The episode up to now: ``[T + 1, U]``."""
        tables = self._tables or self._played_again()
        return UnitTable(*(torch.cat([getattr(table, name) for table in tables]) for name in FIELDS))

    def _played_again(self) -> list[UnitTable]:
        with closing(self._maker(self._backend.scenario, 1)) as backend:
            backend.reset([self._seed])
            tables = [backend.units.clone()]
            for orders in self._orders:
                backend.step(orders)
                tables.append(backend.units.clone())
        return tables
