"""How model and data grow with a policy: it collects real battles, and a copy of the model is trained on with them.

Everything lies in the folder of the iteration that comes next; what was interrupted goes on there.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import Progress

from collectors.collect import collect
from evaluation.control import saved
from evaluation.control.player import load
from s2rm_sc2.errors import BadArgument, CheckpointBroken
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.words import counted
from worldmodel import checkpoint
from worldmodel.continuation import carry_on
from worldmodel.log import logged_seconds
from worldmodel.train import train

HIGHEST = 0.5
"""As :class:`collectors.policies.Policy` has it, when collecting: one way to play teaches a model little."""

GROWN = "grown.json"
"""Says what was asked for, and how long collecting has taken so far."""


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

    def share(self, steps: int) -> int:
        """Steps of one iteration."""
        return -(-steps // self.iterations)


@dataclass(frozen=True)
class World:
    """A model and what it cost.

    Attributes:
        run: its folder.
        stores: that it was trained on; may be empty if it does not grow.
        steps: engine steps that they hold.
        seconds: that its training took and, where it has grown, collecting for it; None if its log is gone.
    """

    run: Path
    stores: tuple[EpisodeStore, ...]
    steps: int
    seconds: float | None


def grown(
    world: World, scenario: Scenario, policy: Path, dyna: Dyna, seed: int, iteration: int, place: Path,
    display: Progress,
) -> World:  # fmt: skip
    """The model trained on with the episodes that the policy collects.

    Args:
        world: what there is; its model stays as it is.
        scenario: what is collected.
        policy: file of who collects.
        dyna: how much.
        seed, iteration: name the battles' seeds.
        place: gets the store, the model and :data:`GROWN`.
        display: shows how far it is.

    Raises:
        BadArgument: something else was asked for when it was begun here.
        CheckpointBroken: what was noted of it cannot be read.
        KeyboardInterrupt: Ctrl-C was pressed; what is done is kept.
    """
    asked = {
        "episodes": dyna.episodes,
        "updates": dyna.updates,
        "model": checkpoint.digest(world.run / checkpoint.LAST),
        "policy": checkpoint.digest(policy),
    }
    noted, path = place / GROWN, place / f"{scenario.name}.zarr"
    before, began = _noted(noted, asked), time.monotonic()
    try:
        collect(scenario, path, dyna.episodes, load(policy, scenario, HIGHEST), 1000 * iteration + seed, 1,
                display=display)  # fmt: skip
    finally:
        spent = before + time.monotonic() - began
        saved.replace(noted, json.dumps({"asked": asked, "seconds": spent}).encode())
    stores, run = (*world.stores, EpisodeStore.open(path)), place / "model"
    settings = carry_on(world.run, stores, dyna.updates, run)
    try:
        train(stores, settings.model, settings.training, settings.seed, run, "cpu", progress=False, display=display)
    except KeyboardInterrupt:
        raise KeyboardInterrupt from None  # its message says how to go on with the model alone
    costs = (world.seconds, spent, logged_seconds(run))
    known = [seconds for seconds in costs if seconds is not None]
    return World(run, stores, world.steps + stores[-1].n_steps, sum(known) if len(known) == len(costs) else None)


def _noted(path: Path, asked: dict[str, Any]) -> float:
    """The seconds that collecting has taken so far."""
    if not path.exists():
        return 0.0
    try:
        found = json.loads(path.read_text())
        there, seconds = found["asked"], float(found["seconds"])
        differs = sorted(name for name, value in asked.items() if there[name] != value)
    except (KeyError, TypeError, ValueError) as problem:
        raise CheckpointBroken(
            f"{path} cannot be read ({type(problem).__name__}: {problem}); delete it and run the same command again."
        ) from problem
    if differs:
        raise BadArgument(
            f"The model in {path.parent} was grown with {counted(there['episodes'], 'episode')} and "
            f"{counted(there['updates'], 'update')}, and what is asked for differs in {', '.join(differs)}; "
            "give the run and the options it was begun with, or another --out."
        )
    return seconds
