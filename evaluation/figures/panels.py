"""Small multiples: a panel for each scenario, a line with its 95 % band for each model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from evaluation.figures.style import Look, legend, looks, save, tidy
from evaluation.rows import FLOOR, FLOORS, Row, Status, distinct, select
from s2rm_sc2.draw.field import INK

COLUMNS = 4
"""Panels beside each other at most; more would be too small to read at a page's width."""

BANDS = 6
"""Models and floors up to which every model gets a band; among more only those that stand out, floors never."""

GUIDES = (FLOOR, "last-seen table")
"""Floors that are always in the picture; others may lie above it."""

PANEL_WIDTH, PANEL_HEIGHT = 2.72, 2.35

LEFT, RIGHT, TOP, BELOW, BESIDE, BETWEEN, COUNTS = 0.78, 0.12, 0.31, 0.55, 0.2, 0.58, 0.14
"""Inches around the panels, between them, and more below each where ticks have a second line. They hold the longest
labels; measuring each would take as long as drawing the picture."""


@dataclass(frozen=True)
class Across:
    """What figures are drawn against.

    Attributes:
        label: of the axis.
        at: a row's place on it, None for rows that are not drawn.
        ticks: places that are named.
        shares: whether places are shares, written as per cent.
        counts: whether ticks say what the figures there rest on.
    """

    label: str
    at: Callable[[Row], float | None]
    ticks: Mapping[float, str] | None = None
    shares: bool = False
    counts: bool = False


def by_age(label: str, ages: Mapping[Status, str]) -> Across:
    """Rows by how long their units or places have been out of sight: the names on the axis by status, in order."""
    order = list(ages)
    ticks: dict[float, str] = dict(enumerate(ages.values()))
    return Across(label, lambda row: order.index(row.status) if row.status in ages else None, ticks, counts=True)


def small_multiples(rows: Sequence[Row], path: Path, across: Across, unit: str) -> Path:
    """Draws rows of one metric, already means over seeds, with a panel for each scenario.

    Args:
        rows: what is drawn.
        path: the PNG to write.
        across: the horizontal axis.
        unit: what the vertical axis shows.
    """
    shown = looks(distinct(rows, "model"))
    scenarios = list(dict.fromkeys((row.scenario, row.split) for row in rows))
    columns = min(COLUMNS, len(scenarios))
    lines = -(-len(scenarios) // columns)
    width = PANEL_WIDTH * max(columns, 2) + 0.35
    figure = Figure(figsize=(width, PANEL_HEIGHT * lines + 0.2 + 0.2 * -(-len(shown) // int(width / 1.4))))
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True, sharex=not across.counts)
    for number, axes in enumerate(grid.flat):
        if number >= len(scenarios):
            axes.set_visible(False)
            continue
        scenario, split = scenarios[number]
        here = select(rows, scenario=scenario, split=split)
        tidy(axes)
        for model, look in shown.items():
            draw_line(axes, select(here, model=model), across, look, len(shown))
        title(axes, scenario, split)
        _ticks(axes, across, here)
        axes.tick_params(labelbottom=True)
        if number % columns == 0:
            axes.set_ylabel(unit, fontsize=8.5, color=INK)
        if number + columns >= len(scenarios):
            axes.set_xlabel(across.label, fontsize=8.5, color=INK)
    _limits(grid[0][0], rows)
    _place(figure, lines, columns, legend(figure, shown), COUNTS * across.counts)
    return save(figure, path)


def _place(figure: Figure, lines: int, columns: int, below: float, more: float) -> None:
    width, height = figure.get_size_inches()
    bottom, between = below + BELOW + more, BETWEEN + more
    panel_width = (width - LEFT - RIGHT - BESIDE * (columns - 1)) / columns
    panel_height = (height - TOP - bottom - between * (lines - 1)) / lines
    figure.subplots_adjust(
        LEFT / width, bottom / height, 1 - RIGHT / width, 1 - TOP / height, BESIDE / panel_width, between / panel_height
    )


def title(axes: Axes, scenario: str, split: str) -> None:
    """A panel's scenario, and whether it was trained on."""
    seen = "trained on" if split == "train" else split
    axes.set_title(scenario, fontsize=9.5, color=INK, loc="left", weight="bold", pad=5)
    axes.set_title(seen, fontsize=8, color="#6b717a", loc="right", pad=5)


def draw_line(axes: Axes, rows: Sequence[Row], across: Across, look: Look, models: int) -> None:
    """A model's figures and, where there is room for it, their band."""
    found = sorted(((at, row) for row in rows if (at := across.at(row)) is not None), key=lambda pair: pair[0])
    if not found:
        return
    places = [place for place, _ in found]
    axes.plot(places, [row.value for _, row in found], **look.line())  # type: ignore[arg-type]
    if look.filled or (look.marker and models <= BANDS):
        low, high, known = ([getattr(row, end) for _, row in found] for end in ("low", "high", "bounded"))
        axes.fill_between(places, low, high, where=known, color=look.colour, alpha=0.12, linewidth=0)


def _ticks(axes: Axes, across: Across, rows: Sequence[Row]) -> None:
    found: dict[float, int] = {}
    for row in rows:
        at = across.at(row)
        if at is not None:
            found[at] = max(row.n, found.get(at, 0))
    names = across.ticks or {at: f"{at:g}" for at in found}
    if across.shares:
        axes.set_xticks(sorted(found))
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    elif across.counts:
        axes.set_xticks(sorted(found), [f"{names[at]}\n{_short(found[at])}" for at in sorted(found)])
        axes.tick_params(axis="x", labelsize=7.5)
    else:
        axes.set_xticks(sorted(found), [names[at] for at in sorted(found)])


def _short(number: int) -> str:
    """``12,345`` as ``12k``."""
    return f"{number / 1000:.0f}k" if number >= 10_000 else f"{number:,}"


def _limits(axes: Axes, rows: Sequence[Row]) -> None:
    """From 0, or from the lowest; floors that tower above the others are cut off."""
    kept = [row for row in rows if row.model in GUIDES or row.model not in FLOORS] or rows
    low = min(row.low if row.bounded else row.value for row in rows)
    high = max(row.high if row.bounded else row.value for row in kept)
    spare = 0.06 * (high - low) or 0.5  # nothing but zeros: no deaths, say
    axes.set_ylim(0 if 0 <= low < 0.5 * high else low - spare, high + spare)
