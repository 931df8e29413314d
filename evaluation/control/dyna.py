"""The arm in the simulator; with several iterations in Dyna's form (Sutton 1991).

After each part of the training the policy collects real battles, the world model is trained on with them, and the
policy goes on in the better model.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.progress import Progress

from evaluation.control.arms import trained
from evaluation.control.bounded import joined
from evaluation.control.growth import Dyna, World, grown
from evaluation.control.kept import keep, kept
from evaluation.control.outcome import Point, Result
from evaluation.control.training import LAST, POLICY, Task, Training
from s2rm_sc2.backends.learned import LearnedBackend
from s2rm_sc2.envs.batched import BatchedBattles
from worldmodel import checkpoint
from worldmodel.simulator import Simulator
from worldmodel.simulator import load as load_simulator

WHOLE = "iterations.json"
"""The result of all iterations; that of each lies in its folder, that of a training without any in its own file."""


def dreamed(
    task: Task, world: World, dyna: Dyna, folder: Path, episodes: int, advance: Callable[[Training], None],
    display: Progress,
) -> Result:  # fmt: skip
    """Train a policy in the model and judge it in the engine, or read how it ended.

    Args:
        task: its steps are shared by the iterations; the origin is put in here.
        world: what there is to begin with.
        dyna: how it grows.
        folder: of this policy.
        episodes: battles of the verdict.
        advance: told after each stage.
        display: shows how far model and data are while they grow.

    Raises:
        BadArgument: another training, or another growth of the model, lies there.
        CheckpointMissing, CheckpointBroken: what is gone on with is not there, or cannot be read.
    """
    known = finished(task, world, dyna, folder, episodes)
    if known is not None:
        return known
    asked, parts, begin = _asked(task, world, dyna, episodes), list[Result](), None
    for iteration in range(dyna.iterations):
        place = folder if dyna.iterations == 1 else folder / f"iteration{iteration}"
        if begin is not None:
            world = grown(world, task.scenario, begin.parent / POLICY, dyna, task.seed, iteration, place, display)
        model = load_simulator(world.run)
        own = replace(
            task,
            steps=dyna.share(task.steps),
            origin=_origin(world.run, model),
            iteration=iteration,
            parts=dyna.iterations,
        )
        battles = _imagined(task, model)
        parts.append(trained(own, battles, place, episodes, advance, begin, world.steps, world.seconds))
        begin = place / LAST
    if len(parts) == 1:
        return parts[0]
    result = _whole(parts)
    keep(folder / WHOLE, asked, result)
    return result


def finished(task: Task, world: World, dyna: Dyna, folder: Path, episodes: int) -> Result | None:
    """How all iterations of exactly this training ended; None before their end, or where there is but one.

    Raises:
        CheckpointMissing, CheckpointBroken: the model or the result cannot be read.
    """
    return kept(folder / WHOLE, _asked(task, world, dyna, episodes)) if dyna.iterations > 1 else None


def _asked(task: Task, world: World, dyna: Dyna, episodes: int) -> dict[str, Any]:
    """What all iterations hang on; a model grows from its last weights, not from its best."""
    if dyna.iterations == 1:
        return {}
    return {
        "task": replace(task, origin=_origin(world.run, load_simulator(world.run)), parts=dyna.iterations).header,
        "stages": task.settings.stages(dyna.share(task.steps)),
        "episodes": episodes,
        "real": world.steps,
        "grown from": checkpoint.digest(world.run / checkpoint.LAST),
        "dyna": asdict(dyna),
    }


def _imagined(task: Task, model: Simulator) -> Callable[[], BatchedBattles]:
    B = task.settings.battles
    backend = partial(LearnedBackend, task.scenario, B, model)
    return lambda: BatchedBattles(task.scenario, B, backend())


def _origin(run: Path, model: Simulator) -> dict[str, str]:
    """What a policy's checkpoint records of the model: which weights, and where they came from."""
    path = checkpoint.checkpoint_file(run)
    marks = ", ".join(mark for _, mark in checkpoint.load(path)[0].stores)
    return {"backend": "learned", **model.describe(), "stores": marks, "checkpoint": checkpoint.digest(path)}


def _whole(parts: Sequence[Result]) -> Result:
    """The last part's verdict, the whole training's steps, seconds and curve."""
    points: list[Point] = []
    for part in parts:
        before = points[-1].steps if points else 0
        points += [replace(point, steps=before + point.steps) for point in part.curve]
    return replace(
        parts[-1],
        dream_steps=sum(part.dream_steps for part in parts),
        seconds=sum(part.seconds for part in parts),
        curve=tuple(points),
        bounds=joined(part.bounds for part in parts if part.bounds),
    )
