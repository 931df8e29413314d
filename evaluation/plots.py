"""Plots of a report: each function draws one PNG from rows or from a run's log."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import MaxNLocator, PercentFormatter

from evaluation.metrics import FACTORS
from evaluation.places import METRIC as PLACE_NLL
from evaluation.rows import FLOORS, PlaceStatus, Row, distinct, select, series_names
from s2rm_sc2.draw.field import INK, Window, draw_terrain
from s2rm_sc2.scenarios import Scenario

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's palette, for models in order; floors are grey and dashed."""

MARKERS = ("o", "s", "D", "^", "v", "P")
DASHES = ((0, (4, 2)), (0, (1, 1.5)))
FLOOR_COLOUR = "#7a7f87"
LABELS = {
    "position_error": "position error (cells)",
    "position_error_factor": "× persistence",
    "health_error": "health error (points)",
    "health_error_factor": "× persistence",
}
"""The metrics of a plot's rows with their axis labels."""

DPI = 150


def horizon(rows: Sequence[Row], path: Path, share: float = 1.0) -> Path:
    """Errors, and their factor to persistence, against steps ahead; a column per scenario, with 95 % bands."""
    chosen = select(rows, views=share, status="all")
    return _grid(chosen, path, "horizon", "steps ahead")


def views(rows: Sequence[Row], path: Path, steps: int = 5) -> Path:
    """Errors, and their factor to persistence, at one horizon against the share of views kept."""
    chosen = select(rows, horizon=steps, status="all")
    return _grid(chosen, path, "views", "views kept")


AGES: dict[PlaceStatus, str] = {
    "in sight": "seen",
    "dark 1-3": "1-3",
    "dark 4-7": "4-7",
    "dark 8-10": "8-10",
    "dark 11-19": "11-19",
    "never": "never",
}
"""Places of a plot by their label, the longer dark the further right."""


def darkness(rows: Sequence[Row], path: Path) -> Path:
    """What place queries cost against how long places have been dark; a column per scenario, a line per share."""
    rows = select(rows, metric=PLACE_NLL)
    scenarios, shares, names = distinct(rows, "scenario"), sorted(distinct(rows, "views")), series_names(rows)
    figure = Figure(figsize=(2.9 * len(scenarios) + 0.7, 2.5 * len(shares) + 0.9), dpi=DPI)
    grid = figure.subplots(len(shares), len(scenarios), squeeze=False, sharex=True, sharey="row")
    for line, share in enumerate(reversed(shares)):
        for column, scenario in enumerate(scenarios):
            axes: Axes = grid[line][column]
            here = select(rows, scenario=scenario, views=share)
            for (model, seed), name in names.items():
                own = {row.status: row for row in select(here, model=model, seed=seed)}
                found = [(k, own[status]) for k, status in enumerate(AGES) if status in own]
                _line(axes, [k for k, _ in found], [row for _, row in found], name, _style(names, (model, seed)))
            _tidy(axes)
            axes.set_xticks(range(len(AGES)), list(AGES.values()))
            if line == 0:
                axes.set_title(f"{scenario} ({'/'.join(distinct(here, 'split'))})", fontsize=10, color=INK)
            if line == len(shares) - 1:
                axes.set_xlabel("steps in the dark", fontsize=9)
            if column == 0:
                axes.set_ylabel(f"nats a place, {share:.0%} of the views", fontsize=9)
    _legend(figure, grid[0][0])
    return _save(figure, path)


