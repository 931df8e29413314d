"""How an imagined battle leaves the real one, step by step."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.figures.style import DASHES, FLOOR_COLOUR, S2RM, save, tidy
from s2rm_sc2.draw.field import INK


def draw(steps: Sequence[int], lines: Mapping[str, Mapping[str, Sequence[float]]], path: Path) -> Path:
    """An axis for each quantity, on it a line for each of its series.

    Args:
        steps: steps since the start.
        lines: by the quantity with its unit, series of figures by name; the first is the dream's, others are floors.
        path: the PNG to write.
    """
    figure = Figure(figsize=(3.0 * len(lines) + 0.2, 2.7))
    dream = next(iter(S2RM.values()))[0]
    for place, (quantity, series) in enumerate(lines.items()):
        axes: Axes = figure.add_subplot(1, len(lines), place + 1)
        for number, (name, values) in enumerate(series.items()):
            dash = (0, DASHES[1]) if number else "-"
            axes.plot(steps, values, label=name, lw=1.6, color=FLOOR_COLOUR if number else dream, linestyle=dash)
        axes.set_ylim(bottom=0.0)
        axes.set_title(quantity, fontsize=9, color=INK)
        axes.set_xlabel("steps since the start", fontsize=8)
        axes.legend(frameon=False, fontsize=8)
        tidy(axes)
    figure.tight_layout()
    return save(figure, path)
