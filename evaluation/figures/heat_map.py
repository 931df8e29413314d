"""Scenario by model at one glance: how far below the floor each model stays, and where it does not."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, TwoSlopeNorm, to_rgb
from matplotlib.figure import Figure

from evaluation.figures.picture import Picture
from evaluation.figures.style import save
from evaluation.figures.views import nearest
from evaluation.gaps import SUFFIX
from evaluation.labels import axis_of, name_of, percent
from evaluation.metrics import FACTORS
from evaluation.rows import FLOORS, Row, distinct, select
from s2rm_sc2.draw.field import INK
from s2rm_sc2.words import counted

AHEAD, SHARE = 10, 0.4
"""Of the forecasts of units that are shown: the hardest that all runs are asked."""

_SCALED = 0.99
"""Of the gaps at places, the share that the colours tell apart: one model that fails once must not pale the others."""

COLOURS = "RdBu_r"
"""Blue is better than the floor, red is worse; colour-blind readers can tell them apart."""


SOLID = 0.9
"""Of the colours; the rest is the page's white."""

READABLE, _PALE = 4.5, 0.3
"""Contrast that text must have to be read, and how much of a cell's colour a pale figure takes on."""

Colour = tuple[float, float, float]


def draw(rows: Sequence[Row], behind: Sequence[Row], folder: Path) -> list[Picture]:
    """Units as factors to persistence, places as gaps to the last-seen table.

    Args:
        rows: figures, means over seeds.
        behind: what :func:`evaluation.gaps.gaps` finds to the last-seen table.
        folder: gets the PNGs.
    """
    kept = select(rows, views=SHARE, status="all", dropping="episode")
    factors = {
        metric: [row for row in nearest(select(kept, metric=factor), AHEAD) if row.model not in FLOORS]
        for metric, factor in FACTORS.items()
    }
    panels = {axis_of(FACTORS[metric]): found for metric, found in factors.items() if found}
    pictures = []
    if panels:
        steps = next(iter(panels.values()))[0].horizon
        path = _drawn(panels, TwoSlopeNorm(1.0, 0.4, 1.6), "{:.2f}", folder / "heat-map-units.png")
        words = f"Errors {counted(steps, 'step')} ahead with {percent(SHARE)} of the views as a factor of persistence's"
        names = " and ".join(name_of(metric) for metric in factors)
        pictures.append(Picture(path, "glance", f"{words}. {_MEANING}", _alt(panels, names)))
    dark = [row for row in select(behind, status="dark", metric=f"place_nll{SUFFIX}") if row.model not in FLOORS]
    shares = sorted(distinct(dark, "views"), reverse=True)
    panels = {f"{percent(share)} of the views": select(dark, views=share) for share in shares}
    if panels:
        most = max(0.1, float(np.quantile([abs(row.value) for row in dark], _SCALED)))
        path = _drawn(panels, Normalize(-most, most), "{:+.2f}", folder / "heat-map-places.png")
        words = "What places dark since 1 to 10 steps cost more than the last-seen table needs, in nats a place"
        pictures.append(Picture(path, "glance", f"{words}. {_MEANING}", _alt(panels, "cost of dark places")))
    return pictures


_MEANING = (
    "Blue is better than that floor, red is worse; figures in italics are not told apart from it: their 95 % "
    "intervals hold it, or too few battles stand behind them."
)


def _alt(panels: dict[str, list[Row]], what: str) -> str:
    rows = [row for panel in panels.values() for row in panel]
    scenarios, models = (", ".join(distinct(rows, name)) for name in ("scenario", "model"))
    return f"Heat map of {what}: rows are the scenarios {scenarios}, columns the models {models}."


def _drawn(panels: dict[str, list[Row]], norm: Normalize, form: str, path: Path) -> Path:
    """Panels beside each other where they fit, below each other where not; rows of one panel share a metric."""
    every = [row for rows in panels.values() for row in rows]
    models = distinct(every, "model")
    scenarios = list(dict.fromkeys((row.scenario, row.split) for row in every))
    wide, high = 0.62 * len(models), 0.3 * len(scenarios)
    named = 0.5 + 0.075 * max(len(f"{scenario} {split}") for scenario, split in scenarios)
    columns = max(1, min(len(panels), int((11.2 - named) / (max(wide, 2.9) + 0.25))))
    lines = -(-len(panels) // columns)
    figure = Figure(figsize=(named + columns * (max(wide, 2.9) + 0.25), lines * (high + 1.25) + 0.1))
    grid = figure.subplots(lines, columns, squeeze=False)
    for number, axes in enumerate(grid.flat):
        if number >= len(panels):
            axes.set_visible(False)
            continue
        label, rows = list(panels.items())[number]
        _panel(axes, rows, models, scenarios, norm, form)
        axes.set_title(label, fontsize=9, color=INK, loc="left", pad=6)
        if number % columns:
            axes.set_yticklabels([])
    figure.tight_layout(w_pad=1.5)
    return save(figure, path)


def _panel(
    axes: Axes,
    rows: Sequence[Row],
    models: Sequence[str],
    scenarios: Sequence[tuple[str, str]],
    norm: Normalize,
    form: str,
) -> None:
    values = np.full((len(scenarios), len(models)), np.nan)
    level = 1.0 if isinstance(norm, TwoSlopeNorm) else 0.0
    for row in rows:
        line, column = scenarios.index((row.scenario, row.split)), models.index(row.model)
        values[line, column] = row.value
        unsure = row.low <= level <= row.high
        colour, style = text_colour(cell_colour(norm, row.value), unsure), "italic" if unsure else "normal"
        axes.text(column, line, form.format(row.value), ha="center", va="center", fontsize=8, color=colour, style=style)
    axes.imshow(values, cmap=COLOURS, norm=norm, aspect="auto", alpha=SOLID)
    axes.set_xticks(range(len(models)), models, rotation=35, ha="right", rotation_mode="anchor", fontsize=8)
    names = [f"{scenario}  ({'trained on' if split == 'train' else split})" for scenario, split in scenarios]
    axes.set_yticks(range(len(scenarios)), names, fontsize=8)
    axes.set_xticks(np.arange(len(models) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(scenarios) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0, colors=INK)
    axes.spines[:].set_visible(False)


def cell_colour(norm: Normalize, value: float) -> Colour:
    """The colour of a figure's cell, as it looks on white."""
    r, g, b = (SOLID * part + 1.0 - SOLID for part in colormaps[COLOURS](norm(value))[:3])
    return r, g, b


def text_colour(cell: Colour, unsure: bool) -> Colour:
    """What a figure is written in upon a cell's colour: what stands out from it, paler if unsure, never unreadable."""
    white, black = to_rgb("white"), to_rgb("black")
    strong = white if contrast(white, cell) > contrast(black, cell) else black  # the better of them is always readable
    r, g, b = (_PALE * there + (1.0 - _PALE) * own for own, there in zip(strong, cell, strict=True))
    return (r, g, b) if unsure and contrast((r, g, b), cell) >= READABLE else strong


def contrast(one: Colour, other: Colour) -> float:
    """How far two colours lie apart for the eye, 1 to 21: the contrast ratio of WCAG 2.1."""
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    """Relative luminance of a colour of sRGB, 0 to 1."""
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