def _grid(rows: Sequence[Row], path: Path, across: str, label: str) -> Path:
    scenarios, names = distinct(rows, "scenario"), series_names(rows)
    figure = Figure(figsize=(2.7 * len(scenarios) + 0.7, 7.6), dpi=DPI)
    grid = figure.subplots(
        len(LABELS), len(scenarios), squeeze=False, sharex=True, sharey="row", height_ratios=(3, 2, 3, 2)
    )
    for line, (metric, unit) in enumerate(LABELS.items()):
        for column, scenario in enumerate(scenarios):
            axes: Axes = grid[line][column]
            here = select(rows, metric=metric, scenario=scenario)
            for (model, seed), name in names.items():
                _curve(axes, select(here, model=model, seed=seed), across, name, _style(names, (model, seed)))
            _tidy(axes)
            if metric in FACTORS.values():
                axes.axhline(1.0, color=FLOOR_COLOUR, linewidth=1.2, linestyle=(0, (4, 2)))
            if line == 0:
                axes.set_title(f"{scenario} ({'/'.join(distinct(here, 'split'))})", fontsize=10, color=INK)
            if line == len(LABELS) - 1:
                axes.set_xlabel(label, fontsize=9)
            if column == 0:
                axes.set_ylabel(unit, fontsize=9)
            if across == "views":
                axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            else:
                axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if metric not in FACTORS.values():
            grid[line][0].set_ylim(0, 1.25 * max((row.value for row in select(rows, metric=metric)), default=1.0))
    _legend(figure, grid[0][0])
    return _save(figure, path)


