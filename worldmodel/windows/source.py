"""Where windows come from: stores of any size, of which a bounded pool of episodes is in memory.

Stores that fit are read whole. Of larger ones, each block of updates draws from a pool of its own; which episodes
are in it depends on the seed and the block alone, so a training that goes on at update u sees what an uninterrupted
one would have seen. The next pool is read by a thread in the second half of a block.
"""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from s2rm_sc2.errors import StoreMissing
from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.views.entity import WORLD_SCALE
from worldmodel.windows.ahead import ReadAhead
from worldmodel.windows.blocks import BLOCK_UPDATES, Blocks
from worldmodel.windows.pool import Layout, Mask, Pool, read
from worldmodel.windows.slices import Windows
from worldmodel.windows.symmetry import relocated

Split = Literal["train", "held_out", "all"]

HELD_OUT_EVERY = 10
"""One episode in this many is never trained on; it decides which checkpoint is best."""

POOL_BYTES = 1 << 30
"""Memory for episodes: 26,000 of 1c3s5z fit, and any laptop has it.

A constant and no option: where stores are larger, it decides which episodes a training sees together.
"""


class WindowSource:
    """Samples windows from stores, which are read on first use.

    Args:
        stores: where the episodes are; their scenarios may differ.
        split: ``train`` leaves every tenth episode out, ``held_out`` has only those, ``all`` has all.
        seed: decides which episodes of stores larger than the budget are in memory together.
        budget: bytes of memory for episodes; where they need more, half for the pool in use, half for the next.

    Raises:
        StoreMissing: no store was given, or none holds an episode of this split.
    """

    def __init__(self, stores: Sequence[EpisodeStore], split: Split, seed: int = 0, budget: int = POOL_BYTES) -> None:
        if not stores:
            raise StoreMissing("No episode store was given; collect one first: s2rm-sc2 collect --map 3s5z.")
        self._stores, self._layout = stores, Layout.of(stores)
        wanted = [_split(store, split) for store in stores]
        if not any(mask.any() for mask in wanted):
            raise _nothing(stores)
        self._blocks = Blocks(stores, wanted, seed, budget // self._layout.row_bytes)
        self._held: tuple[int, Pool] | None = None
        self._ahead: ReadAhead | None = None

    def sample(
        self, count: int, rows: int, rng: np.random.Generator, update: int = 0, symmetric: bool = False
    ) -> Windows:
        """``count`` windows of ``rows`` rows from the episodes in memory, as :meth:`Pool.draw` draws them.

        Equal seeds of the source, equal streams and equal updates give equal windows, whatever was sampled before.

        Args:
            count: N.
            rows: R.
            rng: draws where they start.
            update: of the training; decides the pool where stores do not fit into memory.
            symmetric: turn, mirror and move each (:func:`relocated`).

        Raises:
            StoreBroken: a chunk is damaged.
        """
        pool = self._pool(update)
        windows = pool.cut(*pool.draw(count, rows, rng), rows)
        if not symmetric:
            return windows
        stores = windows.origins[:, 0].tolist()
        return relocated(windows, [self._stores[store].scenario.terrain for store in stores], rng)

    def take(self, origins: Sequence[tuple[int, int]], rows: int, store: int = 0) -> Windows:
        """The windows that start at these (episode, row) places of one store, of which only their episodes are read.

        Raises:
            StoreBroken: a chunk is damaged.
        """
        places = np.array(origins, dtype=np.int64).reshape(-1, 2)
        wanted = [np.zeros(other.n_episodes, dtype=np.bool_) for other in self._stores]
        wanted[store][places[:, 0]] = True
        pool = read(self._stores, wanted, self._layout)
        return pool.cut(np.searchsorted(pool.episode, places[:, 0]), places[:, 1], rows)

    def places(self, rng: np.random.Generator, count: int = 4096, symmetric: bool = False) -> Tensor:
        """Places where living units are, world coordinates float32 ``[count, 2]``: what modules are anchored to.

        Where stores do not fit into memory, from the first pool.

        Args:
            rng: draws steps, and of each one living unit.
            count: how many.
            symmetric: as in :meth:`sample`.
        """
        units = self.sample(count, 1, rng, symmetric=symmetric).units.at(0)
        chosen = np.where(units.alive, rng.random(units.alive.shape), -1.0).argmax(axis=1)
        both = torch.stack([units.x, units.y], dim=-1)[torch.arange(count), torch.from_numpy(chosen)]
        return both / WORLD_SCALE - 1.0

    def close(self) -> None:
        """End the thread that reads ahead, if there is one, and wait for it."""
        if self._ahead is not None:
            self._ahead.cancel()
            self._ahead = None

    def _pool(self, update: int) -> Pool:
        block = self._blocks.of(update)
        if self._held is None or self._held[0] != block:
            self._held = None  # frees it before another one comes
            ahead, self._ahead = self._ahead, None
            if ahead is not None and ahead.block != block:
                ahead.cancel()
                ahead = None
            self._held = block, ahead.pool() if ahead is not None else self._read(block)
        late = update % BLOCK_UPDATES >= BLOCK_UPDATES // 2
        if late and self._ahead is None and self._blocks.parts > 1:
            reading = partial(read, self._stores, self._blocks.wanted(block + 1), self._layout)
            self._ahead = ReadAhead(block + 1, reading)
        return self._held[1]

    def _read(self, block: int) -> Pool:
        return read(self._stores, self._blocks.wanted(block), self._layout)


def load_windows(store: EpisodeStore, origins: Sequence[tuple[int, int]], rows: int) -> Windows:
    """The windows of ``rows`` rows that start at these (episode, row) places; only their episodes are read.

    Raises:
        StoreBroken: a chunk is damaged.
    """
    return WindowSource([store], "all").take(origins, rows)


def _split(store: EpisodeStore, split: Split) -> Mask:
    held_out: Mask = np.arange(store.n_episodes) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
    return {"train": ~held_out, "held_out": held_out, "all": held_out | True}[split]


def _nothing(stores: Sequence[EpisodeStore]) -> StoreMissing:
    """Every store is empty, or none has an episode that is held out."""
    where = ", ".join(str(store.path) for store in stores)
    collect = f"s2rm-sc2 collect --map {stores[0].scenario.name} --episodes {HELD_OUT_EVERY} --out {stores[0].path}"
    if not any(store.n_episodes for store in stores):
        return StoreMissing(f"No episode has been collected yet in {where}; collect some: {collect}.")
    return StoreMissing(
        f"No episode in {where} is held out, since only every tenth of a store is; collect at least "
        f"{HELD_OUT_EVERY}: {collect}."
    )
