"""Recurrent cells for many modules at once: parameters of their own per module, stepped in one batched product."""

import math

import torch
from torch import Tensor, nn


class ModuleLinear(nn.Module):
    """A linear map of its own for each of M modules, in one batched product."""

    def __init__(self, modules: int, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = 1.0 / math.sqrt(inputs)
        # Outputs first: gradients of small batches then multiply by the weights as they lie, which is far faster.
        self.weight = nn.Parameter(torch.empty(modules, outputs, inputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(modules, 1, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """``[..., M, inputs]`` to ``[..., M, outputs]``."""
        flat = x.flatten(0, -3).transpose(0, 1)
        out = torch.bmm(flat, self.weight.transpose(1, 2)).add_(self.bias)
        return out.transpose(0, 1).reshape(*x.shape[:-1], -1)


def gru_step(from_input: Tensor, from_state: Tensor, state: Tensor) -> Tensor:
    """A GRU cell on projected gates ``[..., 3D]`` (reset, update, new), as ``torch.nn.GRUCell`` computes it."""
    sizes = (2 * state.shape[-1], state.shape[-1])
    input_gates, input_new = torch.split_with_sizes(from_input, sizes, dim=-1)
    state_gates, state_new = torch.split_with_sizes(from_state, sizes, dim=-1)
    reset, update = torch.sigmoid(input_gates + state_gates).chunk(2, dim=-1)
    return torch.lerp(torch.tanh(torch.addcmul(input_new, reset, state_new)), state, update)


class ModuleGRU(nn.Module):
    """A GRU cell of its own for each of M modules."""

    def __init__(self, modules: int, inputs: int, hidden: int) -> None:
        super().__init__()
        self.gates_input = ModuleLinear(modules, inputs, 3 * hidden)
        self.gates_state = ModuleLinear(modules, hidden, 3 * hidden)

    def forward(self, heard: Tensor, mixed: Tensor, state: Tensor) -> Tensor:
        """New states ``[..., M, D]`` from inputs ``[..., M, I]``, states mixed with neighbours', and states."""
        return gru_step(self.gates_input(heard), self.gates_state(mixed), state)


class ModuleRMC(nn.Module):
    """A relational memory core (Santoro et al. 2018) of its own for each of M modules.

    A module's state is a matrix of ``slots`` rows of width D / slots. The rows attend to each other and to the input,
    and are then gated against what they were; forgetting has to be learned (a bias of 1, as in the paper's code).
    """

    def __init__(self, modules: int, inputs: int, hidden: int, slots: int) -> None:
        super().__init__()
        self.slots, width = slots, hidden // slots
        self.take = ModuleLinear(modules, inputs, width)
        self.attend = ModuleLinear(modules, width, 3 * width)
        self.think = ModuleLinear(modules, width, width)
        self.gates_input = ModuleLinear(modules, width, 2 * width)
        self.gates_state = ModuleLinear(modules, width, 2 * width)
        self.norm_attended, self.norm_thought = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, heard: Tensor, mixed: Tensor, state: Tensor) -> Tensor:
        """New states ``[..., M, D]`` from inputs ``[..., M, I]``, states mixed with neighbours', and states."""
        # [..., S, M, w]: modules where their maps expect them.
        memory, kept = (x.reshape(*x.shape[:-1], self.slots, -1).transpose(-2, -3) for x in (mixed, state))
        entry = self.take(heard).unsqueeze(-3)
        query, key, value = self.attend(torch.cat([memory, entry], dim=-3)).transpose(-2, -3).chunk(3, dim=-1)
        attended = nn.functional.scaled_dot_product_attention(query[..., :-1, :], key, value).transpose(-2, -3)
        thought = self.norm_attended(memory + attended)
        thought = self.norm_thought(thought + torch.relu(self.think(thought)))
        gates = self.gates_input(entry) + self.gates_state(torch.tanh(memory))
        let_in, forget = gates.chunk(2, dim=-1)
        memory = torch.sigmoid(let_in) * torch.tanh(thought) + torch.sigmoid(forget + 1.0) * kept
        return memory.transpose(-2, -3).flatten(-2)