def _legend(figure: Figure, axes: Axes) -> None:
    """One legend below all, in as many lines as fit beside each other."""
    handles, labels = axes.get_legend_handles_labels()
    width, height = figure.get_size_inches()
    columns = max(1, min(len(labels), int(width / 1.7)))
    lines = -(-len(labels) // columns)
    figure.legend(handles, labels, loc="lower center", ncols=columns, frameon=False, fontsize=9)
    figure.tight_layout(rect=(0, (0.1 + 0.2 * lines) / height, 1, 1))


def _style(names: dict[tuple[str, int | None], str], key: tuple[str, int | None]) -> dict[str, Any]:
    floors = [other for other in names if other[0] in FLOORS]
    if key in floors:
        return {"color": FLOOR_COLOUR, "linestyle": DASHES[floors.index(key) % len(DASHES)], "marker": ""}
    place = [other for other in names if other not in floors].index(key)
    return {"color": COLOURS[place % len(COLOURS)], "marker": MARKERS[place % len(MARKERS)]}


def _curve(axes: Axes, rows: Sequence[Row], across: str, name: str, style: dict[str, Any]) -> None:
    rows = sorted({getattr(row, across): row for row in rows}.values(), key=lambda row: getattr(row, across))
    _line(axes, [getattr(row, across) for row in rows], rows, name, style)


def _line(axes: Axes, at: Sequence[float], rows: Sequence[Row], name: str, style: dict[str, Any]) -> None:
    """Figures and their intervals at these places of the axis."""
    if not rows:
        return
    axes.plot(at, [row.value for row in rows], label=name, markersize=4, linewidth=1.6, **style)
    low, high = [row.low for row in rows], [row.high for row in rows]
    axes.fill_between(at, low, high, color=style["color"], alpha=0.13, linewidth=0)


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e3e5e8", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8)


def training(log: Path, path: Path) -> Path | None:
    """Training loss, smoothed, and held-out loss against updates; None where the log holds nothing to draw."""
    text = log.read_text() if log.is_file() else ""
    lines = [json.loads(line) for line in text.splitlines() if line.endswith("}")]  # the last may be half written
    points = [(line["update"], line["loss"]) for line in lines if "update" in line and "loss" in line]
    if not points:
        return None
    updates, losses = np.array(points, dtype=np.float64).T
    figure = Figure(figsize=(6.0, 3.4), dpi=DPI)
    axes = figure.add_subplot()
    axes.plot(updates, losses, color=COLOURS[0], alpha=0.2, linewidth=0.7)
    axes.plot(updates, _smoothed(losses), color=COLOURS[0], linewidth=1.6, label="training (smoothed)")
    held = [(line["update"], line["held_out_loss"]) for line in lines if "held_out_loss" in line]
    if held:
        axes.plot(*zip(*held, strict=True), color=COLOURS[1], marker="o", markersize=3.5, label="held out")
    dreams = [line["update"] for line in lines if line.get("dreamed")]
    if dreams:
        axes.axvline(dreams[0], color=FLOOR_COLOUR, linewidth=1, linestyle=(0, (4, 2)), label="open-loop steps join")
    _tidy(axes)
    axes.set_xlabel("updates", fontsize=9)
    axes.set_ylabel("loss", fontsize=9)
    # The first losses tower above the rest and would flatten what follows.
    axes.set_ylim(min(0.0, float(losses.min())), 1.15 * float(np.percentile(losses, 98)))
    axes.legend(frameon=False, fontsize=9)
    figure.tight_layout()
    return _save(figure, path)


def _smoothed(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float]:
    """Exponential moving average over about a fiftieth of the values."""
    weight, smooth = 1 / max(1, len(values) // 50), [float(values[0])]
    for value in values[1:]:
        smooth.append((1 - weight) * smooth[-1] + weight * float(value))
    return smooth


def topology(topology: dict[str, Any], scenario: Scenario, path: Path) -> Path:
    """Where a model's modules sit on a map and how far each one reaches; dead modules as crosses.

    Args:
        topology: ``places`` [M, 2] and ``reach`` [M] in cells, ``dead`` bool [M].
        scenario: whose terrain lies below.
        path: the PNG to write.
    """
    width, height = scenario.terrain.size
    figure = Figure(figsize=(5.6, 5.9), dpi=DPI)
    axes = figure.add_subplot()
    draw_terrain(axes, scenario, Window(0, width, 0, height))
    places, reach, dead = (np.asarray(topology[name]) for name in ("places", "reach", "dead"))
    for (x, y), radius in zip(places[~dead], reach[~dead], strict=True):
        axes.add_patch(Circle((x, y), radius, fc=COLOURS[0], ec=COLOURS[0], alpha=0.07, lw=0, zorder=2))
        axes.add_patch(Circle((x, y), radius, fc="none", ec=COLOURS[0], alpha=0.35, lw=0.8, zorder=2))
    axes.plot(*places[~dead].T, ls="", marker="o", ms=5, mfc=COLOURS[0], mec="white", zorder=4, label="module, reach")
    axes.plot(*places[dead].T, ls="", marker="x", ms=6, mec=COLOURS[1], mew=1.8, zorder=4, label="dead module")
    for number, (x, y) in enumerate(places):
        axes.annotate(str(number), (x, y), xytext=(4, 3), textcoords="offset points", fontsize=6.5, color=INK, zorder=5)
    axes.set_title(f"{len(places)} modules, {int(dead.sum())} dead", fontsize=10, color=INK)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=2, frameon=False, fontsize=9)
    figure.tight_layout()
    return _save(figure, path)


def drift(steps: Sequence[int], lines: Mapping[str, Mapping[str, Sequence[float]]], path: Path) -> Path:
    """How an imagined battle leaves the real one: an axis for each quantity, on it a line for each of its series.

    Args:
        steps: steps since the start.
        lines: by the quantity with its unit, series of figures by name; the first is the dream's, others are floors.
        path: the PNG to write.
    """
    figure = Figure(figsize=(3.0 * len(lines) + 0.2, 2.7), dpi=DPI)
    for place, (quantity, series) in enumerate(lines.items()):
        axes: Axes = figure.add_subplot(1, len(lines), place + 1)
        for number, (name, values) in enumerate(series.items()):
            floor = {"color": FLOOR_COLOUR, "linestyle": DASHES[0]}
            axes.plot(steps, values, label=name, lw=1.6, **(floor if number else {"color": COLOURS[0]}))
        axes.set_ylim(bottom=0.0)
        axes.set_title(quantity, fontsize=9, color=INK)
        axes.set_xlabel("steps since the start", fontsize=8)
        axes.legend(frameon=False, fontsize=8)
        _tidy(axes)
    figure.tight_layout()
    return _save(figure, path)


def _save(figure: Figure, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, facecolor="white")
    return path
