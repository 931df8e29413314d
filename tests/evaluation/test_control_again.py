"""A comparison that is asked for again: what is gone on with, what is known already, and what is refused."""

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from rich.progress import Progress, TaskID

pytest.importorskip("torchrl", reason="TorchRL, of the extra `marl`, is not installed", exc_type=ImportError)

from evaluation.control import saved
from evaluation.control.dyna import WHOLE, dreamed
from evaluation.control.experiment import Plan, _Display, control
from evaluation.control.growth import GROWN, Dyna, World
from evaluation.control.outcome import DREAM, EQUAL, SAME, Result
from evaluation.control.settings import Algorithm, Settings
from evaluation.control.training import LAST, POLICY, Task, Training
from s2rm_sc2.backends.embedded import EmbeddedBackend
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument, CheckpointBroken
from s2rm_sc2.scenarios import get
from s2rm_sc2.store import EpisodeStore
from tests.commands import foreground
from worldmodel import checkpoint
from worldmodel.config import preset
from worldmodel.train import train

SCENARIO = get("2s3z")
TINY = Settings(battles=8, rollout=16, stage=3, width=8, epochs=2, parts=2, batch=16, draws=2)
GROWTH = Dyna(2, episodes=12, updates=3)


@pytest.fixture(scope="module")
def plan(store_2s3z: EpisodeStore, run_2s3z: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A comparison in Dyna's form whose dream arm is finished."""
    out = tmp_path_factory.mktemp("control")
    found = Plan(
        run_2s3z, SCENARIO, out, TINY, steps=2 * TINY.steps, arms=(DREAM,), episodes=4, looks=2,
        data=(store_2s3z.path,), dyna=GROWTH,
    )  # fmt: skip
    control(found, progress=False)
    return found


def changed(folder: Path) -> dict[Path, int]:
    """When each file of a folder was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_another_models_results_are_not_served(plan: Plan, store_2s3z: EpisodeStore, tmp_path: Path) -> None:
    """Not even of one with the same name, updates and stores, or the same model with other weights."""
    once = replace(plan, out=tmp_path / "out", dyna=Dyna(), arms=(DREAM, SAME))
    control(once, progress=False)
    model, training = preset("debug", "s2gru", updates=4)
    train([store_2s3z], model, training, seed=6, run=tmp_path / "other", progress=False)
    with pytest.raises(BadArgument, match=r"where it is played \(checkpoint, seed\).*another --out"):
        control(replace(once, run=tmp_path / "other"), progress=False)
    weights, info = checkpoint.load_checkpoint(plan.run)
    next(weights.parameters()).data[0] += 1.0
    checkpoint.save(tmp_path / "altered.safetensors", weights, info)
    with pytest.raises(BadArgument, match=r"where it is played \(checkpoint\)"):
        control(replace(once, run=tmp_path / "altered.safetensors"), progress=False)
    header, _ = saved.read(tmp_path / "out" / f"{SAME}-seed0" / LAST)
    assert header["task"]["origin"] == EmbeddedBackend(SCENARIO, 1).describe()


def test_real_equal_gets_what_the_dream_arm_used_at_its_end_or_nothing(plan: Plan, tmp_path: Path) -> None:
    part = plan.out / f"{DREAM}-seed0" / "iteration1"
    used = sum(EpisodeStore.open(path).n_steps for path in (*plan.data, part / "2s3z.zarr"))
    held = EpisodeStore.open(plan.data[0]).n_steps
    stages = [-(-steps // TINY.steps) for steps in (held, used)]
    assert stages[0] < stages[1]  # else the budgets could not be told apart
    (line,) = control(replace(plan, arms=(EQUAL,)), progress=False).lines
    assert line.real_steps == stages[1] * TINY.steps
    for unknown in (replace(plan, out=tmp_path), replace(plan, seeds=(0, 1)), replace(plan, dyna=Dyna(2, 12, 4))):
        before = changed(unknown.out)
        with pytest.raises(BadArgument, match="--arm dream too"):
            control(replace(unknown, arms=(EQUAL,)), progress=False)
        assert changed(unknown.out) == before


def test_real_same_gets_what_the_dream_arm_imagines_whether_it_is_there_or_not(plan: Plan, tmp_path: Path) -> None:
    three = replace(plan, out=tmp_path, arms=(SAME,), dyna=replace(GROWTH, iterations=3))  # whole stages in each
    (line,) = control(three, progress=False).lines
    assert line.real_steps == 3 * TINY.steps


def test_other_iterations_are_results_of_their_own(plan: Plan) -> None:
    (grown,) = control(plan, progress=False).lines
    (once,) = control(replace(plan, dyna=Dyna()), progress=False).lines
    assert (once.real_steps < grown.real_steps, once.dream_steps) == (True, grown.dream_steps)
    written = changed(plan.out / f"{DREAM}-seed0")
    assert control(plan, progress=False).lines == (grown,)
    assert control(replace(plan, dyna=Dyna()), progress=False).lines == (once,)
    assert changed(plan.out / f"{DREAM}-seed0") == written
    with pytest.raises(BadArgument, match="differs in iterations"):
        control(replace(plan, dyna=replace(GROWTH, iterations=3)), progress=False)
    for other in (replace(GROWTH, episodes=13), replace(GROWTH, updates=4)):
        with pytest.raises(BadArgument, match="12 episodes and 3 updates"):
            control(replace(plan, dyna=other), progress=False)
    assert changed(plan.out / f"{DREAM}-seed0") == written


@pytest.mark.parametrize("content", ['{"arm": "dream", "seed": 0}', '{"asked": {}, ', "[]"])
def test_a_result_that_cannot_be_read_is_named(content: str, plan: Plan) -> None:
    path = plan.out / f"{DREAM}-seed0" / WHOLE
    before = path.read_bytes()
    path.write_text(content)
    with pytest.raises(CheckpointBroken, match=f"{path} cannot be read .*; delete it and run the same command again"):
        control(plan, progress=False)
    path.write_bytes(before)


def training(folder: Path, stages: int, algorithm: Algorithm = "mappo", **changes: object) -> Training:
    settings = replace(TINY, algorithm=algorithm)
    task = Task(SCENARIO, SAME, stages * TINY.steps, 0, settings, looks=1, origin={})
    return Training(replace(task, **changes), lambda: BatchedBattles(SCENARIO, 8), folder)  # type: ignore[arg-type]


def test_a_policy_is_not_served_as_one_that_was_trained_for_less(tmp_path: Path) -> None:
    first = training(tmp_path, 3)
    first.step()
    first.step()
    with pytest.raises(BadArgument, match=r"holds a training of 768 steps, but 384 are asked for.*another --out"):
        training(tmp_path, 1)
    assert training(tmp_path, 2).over  # nothing that was learned hangs on what was planned
    assert not training(tmp_path, 4).over


@pytest.mark.parametrize("stages", [1, 3])
def test_where_what_was_learned_hangs_on_the_length_it_cannot_be_changed(stages: int, tmp_path: Path) -> None:
    training(tmp_path / "qmix", 2, "qmix").step()
    with pytest.raises(BadArgument, match=r"training of 768 steps.*QMIX's share of random actions"):
        training(tmp_path / "qmix", stages, "qmix")
    training(tmp_path / "part", 2, parts=2).step()
    with pytest.raises(BadArgument, match=r"training of 768 steps.*the iterations after it"):
        training(tmp_path / "part", stages, parts=2)


def test_a_comparison_asked_for_fewer_steps_keeps_the_longer_policy(plan: Plan, tmp_path: Path) -> None:
    longer = replace(plan, out=tmp_path, arms=(SAME,), dyna=Dyna())
    control(longer, progress=False)
    before = changed(tmp_path)
    with pytest.raises(BadArgument, match="768 steps, but 384 are asked for"):
        control(replace(longer, steps=TINY.steps), progress=False)
    assert changed(tmp_path) == before


def test_the_line_of_a_policy_goes_on_where_the_iteration_before_ended(tmp_path: Path) -> None:
    with _Display(False) as display:
        advance = display.show("dream, seed 0")
        shown = []
        for iteration in range(2):
            part = training(tmp_path / str(iteration), 1, iteration=iteration, parts=2)
            advance(part)
            shown.append(display.progress.tasks[0].completed)
            part.step()
            advance(part)
            shown.append(display.progress.tasks[0].completed)
    assert shown == [0.0, 0.5, 0.5, 1.0]


class Watched(Progress):
    """Notes which lines were shown, and presses Ctrl-C when one of them has moved so often."""

    def __init__(self, line: str = "", moves: int = 0) -> None:
        super().__init__(disable=True)
        self.line, self.moves, self.shown = line, moves, set[str]()

    def update(self, task_id: TaskID, **changes: object) -> None:
        super().update(task_id, **changes)  # type: ignore[arg-type]
        line = next(task.description for task in self.tasks if task.id == task_id)
        self.shown.add(line)
        if line == self.line and changes.get("completed", 0):
            self.moves -= 1
            if self.moves == 0:
                signal.raise_signal(signal.SIGINT)


def test_a_growth_that_is_interrupted_ends_in_the_same_bytes_and_no_time_is_lost(plan: Plan, tmp_path: Path) -> None:
    held = EpisodeStore.open(plan.data[0])
    world = World(plan.run, (held,), held.n_steps, seconds=5000.0)
    task = Task(SCENARIO, DREAM, 4 * TINY.steps, 0, TINY, looks=2, origin={})

    def run(folder: Path, display: Watched, stop_at: float = 2.0) -> tuple[Result, list[float]]:
        done: list[float] = []

        def advance(training: Training) -> None:
            done.append(training.done)
            if training.done == stop_at:
                raise KeyboardInterrupt

        with foreground():
            return dreamed(task, world, GROWTH, folder, 4, advance, display), done

    whole, done = run(tmp_path / "whole", Watched())
    assert done == [0.0, 0.25, 0.5, 0.5, 0.75, 1.0]
    parts = tmp_path / "parts"
    with pytest.raises(KeyboardInterrupt):
        run(parts, Watched("2s3z", 5))  # in the middle of collecting
    grown = json.loads((parts / "iteration1" / GROWN).read_text())
    saved.replace(parts / "iteration1" / GROWN, json.dumps({**grown, "seconds": 1000.0}).encode())
    with pytest.raises(KeyboardInterrupt) as stopped:
        run(parts, Watched("seed 5", 3))  # in the middle of training the model, after two of its three updates
    assert "--out" not in str(stopped.value)  # which would go on with the model alone
    assert checkpoint.load(parts / "iteration1" / "model" / checkpoint.LAST)[0].update == 6
    with pytest.raises(KeyboardInterrupt):
        run(parts, Watched(), stop_at=0.75)
    last = Watched()
    result, _ = run(parts, last)
    assert last.shown == {"2s3z", "seed 5"}
    for name in (f"iteration1/{POLICY}", "iteration1/model/last.safetensors", "iteration1/model/best.safetensors"):
        assert (parts / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert whole.model_seconds is not None
    assert result.model_seconds is not None
    assert 5000 < whole.model_seconds < 6000 < result.model_seconds
    assert result.bounds is not None
    assert whole.bounds is not None
    assert result.bounds.unit_steps == whole.bounds.unit_steps
    assert result.bounds.acted == pytest.approx(whole.bounds.acted)
    assert result.bounds.mean == pytest.approx(whole.bounds.mean)
    unlike = {"seconds": 0.0, "model_seconds": 0.0, "bounds": None}
    assert replace(result, **unlike) == replace(whole, **unlike)  # type: ignore[arg-type]
