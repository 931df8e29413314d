"""``s2rm-sc2 control``: policies trained in the simulator beside others from the engine, all judged in the engine.

Every arm with every seed has a folder of its own and a result that is kept; running it again does what is lacking.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from evaluation.control import results
from evaluation.control.arms import arms, scripted, trained
from evaluation.control.curves import curves
from evaluation.control.dyna import Dyna, dreamed
from evaluation.control.outcome import DREAM, EQUAL, SAME, SCRIPTED, TRAINED, Result
from evaluation.control.settings import Settings
from evaluation.control.training import Task, Training
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.store import EpisodeStore
from worldmodel.checkpoint import RunInfo, load_checkpoint
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
        BadArgument: TorchRL is missing, numbers below 1, an unknown arm, the model's data cannot be counted, or
            ``out`` holds something else.
        ScenarioUnsupported: the model never learned about one of the scenario's unit types.
        CheckpointMissing, CheckpointBroken: a run or a training cannot be read.
    """
    for name, number in (("steps", plan.steps), ("episodes", plan.episodes), ("iterations", plan.dyna.iterations)):
        if number < 1:
            raise BadArgument(f"--{name} is {number}; give at least 1.")
    chosen = arms(list(plan.arms) if plan.arms is not None else None)
    _, info = load_checkpoint(plan.run)
    stores = _stores(plan, info)
    held = plan.real_steps if plan.real_steps is not None else sum(store.n_steps for store in stores)
    found: list[Result] = [scripted(plan.scenario, name, plan.episodes) for name in chosen if name in SCRIPTED]
    about = _about(plan, info, held)
    with _Display(progress) as display:
        for seed in dict.fromkeys(plan.seeds):
            for arm in (name for name in chosen if name in TRAINED):
                found.append(_result(plan, arm, seed, held, stores, found, display.show(f"{arm}, seed {seed}")))
                results.write(plan.out, about, _sorted(found))
    results.write(plan.out, about, _sorted(found))
    title = f"{plan.scenario.name}: {plan.settings.algorithm.upper()}, model trained on {', '.join(info.scenarios)}"
    picture = curves(_sorted(found), title, plan.out / "control.png")
    return Comparison(plan.out, tuple(results.lines(_sorted(found))), picture)


def _result(
    plan: Plan, arm: str, seed: int, held: int, stores: Sequence[EpisodeStore], found: Sequence[Result],
    advance: Callable[[Training], None],
) -> Result:  # fmt: skip
    """Train and judge one policy."""
    folder = plan.out / f"{arm}-seed{seed}"
    task = Task(plan.scenario, arm, plan.steps, seed, plan.settings, plan.looks, {})
    if arm == DREAM:
        return dreamed(task, plan.run, plan.dyna, stores, held, folder, plan.episodes, advance)
    dream = next((r for r in found if r.arm == DREAM and r.seed == seed), None)
    steps = {EQUAL: dream.real_steps if dream else held, SAME: dream.dream_steps if dream else plan.steps}[arm]
    task = Task(plan.scenario, arm, steps, seed, plan.settings, plan.looks, {"backend": "embedded"})
    battles = partial(BatchedBattles, plan.scenario, plan.settings.battles)
    return trained(task, battles, folder, plan.episodes, 0, advance)


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
        raise BadArgument(
            f"The episodes of {lacking} that {plan.run} was trained on do not lie in "
            f"{', '.join(map(str, plan.data)) or 'data'}; name their stores with --data, or say with --real-steps how "
            "many steps they held."
        )
    return [found[mark] for mark in marks]


def _about(plan: Plan, info: RunInfo, held: int) -> dict[str, Any]:
    return {
        "scenario": plan.scenario.name,
        "algorithm": plan.settings.algorithm,
        "model": f"{info.model.name}, {info.update} updates, seed {info.seed}",
        "model trained on": ", ".join(info.scenarios),
        "steps of the model's data": held,
        "iterations": plan.dyna.iterations,
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
        self._progress = progress_display(shown)

    def __enter__(self) -> "_Display":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, name: str) -> Callable[[Training], None]:
        """A new line; call what it gives after each stage."""
        line = self._progress.add_task(name, total=1.0, note="")

        def advance(training: Training) -> None:
            last = training.curve[-1:]
            won = fmean(point.won for point in last) if last else 0.0
            returned = fmean(point.mean_return for point in last) if last else 0.0
            speed = training.stage * training.task.settings.steps / max(training.seconds, 1e-9)
            note = f"{speed:,.0f} steps/s, in the engine {won:.0%} won, return {returned:.1f}" if last else ""
            self._progress.update(line, completed=training.stage / training.stages, note=note)

        return advance
