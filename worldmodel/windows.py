"""Windows: fixed-length slices of recorded episodes with masks for what is not there, from one store or several."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from s2rm_sc2.errors import StoreMissing
from s2rm_sc2.scenarios.terrain import terrain
from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.table import FIELDS, UnitTable
from s2rm_sc2.views.entity import WORLD_SCALE
from s2rm_sc2.views.sight import sight_ranges

Split = Literal["train", "held_out", "all"]

HELD_OUT_EVERY = 10
"""One episode in this many is never trained on; it decides which checkpoint is best."""


@dataclass(frozen=True)
class Windows:
    """N slices of R consecutive rows; row r holds what was seen then and the action taken then.

    Scenarios of different size share a batch: agents occupy the first A rows of the unit dimension, enemies the
    next ones, and rows that a scenario lacks are never alive, never seen and no agents.

    Attributes:
        units: the true table, ``[N, R, U]``.
        actions: int64 ``[N, R, A]``.
        sees: bool ``[N, R, A, U]``, what each agent's view shows.
        valid: bool ``[N, R]``, rows before the episode's end.
        agents: bool ``[N, A]``, rows that are agents of the scenario.
        sight: float32 ``[N, A]``, how far each agent sees, cells.
        size: float32 ``[N, 2]``, width and height of the map, cells.
        reward: float32 ``[N, R]``, what the action of each row brought.
        terminated: bool ``[N, R]``, the action of this row decided the battle.
        origins: int64 ``[N, 3]``: store, episode, row of the episode where each window starts.
    """

    units: UnitTable
    actions: Tensor
    sees: Tensor
    valid: Tensor
    agents: Tensor
    sight: Tensor
    size: Tensor
    reward: Tensor
    terminated: Tensor
    origins: Tensor

    def to(self, device: torch.device) -> "Windows":
        """The same windows on a device."""
        units = self.units.map(lambda field: field.to(device))
        rest = {f.name: getattr(self, f.name).to(device) for f in fields(self) if f.name != "units"}
        return Windows(units=units, **rest)


@dataclass(frozen=True)
class _Rows:
    """One store's rows in memory, laid out for ``A`` agents and ``E`` enemies."""

    units: dict[str, npt.NDArray[np.generic]]
    actions: npt.NDArray[np.int64]
    sees: npt.NDArray[np.bool_]
    starts: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    episodes: npt.NDArray[np.int64]
    n_agents: int
    sight: Tensor
    size: Tensor
    reward: npt.NDArray[np.float32]
    terminated: npt.NDArray[np.bool_]


