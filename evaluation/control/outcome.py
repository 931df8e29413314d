"""What is known of a policy: which arm it belongs to, what it won, and what it cost."""

from dataclasses import dataclass

from evaluation.strength import Strength
from s2rm_sc2.backends.learned import Report

DREAM, EQUAL, SAME = "dream", "real-equal", "real-same"
TRAINED = (DREAM, EQUAL, SAME)
"""Trained in the simulator; in the engine on the model's real steps; in the engine on as many as the dream's."""

SCRIPTED = ("focus", "kite", "random")
ARMS = (*TRAINED, *SCRIPTED)


@dataclass(frozen=True)
class Point:
    """How a policy did after so many steps of its training.

    Attributes:
        steps: of the training.
        won, mean_return: in the engine, playing greedily.
        trained_won, trained_return: in the stage before, where it is trained and with random choices.
    """

    steps: int
    won: float
    mean_return: float
    trained_won: float
    trained_return: float


@dataclass(frozen=True)
class Result:
    """How one policy ended.

    Attributes:
        arm, seed: which it was.
        episodes, won: battles in the engine, and those won by the greedy policy.
        mean_return: of them.
        real_steps: engine steps behind the policy, those of the model's data included.
        dream_steps: steps in the simulator.
        seconds: wall time of the policy's training.
        model_seconds: wall time that the model's training took by its log, and in Dyna's form what collecting and
            training it on took; 0 without a model, None where the model has no log.
        curve: how it did along the way.
        bounds: how often each bound had to correct the dreams that it was trained in; None without dreams.
    """

    arm: str
    seed: int
    episodes: int
    won: int
    mean_return: float
    real_steps: int
    dream_steps: int
    seconds: float
    model_seconds: float | None = 0.0
    curve: tuple[Point, ...] = ()
    bounds: Report | None = None

    @property
    def strength(self) -> Strength:
        """Rate and interval."""
        return Strength("", self.arm, self.episodes, self.won, 0.0, self.mean_return)
