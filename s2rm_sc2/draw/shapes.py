"""One outline per unit type, each with the area of the unit circle, so that a body's radius is its scale."""

import numpy as np
import numpy.typing as npt
from matplotlib.path import Path

Corners = npt.NDArray[np.float64]


def _polygon(sides: int, turn: float = 0.0) -> Corners:
    angle = np.pi / 2 + turn + 2 * np.pi * np.arange(sides) / sides
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _star(points: int, inner: float) -> Corners:
    return _polygon(2 * points) * np.where(np.arange(2 * points) % 2, inner, 1.0)[:, None]


def _plus() -> Corners:
    arm = np.array([(1, 3), (1, 1), (3, 1)])
    return np.concatenate([arm, arm[::-1] * (1, -1), -arm, arm[::-1] * (-1, 1)]).astype(np.float64)


def _unit_area(corners: Corners) -> Path:
    x, y = corners.T
    area = 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))
    return Path(np.concatenate([corners, corners[:1]]) * np.sqrt(np.pi / area), closed=True)


SHAPES: dict[str, Path] = {
    "marine": Path.unit_circle(),
    "marauder": _unit_area(_polygon(4, np.pi / 4)),
    "medivac": _unit_area(_plus()),
    "stalker": _unit_area(_polygon(4)),
    "zealot": _unit_area(_polygon(3)),
    "colossus": _unit_area(_polygon(6)),
    "zergling": _unit_area(_polygon(3, np.pi)),
    "baneling": _unit_area(_star(8, 0.72)),
    "hydralisk": _unit_area(_polygon(5)),
    "spine_crawler": _unit_area(_star(5, 0.5)),
}
"""Outlines by unit type name, around the origin."""

CROSS = Path([(-1, -1), (1, 1), (-1, 1), (1, -1)], [Path.MOVETO, Path.LINETO, Path.MOVETO, Path.LINETO])
"""What marks the place of a death."""


def placed(shape: Path, x: float, y: float, scale: float) -> Path:
    """The outline in map cells, around ``(x, y)``."""
    return Path(np.asarray(shape.vertices) * scale + (x, y), shape.codes)
