"""S2GRU with local frames: our S2RM, in which every module keeps a soft map of the ground around it.

The paper's modules know what they hear but not where in their neighbourhood it was. Here a token enters a module bound
to its offset from the module's place, messages between modules carry the direction they come from, and a query reads
what a module holds at the query's own offset. All modules share one set of weights, so none learns physics of its own.
What is in sight needs no memory: a query also sees the current tokens, laid out around it the same way.
"""

import torch
from torch import Tensor, nn

from s2rm_sc2.views.entity import WORLD_SCALE
from worldmodel.config import ModelConfig
from worldmodel.contract import Encoded, Memory
from worldmodel.encoder import Asked, Tokens
from worldmodel.modules import gru_step
from worldmodel.s2rm import Modules

NEAR_CELLS, NEAR_CELL = 5, 2.0
"""The frame around a query in which it sees the tokens: knots along a side, and cells between two of them."""


class LocalS2GRU(Modules):
    """Modules with shared GRU weights and local frames, joined with what is in sight of the query."""

    spacing: Tensor

    def __init__(self, config: ModelConfig) -> None:
        d, bins, channels = config.hidden, config.frame**2, config.channels
        attended = config.heads * config.head_width
        super().__init__(config, recalled=config.width)
        self.register_buffer("spacing", torch.tensor(1.0))
        self.write = nn.Linear(config.width, channels)
        self.enter = nn.Linear(bins * (channels + 1), 3 * d)
        self.project = nn.Linear(d, 3 * attended)
        self.merge = nn.Linear(3 * attended, d)
        self.norm = nn.LayerNorm(d)
        self.gates_state = nn.Linear(d, 3 * d)
        self.read = nn.Linear(d, bins * 2 * channels)
        self.read_out = nn.Linear(2 * channels, config.width)
        self.near = nn.Linear(NEAR_CELLS**2 * (channels + 1), config.width)

    @torch.no_grad()
    def calibrate(self, places: Tensor) -> None:
        """Anchor the modules, and let a frame just cover the places that a module is in reach of."""
        super().calibrate(places)
        reached = self.reach(places).T > 0
        gaps = (places[:, None] - self.sphere.places).abs().amax(dim=-1)
        self.spacing.copy_(2.0 * gaps[reached].quantile(0.95) * WORLD_SCALE / (self.config.frame - 1))

    def prepare(self, tokens: Tokens) -> Encoded:
        """What the tokens write into every module, as gates of its GRU, for a whole window; and the tokens."""
        content = self.write(tokens.content) * tokens.present.unsqueeze(-1)
        written = self._bound(tokens.place, tokens.present).transpose(-1, -2) @ content
        lit = covered(self._knots(self.sphere.places, self.config.frame, self.spacing), tokens.place, tokens.sight)
        lit = lit & (self.ablation != "blind")
        written = torch.cat([written, lit.unsqueeze(-1).to(written.dtype)], dim=-1)
        shape = tokens.place.shape[:-2]
        entered = self.enter(written.reshape(*shape, self.config.modules, -1))
        points = self.sphere.module_points()
        at = self.sphere.places * (WORLD_SCALE / self.spacing)
        at = torch.cat([torch.ones_like(at[:, :1]), at - at.mean(dim=0)], dim=-1)
        constant = (part.expand(*shape, *part.shape) for part in (self.sphere.kernel(points, points), at))
        return entered, tokens.place, content, tokens.sight, *constant

    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """Messages between neighbours with the direction they come from, then the shared GRU."""
        (state,) = memory
        entered, *_, neighbours, at = encoded
        query, key, value = self.project(state).unflatten(-1, (3, self.config.heads, -1)).transpose(1, 3).unbind(2)
        weights = torch.sigmoid(query @ key.transpose(-1, -2) / self.config.head_width**0.5) * neighbours.unsqueeze(1)
        moments = (value.unsqueeze(-1) * at[:, None, :, None]).flatten(-2)  # value, and value times where it is from
        heard, ways = (weights @ moments).unflatten(-1, (-1, 3)).split([1, 2], dim=-1)
        heard = torch.cat([heard, ways - heard * at[:, None, :, None, 1:]], dim=-1)
        mixed = self.norm(state + self.merge(heard.transpose(1, 2).flatten(2)))
        return (gru_step(entered, self.gates_state(mixed), state),)

    def recall(self, memory: Memory, encoded: Encoded, asked: Asked) -> Tensor:
        """What the modules hold at each place; for bare places also the tokens around (a unit brings its own)."""
        held = self.read(memory[0]).unflatten(-1, (self.config.frame**2, -1)).flatten(-3, -2)
        told = self.read_out(self._bound(asked.place) @ held)
        return torch.relu(told if asked.units is not None else told + self._in_sight(encoded, asked.place))

    def _in_sight(self, encoded: Encoded, place: Tensor) -> Tensor:
        """The tokens around places, laid out on frames around them, and which of the frames' knots are lit."""
        _, token_place, content, sight, *_ = encoded
        knots, weights = corners(token_place.unsqueeze(-3) - place.unsqueeze(-2), NEAR_CELLS, NEAR_CELL)
        around = weights.new_zeros(*weights.shape[:-1], NEAR_CELLS**2).scatter(-1, knots, weights)
        seen = around.transpose(-1, -2) @ content.unsqueeze(-3)
        lit = covered(self._knots(place, NEAR_CELLS, NEAR_CELL), token_place, sight)
        lit = lit.reshape(*seen.shape[:-1], 1).to(seen.dtype)
        near: Tensor = self.near(torch.cat([seen, lit], dim=-1).flatten(-2))
        return near

    def _knots(self, middles: Tensor, knots: int, spacing: Tensor | float) -> Tensor:
        """The knots of frames around ``[..., K, 2]``, world coordinates ``[..., K * knots², 2]``."""
        steps = (torch.arange(knots, device=middles.device) - (knots - 1) / 2) * (spacing / WORLD_SCALE)
        return (middles.unsqueeze(-2) + torch.cartesian_prod(steps, steps)).flatten(-3, -2)

    def _bound(self, place: Tensor, present: Tensor | None = None) -> Tensor:
        """How places ``[..., N, 2]`` are bound to the knots of all frames: kernel times bilinear weights, mostly 0.

        Returns:
            ``[..., N, M * frame²]``.
        """
        bins, modules = self.config.frame**2, self.config.modules
        reach = self.reach(place, present).transpose(-1, -2)
        closest = modules if self.sphere.constant else min(modules, 2 * self.config.reach)
        kernel, module = reach.topk(closest, dim=-1)
        knots, weights = corners(place.unsqueeze(-2) - self.sphere.places[module], self.config.frame, self.spacing)
        knots, weights = knots + module.unsqueeze(-1) * bins, weights * kernel.unsqueeze(-1)
        empty = weights.new_zeros(*place.shape[:-1], modules * bins)
        return empty.scatter(-1, knots.flatten(-2), weights.flatten(-2))


