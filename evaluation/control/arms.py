"""One arm of a comparison with one seed: trained to its end, judged in the engine, and kept."""

from collections.abc import Callable
from pathlib import Path

from collectors.policies import policy
from evaluation.control.kept import keep, kept
from evaluation.control.outcome import ARMS, DREAM, Result
from evaluation.control.training import Task, Training
from evaluation.strength import strength
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario

JUDGED = "control"
"""Names the seeds of the battles that the final policies are judged by."""

RESULT = "result.json"


def arms(names: list[str] | None) -> list[str]:
    """The arms of these names, each once; all by default.

    Raises:
        BadArgument: one is unknown.
    """
    for name in names or ():
        if name not in ARMS:
            raise BadArgument(f"--arm {name} is unknown; choose among {', '.join(ARMS)}.")
    return [name for name in ARMS if names is None or name in names]


def trained(
    task: Task,
    battles: Callable[[], BatchedBattles],
    folder: Path,
    episodes: int,
    advance: Callable[[Training], None],
    begin: Path | None = None,
    real_steps: int = 0,
    model_seconds: float | None = 0.0,
) -> Result:
    """Train a policy to its end and judge it, or read how it ended.

    Args:
        task, battles, folder, begin: as :class:`evaluation.control.training.Training` takes them.
        episodes: battles of the verdict.
        advance: told after each stage.
        real_steps: engine steps behind what is trained on, beside the training's own.
        model_seconds: as :class:`evaluation.control.outcome.Result` has it.

    Raises:
        BadArgument: another training lies there.
        CheckpointBroken: what lies there cannot be read.
    """
    finished = folder / RESULT
    asked = {"task": task.header, "stages": task.settings.stages(task.steps), "episodes": episodes, "real": real_steps}
    known = kept(finished, asked)
    if known is not None:
        return known
    training = Training(task, battles, folder, begin)
    advance(training)
    while not training.over:
        training.step()
        advance(training)
    training.save()  # the policy may be gone, or that of a shorter training
    found, played = training.judged(episodes, JUDGED), training.stage * task.settings.steps
    dreamed = played if task.arm == DREAM else 0
    result = Result(
        task.arm, task.seed, episodes, found.won, found.mean_return, real_steps + played - dreamed, dreamed,
        training.seconds, model_seconds, tuple(training.curve), training.bounds,
    )  # fmt: skip
    keep(finished, asked, result)
    return result


def scripted(scenario: Scenario, name: str, episodes: int) -> Result:
    """How a script does in the battles that the policies are judged by."""
    found = strength(scenario, policy(name), episodes, 0, JUDGED)
    return Result(name, 0, episodes, found.won, found.mean_return, 0, 0, 0.0)
