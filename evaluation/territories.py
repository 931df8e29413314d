"""Which places of a map each module of an S2RM serves, and where the modules sit on the sphere."""

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from s2rm_sc2.scenarios import Terrain
from s2rm_sc2.views.entity import WORLD_SCALE
from worldmodel.sphere import SphereKernel

Floats = npt.NDArray[np.float64]


SAMPLES = 128
"""Places along a side of a map of 32 cells, 64, or 128, at which the kernel is read."""


@dataclass(frozen=True)
class Territories:
    """The topology of M modules over a map of W x H cells, read at X x Y places.

    Attributes:
        points: float64 ``[M, 3]``, the modules on the sphere as the reader sees it: x, y, and towards the reader.
        ground: float64 ``[W + 1, H + 1, 3]``, the corners of the map's cells on it.
        held: share of the squared distances from the sphere's middle that these three dimensions hold, 0 to 1.
        neighbours: float64 ``[M, M]``, the kernel between modules.
        reach: float64 ``[X, Y, M]``, the kernel between places, evenly spread over the map, and modules.
        walkable: bool ``[X, Y]``, whether the places can be walked.
        cell: how many cells lie between neighbouring places.
    """

    points: Floats
    ground: Floats
    held: float
    neighbours: Floats
    reach: Floats
    walkable: npt.NDArray[np.bool_]
    cell: float

    @property
    def dead(self) -> list[int]:
        """The modules that no walkable place reaches."""
        return [int(m) for m in np.flatnonzero(~(self.reach[self.walkable] > 0).any(axis=0))]

    @property
    def owner(self) -> npt.NDArray[np.int64]:
        """The module that each place reaches most, int64 ``[X, Y]``; -1 where none or nobody can walk."""
        strongest = self.reach.argmax(axis=-1)
        return np.where(self.walkable & (self.reach.max(axis=-1) > 0), strongest, -1)

    @property
    def middles(self) -> Floats:
        """The middle of what each module serves in cells, weighted by the kernel, ``[M, 2]``; NaN of dead ones."""
        weight = np.where(self.walkable[..., None], self.reach, 0.0)
        cells = (np.moveaxis(np.indices(self.walkable.shape), 0, -1) + 0.5) * self.cell
        total = weight.sum(axis=(0, 1))
        summed = np.einsum("whm,whc->mc", weight, cells)
        blank: Floats = np.full_like(summed, np.nan)
        middles: Floats = np.divide(summed, total[:, None], out=blank, where=total[:, None] > 0)
        return middles


@torch.no_grad()
def territories(sphere: SphereKernel, terrain: Terrain) -> Territories:
    """Reads a sphere; it stays as it is."""
    width, height = terrain.size
    fine = max(1, SAMPLES // max(width, height))
    points = sphere.module_points()
    ground = sphere.locate(_world(width + 1, height + 1, points))
    middles = sphere.locate(_world(width * fine, height * fine, points, 0.5, 1 / fine))
    axes, held = _axes(_array(points))
    upright = _upright(_array(ground) @ axes)
    return Territories(
        points=_array(points) @ axes @ upright,
        ground=_array(ground) @ axes @ upright,
        held=held,
        neighbours=_array(sphere.kernel(points, points)),
        reach=_array(sphere.kernel(middles, points)),
        walkable=terrain.walkable.repeat(fine, axis=0).repeat(fine, axis=1),
        cell=1 / fine,
    )


def _world(width: int, height: int, like: Tensor, shift: float = 0.0, cell: float = 1.0) -> Tensor:
    """World coordinates of a grid of places this many cells apart, float32 ``[width, height, 2]``."""
    x, y = ((torch.arange(number, device=like.device) + shift) * cell for number in (width, height))
    return torch.stack(torch.meshgrid(x, y, indexing="ij"), dim=-1) / WORLD_SCALE - 1.0


def _axes(points: Floats) -> tuple[Floats, float]:
    """Three directions, ``[d, 3]``: two along the modules' widest spread, then one towards where most of them are."""
    middle = points.mean(axis=0)
    length = np.linalg.norm(middle)
    front = middle / length if length > 1e-6 else np.eye(points.shape[1])[-1]
    flat = points - np.outer(points @ front, front)
    _, _, directions = np.linalg.svd(flat, full_matrices=True)
    side = np.array([direction for direction in directions if abs(direction @ front) < 0.5])[:2]
    axes = np.stack([*side, front], axis=1)
    held = float(((points @ axes) ** 2).sum() / (points**2).sum())
    return axes, held if math.isfinite(held) else 0.0


def _upright(ground: Floats) -> Floats:
    """The turn, or turn and mirroring, around the reader's direction that brings the map's x right and its y up."""
    cells = np.moveaxis(np.indices(ground.shape[:2]), 0, -1).reshape(-1, 2).astype(np.float64)
    shown = ground[..., :2].reshape(-1, 2)
    left, _, right = np.linalg.svd((shown - shown.mean(axis=0)).T @ (cells - cells.mean(axis=0)))
    turn = np.eye(3)
    turn[:2, :2] = left @ right
    return turn


def _array(tensor: Tensor) -> Floats:
    return cast(Floats, tensor.double().cpu().numpy())
