"""Training one policy in stages: after each it plays in the engine and all is saved, so that it can be gone on with.

Battles begin anew with every stage and random numbers are named by it, so no battle need be saved, and a training that
was interrupted ends in the same bytes as one that was not.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from evaluation.control import saved
from evaluation.control.bounded import joined
from evaluation.control.experience import Experience
from evaluation.control.learner import Learner, learner, restore, tensors
from evaluation.control.outcome import Point
from evaluation.control.player import playing
from evaluation.control.settings import Settings
from evaluation.strength import Strength, strength
from s2rm_sc2.backends.embedded import ENGINE_VERSION
from s2rm_sc2.backends.learned import LearnedBackend, Report
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.seeds import number

LAST, POLICY = "last.safetensors", "policy.safetensors"

CURVE = "control-curve"
"""Names the seeds of the battles that are played between stages; the final ones are others."""


@dataclass(frozen=True)
class Task:
    """What one policy is trained on.

    Attributes:
        scenario: fought, and judged in the engine.
        arm: names the random streams.
        steps: environment steps, rounded up to whole stages.
        seed: of weights, battles and choices.
        settings: of the algorithm.
        looks: battles in the engine between two stages.
        origin: where the battles are played, as a checkpoint records it; a training goes on only where it was begun.
        iteration, parts: which part of a training in how many parts this is; all have equally many stages.
    """

    scenario: Scenario
    arm: str
    steps: int
    seed: int
    settings: Settings
    looks: int
    origin: dict[str, str]
    iteration: int = 0
    parts: int = 1

    @property
    def fixed(self) -> str:
        """Why this training cannot be given another number of steps once it was begun; empty where it can."""
        if self.parts > 1:
            return "the iterations after it begin where it ends"
        if self.settings.algorithm == "qmix":
            return "QMIX's share of random actions falls by their number"
        return ""

    @property
    def header(self) -> dict[str, Any]:
        """What must be equal for a training to go on."""
        return {
            "scenario": self.scenario.name,
            "arm": self.arm,
            "seed": self.seed,
            "origin": self.origin,
            "iteration": self.iteration,
            "iterations": self.parts,
            "engine": ENGINE_VERSION,
            "looks": self.looks,
            **asdict(self.settings),
        }


class Training:
    """A training in its folder, new or taken up where it was saved last.

    Args:
        task: what and how.
        battles: makes the battles that are trained on.
        folder: gets ``last.safetensors`` (everything) and, at the end, ``policy.safetensors`` (the network).
        begin: a policy's file whose networks are gone on with; fresh ones by default.

    Attributes:
        stage: stages done.
        seconds: that they took.
        curve: the engine's verdict after each.

    Raises:
        BadArgument: another training lies there.
        CheckpointBroken: it cannot be read.
    """

    def __init__(
        self, task: Task, battles: Callable[[], BatchedBattles], folder: Path, begin: Path | None = None
    ) -> None:
        self.task, self.folder = task, folder
        self.stages = task.settings.stages(task.steps)
        self.stage, self.seconds = 0, 0.0
        self.curve: list[Point] = []
        self._bounded: list[Report] = []
        self._make = battles
        self._battles: BatchedBattles | None = None
        self.learner: Learner = learner(BatchedBattles(task.scenario, 1), task.settings, task.seed)
        self._continue(begin)

    @property
    def over(self) -> bool:
        """Whether all stages are done."""
        return self.stage >= self.stages

    @property
    def done(self) -> float:
        """Share of the training that lies behind, 0 to 1, all its parts together."""
        return self._share(self.stage)

    @property
    def bounds(self) -> Report | None:
        """How often each bound had to correct the dreams of the stages done; None where nobody dreamed."""
        backend = self._battles.backend if self._battles else None
        reports = [*self._bounded, *([backend.report()] if isinstance(backend, LearnedBackend) else [])]
        return joined(reports) if reports else None

    def step(self) -> None:
        """One stage, a look at the engine, and all is saved."""
        began, task = time.monotonic(), self.task
        if self._battles is None:
            self._battles = self._make()
        names = "control", task.arm, task.iteration, self.stage
        experience = Experience(self._battles, task.seed, *names)
        generator = torch.Generator().manual_seed(number(task.seed, *names) % 2**63)
        self.learner.begin()
        ended, won, reward = 0, 0, 0.0
        for rollout in range(task.settings.stage):
            done = self._share(self.stage + rollout / task.settings.stage)
            played = self.learner.learn(experience, generator, done)
            ended += int((played.terminated | played.truncated).sum())
            won, reward = won + int(played.won.sum()), reward + float(played.reward.double().sum())
        self.stage += 1
        look = self.judged(task.looks, CURVE)
        ended = max(ended, 1)
        self.curve.append(
            Point(self.stage * task.settings.steps, look.rate, look.mean_return, won / ended, reward / ended)
        )
        self.seconds += time.monotonic() - began
        self.save()

    def judged(self, episodes: int, purpose: str) -> Strength:
        """The policy as it is, playing greedily in the engine; every arm and seed meets the same battles."""
        return strength(self.task.scenario, playing(self.learner.agents), episodes, 0, purpose)

    def save(self) -> None:
        """Write what a later call continues from; at the end the policy."""
        progress = {
            "stage": self.stage,
            "stages": self.stages,
            "seconds": self.seconds,
            "curve": [asdict(point) for point in self.curve],
            "bounds": asdict(self.bounds) if self.bounds else None,
        }
        saved.write(self.folder / LAST, tensors(self.learner), {"task": self.task.header, "progress": progress})
        if self.over:
            weights = {name: value.contiguous() for name, value in saved.weights(self.learner.agents).items()}
            saved.write(
                self.folder / POLICY, weights, {**self.task.header, "steps": self.stage * self.task.settings.steps}
            )

    def _continue(self, begin: Path | None) -> None:
        path = self.folder / LAST
        if not path.exists():
            if begin is not None:
                restore(self.learner, saved.read(begin)[1], begin)
            return
        header, found = saved.read(path)
        self._compare(header["task"])
        progress = header["progress"]
        self._compare_lengths(int(progress["stage"]), int(progress["stages"]))
        restore(self.learner, found, path)
        self._bounded = [Report(**progress["bounds"])] if progress["bounds"] else []
        self.stage, self.seconds = int(progress["stage"]), float(progress["seconds"])
        self.curve = [Point(**point) for point in progress["curve"]]

    def _share(self, stages: float) -> float:
        return (self.task.iteration + stages / self.stages) / self.task.parts

    def _compare(self, there: dict[str, Any]) -> None:
        """Refuse a training of another task."""
        here = self.task.header
        differs = sorted(key for key, value in here.items() if key != "origin" and there.get(key) != value)
        if there["origin"] != self.task.origin:
            keys = self.task.origin.keys() | there["origin"].keys()
            played = sorted(key for key in keys if there["origin"].get(key) != self.task.origin.get(key))
            differs.append(f"where it is played ({', '.join(played)})")
        if differs:
            raise BadArgument(
                f"{self.folder} holds a training that differs in {', '.join(differs)}; give the run and the options it "
                "was begun with, or another --out."
            )

    def _compare_lengths(self, done: int, planned: int) -> None:
        """Refuse a training that went further, or whose length was settled when it was begun."""
        fixed = self.task.fixed if planned != self.stages else ""
        if not fixed and done <= self.stages:
            return
        each = self.task.settings.steps
        there = f"{self.folder} holds a training of {(planned if fixed else done) * each:,} steps"
        why = f"and {fixed}; give as many" if fixed else "and none can be taken back; give no fewer"
        raise BadArgument(f"{there}, but {self.stages * each:,} are asked for, {why}, or another --out.")
