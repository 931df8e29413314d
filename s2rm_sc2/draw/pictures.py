"""Whole pictures of a battle: an animation, a strip of frames, real frames above imagined ones."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from PIL import Image
from torch import Tensor

from s2rm_sc2.draw import field
from s2rm_sc2.draw.shapes import CROSS, SHAPES
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.scenarios.terrain import TILE
from s2rm_sc2.sides import ALLY, ENEMY
from s2rm_sc2.table import UnitTable
from s2rm_sc2.views.sight import sees, sight_ranges

FRAME_MS, LAST_FRAME_MS, GIF_COLOURS, PNG_COLOURS = 140, 1500, 64, 256
PANEL_INCHES, GIF_INCHES, GIF_DPI, PNG_DPI = 3.0, 6.4, 100, 160
LEGEND_INCHES = 1.25
"""Room for an entry of the legend."""


def write_gif(
    path: Path, scenario: Scenario, tables: UnitTable, agent: int | None = None, window: field.Window | None = None
) -> Path:
    """Animates a battle, one frame a step.

    Args:
        path: the GIF to write; its folder is made.
        tables: the battle in time, fields ``[T, U]``.
        agent: row of the agent whose sight is shown; nobody's by default.
        window: the part of the map to draw; by default where the units go.

    Returns:
        The path.
    """
    window = window or field.window_of(scenario, [tables])
    figure, [[axes]] = _panels(1, 1, window, _legend(scenario, agent), GIF_INCHES, GIF_DPI)
    field.draw_terrain(axes, scenario, window)

    def draw(step: int) -> None:
        _moment(axes, scenario, window, tables[step], agent)
        _caption(axes, tables[step], f"{scenario.name}   step {step}")

    return _animate(path, figure, len(tables.x), draw)


def write_comparison_gif(path: Path, scenario: Scenario, real: UnitTable, imagined: UnitTable) -> Path:
    """Animates a battle as it was beside the same battle as a model imagined it, one frame a step.

    Args:
        path: the GIF to write; its folder is made.
        real, imagined: the same steps, fields ``[T, U]``.

    Returns:
        The path.
    """
    window = field.window_of(scenario, [real, imagined])
    figure, [sides] = _panels(1, 2, window, _legend(scenario, None), 0.75 * GIF_INCHES, GIF_DPI)
    for axes in sides:
        field.draw_terrain(axes, scenario, window)

    def draw(step: int) -> None:
        for axes, tables, what in zip(sides, (real, imagined), ("real", "imagined"), strict=True):
            _moment(axes, scenario, window, tables[step], None)
            _caption(axes, tables[step], f"{what}   +{step}")

    return _animate(path, figure, len(real.x), draw)


def _animate(path: Path, figure: Figure, steps: int, draw: Callable[[int], None]) -> Path:
    """Writes a GIF of what ``draw`` adds to a figure at each step, upon what stands still."""
    canvas: Any = FigureCanvasAgg(figure)  # matplotlib types none of what follows
    canvas.draw()
    background, images = canvas.copy_from_bbox(figure.bbox), []
    for step in range(steps):
        canvas.restore_region(background)
        still = {artist for axes in figure.axes for artist in axes.get_children()}
        draw(step)
        moving = [(axes, artist) for axes in figure.axes for artist in axes.get_children() if artist not in still]
        for axes, artist in sorted(moving, key=lambda pair: pair[1].zorder):
            axes.draw_artist(artist)
            artist.remove()
        images.append(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"))
    path.parent.mkdir(parents=True, exist_ok=True)
    _save_gif(path, images)
    return path


def picture(scenario: Scenario, units: UnitTable, agent: int | None = None) -> npt.NDArray[np.uint8]:
    """Draws one moment on the whole map; all pictures of a scenario have one size.

    Args:
        units: the moment, fields ``[U]``.
        agent: row of the agent whose sight is shown; nobody's by default.

    Returns:
        uint8 ``[height, width, 3]``.
    """
    window = field.whole_map(scenario)
    figure, [[axes]] = _panels(1, 1, window, _legend(scenario, agent), GIF_INCHES, GIF_DPI)
    field.draw_terrain(axes, scenario, window)
    _moment(axes, scenario, window, units, agent)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


def write_strip(
    path: Path,
    scenario: Scenario,
    tables: UnitTable,
    frames: int | Sequence[int] = 6,
    agent: int | None = None,
    window: field.Window | None = None,
) -> Path:
    """Draws moments of a battle side by side as one PNG.

    Args:
        path: the PNG to write; its folder is made.
        tables: the battle in time, fields ``[T, U]``.
        frames: the steps to draw, or how many, at most T: then evenly spread from the first to the last.
        agent: row of the agent whose sight is shown; nobody's by default.
        window: the part of the map to draw; by default where the units go.

    Returns:
        The path.
    """
    steps = _spread(len(tables.x), frames) if isinstance(frames, int) else frames
    window = window or field.window_of(scenario, [tables])
    panel = PANEL_INCHES * max(1.0, (window.x1 - window.x0) / TILE)
    figure, rows = _panels(1, len(steps), window, _legend(scenario, agent), panel)
    for axes, step in zip(rows[0], steps, strict=True):
        field.draw_terrain(axes, scenario, window)
        _moment(axes, scenario, window, tables[step], agent)
        _caption(axes, tables[step], f"step {step}")
    return _save_png(path, figure)


def write_comparison(
    path: Path, scenario: Scenario, real: UnitTable, imagined: UnitTable, known: Tensor | None = None, frames: int = 6
) -> Path:
    """Draws a battle as it was above the same battle as a model imagined it, as one PNG.

    In the lower row dashed outlines stand where the units really were.

    Args:
        path: the PNG to write; its folder is made.
        real, imagined: the same steps, fields ``[T, U]``; step 0 is the last one that the model saw.
        known: bool ``[T, U]``, what the lower row shows: the units in sight at step 0, those asked for after it;
            all by default.
        frames: how many moments; at most T.

    Returns:
        The path.
    """
    steps = _spread(len(real.x), frames)
    shown = np.ones(real.x.shape, dtype=np.bool_) if known is None else known.numpy()
    visible = imagined.alive if known is None else imagined.alive & known
    window = field.window_of(scenario, [real, replace(imagined, alive=visible)])
    figure, rows = _panels(2, len(steps), window, _legend(scenario, None, imagined=True))
    for above, below, step in zip(*rows, steps, strict=True):
        for axes, units, drawn in ((above, real[step], None), (below, imagined[step], shown[step])):
            field.draw_terrain(axes, scenario, window)
            _moment(axes, scenario, window, units, None, drawn)
        living = shown[step] & imagined[step].alive.numpy()
        if step > 0:
            field.draw_displacement(below, imagined[step], real[step], living)
        _caption(above, real[step], "now" if step == 0 else f"+{step}")
        _caption(below, real[step], "seen" if step == 0 else f"+{step}", living)
    rows[0][0].set_ylabel("real", fontsize=11, color=field.INK)
    rows[1][0].set_ylabel("imagined", fontsize=11, color=field.INK)
    return _save_png(path, figure)


def _spread(length: int, frames: int) -> list[int]:
    return sorted({round(float(step)) for step in np.linspace(0, length - 1, min(frames, length))})


def _moment(
    axes: Axes,
    scenario: Scenario,
    window: field.Window,
    units: UnitTable,
    agent: int | None,
    shown: field.Mask | None = None,
) -> None:
    """Everything that moves: units and sight."""
    everything = np.ones(len(units.x), dtype=np.bool_)
    lit = everything
    if agent is not None:
        lit = sees(units.map(lambda column: column[None]), scenario)[0, agent].numpy()
        field.draw_sight(axes, window, units, agent, float(sight_ranges(scenario)[units.type[agent]]))
    field.draw_units(axes, units, lit, everything if shown is None else shown)


def _caption(axes: Axes, units: UnitTable, words: str, living: field.Mask | None = None) -> None:
    """The step on the left, the living of both teams on the right, above the field."""
    living = units.alive.numpy() if living is None else living
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.5}
    texts = [(words, "left", 0, field.INK, "normal")]
    for team, inset in ((ENEMY, 0), (ALLY, 18)):
        alive = int((living & (units.team.numpy() == team)).sum())
        texts.append((str(alive), "right", inset, field.TEAM_COLOURS[team], "bold"))
    for text, side, inset, colour, weight in texts:
        corner, shift = ((0, 1), (5, -5)) if side == "left" else ((1, 1), (-5 - inset, -5))
        axes.annotate(
            text, corner, xycoords="axes fraction", xytext=shift, textcoords="offset points", ha=side, va="top",
            color=colour, weight=weight, fontsize=9, bbox=box, zorder=10,
        )  # fmt: skip


def _legend(scenario: Scenario, agent: int | None, imagined: bool = False) -> list[Line2D | Patch]:
    """Team colours, the shapes of this scenario's types, and the marks in use."""
    handles: list[Line2D | Patch] = [
        Patch(color=field.TEAM_COLOURS[ALLY], label="allies"),
        Patch(color=field.TEAM_COLOURS[ENEMY], label="enemies"),
    ]
    kinds = {*scenario.ally_kinds, *scenario.enemy_kinds}
    for kind in sorted(kinds, key=lambda kind: kind.index):
        name = kind.name.replace("_", " ")
        handles.append(Line2D([], [], ls="", marker=SHAPES[kind.name], ms=10, mfc="#a7adb6", mec=field.INK, label=name))
    handles.append(Patch(color=field.HEALTH_COLOUR, label="health"))
    if any(kind.shield for kind in kinds):
        handles.append(Patch(color=field.SHIELD_COLOUR, label="shield"))
    handles.append(Line2D([], [], ls="", marker=CROSS, ms=7, mec="#80868f", mfc="none", mew=1.4, label="dead"))
    if scenario.terrain.cliffs.any():
        handles.append(Patch(color=field.HIGH_GROUND, label="high ground"))
        handles.append(Patch(color=field.CLIFF, label="cliff"))
    if agent is not None:
        handles.append(Line2D([], [], color=field.INK, lw=1, ls=(0, (4, 3)), label=f"sight of agent {agent}"))
    if imagined:
        handles.append(Line2D([], [], color=field.INK, lw=0.8, ls=(0, (2, 1.2)), label="where it really is"))
    return handles


