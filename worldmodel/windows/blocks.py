"""Which episodes of stores larger than memory are in it when: a fresh pool of them for every block of updates."""

from collections.abc import Sequence

import numpy as np

from s2rm_sc2.seeds import stream
from s2rm_sc2.store import EpisodeStore
from worldmodel.windows.pool import Mask

BLOCK_UPDATES = 1000
"""Updates that draw from one pool: with the paper preset's batches each of its rows is used about once."""

RUN_ROWS = 1 << 14
"""Rows of neighbouring episodes that come into a pool together, several chunks, since chunks are decoded whole."""

RUNS = 16
"""A pool has room for about this many runs at least, so that it mixes what was collected at different times."""


class Blocks:
    """Divides episodes among pools: all into one if they fit, else every episode once in each epoch of pools.

    Args:
        stores: where the episodes are.
        wanted: bool ``[episodes]`` for each store: the episodes to divide.
        seed: of the division.
        rows: that find room in memory, in the pool in use and the one being read together. Rows between wanted ones
            count, so that a split of few episodes takes little memory instead of much reading.
    """

    def __init__(self, stores: Sequence[EpisodeStore], wanted: Sequence[Mask], seed: int, rows: int) -> None:
        self._seed = seed
        run_rows = min(RUN_ROWS, max(1, rows // 2 // RUNS))
        self._runs, self._n_runs = [], 0
        for store, mask in zip(stores, wanted, strict=True):
            spans, run = np.unique(store.starts[mask] // run_rows, return_inverse=True)
            runs = np.full(len(mask), -1)
            runs[mask] = self._n_runs + run
            self._runs.append(runs)
            self._n_runs += len(spans)
        longest = max(int(store.lengths.max(initial=0)) for store in stores)
        at_once = max(1, rows // 2 // (run_rows + longest))
        fits = sum(store.n_rows for store in stores) <= rows
        self.parts = 1 if fits else -(-self._n_runs // at_once)

    def of(self, update: int) -> int:
        """The block of an update; always 0 where all episodes fit."""
        return update // BLOCK_UPDATES if self.parts > 1 else 0

    def wanted(self, block: int) -> list[Mask]:
        """The episodes in the pool of this block, bool ``[episodes]`` for each store."""
        epoch, part = divmod(block, self.parts)
        order = stream(self._seed, "pool", epoch).permutation(self._n_runs)
        chosen = np.array_split(order, self.parts)[part]
        return [np.isin(runs, chosen) for runs in self._runs]
