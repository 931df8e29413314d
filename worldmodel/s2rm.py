"""S2GRU: spatially structured recurrent modules with GRU dynamics (arXiv 2007.06533), readable in one sitting.

Views write to the modules near the place they are taken from, modules talk to modules near them on the learned
sphere, each steps with parameters of its own, and a query reads the modules near its place.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from s2rm_sc2.views.entity import WORLD_SCALE
from worldmodel.attention import kernel_attention
from worldmodel.config import ModelConfig
from worldmodel.contract import Encoded, Observation
from worldmodel.sphere import SphereKernel
from worldmodel.unit_model import UnitModel


class ModuleLinear(nn.Module):
    """A linear map of its own for each of M modules, in one batched product."""

    def __init__(self, modules: int, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = 1.0 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(modules, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(modules, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """``[..., M, inputs]`` to ``[..., M, outputs]``."""
        flat = x.flatten(0, -3).transpose(0, 1)
        out = torch.baddbmm(self.bias.unsqueeze(1), flat, self.weight).transpose(0, 1)
        return out.reshape(*x.shape[:-1], -1)


class S2GRU(UnitModel):
    """The S2RM with GRU modules; its memory is ``[B, M, D]``."""

    def __init__(self, config: ModelConfig) -> None:
        m, d, attended = config.modules, config.hidden, config.heads * config.head_width
        super().__init__(config, recalled=attended)
        self.sphere = SphereKernel(m, config.sphere)
        self.view_keys = nn.Linear(config.width, 2 * attended)
        self.project = ModuleLinear(m, d, 4 * attended)  # query to views; query, key, value between modules
        self.merge = ModuleLinear(m, attended, d)
        self.norm = nn.LayerNorm(d)
        self.gates_input = ModuleLinear(m, attended, 3 * d)
        self.gates_state = ModuleLinear(m, d, 3 * d)
        self.read_keys = ModuleLinear(m, d, 2 * attended)
        self.read_query = nn.Linear(config.width, attended)

    def calibrate(self, places: Tensor) -> None:
        """Anchor the modules among the places of the data and set the kernel's reach."""
        self.sphere.calibrate(places, self.config.reach)

    def start(self, batch: int) -> Tensor:
        """Documented at :meth:`Predictor.start`."""
        return self.sphere.places.new_zeros(batch, self.config.modules, self.config.hidden)

    def encode(self, observation: Observation) -> Encoded:
        """Kernel between modules and views, keys and values of the views (steps 1 to 4), for a whole window."""
        encoded = self.views(observation)
        points = self.sphere.locate(observation.place)
        reach = self.sphere.kernel(self.sphere.module_points(), points)
        reach = reach * observation.present.unsqueeze(-2).to(reach.dtype)
        keys, values = self._heads(self.view_keys(encoded), 2)
        neighbours = self.sphere.kernel(self.sphere.module_points(), self.sphere.module_points())
        return reach, keys, values, neighbours.expand(*reach.shape[:2], -1, -1)

    def advance(self, memory: Tensor, encoded: Encoded) -> Tensor:
        """Input attention, inter-module attention and the modules' own GRU steps (steps 5 to 7)."""
        reach, view_keys, view_values, neighbours = encoded
        ask, query, key, value = self._heads(self.project(memory), 4)
        heard = kernel_attention(ask, view_keys, view_values, reach)
        state = self.norm(memory + self.merge(kernel_attention(query, key, value, neighbours)))
        return gru_step(self.gates_input(heard), self.gates_state(state), state)

    def recall(self, memory: Tensor, place: Tensor, query: Tensor) -> Tensor:
        """What the modules near each place hold (step 8), weighted by kernel and attention."""
        reach = self.sphere.kernel(self.sphere.locate(place), self.sphere.module_points())
        keys, values = self._heads(self.read_keys(memory), 2)
        (ask,) = self._heads(self.read_query(query), 1)
        return kernel_attention(ask, keys, values, reach)

    def _heads(self, x: Tensor, parts: int) -> tuple[Tensor, ...]:
        return x.reshape(*x.shape[:-1], parts, self.config.heads, self.config.head_width).unbind(-3)

    @torch.no_grad()
    def topology(self) -> dict[str, Any]:
        """Where the modules sit; reach is the distance in cells at which the kernel is cut off, around each."""
        points = self.sphere.module_points()
        axis = torch.linspace(-1.0, 1.0, 65, device=points.device)
        grid = torch.cartesian_prod(axis, axis)
        reached = self.sphere.kernel(self.sphere.locate(grid), points) > 0
        cell = (2.0 * WORLD_SCALE / 64) ** 2
        reach = (reached.sum(0) * cell / math.pi).sqrt()
        return {
            "places": ((self.sphere.places + 1.0) * WORLD_SCALE).cpu().numpy(),
            "reach": reach.cpu().numpy(),
            "dead": (reach == 0).cpu().numpy(),
            "points": points.cpu().numpy(),
        }


def gru_step(from_input: Tensor, from_state: Tensor, state: Tensor) -> Tensor:
    """A GRU cell on projected gates ``[..., 3D]`` (reset, update, new), as ``torch.nn.GRUCell`` computes it."""
    input_reset, input_update, input_new = from_input.chunk(3, dim=-1)
    state_reset, state_update, state_new = from_state.chunk(3, dim=-1)
    reset = torch.sigmoid(input_reset + state_reset)
    update = torch.sigmoid(input_update + state_update)
    new = torch.tanh(input_new + reset * state_new)
    return new + update * (state - new)
