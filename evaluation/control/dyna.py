"""The arm in the simulator; with several iterations in Dyna's form (Sutton 1991).

After each part of the training the policy collects real battles, the world model is trained on with them, and the
policy goes on in the better model.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from collectors.collect import collect
from evaluation.control import saved
from evaluation.control.arms import RESULT, trained
from evaluation.control.outcome import Point, Result
from evaluation.control.player import load as load_policy
from evaluation.control.training import LAST, POLICY, Task, Training
from s2rm_sc2.backends.learned import LearnedBackend
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.store import EpisodeStore
from worldmodel.checkpoint import load_checkpoint
from worldmodel.continuation import carry_on
from worldmodel.simulator import Simulator
from worldmodel.simulator import load as load_simulator
from worldmodel.train import train

HIGHEST = 0.5
"""As :class:`collectors.policies.Policy` has it, when collecting: one way to play teaches a model little."""

GROWN = "grown.json"
"""Says how long collecting and training took, once both are done."""


@dataclass(frozen=True)
class Dyna:
    """How model and data grow.

    Attributes:
        iterations: parts of the policy's training; with 1 nothing grows.
        episodes: that the policy collects after each part but the last.
        updates: of the model with them.
    """

    iterations: int = 1
    episodes: int = 100
    updates: int = 500


@dataclass(frozen=True)
class _World:
    """A model, the stores that it was trained on, and the steps that they hold."""

    run: Path
    stores: tuple[EpisodeStore, ...]
    steps: int


def dreamed(
    task: Task, run: Path, dyna: Dyna, stores: Sequence[EpisodeStore], held: int, folder: Path, episodes: int,
    advance: Callable[[Training], None],
) -> Result:  # fmt: skip
    """Train a policy in the model and judge it in the engine.

    Args:
        task: its steps are shared by the iterations.
        run: the model to begin with.
        dyna: how it grows.
        stores: what it was trained on; may be empty if it does not grow.
        held: steps of them.
        folder: of this policy.
        episodes: battles of the verdict.
        advance: told after each stage.
    """
    world, parts = _World(run, tuple(stores), held), list[Result]()
    share, begin, spent = -(-task.steps // dyna.iterations), None, 0.0
    for iteration in range(dyna.iterations):
        place = folder if dyna.iterations == 1 else folder / f"iteration{iteration}"
        if begin is not None:
            world, took = _grown(world, task.scenario, begin.parent / POLICY, dyna, task.seed, iteration, place)
            spent += took
        model = load_simulator(world.run)
        own = replace(task, steps=share, iteration=iteration, origin=_origin(world.run))
        parts.append(trained(own, _imagined(task, model), place, episodes, world.steps, advance, begin))
        begin = place / LAST
    if len(parts) == 1:
        return parts[0]
    result = replace(_joined(parts), seconds=spent + sum(part.seconds for part in parts))
    saved.replace(folder / RESULT, json.dumps(asdict(result), indent=1).encode())
    return result


def _imagined(task: Task, model: Simulator) -> Callable[[], BatchedBattles]:
    B = task.settings.battles
    backend = partial(LearnedBackend, task.scenario, B, model)
    return lambda: BatchedBattles(task.scenario, B, backend())


def _origin(run: Path) -> dict[str, str]:
    """What a policy's checkpoint records of the model."""
    _, info = load_checkpoint(run)
    return {"model": info.model.name, "update": str(info.update), "stores": ", ".join(mark for _, mark in info.stores)}


def _grown(
    world: _World, scenario: Scenario, policy: Path, dyna: Dyna, seed: int, iteration: int, place: Path
) -> tuple[_World, float]:
    """The model trained on with the episodes that the policy collects, and the seconds that it took."""
    began, noted, path = time.monotonic(), place / GROWN, place / f"{scenario.name}.zarr"
    player = load_policy(policy, scenario, HIGHEST)
    collect(scenario, path, dyna.episodes, player, 1000 * iteration + seed, 1, progress=False)
    stores = (*world.stores, EpisodeStore.open(path))
    settings = carry_on(world.run, stores, dyna.updates, place / "model")
    train(stores, settings.model, settings.training, settings.seed, place / "model", "cpu", progress=False)
    if not noted.exists():
        saved.replace(noted, json.dumps({"seconds": time.monotonic() - began}).encode())
    took = float(json.loads(noted.read_text())["seconds"])
    return _World(place / "model", stores, world.steps + stores[-1].n_steps), took


def _joined(parts: Sequence[Result]) -> Result:
    """The last part's verdict, the whole training's steps and curve."""
    points: list[Point] = []
    for part in parts:
        before = points[-1].steps if points else 0
        points += [replace(point, steps=before + point.steps) for point in part.curve]
    return replace(parts[-1], dream_steps=sum(part.dream_steps for part in parts), curve=tuple(points))
