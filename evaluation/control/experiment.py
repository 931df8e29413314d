"""``s2rm-sc2 control``: policies trained in the simulator beside others from the engine, all judged in the engine.

Every arm with every seed has a folder of its own and a result that is kept; running it again does what is lacking.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.progress import Progress

from evaluation.control import results
from evaluation.control.arms import arms, scripted, trained
from evaluation.control.curves import curves
from evaluation.control.dyna import dreamed, finished
from evaluation.control.growth import Dyna, World
from evaluation.control.outcome import DREAM, EQUAL, SCRIPTED, TRAINED, Result
from evaluation.control.settings import Settings
from evaluation.control.training import Task, Training
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.words import counted
from worldmodel.checkpoint import RunInfo, checkpoint_file, digest, load_checkpoint
from worldmodel.log import logged_seconds
from worldmodel.train import open_stores, progress_display


@dataclass(frozen=True)
class Plan:
    """One comparison.

    Attributes:
        run: the world model.
        scenario: what is fought.
        out: gets a folder per arm and seed, ``control.json``, ``control.md`` and ``control.png``.
        settings: of the algorithm.
        steps: that each policy is trained on in the simulator.
        seeds: of the policies.
        arms: names of :data:`evaluation.control.arms.ARMS`; all by default.
        episodes: battles that a final policy is judged by.
        looks: battles between two stages of a training.
        data: stores, or folders of stores, among which the model's are looked for.
        real_steps: what the model's data held, where its stores are not at hand.
        dyna: how the model and its data grow along with the policy; they do not with one iteration.
    """

    run: Path
    scenario: Scenario
    out: Path
    settings: Settings
    steps: int = 500_000
    seeds: tuple[int, ...] = (0,)
    arms: tuple[str, ...] | None = None
    episodes: int = 256
    looks: int = 64
    data: tuple[Path, ...] = ()
    real_steps: int | None = None
    dyna: Dyna = field(default_factory=Dyna)


@dataclass(frozen=True)
class Comparison:
    """What came of a plan: its folder, its lines, and its picture."""

    folder: Path
    lines: tuple[results.Line, ...]
    picture: Path


def control(plan: Plan, progress: bool = True) -> Comparison:
    """Carry out what a plan still lacks, and write it down after every policy.

    On a CPU equal seeds give equal policies, interrupted or not.

    Raises:
        BadArgument: TorchRL is missing, numbers below 1, an unknown arm, the model's data cannot be counted, the dream
            arm has not said yet how many steps real-equal gets, or ``out`` holds something else.
        ScenarioUnsupported: the model never learned about one of the scenario's unit types.
        CheckpointMissing, CheckpointBroken: a run or a training cannot be read.
    """
    _check_numbers(plan)
    chosen = arms(list(plan.arms) if plan.arms is not None else None)
    _, info = load_checkpoint(plan.run)
    stores = _stores(plan, info)
    held = plan.real_steps if plan.real_steps is not None else sum(store.n_steps for store in stores)
    world = World(plan.run, tuple(stores), held, logged_seconds(plan.run))
    if DREAM not in chosen and EQUAL in chosen:
        for seed in plan.seeds:
            _real_steps(plan, world, seed)  # refuses before anything is trained
    found: list[Result] = [scripted(plan.scenario, name, plan.episodes) for name in chosen if name in SCRIPTED]
    about = _about(plan, info, held)
    with _Display(progress) as display:
        for seed in dict.fromkeys(plan.seeds):
            for arm in (name for name in chosen if name in TRAINED):
                found.append(_result(plan, arm, seed, world, display))
                results.write(plan.out, about, _sorted(found))
    results.write(plan.out, about, _sorted(found))
    title = f"{plan.scenario.name}: {plan.settings.algorithm.upper()}, model trained on {info.trained_on}"
    picture = curves(_sorted(found), title, plan.out / "control.png")
    return Comparison(plan.out, tuple(results.lines(_sorted(found))), picture)


def _check_numbers(plan: Plan) -> None:
    numbers = {
        "steps": plan.steps,
        "episodes": plan.episodes,
        "real-steps": plan.real_steps,
        "iterations": plan.dyna.iterations,
        "collect-episodes": plan.dyna.episodes,
        "updates": plan.dyna.updates,
    }
    for name, number in numbers.items():
        if number is not None and number < 1:
            raise BadArgument(f"--{name} is {number}; give at least 1.")


def _result(plan: Plan, arm: str, seed: int, world: World, display: "_Display") -> Result:
    """Train and judge one policy."""
    folder, advance = _folder(plan, arm, seed), display.show(f"{arm}, seed {seed}")
    if arm == DREAM:
        task = _dream(plan, seed)
        return dreamed(task, world, plan.dyna, folder, plan.episodes, advance, display.progress)
    steps = _real_steps(plan, world, seed) if arm == EQUAL else _dream_steps(plan)
    origin = BatchedBattles(plan.scenario, 1).backend.describe()
    task = Task(plan.scenario, arm, steps, seed, plan.settings, plan.looks, origin)
    battles = partial(BatchedBattles, plan.scenario, plan.settings.battles)
    return trained(task, battles, folder, plan.episodes, advance)


def _folder(plan: Plan, arm: str, seed: int) -> Path:
    return plan.out / f"{arm}-seed{seed}"


def _dream(plan: Plan, seed: int) -> Task:
    return Task(plan.scenario, DREAM, plan.steps, seed, plan.settings, plan.looks, {})


def _dream_steps(plan: Plan) -> int:
    """Steps that the dream arm imagines: whole stages in every iteration."""
    share = plan.settings.stages(plan.dyna.share(plan.steps)) * plan.settings.steps
    return plan.dyna.iterations * share


def _real_steps(plan: Plan, world: World, seed: int) -> int:
    """Engine steps behind the dream arm at its end.

    Raises:
        BadArgument: it has not ended yet.
    """
    if plan.dyna.iterations == 1:
        return world.steps
    folder = _folder(plan, DREAM, seed)
    dream = finished(_dream(plan, seed), world, plan.dyna, folder, plan.episodes)
    if dream is None:
        raise BadArgument(
            f"{EQUAL} gets as many engine steps as the dream arm has used at its end, which are not known yet: "
            f"{folder} holds no dream arm that was finished with this run and these options; give --arm {DREAM} too."
        )
    return dream.real_steps


def _stores(plan: Plan, info: RunInfo) -> list[EpisodeStore]:
    """The stores that the model was trained on."""
    needed = plan.dyna.iterations > 1 or plan.real_steps is None
    if not needed:
        return []
    marks = [mark for _, mark in info.stores]
    at_hand = [place for place in plan.data if place.exists()]
    found = {s.fingerprint(): s for s in (open_stores(at_hand) if at_hand else [])}
    if any(mark not in found for mark in marks):
        lacking = ", ".join(name for name, mark in info.stores if mark not in found)
        mend = "name their stores with --data"
        if plan.dyna.iterations == 1:
            mend += ", or say with --real-steps how many steps they held"
        raise BadArgument(
            f"The episodes of {lacking} that {plan.run} was trained on do not lie in "
            f"{', '.join(map(str, plan.data)) or 'data'}; {mend}."
        )
    return [found[mark] for mark in marks]


def _about(plan: Plan, info: RunInfo, held: int) -> dict[str, Any]:
    return {
        "scenario": plan.scenario.name,
        "algorithm": plan.settings.algorithm,
        "run": str(plan.run),
        "checkpoint": digest(checkpoint_file(plan.run)),
        "model": f"{info.model.name}, {counted(info.update, 'update')}, seed {info.seed}",
        "model trained on": info.trained_on,
        "steps of the model's data": held,
        "these steps were": "counted in its stores" if plan.real_steps is None else "given with --real-steps",
        "steps asked for": plan.steps,
        "iterations": plan.dyna.iterations,
        "episodes collected between iterations": plan.dyna.episodes if plan.dyna.iterations > 1 else 0,
        "model's updates between iterations": plan.dyna.updates if plan.dyna.iterations > 1 else 0,
        "battles of a verdict": plan.episodes,
        "battles of a curve's point": plan.looks,
        "settings": asdict(plan.settings),
        "versions": info.versions,
    }


def _sorted(found: Sequence[Result]) -> list[Result]:
    order = (*TRAINED, *SCRIPTED)
    return sorted(found, key=lambda result: (order.index(result.arm), result.seed))


class _Display:
    """A line on stderr for each policy: how far it is, how it does in the engine, time left."""

    def __init__(self, shown: bool) -> None:
        self.progress: Progress = progress_display(shown)

    def __enter__(self) -> "_Display":
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def show(self, name: str) -> Callable[[Training], None]:
        """A new line; call what it gives after each stage."""
        line = self.progress.add_task(name, total=1.0, note="")

        def advance(training: Training) -> None:
            last = training.curve[-1:]
            won = fmean(point.won for point in last) if last else 0.0
            returned = fmean(point.mean_return for point in last) if last else 0.0
            speed = training.stage * training.task.settings.steps / max(training.seconds, 1e-9)
            note = f"{speed:,.0f} steps/s, in the engine {won:.0%} won, return {returned:.1f}" if last else ""
            self.progress.update(line, completed=training.done, note=note)

        return advance
