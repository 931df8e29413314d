"""What a window costs the paper's S2GRU, beside the same in a loop over modules and beside one GRU of equal size.

All take turns in one process on one thread, by the process's own clock, and each keeps its best round. Before anything
is timed, the loop over modules must give the same answers as the batched model; the attention, which has no parameters
of a module's own, is one product in both.
Run: ``make benchmark``, or ``python -m benchmarks.worldmodel [--rounds N] [--profile]``.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from worldmodel.attention import kernel_attention
from worldmodel.config import ModelConfig, Task, preset
from worldmodel.contract import Encoded, Memory, Observation, UnitQueries
from worldmodel.encoder import Asked, Tokens
from worldmodel.model import WorldModel
from worldmodel.models import build, parameter_count
from worldmodel.modules import ModuleGRU, ModuleLinear, gru_step
from worldmodel.s2rm import S2RM
from worldmodel.tokens import PAIR_WIDTH, ROW_WIDTH, TOKEN_WIDTH

BATCH, STEPS, TOKENS, PLACES = 16, 16, 24, 24
"""Windows side by side, their steps, units in sight (or asked about) and places asked about at each step."""
GROWTH_TOKENS = (12, 24, 48, 96)
GROWTH_MODULES = (9, 18, 36, 72)
TOLERANCE = 1e-5
"""How far the answers of two computations of one model may lie apart."""


class LoopedS2RM(S2RM):
    """The same S2GRU, its modules stepped one after the other as ``nn.Linear`` and a GRU step each."""

    def __init__(self, model: S2RM) -> None:
        super().__init__(model.config)
        self.load_state_dict(model.state_dict())
        assert isinstance(self.dynamics, ModuleGRU)
        parts = {
            "project": self.project,
            "merge": self.merge,
            "read": self.read_keys,
            "gates_input": self.dynamics.gates_input,
            "gates_state": self.dynamics.gates_state,
        }
        self.maps = nn.ModuleDict({name: nn.ModuleList(_linears(part)) for name, part in parts.items()})
        del self.project, self.merge, self.read_keys, self.dynamics

    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """As :meth:`S2RM.advance`, module by module where parameters are a module's own."""
        (state,) = memory
        reach, view_keys, view_values, neighbours = encoded
        ask, query, key, value = self._heads(self._each("project", state), 4)
        heard = kernel_attention(ask, view_keys, view_values, reach)
        mixed = self.norm(state + self._each("merge", kernel_attention(query, key, value, neighbours)))
        inputs, states = self.maps["gates_input"], self.maps["gates_state"]
        assert isinstance(inputs, nn.ModuleList)
        assert isinstance(states, nn.ModuleList)
        cells = [
            gru_step(from_input(heard[:, m]), from_state(mixed[:, m]), state[:, m])
            for m, (from_input, from_state) in enumerate(zip(inputs, states, strict=True))
        ]
        return (torch.stack(cells, dim=1),)

    def recall(self, memory: Memory, encoded: Encoded, asked: Asked) -> Tensor:
        """As :meth:`S2RM.recall`."""
        keys, values = self._heads(self._each("read", memory[0]), 2)
        (ask,) = self._heads(self.read_query(asked.query), 1)
        return kernel_attention(ask, keys, values, self.reach(asked.place).transpose(-1, -2))

    def _each(self, name: str, x: Tensor) -> Tensor:
        linears = self.maps[name]
        assert isinstance(linears, nn.ModuleList)
        return torch.stack([linear(x[..., m, :]) for m, linear in enumerate(linears)], dim=-2)


def _linears(maps: ModuleLinear) -> list[nn.Linear]:
    """The maps of a batched layer, one by one."""
    apart = []
    for weight, bias in zip(maps.weight, maps.bias, strict=True):
        outputs, inputs = weight.shape
        linear = nn.Linear(inputs, outputs)
        linear.weight.data, linear.bias.data = weight.data.clone(), bias.data.flatten()
        apart.append(linear)
    return apart


