"""One moment of a battle on one set of axes: terrain, bodies to scale, bars, and what one agent sees.

Teams have colours that colour-blind readers can tell apart (Okabe and Ito's palette); types have shapes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from torch import Tensor

from s2rm_sc2.draw.shapes import CROSS, SHAPES, placed
from s2rm_sc2.scenarios import Scenario, Terrain
from s2rm_sc2.sides import ALLY, ENEMY
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_TYPES

TEAM_COLOURS = {ALLY: "#0072B2", ENEMY: "#D55E00"}
HEALTH_COLOUR, SHIELD_COLOUR = "#009E73", "#56B4E9"
INK, GROUND, HIGH_GROUND, CLIFF, BLOCKED, HATCH = "#2b2f36", "#f6f3ec", "#e2d8c5", "#a3937a", "#b9bfc7", "#9aa2ad"
DIMMED = 0.3
"""Opacity of what is drawn but not seen."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Window:
    """The part of the map that a picture shows, map cells."""

    x0: float
    x1: float
    y0: float
    y1: float

    @property
    def aspect(self) -> float:
        """Height over width."""
        return (self.y1 - self.y0) / (self.x1 - self.x0)


def window_of(scenario: Scenario, tables: Sequence[UnitTable], margin: float = 2.0) -> Window:
    """The part of the map that holds every living unit of the tables: at least 12 cells wide, between 2:3 and 1:1."""
    width, height = scenario.terrain.size
    x0, x1 = _span([table.x[table.alive] for table in tables], margin, 12.0, width)
    y0, y1 = _span([table.y[table.alive] for table in tables], margin, (x1 - x0) / 1.5, height)
    x0, x1 = _widened(x0, x1, y1 - y0, width)
    return Window(x0, x1, y0, y1)


def whole_map(scenario: Scenario) -> Window:
    """All of the map."""
    width, height = scenario.terrain.size
    return Window(0.0, float(width), 0.0, float(height))


def _span(places: Sequence[Tensor], margin: float, least: float, size: int) -> tuple[float, float]:
    known = torch.cat([place.flatten() for place in places])
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, float(size))
    return _widened(low - margin, high + margin, least, size)


def _widened(low: float, high: float, least: float, size: int) -> tuple[float, float]:
    """An interval of at least this length around the same middle, moved and cut to lie in ``0..size``."""
    spare = max(0.0, least - (high - low)) / 2
    low, high = low - spare, high + spare
    shift = max(0.0, -low) - max(0.0, high - size)
    return max(0.0, low + shift), min(float(size), high + shift)


