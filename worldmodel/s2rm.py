"""S2RM: spatially structured recurrent modules (arXiv 2007.06533), as the paper has them, readable in one sitting.

What is seen writes to the modules near its place, modules talk to modules near them on the learned sphere, each steps
with parameters of its own, and a query reads the modules near its place.
"""

from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from worldmodel.attention import kernel_attention
from worldmodel.config import ModelConfig
from worldmodel.contract import Encoded, Memory, Observation
from worldmodel.encoder import Asked, Tokens
from worldmodel.model import WorldModel
from worldmodel.modules import ModuleGRU, ModuleLinear, ModuleRMC
from worldmodel.sphere import SphereKernel

Ablation = Literal["none", "reset", "blind", "constant", "idle", "forget"]
"""What is taken away at test time: all memory before every step, the views, the kernel's locality; and of a model with
two memories one at a time: the modules' states (idle), or what was last seen (forget)."""


class Modules(WorldModel):
    """What every S2RM has: modules on the sphere, the ablations, and the topology."""

    ablations: ClassVar[tuple[Ablation, ...]] = ("reset", "blind", "constant")
    """What can be taken away from it."""

    ablation: Ablation = "none"

    def __init__(self, config: ModelConfig, recalled: int) -> None:
        super().__init__(config, recalled)
        self.sphere = SphereKernel(config.modules, config.sphere, config.literal)

    def calibrate(self, places: Tensor) -> None:
        """Anchor the modules among the places of the data and set the kernel's reach."""
        self.sphere.calibrate(places, self.config.reach)

    def ablate(self, ablation: Ablation) -> None:
        """Take something away from a trained model, to see whether it was used."""
        self.ablation = ablation
        self.sphere.constant = ablation == "constant"

    def start(self, observation: Observation) -> Memory:
        """Documented at :meth:`Predictor.start`."""
        return (observation.place.new_zeros(len(observation.place), self.config.modules, self.config.hidden),)

    def reach(self, place: Tensor, present: Tensor | None = None) -> Tensor:
        """``Z`` between modules and places ``[..., N, 2]``, 0 where nothing is present: ``[..., M, N]``."""
        kernel = self.sphere.kernel(self.sphere.module_points(), self.sphere.locate(place))
        if present is None:
            return kernel
        return kernel * (present & (self.ablation != "blind")).unsqueeze(-2).to(kernel.dtype)

    def window(self, memory: Memory, encoded: Encoded) -> tuple[Memory, Memory]:
        """Documented at :meth:`Predictor.window`; a reset state forgets everything before every step."""
        if self.ablation not in ("reset", "idle"):
            return super().window(memory, encoded)
        blank = tuple(torch.zeros_like(part) for part in memory)
        steps = [self.advance(blank, step) for step in zip(*(part.unbind(dim=1) for part in encoded), strict=True)]
        return tuple(torch.stack(parts, dim=1) for parts in zip(*steps, strict=True)), steps[-1]

    def topology(self) -> dict[str, Any]:
        """Documented at :meth:`Predictor.topology`."""
        return self.sphere.topology()


class S2RM(Modules):
    """The paper's S2RM: S2GRU where modules are GRU cells, S2RMC where they are relational memory cores."""

    def __init__(self, config: ModelConfig) -> None:
        m, d, attended = config.modules, config.hidden, config.heads * config.head_width
        super().__init__(config, recalled=attended)
        self.view_keys = nn.Linear(config.width, 2 * attended)
        self.project = ModuleLinear(m, d, 4 * attended)  # query to views; query, key, value between modules
        self.merge = ModuleLinear(m, attended, d)
        self.norm = nn.LayerNorm(d)
        self.dynamics = (
            ModuleRMC(m, attended, d, config.slots) if config.dynamics == "rmc" else ModuleGRU(m, attended, d)
        )
        self.read_keys = ModuleLinear(m, d, 2 * attended)
        self.read_query = nn.Linear(config.width, attended)

    def prepare(self, tokens: Tokens) -> Encoded:
        """Kernel between modules and tokens, keys and values of the tokens (steps 1 to 4), for a whole window."""
        keys, values = self._heads(self.view_keys(tokens.content), 2)
        reach = self.reach(tokens.place, tokens.present)
        points = self.sphere.module_points()
        neighbours = self.sphere.kernel(points, points).expand(1, reach.shape[1], -1, -1)  # the same for all battles
        return reach, keys, values, neighbours

    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """Input attention, inter-module attention and the modules' own dynamics (steps 5 to 7)."""
        (state,) = memory
        reach, view_keys, view_values, neighbours = encoded
        ask, query, key, value = self._heads(self.project(state), 4)
        heard = kernel_attention(ask, view_keys, view_values, reach)
        mixed = self.norm(state + self.merge(kernel_attention(query, key, value, neighbours)))
        return (self.dynamics(heard, mixed, state),)

    def recall(self, memory: Memory, encoded: Encoded, asked: Asked) -> Tensor:
        """What the modules near each place hold (step 8), weighted by kernel and attention."""
        keys, values = self._heads(self.read_keys(memory[0]), 2)
        (ask,) = self._heads(self.read_query(asked.query), 1)
        return kernel_attention(ask, keys, values, self.reach(asked.place).transpose(-1, -2))

    def _heads(self, x: Tensor, parts: int) -> tuple[Tensor, ...]:
        return x.reshape(*x.shape[:-1], parts, self.config.heads, self.config.head_width).unbind(-3)