class PlainGRU(WorldModel):
    """One ``nn.GRU`` on the sum of the tokens: the cheapest memory with as many parameters."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, recalled=config.width)
        self.gru = nn.GRU(config.width, config.recurrent, batch_first=True)
        self.out = nn.Linear(config.recurrent, config.width)

    def start(self, observation: Observation) -> Memory:
        """Zeros."""
        return (observation.place.new_zeros(len(observation.place), self.config.recurrent),)

    def prepare(self, tokens: Tokens) -> Encoded:
        """The sum of the tokens."""
        return (tokens.content.sum(dim=-2),)

    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """One step of the GRU."""
        return (self.gru(encoded[0][:, None], memory[0][None])[1][0],)

    def window(self, memory: Memory, encoded: Encoded) -> tuple[Memory, Memory]:
        """All steps in torch's own loop."""
        states, last = self.gru(encoded[0], memory[0][None])
        return (states,), (last[0],)

    def recall(self, memory: Memory, encoded: Encoded, asked: Asked) -> Tensor:
        """The same summary for every query."""
        summary: Tensor = self.out(memory[0])
        return summary.unsqueeze(-2).expand(*asked.place.shape[:-1], -1)


def plain_gru(config: ModelConfig, parameters: int) -> PlainGRU:
    """A plain GRU with at least as many parameters, and hardly more."""
    recurrent = 8
    while parameter_count(PlainGRU(replace(config, recurrent=recurrent))) < parameters:
        recurrent += 8
    return PlainGRU(replace(config, recurrent=recurrent))


def s2gru(task: Task = "places", modules: int | None = None) -> S2RM:
    """The paper's S2GRU at the preset ``small``, with modules spread over the map."""
    torch.manual_seed(0)
    config = preset("small", "s2gru", task=task)[0]
    model = build(config if modules is None else replace(config, modules=modules))
    assert isinstance(model, S2RM)
    model.calibrate(_places(4096))
    return model


def _places(*shape: int) -> Tensor:
    """Places over most of the world, ``[*shape, 2]``."""
    return torch.rand(*shape, 2) * 1.6 - 0.8


class Window:
    """Random views and places to ask about; every method is one of the things that are timed."""

    def __init__(self, steps: int, tokens: int) -> None:
        shape = (BATCH, steps, tokens)
        present = torch.rand(shape) < 0.8
        self.observation = Observation(_places(*shape), torch.randn(*shape, TOKEN_WIDTH), 9.0 * present, present)
        self.places = _places(BATCH, steps, PLACES)
        self.units = UnitQueries(
            place=self.observation.place,
            rows=torch.randn(*shape, ROW_WIDTH),
            pairs=torch.randn(*shape, tokens, PAIR_WIDTH),
            present=self.observation.present,
            age=torch.zeros(shape),
        )

    def remembered(self, model: WorldModel) -> tuple[Memory, Encoded]:
        """The memory after each step, and the encoded views."""
        encoded = model.encode(self.observation)
        return model.window(model.start(self.observation), encoded)[0], encoded

    def answer(self, model: WorldModel) -> Tensor:
        """What the model says of all places, ``[B, T, Q, K, n, n]``."""
        return model.read_places(*self.remembered(model), self.places).log_rates

    def forward(self, model: WorldModel) -> None:
        """Without gradients."""
        with torch.no_grad():
            self.answer(model)

    def update(self, model: WorldModel) -> None:
        """Forward and backward, asked about places."""
        model.zero_grad()
        self.answer(model).square().mean().backward()  # type: ignore[no-untyped-call]

    def update_units(self, model: WorldModel) -> None:
        """Forward and backward, asked about units."""
        model.zero_grad()
        change, _ = model.read_units(*self.remembered(model), self.units)
        change.dx.square().mean().backward()  # type: ignore[no-untyped-call]