def _panels(
    rows: int,
    columns: int,
    window: field.Window,
    legend: list[Line2D | Patch],
    panel: float = PANEL_INCHES,
    dpi: int = PNG_DPI,
) -> tuple[Figure, list[list[Axes]]]:
    """A figure of equal fields, ``panel`` inches wide, above a legend; its axes by row, then column."""
    left, gap = 0.28 if rows > 1 else 0.03, 0.05
    across, up = panel + gap, panel * window.aspect + gap
    width = left + columns * across
    lines = math.ceil(len(legend) / max(1, int(width / LEGEND_INCHES)))
    bottom = 0.2 + 0.21 * lines
    height = bottom + rows * up
    figure = Figure(figsize=(width, height), dpi=dpi)
    figure.legend(
        handles=legend, loc="lower center", ncols=math.ceil(len(legend) / lines), frameon=False, fontsize=9,
        handlelength=1.2, columnspacing=1.3, handletextpad=0.5, borderaxespad=0.2,
    )  # fmt: skip
    size = panel / width, panel * window.aspect / height
    places = [
        [((left + column * across) / width, (bottom + row * up) / height, *size) for column in range(columns)]
        for row in reversed(range(rows))
    ]
    return figure, [[figure.add_axes(place) for place in line] for line in places]


def _save_png(path: Path, figure: Figure) -> Path:
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    image.quantize(PNG_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    return path


def _save_gif(path: Path, images: Sequence[Image.Image]) -> None:
    """One palette for all frames, so that Pillow stores only what changes between them."""
    width, height = images[0].size
    samples = [images[i] for i in _spread(len(images), 4)]
    sheet = Image.new("RGB", (width, height * len(samples)))
    for row, sample in enumerate(samples):
        sheet.paste(sample, (0, row * height))
    palette = sheet.quantize(GIF_COLOURS)
    frames = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    durations = [FRAME_MS] * (len(frames) - 1) + [LAST_FRAME_MS]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=True)
