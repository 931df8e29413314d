"""The learned sphere: where places and modules lie, and the truncated kernel that decides who interacts.

S2RM (arXiv 2007.06533): locations are embedded on the unit sphere, and everything local is weighted by
``Z(p, s) = exp(-2 ε (1 - p·s))`` where ``p·s >= τ`` and by exactly 0 elsewhere.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from s2rm_sc2.views.entity import WORLD_SCALE

FREQUENCIES = (1.0, 2.0, 4.0)
"""Half-waves per unit of world coordinates in the sinusoidal features of a place."""

SPAN = 1.0
"""Angle in radians between the middle of the map and the farthest place of the data."""

LITERAL_TAU, LITERAL_EPSILON = 0.6, 4.0
"""The kernel of the paper's own form, which nothing calibrates."""

EDGE = 0.08
"""What the kernel has fallen to where it is cut off; fixes ε once τ is calibrated."""


def sinusoids(place: Tensor) -> Tensor:
    """Sinusoidal features of places ``[..., 2]`` in world coordinates, ``[..., 4 * len(FREQUENCIES)]``."""
    angles = torch.cat([place * (math.pi / 2 * f) for f in FREQUENCIES], dim=-1)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


SINUSOID_WIDTH = 4 * len(FREQUENCIES)


class LocationEmbedding(nn.Module):
    """``P(x)``: places to points of the unit sphere in ``d`` dimensions.

    Ours: the embedding starts as the map laid onto the sphere around its pole (azimuthal equidistant), and a network
    on sinusoidal features learns how to bend it; a random start puts neighbours far apart, and modules go blind.

    Args:
        dimensions: d, at least 3.
        literal: start at random, as the paper has it.
    """

    middle: Tensor
    angle: Tensor

    def __init__(self, dimensions: int, literal: bool = False, hidden: int = 32) -> None:
        super().__init__()
        self.dimensions, self.literal = dimensions, literal
        self.bend = nn.Sequential(nn.Linear(SINUSOID_WIDTH, hidden), nn.Tanh(), nn.Linear(hidden, dimensions))
        self.register_buffer("middle", torch.zeros(2))
        self.register_buffer("angle", torch.tensor(1.0))
        if not literal:
            nn.init.zeros_(self.bend[2].weight)  # type: ignore[arg-type]
            nn.init.zeros_(self.bend[2].bias)  # type: ignore[arg-type]

    def forward(self, place: Tensor) -> Tensor:
        """Points ``[..., d]`` of places ``[..., 2]``."""
        bent: Tensor = self.bend(sinusoids(place))
        if self.literal:
            return nn.functional.normalize(bent, dim=-1)
        flat = (place - self.middle) * self.angle
        length = flat.norm(dim=-1, keepdim=True).clamp(min=1e-6)
        pole = nn.functional.pad(torch.cos(length), (self.dimensions - 3, 0))
        laid = torch.cat([flat * (torch.sin(length) / length), pole], dim=-1)
        return nn.functional.normalize(laid + bent, dim=-1)

    @torch.no_grad()
    def calibrate(self, places: Tensor) -> None:
        """Lay the map so that its pole is in the middle of the places and the farthest lie :data:`SPAN` from it."""
        self.middle.copy_((places.amin(0) + places.amax(0)) / 2)
        self.angle.copy_(SPAN / (places - self.middle).norm(dim=-1).amax().clamp(min=1e-6))


