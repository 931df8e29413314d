"""A pool: rows of some episodes of one or several stores in memory, of which windows are drawn and cut."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.store.layout import CHUNK_ROWS
from s2rm_sc2.table import FIELDS, UnitTable
from s2rm_sc2.views.sight import sight_ranges
from worldmodel.windows.slices import Windows

PIECE_ROWS = 1 << 16
"""Rows read at once, about: what reading takes beside the pool is bounded by it."""

_UNIT_DTYPES = {"type": torch.int8, "team": torch.int8, "alive": torch.bool}

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """How scenarios of different size share arrays: all agents first, then all enemies.

    Attributes:
        n_agents, n_enemies: A and E, the most of any store.
        agents: bool ``[S, A]``, which rows are agents in each store.
        sight: float32 ``[S, types]``, how far agents see, cells.
        size: float32 ``[S, 2]``, width and height of the map, cells.
    """

    n_agents: int
    n_enemies: int
    agents: Tensor
    sight: Tensor
    size: Tensor

    @classmethod
    def of(cls, stores: Sequence[EpisodeStore]) -> "Layout":
        """The layout in which all these stores find room."""
        scenarios = [store.scenario for store in stores]
        most = max(scenario.n_agents for scenario in scenarios)
        return cls(
            n_agents=most,
            n_enemies=max(scenario.n_enemies for scenario in scenarios),
            agents=torch.tensor([[row < scenario.n_agents for row in range(most)] for scenario in scenarios]),
            sight=torch.stack([sight_ranges(scenario).float() for scenario in scenarios]),
            size=torch.tensor([scenario.terrain.size for scenario in scenarios], dtype=torch.float32),
        )

    def columns(self, rows: int) -> dict[str, Tensor]:
        """Empty arrays of that many rows, by the stores' names, in the stores' types."""
        A, U = self.n_agents, self.n_agents + self.n_enemies
        return {
            **{f"units/{name}": torch.zeros(rows, U, dtype=_UNIT_DTYPES.get(name, torch.float32)) for name in FIELDS},
            "action": torch.zeros(rows, A, dtype=torch.int16),
            "visible": torch.zeros(rows, A, U, dtype=torch.bool),
            "reward": torch.zeros(rows),
            "terminated": torch.zeros(rows, dtype=torch.bool),
        }

    @property
    def row_bytes(self) -> int:
        """Bytes of a row in memory."""
        return sum(column.nbytes for column in self.columns(1).values())

    def put(self, name: str, column: Tensor, values: npt.NDArray[np.generic], n_agents: int) -> None:
        """Copy the values of a store with that many agents to an array; columns that it lacks stay as they are."""
        given = torch.from_numpy(values)
        if name in {"action", "visible"}:
            column = column[:, :n_agents]
        if name == "visible" or name.startswith("units/"):
            column[..., :n_agents] = given[..., :n_agents]
            column[..., self.n_agents : self.n_agents + given.shape[-1] - n_agents] = given[..., n_agents:]
        else:
            column[:] = given


@dataclass(frozen=True)
class Pool:
    """Episodes in memory, sorted by store and number.

    Attributes:
        layout: of the arrays.
        columns: the arrays by the stores' names, ``[rows, ...]``.
        store, episode: int64 ``[episodes]``, where each comes from.
        starts, lengths: int64 ``[episodes]``, its first row here and its number of rows.
    """

    layout: Layout
    columns: dict[str, Tensor]
    store: Places
    episode: Places
    starts: Places
    lengths: Places

    def draw(self, count: int, rows: int, rng: np.random.Generator) -> tuple[Places, Places]:
        """Where ``count`` windows of ``rows`` rows start: indices of episodes, and rows of theirs.

        A store is drawn by its share of rows, then any step in it. A window may end after its battle, or the last
        steps, in which battles are decided, would hardly ever be seen; and the first row counts as half a window of
        them, or the first steps would be. Steps in between are drawn alike.
        """
        begins, first, number = self._starts(rows)
        store = rng.choice(len(number), size=count, p=self._shares)
        at = first[store] + rng.integers(number[store])
        index = np.searchsorted(begins, at, side="right") - 1
        return index, np.maximum(at - begins[index] - rows // 2, 0)

    @cached_property
    def _shares(self) -> npt.NDArray[np.float64]:
        """Of each store, by its rows."""
        shares: npt.NDArray[np.float64] = self._by_store(self.lengths) / self.lengths.sum()
        return shares

    def _starts(self, rows: int) -> tuple[Places, Places, Places]:
        """Places where windows may start, numbered: the first of each episode, the first and how many of each store."""
        if rows not in self._known:
            places = self.lengths - (rows > 1) + rows // 2  # no step begins in the last row
            number = self._by_store(places)
            self._known[rows] = np.cumsum(places) - places, np.cumsum(number) - number, number
        return self._known[rows]

    @cached_property
    def _known(self) -> dict[int, tuple[Places, Places, Places]]:
        return {}

    def _by_store(self, values: Places) -> Places:
        return np.bincount(self.store, weights=values, minlength=len(self.layout.size)).astype(np.int64)

    def cut(self, index: Places, row: Places, rows: int) -> Windows:
        """The windows of ``rows`` rows that start at these rows of these episodes (places in :attr:`episode`)."""
        store = torch.from_numpy(self.store[index])
        lengths = torch.from_numpy(self.lengths[index])[:, None]
        at = torch.from_numpy(row)[:, None] + torch.arange(rows)
        found = (torch.from_numpy(self.starts[index])[:, None] + torch.minimum(at, lengths - 1)).flatten()
        taken = {
            name: column.index_select(0, found).view(*at.shape, *column.shape[1:])
            for name, column in self.columns.items()
        }
        units = {name: taken[f"units/{name}"] for name in FIELDS}
        table = UnitTable(**{**units, "type": units["type"].long(), "team": units["team"].long()})
        return Windows(
            units=table,
            actions=taken["action"].long(),
            sees=taken["visible"],
            valid=at < lengths,
            agents=self.layout.agents[store],
            sight=self.layout.sight[store[:, None], table.type[:, 0, : self.layout.n_agents]],
            size=self.layout.size[store],
            reward=taken["reward"],
            terminated=taken["terminated"],
            origins=torch.from_numpy(np.stack([self.store[index], self.episode[index], row], axis=-1)),
        )


def read(
    stores: Sequence[EpisodeStore], wanted: Sequence[Mask], layout: Layout, stop: Callable[[], bool] = lambda: False
) -> Pool:
    """Read the wanted episodes of each store, in order; those that lie less than a chunk apart are read together.

    Args:
        stores: where they are.
        wanted: bool ``[episodes]`` for each store.
        layout: of the pool.
        stop: asked now and then whether to end.

    Raises:
        StoreBroken: a chunk is damaged.
        CancelledError: ``stop`` said so.
    """
    lengths = [store.lengths[mask] for store, mask in zip(stores, wanted, strict=True)]
    joined = np.concatenate(lengths)
    columns = layout.columns(int(joined.sum()))
    filled = 0
    for store, mask in zip(stores, wanted, strict=True):
        for start, kept in _pieces(store, mask):
            if stop():
                raise CancelledError
            rows = slice(filled, filled := filled + int(kept.sum()))
            for name, column in columns.items():
                values = store.read(name, start, start + len(kept))
                layout.put(name, column[rows], values if kept.all() else values[kept], store.scenario.n_agents)
    return Pool(
        layout=layout,
        columns=columns,
        store=np.repeat(np.arange(len(stores)), [len(part) for part in lengths]),
        episode=np.concatenate([np.flatnonzero(mask) for mask in wanted]),
        starts=np.cumsum(joined) - joined,
        lengths=joined,
    )


def _pieces(store: EpisodeStore, wanted: Mask) -> Iterator[tuple[int, Mask]]:
    """What to read of a store at once: a first row, and which rows from it on are wanted."""
    (episodes,) = np.nonzero(wanted)
    starts, ends = store.starts[episodes], store.starts[episodes] + store.lengths[episodes]
    apart = starts[1:] - ends[:-1] > CHUNK_ROWS[1]
    full = np.diff(starts // PIECE_ROWS) > 0
    for part in np.split(episodes, np.flatnonzero(apart | full) + 1):
        if len(part):
            some = slice(part[0], part[-1] + 1)
            yield int(store.starts[part[0]]), np.repeat(wanted[some], store.lengths[some])
