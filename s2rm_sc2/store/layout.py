"""What a store holds, as data: its settings, its arrays with their shapes and chunks, its attributes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from s2rm_sc2 import __version__
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import FIELDS
from s2rm_sc2.units import UNIT_NAMES

FORMAT = "s2rm-sc2 episodes"
FORMAT_VERSION = 2
"""Raised whenever a reader of the old format would misread the new one."""

CHUNK_BYTES = 4 << 20
"""Uncompressed bytes of a chunk at most: what one random read has to decode."""

CHUNK_ROWS = (64, 4096)
"""Fewest and most rows of a chunk."""

_UNIT_DTYPES = {"type": "int8", "team": "int8", "alive": "bool"}


@dataclass(frozen=True)
class ArraySpec:
    """One array of a store.

    Attributes:
        name: its path in the store, e.g. ``units/x``.
        dtype: NumPy name of its type.
        tail: its shape without the first dimension.
        per: what its first dimension counts.
    """

    name: str
    dtype: str
    tail: tuple[int, ...]
    per: Literal["row", "episode"]

    @property
    def row_bytes(self) -> int:
        """Uncompressed bytes of one entry of the first dimension."""
        return np.dtype(self.dtype).itemsize * math.prod(self.tail)

    @property
    def chunk_rows(self) -> int:
        """Length of a chunk along the first dimension, a power of two."""
        fewest, most = CHUNK_ROWS
        rows = most
        while rows > fewest and rows * self.row_bytes > CHUNK_BYTES:
            rows //= 2
        return rows


@dataclass(frozen=True)
class StoreSettings:
    """What decides the bytes of every episode of a store, but its index.

    Attributes:
        scenario: what is fought.
        backend: who played it, with versions (``Backend.describe``).
        policy: name of the policy, e.g. ``mixture``.
        scripts: names of those that may play an episode of this policy; the episode index says which one did.
        seed: the collection's seed.
        purpose: the name of the collection in the seed tree; held-out episodes have another than training's.
        observation_columns, state_columns, action_names: names of the last dimension of these arrays.
    """

    scenario: Scenario
    backend: Mapping[str, str]
    policy: str
    scripts: tuple[str, ...]
    seed: int
    purpose: str
    observation_columns: tuple[str, ...]
    state_columns: tuple[str, ...]
    action_names: tuple[str, ...]

    def to_attributes(self) -> dict[str, Any]:
        """The attributes of a new store: plain data, with a commit record of nothing."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "package_version": __version__,
            "scenario": self.scenario.to_dict(),
            "backend": dict(sorted(self.backend.items())),
            "policy": self.policy,
            "policies": list(self.scripts),
            "seed": self.seed,
            "purpose": self.purpose,
            "observation_columns": list(self.observation_columns),
            "state_columns": list(self.state_columns),
            "action_names": list(self.action_names),
            "unit_fields": list(FIELDS),
            "unit_types": list(UNIT_NAMES),
            "episodes": 0,
            "steps": 0,
        }

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> "StoreSettings":
        """The settings that :meth:`to_attributes` wrote down.

        Raises:
            KeyError, TypeError, ValueError: the attributes do not describe a store.
        """
        if list(attributes["unit_fields"]) != list(FIELDS):
            raise ValueError(f"unit fields {attributes['unit_fields']}")
        return cls(
            scenario=Scenario.from_dict(attributes["scenario"]),
            backend=dict(attributes["backend"]),
            policy=str(attributes["policy"]),
            scripts=tuple(str(script) for script in attributes["policies"]),
            seed=int(attributes["seed"]),
            purpose=str(attributes["purpose"]),
            observation_columns=tuple(attributes["observation_columns"]),
            state_columns=tuple(attributes["state_columns"]),
            action_names=tuple(attributes["action_names"]),
        )

    def arrays(self) -> tuple[ArraySpec, ...]:
        """Every array of a store with these settings, in the order of writing."""
        A, U, N = self.scenario.n_agents, self.scenario.n_units, len(self.action_names)
        per_row: dict[str, tuple[str, tuple[int, ...]]] = {
            "observation": ("float32", (A, len(self.observation_columns))),
            "state": ("float32", (len(self.state_columns),)),
            "available_actions": ("bool", (A, N)),
            "action": ("int16", (A,)),
            "position": ("float32", (A, 2)),
            "visible": ("bool", (A, U)),
            "reward": ("float32", ()),
            "terminated": ("bool", ()),
            "truncated": ("bool", ()),
            **{f"units/{name}": (_UNIT_DTYPES.get(name, "float32"), (U,)) for name in FIELDS},
        }
        per_episode = {
            "episode/start": "int64",  # first row
            "episode/length": "int32",  # rows, one more than steps
            "episode/seed": "uint64",
            "episode/policy": "uint8",  # index into the attribute `policies`
            "episode/epsilon": "float64",
            "episode/return": "float64",
            "episode/battle_won": "bool",
        }
        rows = (ArraySpec(name, dtype, tail, "row") for name, (dtype, tail) in per_row.items())
        return *rows, *(ArraySpec(name, dtype, (), "episode") for name, dtype in per_episode.items())
