"""The topology of an S2RM: its modules on the sphere, and beside it the places of the map that each one serves."""

import colorsys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from evaluation.figures.picture import Picture
from evaluation.figures.style import save
from evaluation.runs import Run
from evaluation.territories import Territories, territories
from s2rm_sc2.draw.field import INK, draw_terrain, whole_map
from s2rm_sc2.scenarios import Scenario, get
from s2rm_sc2.words import counted
from worldmodel.log import read_log
from worldmodel.s2rm import Modules

Colour = tuple[float, float, float]

NUMBERED = 80
"""Modules whose numbers can still be read."""


def draw(runs: Sequence[Run], folder: Path) -> list[Picture]:
    """A picture for each S2RM as it was trained, over the terrain of the first scenario trained on."""
    pictures = []
    for run in runs:
        if run.ablation != "none" or not isinstance(run.model, Modules):
            continue
        scenario = get(run.info.scenarios[0])
        found = territories(run.model.sphere, scenario.terrain)
        path = drawn(found, scenario, folder / f"topology-{run.label}.png".replace(" ", "-").replace("/", "-"))
        caption = (
            f"The {counted(len(found.points), 'module')} of {run.label}. Left: on the sphere, turned to face the "
            "reader; lines join modules that exchange messages, the net is the map's cells, four apart, as the model "
            f"has bent it. Right: the map of {scenario.name}; each place has the colour of the module that serves it "
            "most, contours end where a module's reach does. "
            f"{dead_words(found, scenario.name, unreached(run.folder))}"
        )
        if found.held < 0.99:
            caption += f" These three dimensions hold {found.held:.0%} of the sphere's."
        alt = f"Modules of {run.label} on a sphere, and the parts of the map of {scenario.name} that each serves."
        pictures.append(Picture(path, "modules", caption, alt))
    return pictures


def unreached(folder: Path) -> list[int] | None:
    """The modules that nothing in sight came near in the held-out battles of the training's last check."""
    checks = [line["dead_modules"] for line in read_log(folder) if "dead_modules" in line]
    return checks[-1] if checks else None


def dead_words(found: Territories, scenario: str, unheard: Sequence[int] | None) -> str:
    """Which modules serve no place of the map, and which had nothing near them in a training's last check, as it warns.

    The two may differ: units may never have stood where a module serves the ground, or have stood on another map.
    """
    dead = found.dead
    said = (
        f"Crossed out, for no walkable place of {scenario} is within reach: {_listed(dead)}."
        if dead
        else f"Every module reaches some walkable place of {scenario}."
    )
    if unheard:
        one = len(unheard) == 1
        said += (
            f" {'Module' if one else 'Modules'} {_listed(unheard)} {'is' if one else 'are'} dead in another sense: "
            "nothing that held-out views showed in the training's last check came within "
            f"{'its' if one else 'their'} reach."
        )
    elif unheard is not None:
        said += " In the training's last check held-out views showed something within reach of each."
    return said


def _listed(modules: Sequence[int]) -> str:
    return ", ".join(map(str, modules))


def drawn(found: Territories, scenario: Scenario, path: Path) -> Path:
    """Draws sphere and map side by side."""
    figure = Figure(figsize=(11.2, 5.75))
    left, right = figure.subplots(1, 2)
    colours = _colours(found.points)
    _sphere(left, found, colours)
    _map(right, found, scenario, colours)
    if found.dead:
        mark = Line2D([], [], ls="", marker="x", ms=7, mec=INK, mew=1.6, label="reaches no place")
        left.legend(handles=[mark], loc="lower right", frameon=False, fontsize=8.5)
    figure.tight_layout(w_pad=1.5)
    return save(figure, path)


def _colours(points: npt.NDArray[np.float64]) -> list[Colour]:
    """A colour for each module by where it sits: the hue turns around the middle, and pales towards it."""
    distance = np.hypot(points[:, 0], points[:, 1])
    farthest = max(float(distance.max()), 1e-6)
    turn = np.arctan2(points[:, 1], points[:, 0]) / (2 * np.pi) % 1.0
    return [
        colorsys.hls_to_rgb(float(hue), 0.72 - 0.24 * float(far) / farthest, 0.35 + 0.4 * float(far) / farthest)
        for hue, far in zip(turn, distance, strict=True)
    ]


def _sphere(axes: Axes, found: Territories, colours: Sequence[Colour]) -> None:
    """Seen from outside and from far away; what lies behind is faint."""
    axes.add_patch(Circle((0, 0), 1.0, fc="#fafafa", ec="#9aa0a8", lw=1.0, zorder=0))
    for line in (*found.ground[::4], *found.ground.swapaxes(0, 1)[::4]):
        near = np.where(line[:, 2] >= 0, 1.0, np.nan)[:, None]
        axes.plot(*(line[:, :2] * near).T, color="#cfd3d8", linewidth=0.6, zorder=1)
    m, other = np.nonzero(np.triu(found.neighbours, k=1) > 0)
    strength = found.neighbours[m, other]
    ties = [[tuple(found.points[a, :2]), tuple(found.points[b, :2])] for a, b in zip(m, other, strict=True)]
    shade = [(0.17, 0.18, 0.21, min(1.0, 0.15 + float(value))) for value in strength]
    axes.add_collection(LineCollection(ties, colors=shade, linewidths=0.9, zorder=2), autolim=False)
    dead = set(found.dead)
    for number, (x, y, near) in enumerate(found.points):
        face = colours[number] if near >= 0 else "white"
        if number in dead:
            axes.plot(x, y, marker="x", ms=7, mec=INK, mew=1.6, zorder=4)
        else:
            axes.plot(
                x, y, marker="o", ms=9.5, mfc=face, mec="white" if near >= 0 else colours[number], mew=0.8, zorder=3
            )
        _number(axes, number, x, y, len(found.points))
    axes.set(xlim=(-1.04, 1.04), ylim=(-1.04, 1.04), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title("on the sphere", fontsize=10, color=INK)


def _map(axes: Axes, found: Territories, scenario: Scenario, colours: Sequence[Colour]) -> None:
    draw_terrain(axes, scenario, whole_map(scenario))
    width, height = scenario.terrain.size
    owner = found.owner
    tint = np.zeros((*owner.shape, 4))
    tint[owner >= 0] = np.array([(*colour, 0.5) for colour in colours])[owner[owner >= 0]]
    axes.imshow(
        tint.transpose(1, 0, 2), origin="lower", extent=(0, width, 0, height), interpolation="nearest", zorder=1.2
    )
    x, y = ((np.arange(number) + 0.5) * found.cell for number in owner.shape)
    for number, (colour, middle) in enumerate(zip(colours, found.middles, strict=True)):
        if np.isnan(middle).any():
            continue
        served = (found.reach[..., number] > 0).T.astype(np.float64)
        axes.contour(x, y, served, levels=[0.5], colors=[colour], linewidths=0.6, alpha=0.55, zorder=1.4)
        axes.plot(*middle, marker="o", ms=9.5, mfc=colour, mec="white", mew=0.8, zorder=3)
        _number(axes, number, middle[0], middle[1], len(colours))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_title(f"on the map of {scenario.name}", fontsize=10, color=INK)


def _number(axes: Axes, number: int, x: float, y: float, modules: int) -> None:
    if modules <= NUMBERED:
        axes.text(x, y, str(number), fontsize=5.8, color=INK, ha="center", va="center_baseline", zorder=5)
