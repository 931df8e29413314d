"""S2GRU with local frames: our S2RM, in which every module keeps a soft map of the ground around it.

The paper's modules know what they hear but not where in their neighbourhood it was. Here a token enters a module bound
to its offset from the module's place, messages between modules carry the direction they come from, and a query reads
what a module holds at the query's own offset. All modules share one set of weights, so none learns physics of its own.
Beside their states they remember single tokens, exactly where each was, until somebody looks there again; around a
place that is asked about these spread as clouds.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from s2rm_sc2.views.entity import WORLD_SCALE
from worldmodel.clouds import KINDS, Clouds
from worldmodel.config import ModelConfig
from worldmodel.contract import Encoded, LocalMap, Memory, Observation
from worldmodel.encoder import Asked, Tokens
from worldmodel.frames import corners, knots_around
from worldmodel.last_seen import LastSeen, covered, remember
from worldmodel.modules import gru_step
from worldmodel.readout import MAP_CELL, MAP_CELLS
from worldmodel.s2rm import Ablation, Modules


class LocalS2GRU(Modules):
    """Modules with shared GRU weights and local frames, and what was last seen and not looked at again."""

    ablations: ClassVar[tuple[Ablation, ...]] = (*Modules.ablations, "idle", "forget")
    spacing: Tensor

    def __init__(self, config: ModelConfig) -> None:
        d, channels, messages = config.hidden, config.channels, config.heads * config.head_width
        super().__init__(config, recalled=config.width)
        self.bins = config.frame**2
        self.register_buffer("spacing", torch.tensor(1.0))
        self.write = nn.Linear(config.width, channels)
        self.enter = nn.Linear(self.bins * channels, 3 * d)
        self.enter_light = nn.Linear(self.bins, 3 * d, bias=False)
        self.message = nn.Linear(d, messages)
        self.merge = nn.Linear(3 * messages, d)
        self.norm = nn.LayerNorm(d)
        self.gates_state = nn.Linear(d, 3 * d)
        self.read = nn.Linear(d, self.bins * channels)
        self.read_out = nn.Linear(channels, config.width)
        self.clouds = Clouds(config.width)
        self.light = nn.Linear(MAP_CELLS**2, config.width, bias=False)

    @torch.no_grad()
    def calibrate(self, places: Tensor) -> None:
        """Anchor the modules, and let a frame just cover the places that a module is in reach of."""
        super().calibrate(places)
        reached = self.reach(places).T > 0
        gaps = (places[:, None] - self.sphere.places).abs().amax(dim=-1)
        self.spacing.copy_(2.0 * gaps[reached].quantile(0.9) * WORLD_SCALE / (self.config.frame - 1))

    def start(self, observation: Observation) -> Memory:
        """Documented at :meth:`Predictor.start`."""
        seen = LastSeen.nothing(observation.place, self.config.remembered, self.config.width + KINDS)
        return *super().start(observation), *seen.parts

    def prepare(self, tokens: Tokens) -> Encoded:
        """What the tokens write into every module, as gates of its GRU, for a whole window; and the tokens."""
        present = tokens.present.unsqueeze(-1)
        content = self.write(tokens.content) * present
        rows, weights = self._bound(tokens.place, tokens.present)
        empty = content.new_zeros(*content.shape[:-2], self.config.modules * self.bins, content.shape[-1])
        entries = (weights.unsqueeze(-1) * content.unsqueeze(-2)).flatten(0, -2)
        written = empty.flatten(0, -2).index_add(0, rows.flatten(), entries)
        written = written.reshape(*content.shape[:-2], self.config.modules, -1)
        lit = covered(knots_around(self.sphere.places, self.config.frame, self.spacing), tokens.place, tokens.sight)
        lit = lit.reshape(*written.shape[:-1], -1) & (self.ablation != "blind")
        busy = written.detach().any(dim=-1) | lit.any(dim=-1)  # most modules hear and see nothing: they enter the bias
        heard = self.enter(written[busy]) + self.enter_light(lit[busy].to(written.dtype))
        entered = self.enter.bias.expand(*busy.shape, -1).index_put((busy,), heard)
        ways = self._ways().expand(1, busy.shape[1], -1, -1)
        kept = torch.cat([tokens.content, tokens.kind], dim=-1)
        return entered, ways, tokens.place, kept, tokens.sight, tokens.present

    def window(self, memory: Memory, encoded: Encoded) -> tuple[Memory, Memory]:
        """Documented at :meth:`Predictor.window`: the modules' states step by step, what was last seen all at once."""
        states, last = super().window(memory[:1], encoded[:2])
        place, content, sight, present = encoded[2:]
        only_now = self.ablation in ("reset", "blind", "forget")
        seen = remember(LastSeen(*memory[1:]), place, content, sight, present, only_now)
        return (*states, *seen.parts), (*last, *(part[:, -1] for part in seen.parts))

    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """Messages between neighbours with the direction they come from, then the shared GRU."""
        (state,) = memory
        entered, ways = encoded
        heard = (ways @ self.message(state)).unflatten(1, (3, -1)).transpose(1, 2).flatten(2)
        mixed = self.norm(state + self.merge(heard))
        return (gru_step(entered, self.gates_state(mixed), state),)

    def recall(self, memory: Memory, encoded: Encoded, asked: Asked) -> Tensor:
        """What the modules hold at each place; for bare places also the tokens around (a unit brings its own)."""
        rows, weights = self._bound(asked.place)
        held = self.read(memory[0]).reshape(-1, self.config.channels).index_select(0, rows.flatten())
        told = self.read_out((weights.unsqueeze(-2) @ held.reshape(*weights.shape, -1)).squeeze(-2))
        if asked.units is not None:
            return torch.relu(told)
        _, _, token_place, _, sight, _ = encoded
        lit = covered(knots_around(asked.place, MAP_CELLS, MAP_CELL), token_place, sight).reshape(*told.shape[:-1], -1)
        return torch.relu(told + self.light(lit.to(told.dtype)))

    def read_places(self, memory: Memory, encoded: Encoded, place: Tensor) -> LocalMap:
        """Documented at :meth:`WorldModel.read_places`; what was last seen is added to what the modules expect."""
        return self.clouds.added(super().read_places(memory, encoded, place), LastSeen(*memory[1:]), place)

    def _ways(self) -> Tensor:
        """How messages add up: kernel times (1, dx, dy) from module to module, ``[3 M, M]``."""
        points, places = self.sphere.module_points(), self.sphere.places
        offsets = (places - places.unsqueeze(-2)) * (WORLD_SCALE / self.spacing)
        moments = torch.cat([torch.ones_like(offsets[..., :1]), offsets], dim=-1)
        return (self.sphere.kernel(points, points).unsqueeze(-1) * moments).permute(2, 0, 1).flatten(0, 1)

    def _bound(self, place: Tensor, present: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """To which knots places ``[..., N, 2]`` are bound, and how strongly: kernel times bilinear weights.

        Returns:
            Rows of all battles' and steps' knots, int64 ``[..., N, K]``, and weights ``[..., N, K]``.
        """
        modules = self.config.modules
        kernel, module = self.sphere.closest(place, min(modules, self.config.reach + 2))
        if present is not None:
            kernel = kernel * (present & (self.ablation != "blind")).unsqueeze(-1).to(kernel.dtype)
        knots, weights = corners(place.unsqueeze(-2) - self.sphere.places[module], self.config.frame, self.spacing)
        tables = torch.arange(place[..., 0, 0].numel(), device=place.device).reshape(*place.shape[:-2], 1, 1, 1)
        rows = (tables * modules + module.unsqueeze(-1)) * self.bins + knots
        return rows.flatten(-2), (weights * kernel.unsqueeze(-1)).flatten(-2)
