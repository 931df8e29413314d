"""Who plays: a script and a share of random actions, both drawn once per episode."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from collectors.scripts import BLOWS, SCRIPTS, TYPES, decide
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument


@dataclass(frozen=True)
class Policy:
    """What is drawn for each episode of a collection.

    Attributes:
        name: as the command line and the store write it.
        scripts: names of :data:`SCRIPTS`; an episode is played by one of them, all equally likely.
        highest: epsilon, the share of random actions, is this times the square of a uniform number, so that half of
            the episodes of a mixture have less than a quarter.
    """

    name: str
    scripts: tuple[str, ...]
    highest: float = 0.0

    def draw(self, rng: np.random.Generator) -> tuple[str, float]:
        """Script and epsilon of a new episode."""
        script = self.scripts[int(rng.integers(len(self.scripts)))]
        return script, 1.0 if script == "random" else self.highest * float(rng.random()) ** 2

    def act(self, battles: BatchedBattles, scripts: Sequence[str], epsilon: Tensor, draws: Tensor) -> Tensor:
        """An available action for every agent; a policy that was learned acts otherwise than by scripts.

        Args:
            battles: as they stand.
            scripts: of each battle, as drawn.
            epsilon, draws: as :func:`choose` takes them.
        """
        return choose(battles, torch.tensor([SCRIPTS.index(name) for name in scripts]), epsilon, draws)


POLICIES: dict[str, Policy] = {
    **{script: Policy(script, (script,)) for script in SCRIPTS},
    "mixture": Policy("mixture", tuple(script for script in SCRIPTS if script != "random"), 1.0),
}
"""The policies by name: each script alone, and all of them mixed with random actions."""


def policy(name: str) -> Policy:
    """The policy of this name.

    Raises:
        BadArgument: there is none.
    """
    if name not in POLICIES:
        raise BadArgument(f"Policy {name!r} is unknown; choose one of: {', '.join(POLICIES)}.")
    return POLICIES[name]


def choose(battles: BatchedBattles, scripts: Tensor, epsilon: Tensor, draws: Tensor) -> Tensor:
    """An available action for every agent of the battles as they stand; int64 ``[B, A]``.

    Args:
        battles: the scripts look at the true unit table, whatever the agents see.
        scripts: int64 ``[B]``, places in :data:`SCRIPTS`.
        epsilon: float64 ``[B]``, the share of actions taken at random.
        draws: uniform numbers, float64 ``[B, 2, A]``: whether an agent acts at random, and how. They come from
            a generator per battle, so that a battle's actions do not depend on its neighbours.
    """
    units, available = battles.units, battles.available_actions()
    life = units.health + units.shield
    real = torch.stack([units.x, units.y, units.health, life, units.cooldown], 1)
    size = np.array(battles.scenario.terrain.size, np.float32)
    actions = np.empty(available.shape[:2], np.int64)
    decide(
        _array(real), _array(units.alive), _array(units.type), _array(available), _array(scripts), _array(epsilon),
        _array(draws), _array(battles.steps), TYPES, BLOWS, size, actions,
    )  # fmt: skip
    return torch.from_numpy(actions)


def _array(tensor: Tensor) -> npt.NDArray[Any]:
    """The numbers in one block of memory: another layout would be compiled for anew."""
    return np.ascontiguousarray(tensor.numpy())
