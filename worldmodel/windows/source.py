"""Where windows come from: stores of any size, of which a bounded pool of episodes is in memory.

Stores that fit are read whole. Of larger ones, each block of updates draws from a pool of its own; which episodes
are in it depends on the seed and the block alone, so a training that goes on at update u sees what an uninterrupted
one would have seen. The next pool is read by a thread while the last updates of a block run.
"""

import math
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from s2rm_sc2.errors import StoreMissing
from s2rm_sc2.seeds import stream
from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.views.entity import WORLD_SCALE
from worldmodel.windows.pool import Layout, Mask, Places, Pool, read
from worldmodel.windows.slices import Windows
from worldmodel.windows.symmetry import symmetries, turned

Split = Literal["train", "held_out", "all"]

HELD_OUT_EVERY = 10
"""One episode in this many is never trained on; it decides which checkpoint is best."""

POOL_BYTES = 1 << 30
"""Memory for episodes: 27,000 of 1c3s5z, so only large collections are read in parts, and any laptop has it.

A constant and no option: it decides which episodes a training on larger stores sees together.
"""

BLOCK_UPDATES = 1000
"""Updates that draw from one pool: with the paper preset's batches each of its rows is used about once."""

RUN_ROWS = 1 << 14
"""Rows of neighbouring episodes that come into a pool together, several chunks, since chunks are decoded whole."""

RUNS = 16
"""A pool has at least about this many runs, so that it mixes what was collected at different times."""


class WindowSource:
    """Samples windows from stores; read on first use.

    Args:
        stores: where the episodes are; their scenarios may differ.
        split: ``train`` leaves every tenth episode out, ``held_out`` has only those, ``all`` has all.
        seed: decides which episodes of stores larger than the budget are in memory together.
        budget: bytes that episodes may take in memory, the pool in use and the one being read together.

    Raises:
        StoreMissing: no store was given, or none holds an episode of this split.
    """

    def __init__(
        self, stores: Sequence[EpisodeStore], split: Split, seed: int = 0, budget: int = POOL_BYTES
    ) -> None:
        ...

    def sample(
        self, count: int, rows: int, rng: np.random.Generator, update: int = 0, symmetric: bool = False
    ) -> Windows:
        """``count`` windows of ``rows`` rows, drawn uniformly over all steps of the episodes in the pool.

        Equal seeds of the source, equal streams and equal updates give equal windows, whatever was sampled before.

        Args:
            count: N.
            rows: R.
            rng: draws where they start.
            update: of the training; decides the pool, where stores do not fit into memory.
            symmetric: turn and mirror each by a symmetry of its terrain, drawn at random.

        Raises:
            StoreBroken: a chunk is damaged.
        """
        raise NotImplementedError

    def take(self, origins: Sequence[tuple[int, int]], rows: int, store: int = 0) -> Windows:
        """The windows that start at these (episode, row) places of one store, read from it anew."""
        raise NotImplementedError

    def places(self, rng: np.random.Generator, count: int = 4096, symmetric: bool = False) -> Tensor:
        """Places where living units are, world coordinates float32 ``[N, 2]``: what modules are anchored to."""
        raise NotImplementedError

    def close(self) -> None:
        """End the thread that reads ahead, if there is one, and wait for it."""


def load_windows(store: EpisodeStore, origins: Sequence[tuple[int, int]], rows: int) -> Windows:
    """The windows of ``rows`` rows that start at these (episode, row) places."""
    return WindowSource([store], "all").take(origins, rows)