def corners(offsets: Tensor, knots: int, spacing: Tensor | float) -> tuple[Tensor, Tensor]:
    """The four knots of a square frame around an offset, and its bilinear weights there (0 outside the frame).

    Args:
        offsets: ``[..., 2]``, world coordinates, from the frame's middle.
        knots: n, along a side.
        spacing: cells between two of them.

    Returns:
        Distinct knots, int64 ``[..., 4]`` below n², and weights ``[..., 4]``.
    """
    at = offsets * (WORLD_SCALE / spacing) + (knots - 1) / 2
    low = at.floor().clamp(0, knots - 2)
    high = (1.0 - (at - low - 1.0).abs()).clamp(min=0.0)
    x, y = torch.stack([(1.0 - (at - low).abs()).clamp(min=0.0), high], dim=-1).unbind(dim=-2)
    first = (low[..., 0] * knots + low[..., 1]).long()
    index = first.unsqueeze(-1) + torch.tensor([0, 1, knots, knots + 1], device=offsets.device)
    return index, (x.unsqueeze(-1) * y.unsqueeze(-2)).flatten(-2)


@torch.no_grad()
def covered(places: Tensor, looking: Tensor, sight: Tensor) -> Tensor:
    """Which places ``[..., P, 2]`` lie in sight of a unit at ``looking`` ``[..., N, 2]``, bool ``[..., P]``.

    Places are in world coordinates, ``sight`` ``[..., N]`` in cells (0 for units that do not look).
    """
    # sight² - |p - x|² for all pairs in one product: [p, |p|², 1] · [2 x, -1, sight² - |x|²].
    square, margin = places.square().sum(-1), (sight / WORLD_SCALE).square() - looking.square().sum(-1)
    first = torch.cat([places, torch.stack([square, torch.ones_like(square)], dim=-1)], dim=-1)
    second = torch.cat([2.0 * looking, torch.stack([-torch.ones_like(margin), margin], dim=-1)], dim=-1)
    return (first @ second.transpose(-1, -2)).amax(dim=-1) > 0
