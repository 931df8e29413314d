import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from worldmodel.baselines.relative import RelativeAttention, offsets
from worldmodel.baselines.rim import RIM
from worldmodel.baselines.rmc import PooledRMC
from worldmodel.baselines.tto import TTO, RelativeGeometry
from worldmodel.config import ModelConfig, preset
from worldmodel.contract import Observation
from worldmodel.modules import ModuleGRU, ModuleLinear, ModuleRMC
from worldmodel.tokens import TOKEN_WIDTH


def observation(steps: int, tokens: int = 5, battles: int = 3) -> Observation:
    torch.manual_seed(1)
    place, features = torch.rand(battles, steps, tokens, 2) - 0.5, torch.randn(battles, steps, tokens, TOKEN_WIDTH)
    present = torch.rand(battles, steps, tokens) < 0.7
    hidden = ~present.unsqueeze(-1)
    sight = torch.where(present, 9.0, 0.0)
    return Observation(place.masked_fill(hidden, 0.0), features.masked_fill(hidden, 0.0), sight, present)


def said(model: TTO, seen: Observation, place: Tensor) -> Tensor:
    encoded = model.encode(seen)
    memory, _ = model.window(model.start(seen), encoded)
    return model.read_places(memory, encoded, place).log_rates[:, -1]


@pytest.mark.parametrize("name", ["tto8", "tto8-relative"])
def test_tto_knows_the_last_eight_steps_and_not_the_one_before(name: str) -> None:
    torch.manual_seed(0)
    model = TTO(preset("debug", name)[0])
    seen, place = observation(steps=12), torch.rand(3, 12, 4, 2) - 0.5
    before = said(model, seen, place)
    for step, matters in ((3, False), (4, True)):
        features = seen.features.clone()
        features[:, step] += 1.0 * seen.present[:, step, :, None]
        changed = said(model, replace(seen, features=features), place)
        assert torch.allclose(before, changed, atol=1e-6) != matters


def test_tto_without_memory_answers_from_the_step_itself() -> None:
    torch.manual_seed(0)
    model = TTO(ModelConfig("tto8", width=16, steps=1))
    seen, place = observation(steps=3), torch.rand(3, 3, 4, 2) - 0.5
    now = Observation(seen.place[:, 2:], seen.features[:, 2:], seen.sight[:, 2:], seen.present[:, 2:])
    torch.testing.assert_close(said(model, seen, place), said(model, now, place[:, 2:]))


def test_tto_asked_before_anything_was_seen_answers_with_what_holds_anywhere() -> None:
    torch.manual_seed(0)
    model = TTO(preset("debug", "tto8-relative")[0])
    seen = observation(steps=2)
    nothing = Observation(seen.place * 0, seen.features * 0, seen.sight * 0, seen.present & False)
    encoded = model.encode(nothing)
    memory, _ = model.window(model.start(nothing), encoded)
    recalled = model.recall(memory, encoded, model.places(torch.rand(3, 2, 4, 2)))
    assert (recalled == model.out.bias).all()


def test_the_bell_of_a_head_is_a_squared_distance_from_where_it_looks() -> None:
    torch.manual_seed(0)
    geometry = RelativeGeometry(width=6, sharing=1, counting=3)
    query, at, token = torch.randn(5, 6), torch.randn(1, 5, 2) * 4, torch.randn(7, 2) * 4
    parts = torch.cat([token, token.square().sum(-1, keepdim=True), torch.ones(7, 1)], dim=-1)
    bells = geometry.near(query, at) @ parts.T
    shift = geometry.shift(query).unflatten(-1, (4, 2))
    for head in range(4):
        for q in range(5):
            aim = at[0, q] + geometry.centre[head] + shift[q, head]
            expected = -geometry.sharpness[head].exp() * (token - aim).square().sum(-1)
            torch.testing.assert_close(bells[head, q], expected, rtol=1e-4, atol=1e-4)


def test_rim_updates_as_many_modules_as_it_may_and_leaves_the_others() -> None:
    torch.manual_seed(0)
    model = RIM(preset("debug", "rim")[0])
    seen = observation(steps=4)
    memory, _ = model.window(model.start(seen), model.encode(seen))
    states = memory[0]
    changed = (states[:, 1:] != states[:, :-1]).any(dim=-1)
    assert (changed.sum(dim=-1) == 4).all()
    assert changed.any(dim=(0, 1)).sum() > 4


