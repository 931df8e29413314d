"""How policies are trained, for both algorithms and for every arm alike."""

from dataclasses import dataclass
from typing import Literal, get_args

from s2rm_sc2.errors import BadArgument

Algorithm = Literal["mappo", "qmix"]

ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)


@dataclass(frozen=True)
class Settings:
    """Sizes and rates of a training; rates are near those in use on SMAC, for more battles side by side.

    Attributes:
        algorithm: MAPPO (Yu et al. 2022) or QMIX (Rashid et al. 2018).
        battles: B, side by side.
        rollout: T, steps of every battle between two updates.
        stage: updates between two looks at the engine; a training is saved after each, and battles begin anew.
        width: of both hidden layers of every network.
        rate: of Adam.
        discount: gamma, per step.
        reward_scale: rewards are multiplied by this, so that values are about 1.
        clip_gradient: largest norm of an update's gradient.
        epochs, parts: MAPPO's passes over what was played, and into how many pieces each is cut.
        clip: MAPPO's bound on the change of a probability.
        trace: MAPPO's lambda of generalised advantages.
        entropy: MAPPO's bonus for undecided policies.
        batch, draws: steps of a QMIX update, and updates per rollout.
        mixing: QMIX's width of the mixer.
        explore: share of a training over which QMIX's share of random actions falls from 1 to ``least``.
        least: QMIX's smallest share of random actions.
        follow: how far QMIX's target network moves towards the network at each update.
        returns: QMIX's lambda of the returns that values are learned from (Hu et al. 2021); with that of one step, 0,
            rewards travel too slowly for so few steps.
    """

    algorithm: Algorithm = "mappo"
    battles: int = 64
    rollout: int = 32
    stage: int = 8
    width: int = 64
    rate: float = 1e-3
    discount: float = 0.99
    reward_scale: float = 0.1
    clip_gradient: float = 10.0
    epochs: int = 5
    parts: int = 4
    clip: float = 0.2
    trace: float = 0.95
    entropy: float = 0.01
    batch: int = 2048
    draws: int = 40
    mixing: int = 32
    explore: float = 0.3
    least: float = 0.05
    follow: float = 0.01
    returns: float = 0.8

    @property
    def steps(self) -> int:
        """Environment steps of a stage."""
        return self.battles * self.rollout * self.stage

    def stages(self, steps: int) -> int:
        """Stages that make at least so many steps."""
        return -(-steps // self.steps)


def algorithm(name: str) -> Algorithm:
    """The algorithm of this name.

    Raises:
        BadArgument: there is none.
    """
    for known in ALGORITHMS:
        if name == known:
            return known
    raise BadArgument(f"--algorithm {name} is unknown; choose one of {', '.join(ALGORITHMS)}.")