class SphereKernel(nn.Module):
    """Modules on the sphere, and the truncated kernel between them and any other point.

    ``p[m] = normalise(P(l[m]) + δ[m])`` with δ learned (ours: freely learned module embeddings end up out of reach of
    every view). ``places``, ``tau`` and ``epsilon`` are calibrated from data before training.

    Args:
        modules: M.
        dimensions: d, at least 3.
        literal: the paper's kernel instead: embeddings start at random, anchored nowhere, τ and ε are fixed.
    """

    places: Tensor
    tau: Tensor
    epsilon: Tensor
    constant: bool = False
    """An ablation: every module is in reach of everything, at the mean of the kernel."""

    def __init__(self, modules: int, dimensions: int, literal: bool = False) -> None:
        super().__init__()
        self.literal = literal
        self.locate = LocationEmbedding(dimensions, literal)
        offset = torch.randn(modules, dimensions) if literal else torch.zeros(modules, dimensions)
        self.offset = nn.Parameter(offset)
        self.register_buffer("places", torch.zeros(modules, 2))
        self.register_buffer("tau", torch.tensor(LITERAL_TAU))
        self.register_buffer("epsilon", torch.tensor(LITERAL_EPSILON))

    def module_points(self) -> Tensor:
        """The modules' points on the sphere, ``[M, d]``."""
        anchors = 0.0 if self.literal else self.locate(self.places)
        return nn.functional.normalize(anchors + self.offset, dim=-1)

    def kernel(self, first: Tensor, second: Tensor) -> Tensor:
        """``Z`` between points ``[..., P, d]`` and ``[..., S, d]``: ``[..., P, S]``, exactly 0 beyond τ."""
        if self.constant:
            points = self.module_points()
            return self._truncated(points @ points.T).mean().expand(*(first @ second.transpose(-1, -2)).shape)
        return self._truncated(first @ second.transpose(-1, -2))

    def closest(self, place: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """``Z`` of the modules closest to places ``[..., N, 2]``, and which they are; both ``[..., N, count]``."""
        if self.constant:
            kernel = self.kernel(self.locate(place), self.module_points())
            return kernel, torch.arange(kernel.shape[-1], device=place.device).expand(kernel.shape)
        cosine, module = (self.locate(place) @ self.module_points().T).topk(count, dim=-1)
        return self._truncated(cosine), module

    def _truncated(self, cosine: Tensor) -> Tensor:
        return torch.where(cosine >= self.tau, torch.exp(-2.0 * self.epsilon * (1.0 - cosine)), 0.0)

    @torch.no_grad()
    def calibrate(self, places: Tensor, reach: int) -> None:
        """Spread the modules over the places of the data and set τ and ε so that a place reaches ``reach`` modules.

        Args:
            places: float32 ``[N, 2]``, world coordinates of units in the training data.
            reach: modules that the median place reaches.
        """
        modules = self.places.shape[0]
        self.places.copy_(_spread(places, modules))
        if self.literal:
            return
        self.locate.calibrate(places)
        cosine = self.locate(places) @ self.module_points().T
        reached = cosine.topk(min(reach, modules), dim=-1).values[:, -1]
        self.tau.copy_(reached.median())
        self.epsilon.copy_(-math.log(EDGE) / (2.0 * (1.0 - self.tau).clamp(min=1e-6)))

    @torch.no_grad()
    def topology(self) -> dict[str, Any]:
        """Where the modules sit; reach is the radius in cells of the part of the map that each one serves."""
        points = self.module_points()
        low, high = self.places.amin(0) - 0.5, self.places.amax(0) + 0.5
        steps = torch.linspace(0.0, 1.0, 65, device=points.device)
        grid = low + torch.cartesian_prod(steps, steps) * (high - low)
        reached = self.kernel(self.locate(grid), points) > 0
        cell = ((high - low) * WORLD_SCALE / 64).prod()
        reach = (reached.sum(0) * cell / math.pi).sqrt()
        return {
            "places": ((self.places + 1.0) * WORLD_SCALE).cpu().numpy(),
            "reach": reach.cpu().numpy(),
            "dead": (reach == 0).cpu().numpy(),
            "points": points.cpu().numpy(),
        }


def _spread(places: Tensor, count: int, rounds: int = 10) -> Tensor:
    """``count`` centres over the places: farthest points first, then Lloyd's iterations; deterministic."""
    centres = places[:1]
    nearest = (places - centres[0]).square().sum(-1)
    for _ in range(count - 1):
        centres = torch.cat([centres, places[nearest.argmax()][None]])
        nearest = torch.minimum(nearest, (places - centres[-1]).square().sum(-1))
    for _ in range(rounds):
        owner = torch.cdist(places, centres).argmin(-1)
        sums = torch.zeros_like(centres).index_add_(0, owner, places)
        sizes = torch.bincount(owner, minlength=count)[:, None]
        centres = torch.where(sizes > 0, sums / sizes.clamp(min=1), centres)
    return centres