def test_offsets_say_where_one_place_lies_from_another() -> None:
    pairs = offsets(torch.tensor([[0.0, 0.0], [3 / 16, 4 / 16]]))
    torch.testing.assert_close(pairs[0, 1], torch.tensor([3 / 9, 4 / 9, 5 / 9, 1 / 6, 0.6, 0.8]))
    torch.testing.assert_close(pairs[1, 0, :2], -pairs[0, 1, :2])


def test_units_that_are_not_shown_give_nothing_and_alone_there_is_nothing_to_give() -> None:
    torch.manual_seed(0)
    attend = RelativeAttention(width=8, pairs=6, heads=2, head_width=4)
    units, place = torch.randn(4, 8), torch.randn(4, 2)
    shown = torch.tensor([True, True, False, True])
    given = attend(units, offsets(place), shown)
    units[2], place[2] = 9.0, 9.0
    assert torch.equal(given[shown], attend(units, offsets(place), shown)[shown])
    assert (attend(units, offsets(place), shown & False) == attend.out.bias).all()


def test_batched_modules_step_like_a_loop_over_gru_cells() -> None:
    torch.manual_seed(0)
    modules, inputs, hidden = 6, 5, 7
    batched = ModuleGRU(modules, inputs, hidden)
    heard, state = torch.randn(4, modules, inputs), torch.randn(4, modules, hidden)
    stepped = batched(heard, state, state)
    for m in range(modules):
        cell = nn.GRUCell(inputs, hidden)
        with torch.no_grad():
            cell.weight_ih.copy_(batched.gates_input.weight[m])
            cell.weight_hh.copy_(batched.gates_state.weight[m])
            cell.bias_ih.copy_(batched.gates_input.bias[m, 0])
            cell.bias_hh.copy_(batched.gates_state.bias[m, 0])
        torch.testing.assert_close(stepped[:, m], cell(heard[:, m], state[:, m]), rtol=1e-5, atol=1e-6)


def test_batched_modules_step_like_a_loop_over_relational_memory_cores() -> None:
    torch.manual_seed(0)
    modules, inputs, slots, width = 3, 5, 4, 6
    batched = ModuleRMC(modules, inputs, slots * width, slots)
    heard = torch.randn(2, modules, inputs)
    mixed, state = torch.randn(2, 2, modules, slots * width)
    stepped = batched(heard, mixed, state)

    def linear(which: ModuleLinear, m: int, x: Tensor) -> Tensor:
        return x @ which.weight[m].T + which.bias[m, 0]

    for m in range(modules):
        for b in range(2):
            memory, held = mixed[b, m].reshape(slots, width), state[b, m].reshape(slots, width)
            entry = linear(batched.take, m, heard[b, m])[None]
            query, key, value = linear(batched.attend, m, torch.cat([memory, entry])).chunk(3, dim=-1)
            weights = (query[:slots] @ key.T / math.sqrt(width)).softmax(dim=-1)
            thought = batched.norm_attended(memory + weights @ value)
            thought = batched.norm_thought(thought + linear(batched.think, m, thought).relu())
            gates = linear(batched.gates_input, m, entry) + linear(batched.gates_state, m, memory.tanh())
            let_in, forget = (
                (gates + torch.tensor([0.0, 1.0]).repeat_interleave(gates.shape[-1] // 2)).sigmoid().chunk(2, dim=-1)
            )
            expected = let_in * thought.tanh() + forget * held
            torch.testing.assert_close(stepped[b, m].reshape(slots, width), expected, rtol=1e-4, atol=1e-5)


def test_the_rows_of_a_memory_that_starts_empty_come_apart() -> None:
    torch.manual_seed(0)
    model = PooledRMC(preset("debug", "rmc")[0])
    seen = observation(steps=1)
    _, (memory,) = model.window(model.start(seen), model.encode(seen))
    rows = memory.reshape(3, 4, 8)
    assert (rows[:, 1:] - rows[:, :1]).abs().amax(dim=-1).min() > 0.01
