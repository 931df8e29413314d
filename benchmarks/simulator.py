"""Speed of battles that a model imagines: env and agent steps a second by batch size, and where the time goes.

An env step is one imagined step of one battle with masks, random available actions, observations and state; battles
that end start anew. One thread, by the process's own clock. Models are untrained: speed does not depend on weights.
Run: ``python -m benchmarks.simulator [--map 3s5z] [--models s2gru-local,lstm] [--seconds 5] [--device cuda]``.
"""

import argparse
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table

from s2rm_sc2.backends.learned import LearnedBackend
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.scenarios import get
from s2rm_sc2.units import UNIT_NAMES
from worldmodel.config import preset
from worldmodel.models import build
from worldmodel.simulator import Simulator
from worldmodel.train import choose_device

BATCHES = (1, 64, 256, 1024)
MODELS = "s2gru-local,s2gru,lstm,unit-gru,transformer"
ENGINE = "embedded engine"


def simulator(name: str, device: torch.device) -> Simulator:
    """A model of the preset ``small``, its modules spread over the map."""
    torch.manual_seed(0)
    model = build(preset("small", name)[0])
    model.calibrate(torch.rand(4096, 2) * 1.6 - 0.8)
    return Simulator(model.to(device), frozenset(UNIT_NAMES), {"model": name})


class Play:
    """Battles under random available actions; ``model`` None is the embedded engine."""

    def __init__(self, name: str, n_battles: int, model: Simulator | None) -> None:
        scenario = get(name)
        backend = None if model is None else LearnedBackend(scenario, n_battles, model)
        self.battles, self.seed = BatchedBattles(scenario, n_battles, backend), n_battles
        self.battles.reset(range(n_battles))
        self.device = self.battles.steps.device
        self.draws = torch.Generator(self.device).manual_seed(0)

    def step(self) -> None:
        """One env step of every battle, with all that a learner reads."""
        battles, masks = self.battles, self.battles.available_actions()
        chances = torch.rand(masks.shape, generator=self.draws, device=self.device)
        battles.step((masks * chances).argmax(-1))
        battles.observation()
        battles.state()
        over = battles.done.nonzero()[:, 0].tolist()
        if over:
            battles.reset(range(self.seed, self.seed + len(over)), over)
            self.seed += len(over)

    def per_second(self, seconds: float) -> float:
        """Env steps a second of process time (on a GPU, of wall time)."""
        clock: Callable[[], float] = time.process_time if self.device.type == "cpu" else time.perf_counter
        for _ in range(2):
            self.step()
        begun, rounds = self._now(clock), 0
        while rounds < 3 or self._now(clock) - begun < seconds:
            self.step()
            rounds += 1
        return rounds * self.battles.n_battles / (self._now(clock) - begun)

    def _now(self, clock: Callable[[], float]) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return clock()


def speeds(name: str, models: list[str], device: torch.device, seconds: float, console: Console) -> None:
    """Env steps a second of each model and of the engine, by batch size."""
    agents = get(name).n_agents
    title = f"{name}: imagined env steps/s by battles side by side ({device}; agent steps/s: times {agents})"
    table = Table("model", *map(str, BATCHES), title=title)
    for model in (*models, ENGINE):
        made = None if model == ENGINE else simulator(model, device)
        table.add_row(model, *(f"{Play(name, battles, made).per_second(seconds):,.0f}" for battles in BATCHES))
    console.print(table)


def profile(name: str, model: str, device: torch.device, console: Console, battles: int = 256) -> None:
    """Which parts of a step take its time, and its dearest operators."""
    from torch.profiler import ProfilerActivity, record_function
    from torch.profiler import profile as recorded

    play = Play(name, battles, simulator(model, device))
    backend = play.battles.backend
    assert isinstance(backend, LearnedBackend)
    parts = {
        "model": (backend.model, "foresee"),
        "belief": (backend.model, "follow"),
        "bounds": (backend.bounds, "hold"),
        "masks": (play.battles.views, "available_actions"),
        "observations": (play.battles.views, "observation"),
        "state": (play.battles.views, "state"),
    }
    for part, (owner, method) in parts.items():
        setattr(owner, method, _named(record_function, f"part: {part}", getattr(owner, method)))
    play.step()
    with recorded(activities=[ProfilerActivity.CPU]) as seen:
        for _ in range(3):
            play.step()
    events = seen.key_averages()
    total = sum(event.self_cpu_time_total for event in events)
    table = Table(
        "what", "share", "ms a step", title=f"{model}, {battles} battles of {name}: {total / 3e3:.0f} ms a step"
    )
    for event in sorted(events, key=lambda event: -event.cpu_time_total):
        if event.key.startswith("part: "):
            table.add_row(event.key, f"{event.cpu_time_total / total:.1%}", f"{event.cpu_time_total / 3e3:.1f}")
    table.add_section()
    for event in sorted(events, key=lambda event: -event.self_cpu_time_total)[:12]:
        table.add_row(event.key, f"{event.self_cpu_time_total / total:.1%}", f"{event.self_cpu_time_total / 3e3:.1f}")
    console.print(table)


def _named(record: Callable[[str], object], name: str, method: Callable[..., object]) -> Callable[..., object]:
    def named(*args: object, **kwargs: object) -> object:
        with record(name):  # type: ignore[attr-defined]
            return method(*args, **kwargs)

    return named


def main() -> None:
    """Measure what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--map", default="3s5z")
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    console, device, models = Console(), choose_device(arguments.device), arguments.models.split(",")
    speeds(arguments.map, models, device, arguments.seconds, console)
    profile(arguments.map, models[0], device, console)


if __name__ == "__main__":
    main()