def best_ms(tasks: Mapping[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Milliseconds of process time of each task: all take turns, the fastest round of each counts; one warms up."""
    spent = dict.fromkeys(tasks, float("inf"))
    for turn in range(rounds + 1):
        for name, task in tasks.items():
            begun = time.process_time()
            task()
            if turn:
                spent[name] = min(spent[name], (time.process_time() - begun) * 1e3)
    return spent


def competitors(task: Task, rounds: int, console: Console) -> None:
    """The batched S2GRU, the loop over modules and the plain GRU on the same windows, asked about places or units."""
    batched, window, step = s2gru(task), Window(STEPS, TOKENS), Window(1, TOKENS)
    looped, plain = LoopedS2RM(batched), plain_gru(batched.config, parameter_count(batched))
    with torch.no_grad():
        apart = (window.answer(looped) - window.answer(batched)).abs().max().item()
    assert apart < TOLERANCE, f"the loop over modules answers otherwise, by {apart}"
    models: dict[str, WorldModel] = {"S2GRU": batched, "loop over modules": looped, "plain GRU": plain}
    columns: dict[str, Callable[[WorldModel], None]] = {"forward + backward": window.update_units}
    if task == "places":
        columns = {"forward + backward": window.update, "forward": window.forward, "an imagined step": step.forward}
    figures = {
        column: best_ms({name: partial(act, m) for name, m in models.items()}, rounds)
        for column, act in columns.items()
    }
    asked = PLACES if task == "places" else TOKENS
    title = f"ms a window: batch {BATCH}, {STEPS} steps, {TOKENS} tokens, {asked} {task} asked about a step"
    table = Table("model", "parameters", *columns, title=title)
    for name, model in models.items():
        cells = [f"{ms[name]:.1f} (x{ms[name] / ms['S2GRU']:.2f})" for ms in figures.values()]
        table.add_row(name, f"{parameter_count(model):,}", *cells)
    console.print(table)


def growth(rounds: int, console: Console) -> None:
    """How the window's cost grows with what is in sight and with modules."""
    model, window = s2gru(), Window(STEPS, TOKENS)
    by_tokens = {str(count): partial(Window(STEPS, count).update, model) for count in GROWTH_TOKENS}
    by_modules = {str(count): partial(window.update, s2gru(modules=count)) for count in GROWTH_MODULES}
    for of, tasks in (("tokens", by_tokens), ("modules", by_modules)):
        table = Table(of, "ms", title=f"S2GRU, forward + backward of a window, by {of}")
        for name, ms in best_ms(tasks, rounds).items():
            table.add_row(name, f"{ms:.0f}")
        console.print(table)


def profile(console: Console, rows: int = 20) -> None:
    """Where the time of one forward and backward goes, operator by operator."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as recorded

    model, window = s2gru(), Window(STEPS, TOKENS)
    window.update(model)
    with recorded(activities=[ProfilerActivity.CPU]) as seen:
        window.update(model)
    operators = sorted(seen.key_averages(), key=lambda o: -o.self_cpu_time_total)
    total = sum(operator.self_cpu_time_total for operator in operators)
    table = Table("operator", "share", "ms", "calls", "us a call", title=f"one window, {total / 1e3:.0f} ms")
    for operator in operators[:rows]:
        spent = operator.self_cpu_time_total
        each = f"{spent / operator.count:.0f}"
        table.add_row(operator.key, f"{spent / total:.1%}", f"{spent / 1e3:.1f}", str(operator.count), each)
    console.print(table)


def main() -> None:
    """Measure and print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="turns that competitors take")
    parser.add_argument("--profile", action="store_true", help="print where one window's time goes instead")
    given = parser.parse_args()
    torch.set_num_threads(1)
    console = Console(width=140)
    if given.profile:
        profile(console)
        return
    competitors("places", given.rounds, console)
    competitors("units", given.rounds, console)
    growth(given.rounds, console)


if __name__ == "__main__":
    main()
