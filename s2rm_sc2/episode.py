"""One finished battle in memory: what was seen, done and true at every step, and how it ended.

An episode of T steps has T + 1 rows. Row t holds what stood *before* action t, the action, and the reward and
the ending that action brought; the last row closes the episode: the final state with action 0, reward 0 and the
ending repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from s2rm_sc2.words import counted

ROW_FIELDS: tuple[str, ...] = (
    "observation",
    "state",
    "available_actions",
    "action",
    "position",
    "visible",
    "reward",
    "terminated",
    "truncated",
)
"""Names of the per-row arrays of an :class:`Episode` beside the unit table, in the order of the store."""


@dataclass(frozen=True, eq=False, repr=False)
class Episode:
    """A battle of T steps: A agents, U units, N actions; all arrays have T + 1 rows.

    Attributes:
        index: the episode's number in its collection; with the collection's seed it decides every byte.
        seed: the 64-bit seed that the backend was reset with.
        policy: name of the script that played.
        epsilon: share of actions taken at random.
        battle_won: the allies won.
        observation: float32 ``[T+1, A, obs]``, SMAC's vectors.
        state: float32 ``[T+1, S]``, SMAC's global state.
        available_actions: bool ``[T+1, A, N]``.
        action: int16 ``[T+1, A]``.
        position: float32 ``[T+1, A, 2]``, map cells.
        visible: bool ``[T+1, A, U]``, which unit each agent has in sight.
        reward: float32 ``[T+1]``.
        terminated: bool ``[T+1]``, the action decided the battle.
        truncated: bool ``[T+1]``, the action reached the step limit undecided.
        units: the unit table, field name to ``[T+1, U]`` (type, team int8; alive bool; the others float32).
    """

    index: int
    seed: int
    policy: str
    epsilon: float
    battle_won: bool
    observation: npt.NDArray[np.float32]
    state: npt.NDArray[np.float32]
    available_actions: npt.NDArray[np.bool_]
    action: npt.NDArray[np.int16]
    position: npt.NDArray[np.float32]
    visible: npt.NDArray[np.bool_]
    reward: npt.NDArray[np.float32]
    terminated: npt.NDArray[np.bool_]
    truncated: npt.NDArray[np.bool_]
    units: Mapping[str, npt.NDArray[np.generic]]

    @property
    def n_rows(self) -> int:
        """Rows of every array, T + 1."""
        return len(self.reward)

    @property
    def n_steps(self) -> int:
        """Steps played, T."""
        return self.n_rows - 1

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.rows().values())

    @property
    def total_reward(self) -> float:
        """The return: the sum of all rewards."""
        return float(self.reward.sum(dtype=np.float64))

    def rows(self) -> dict[str, npt.NDArray[np.generic]]:
        """The per-row arrays by their names in the store (``observation``, ..., ``units/x``, ...)."""
        own = {name: getattr(self, name) for name in ROW_FIELDS}
        return own | {f"units/{name}": array for name, array in self.units.items()}

    def __repr__(self) -> str:
        facts = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self)[:5])
        shapes = ", ".join(f"{name} {array.dtype}{list(array.shape)}" for name, array in self.rows().items())
        return f"Episode({facts}, {counted(self.n_steps, 'step')}: {shapes})"
