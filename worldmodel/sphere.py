"""The learned sphere: where places and modules lie, and the truncated kernel that decides who interacts.

S2RM (arXiv 2007.06533): locations are embedded on the unit sphere, and everything local is weighted by
``Z(p, s) = exp(-2 ε (1 - p·s))`` where ``p·s >= τ`` and by exactly 0 elsewhere.
"""

import math

import torch
from torch import Tensor, nn

FREQUENCIES = (1.0, 2.0, 4.0)
"""Half-waves per unit of world coordinates in the sinusoidal features of a place."""

EDGE = 0.08
"""What the kernel has fallen to where it is cut off; fixes ε once τ is calibrated."""


def sinusoids(place: Tensor) -> Tensor:
    """Sinusoidal features of places ``[..., 2]`` in world coordinates, ``[..., 4 * len(FREQUENCIES)]``."""
    angles = torch.cat([place * (math.pi / 2 * f) for f in FREQUENCIES], dim=-1)
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


SINUSOID_WIDTH = 4 * len(FREQUENCIES)


class LocationEmbedding(nn.Module):
    """``P(x)``: places to points of the unit sphere in ``d`` dimensions.

    Ours: the embedding starts as the map's own plane projected onto the sphere, and a network on sinusoidal
    features learns how to bend it; a random start puts neighbours far apart, and modules go blind.
    """

    def __init__(self, dimensions: int, hidden: int = 32) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.bend = nn.Sequential(nn.Linear(SINUSOID_WIDTH, hidden), nn.Tanh(), nn.Linear(hidden, dimensions))
        last = self.bend[2]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, place: Tensor) -> Tensor:
        """Points ``[..., d]`` of places ``[..., 2]``."""
        plane = nn.functional.pad(place, (0, self.dimensions - 2))
        plane = plane + nn.functional.one_hot(
            torch.tensor(self.dimensions - 1, device=place.device), self.dimensions
        ).to(place.dtype)
        return nn.functional.normalize(plane + self.bend(sinusoids(place)), dim=-1)


class SphereKernel(nn.Module):
    """Modules anchored at places of the map, and the truncated kernel between them and any other point.

    ``p[m] = normalise(P(l[m]) + δ[m])`` with δ learned (ours: freely learned module embeddings end up out of
    reach of every view). ``places``, ``tau`` and ``epsilon`` are calibrated from data before training.
    """

    places: Tensor
    tau: Tensor
    epsilon: Tensor

    def __init__(self, modules: int, dimensions: int) -> None:
        super().__init__()
        self.locate = LocationEmbedding(dimensions)
        self.offset = nn.Parameter(torch.zeros(modules, dimensions))
        self.register_buffer("places", torch.zeros(modules, 2))
        self.register_buffer("tau", torch.tensor(0.9))
        self.register_buffer("epsilon", torch.tensor(10.0))

    def module_points(self) -> Tensor:
        """The modules' points on the sphere, ``[M, d]``."""
        return nn.functional.normalize(self.locate(self.places) + self.offset, dim=-1)

    def kernel(self, first: Tensor, second: Tensor) -> Tensor:
        """``Z`` between points ``[..., P, d]`` and ``[..., S, d]``: ``[..., P, S]``, exactly 0 beyond τ."""
        cosine = first @ second.transpose(-1, -2)
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
        cosine = self.locate(places) @ self.module_points().T
        reached = cosine.topk(min(reach, modules), dim=-1).values[:, -1]
        self.tau.copy_(reached.median())
        self.epsilon.copy_(-math.log(EDGE) / (2.0 * (1.0 - self.tau).clamp(min=1e-6)))


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