class WindowSource:
    """Samples windows from stores.

    Args:
        stores: where the episodes are; their scenarios may differ.
        split: ``train`` leaves every tenth episode out, ``held_out`` has only those, ``all`` has all.

    Raises:
        StoreMissing: no store was given, or none holds an episode of this split.
    """

    def __init__(self, stores: Sequence[EpisodeStore], split: Split) -> None:
        if not stores:
            raise StoreMissing("No episode store was given; collect one first: s2rm-sc2 collect --map 3s5z.")
        self.n_agents = max(store.scenario.n_agents for store in stores)
        self.n_enemies = max(store.scenario.n_enemies for store in stores)
        self._rows = [self._load(store, split) for store in stores]
        weights = np.array([rows.lengths.sum() for rows in self._rows], dtype=np.float64)
        if weights.sum() == 0:
            raise StoreMissing(
                f"The {len(stores)} store(s) hold no episode of the split {split!r}; collect at least "
                f"{HELD_OUT_EVERY} episodes."
            )
        self._weights = weights / weights.sum()

    def sample(self, count: int, rows: int, rng: np.random.Generator) -> Windows:
        """``count`` windows of ``rows`` rows, drawn uniformly over all steps of all episodes."""
        chosen = rng.choice(len(self._rows), size=count, p=self._weights)
        origins = np.empty((count, 3), dtype=np.int64)
        for n, store in enumerate(chosen):
            held = self._rows[store]
            last = np.maximum(held.lengths - rows, 0) + 1
            at = rng.integers(last.sum())
            episode = int(np.searchsorted(np.cumsum(last), at, side="right"))
            origins[n] = store, episode, at - (np.cumsum(last)[episode] - last[episode])
        return self._gather(origins, rows)

    def take(self, origins: Sequence[tuple[int, int]], rows: int, store: int = 0) -> Windows:
        """The windows that start at these (episode, row) places of one store."""
        return self._gather(np.array([(store, e, r) for e, r in origins], dtype=np.int64).reshape(-1, 3), rows)

    def places(self, rng: np.random.Generator, count: int = 4096) -> Tensor:
        """Places where living units are, world coordinates float32 ``[N, 2]``: what modules are anchored to."""
        found = []
        for rows, share in zip(self._rows, self._weights, strict=True):
            alive = rows.units["alive"].astype(bool)
            both = np.stack([rows.units["x"][alive], rows.units["y"][alive]], axis=-1)
            found.append(both[rng.integers(len(both), size=max(1, int(count * share)))] if len(both) else both)
        return torch.from_numpy(np.concatenate(found).astype(np.float32)) / WORLD_SCALE - 1.0

    def _gather(self, origins: npt.NDArray[np.int64], rows: int) -> Windows:
        held = [self._rows[store] for store in origins[:, 0]]
        lengths = np.array([part.lengths[e] for part, e in zip(held, origins[:, 1], strict=True)])
        starts = np.array([part.starts[e] for part, e in zip(held, origins[:, 1], strict=True)])
        at = origins[:, 2:] + np.arange(rows)
        index = starts[:, None] + np.minimum(at, lengths[:, None] - 1)
        units = {
            name: torch.from_numpy(np.stack([part.units[name][i] for part, i in zip(held, index, strict=True)]))
            for name in FIELDS
        }
        table = UnitTable(**units)
        real = origins.copy()
        real[:, 1] = [part.episodes[e] for part, e in zip(held, origins[:, 1], strict=True)]
        return Windows(
            units=table,
            actions=torch.from_numpy(np.stack([part.actions[i] for part, i in zip(held, index, strict=True)])),
            sees=torch.from_numpy(np.stack([part.sees[i] for part, i in zip(held, index, strict=True)])),
            valid=torch.from_numpy(at < lengths[:, None]),
            agents=torch.tensor([[row < part.n_agents for row in range(self.n_agents)] for part in held]),
            sight=torch.stack(
                [part.sight[kinds] for part, kinds in zip(held, table.type[:, 0, : self.n_agents], strict=True)]
            ),
            size=torch.stack([part.size for part in held]),
            reward=torch.from_numpy(np.stack([part.reward[i] for part, i in zip(held, index, strict=True)])),
            terminated=torch.from_numpy(np.stack([part.terminated[i] for part, i in zip(held, index, strict=True)])),
            origins=torch.from_numpy(real),
        )

    def _load(self, store: EpisodeStore, split: Split) -> _Rows:
        lengths = store.lengths.astype(np.int64)
        held_out = np.arange(len(lengths)) % HELD_OUT_EVERY == HELD_OUT_EVERY - 1
        wanted = {"train": ~held_out, "held_out": held_out, "all": held_out | True}[split]
        scenario = store.scenario
        width = self.n_agents + self.n_enemies
        column = np.concatenate([np.arange(scenario.n_agents), self.n_agents + np.arange(scenario.n_enemies)]).astype(
            np.int64
        )

        def spread(array: npt.NDArray[np.generic], dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
            out = np.zeros((*array.shape[:-1], width), dtype=dtype)
            out[..., column] = array
            return out

        dtypes = {"type": np.int64, "team": np.int64, "alive": np.bool_}
        units = {
            name: spread(store.read(f"units/{name}", 0, store.n_rows), dtypes.get(name, np.float32)) for name in FIELDS
        }
        actions = np.zeros((store.n_rows, self.n_agents), dtype=np.int64)
        actions[:, : scenario.n_agents] = store.read("action", 0, store.n_rows)
        sees = np.zeros((store.n_rows, self.n_agents, width), dtype=np.bool_)
        sees[:, : scenario.n_agents] = spread(store.read("visible", 0, store.n_rows), np.bool_)
        return _Rows(
            units=units,
            actions=actions,
            sees=sees,
            starts=store.starts[wanted].astype(np.int64),
            lengths=lengths[wanted],
            episodes=np.flatnonzero(wanted),
            n_agents=scenario.n_agents,
            sight=sight_ranges(scenario).float(),
            size=torch.tensor(terrain(scenario.terrain_name).size, dtype=torch.float32),
            reward=store.read("reward", 0, store.n_rows),
            terminated=store.read("terminated", 0, store.n_rows),
        )


def load_windows(store: EpisodeStore, origins: Sequence[tuple[int, int]], rows: int) -> Windows:
    """The windows of ``rows`` rows that start at these (episode, row) places."""
    return WindowSource([store], "all").take(origins, rows)


def draw_views(agents: Tensor, rows: int, low: float, blink: bool, rng: np.random.Generator) -> Tensor:
    """Which views are kept at each row: a share drawn from U(low, 1) for each window, one at least; bool ``[N, R, A]``.

    Args:
        agents: bool ``[N, A]``.
        rows: R.
        low: least share.
        blink: views go dark and come back besides (:func:`blinking`).
        rng: draws it all.
    """
    exists = agents.numpy()
    share = rng.uniform(low, 1.0, size=len(exists))
    kept = np.maximum(1, np.rint(share * exists.sum(axis=1)))
    order = np.where(exists, rng.random(exists.shape), np.inf).argsort(axis=1).argsort(axis=1)
    keep = torch.from_numpy(order < kept[:, None])[:, None].expand(-1, rows, -1)
    return keep & blinking((len(exists), rows, exists.shape[1]), rng) if blink else keep


LIT, DARK = 4, 8
"""Mean steps for which a blinking view stays on, and off."""


def blinking(shape: tuple[int, int, int], rng: np.random.Generator) -> Tensor:
    """Views that go dark and come back, bool ``[N, R, A]``: each is a Markov chain, on a third of the time."""
    draws = rng.random(shape)
    on = np.empty(shape, dtype=np.bool_)
    on[:, 0] = draws[:, 0] < LIT / (LIT + DARK)
    for t in range(1, shape[1]):
        on[:, t] = np.where(on[:, t - 1], draws[:, t] >= 1 / LIT, draws[:, t] < 1 / DARK)
    return torch.from_numpy(on)