def draw_terrain(axes: Axes, scenario: Scenario, window: Window) -> None:
    """Walkable cells, darker the higher they lie; cliffs that can be climbed darker still; blocked cells hatched."""
    ground = scenario.terrain
    low, high = ground.height[ground.walkable].min(), ground.height[ground.walkable].max()
    level = ((ground.height - low) / max(high - low, 1.0)).clip(0, 1)[..., None]
    flat, raised, cliff, blocked = (np.array(to_rgb(colour)) for colour in (GROUND, HIGH_GROUND, CLIFF, BLOCKED))
    image = np.where(ground.walkable[..., None], flat + (raised - flat) * level, blocked)
    image[ground.cliffs] = cliff
    width, height = ground.size
    axes.imshow(image.transpose(1, 0, 2), origin="lower", extent=(0, width, 0, height), interpolation="nearest")
    hatch = [((x, y), (x + 1, y + 1)) for x, y in np.argwhere(~ground.walkable & ~ground.cliffs)]
    axes.add_collection(LineCollection(hatch, colors=HATCH, linewidths=0.6, zorder=1))
    axes.add_collection(PolyCollection(_blocked_halves(ground), color=BLOCKED, linewidths=0.3, zorder=1))
    axes.set(xlim=(window.x0, window.x1), ylim=(window.y0, window.y1), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set(color=INK, linewidth=0.6)


def _blocked_halves(ground: Terrain) -> list[list[tuple[int, int]]]:
    """The triangles that are blocked in halved cells."""
    halves = []
    for x, y in np.argwhere(ground.halved > 0).tolist():
        far = int(ground.halved[x, y]) - 1
        far_x, far_y = far % 2, far // 2
        halves.append([(x + far_x, y + far_y), (x + 1 - far_x, y + far_y), (x + far_x, y + 1 - far_y)])
    return halves


def draw_sight(axes: Axes, window: Window, units: UnitTable, agent: int, reach: float) -> None:
    """Darkens what lies outside the agent's sight circle, and everything once the agent is dead.

    Args:
        units: one battle's table, fields ``[U]``.
        reach: the sight range, cells.
    """
    corners = [(window.x0, window.y0), (window.x0, window.y1), (window.x1, window.y1), (window.x1, window.y0)]
    dark = Path([*corners, corners[0]], closed=True)  # clockwise, so that the circle cuts a hole into it
    if bool(units.alive[agent]):
        x, y, body = float(units.x[agent]), float(units.y[agent]), UNIT_TYPES[int(units.type[agent])].radius
        circle = placed(Path.unit_circle(), x, y, reach)
        dark = Path.make_compound_path(dark, circle)
        axes.add_patch(PathPatch(circle, fc="none", ec=INK, lw=0.9, ls=(0, (4, 3)), zorder=3))
        axes.add_patch(PathPatch(placed(Path.unit_circle(), x, y, 1.5 * body), fc="none", ec=INK, lw=1.2, zorder=3))
    axes.add_patch(PathPatch(dark, fc="#1d2433", ec="none", alpha=0.2, zorder=1.5))


def draw_units(axes: Axes, units: UnitTable, lit: Mask, shown: Mask) -> None:
    """Living bodies with their bars, flyers topmost, and faded crosses where units died.

    Args:
        units: one battle's table, fields ``[U]``.
        lit: bool ``[U]``, drawn in full; the others are dimmed.
        shown: bool ``[U]``, drawn at all.
    """
    front_last = sorted(np.flatnonzero(shown).tolist(), key=lambda i: (_storey(units, i), -float(units.y[i])))
    living = [i for i in front_last if bool(units.alive[i])]
    dead = [i for i in front_last if not bool(units.alive[i])]
    crosses = [_outline(units, i, CROSS, 0.55) for i in dead]
    _add(axes, crosses, ["none"] * len(dead), _colours(units, dead), [0.4] * len(dead), 1.4, zorder=2)
    bodies = [_outline(units, i) for i in living]
    alpha = [1.0 if lit[i] else DIMMED for i in living]
    _add(axes, bodies, _colours(units, living), ["white"] * len(living), alpha, 0.7, zorder=4)
    _draw_bars(axes, units, living, bodies, alpha)


def _storey(units: UnitTable, i: int) -> int:
    """What may stand above what: flyers above cliff walkers above the rest."""
    kind = UNIT_TYPES[int(units.type[i])]
    return 2 if kind.plane == "air" else int(kind.walks_cliffs)


def _add(
    axes: Axes,
    outlines: Sequence[Path],
    faces: Sequence[str],
    edges: Sequence[str],
    alpha: Sequence[float],
    linewidth: float,
    zorder: float,
) -> None:
    """Draws outlines as one artist; colours and opacity are one per outline."""
    fill = [to_rgba(face, 0.0 if face == "none" else opaque) for face, opaque in zip(faces, alpha, strict=True)]
    line = [to_rgba(edge, opaque) for edge, opaque in zip(edges, alpha, strict=True)]
    axes.add_collection(PathCollection(outlines, fc=fill, ec=line, lw=linewidth, zorder=zorder), autolim=False)


def _outline(units: UnitTable, i: int, shape: Path | None = None, scale: float = 1.0) -> Path:
    """The unit's own shape (or another), at its place, to scale."""
    kind = UNIT_TYPES[int(units.type[i])]
    return placed(shape or SHAPES[kind.name], float(units.x[i]), float(units.y[i]), scale * kind.radius)


def _colours(units: UnitTable, rows: Sequence[int]) -> list[str]:
    return [TEAM_COLOURS[int(units.team[i])] for i in rows]


def _draw_bars(
    axes: Axes, units: UnitTable, rows: Sequence[int], bodies: Sequence[Path], alpha: Sequence[float]
) -> None:
    """Health, and above it shield, over each body."""
    boxes, colours, opacity = [], [], []
    for i, body, opaque in zip(rows, bodies, alpha, strict=True):
        kind = UNIT_TYPES[int(units.type[i])]
        width, height = max(1.7 * kind.radius, 0.8), 0.17
        left, bottom = float(units.x[i]) - width / 2, float(np.asarray(body.vertices)[:, 1].max()) + 0.08
        bars = [(float(units.health[i]), kind.health, HEALTH_COLOUR)]
        if kind.shield:
            bars.append((float(units.shield[i]), kind.shield, SHIELD_COLOUR))
        for points, most, colour in bars:
            filled = width * min(max(points / most, 0.0), 1.0)
            boxes += [_box(left, bottom, filled, height), _box(left + filled, bottom, width - filled, height)]
            colours += [colour, "white"]
            opacity += [opaque] * 2
            bottom += height
    _add(axes, boxes, colours, [INK] * len(boxes), opacity, 0.35, zorder=5)


def _box(left: float, bottom: float, width: float, height: float) -> Path:
    return Path(np.asarray(Path.unit_rectangle().vertices) * (width, height) + (left, bottom), closed=True)


def draw_displacement(axes: Axes, imagined: UnitTable, real: UnitTable, shown: Mask) -> None:
    """Hollow outlines where units really are, tied to where they are imagined."""
    rows = np.flatnonzero(shown & real.alive.numpy()).tolist()
    outlines = [_outline(real, i) for i in rows]
    dashed = PathCollection(outlines, fc="none", ec=_colours(real, rows), lw=0.8, ls=[(0, (2, 1.2))], zorder=4.5)
    axes.add_collection(dashed, autolim=False)
    ties = [[(float(table.x[i]), float(table.y[i])) for table in (imagined, real)] for i in rows]
    axes.add_collection(LineCollection(ties, colors=INK, lw=0.8, zorder=3.5), autolim=False)
