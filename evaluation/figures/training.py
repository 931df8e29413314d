"""How trainings went: loss and held-out loss against updates, a panel for each model with all of its seeds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.figures.panels import COLUMNS
from evaluation.figures.picture import Picture
from evaluation.figures.style import FLOOR_COLOUR, looks, save, tidy
from evaluation.runs import Run
from s2rm_sc2.draw.field import INK
from worldmodel.log import read_log

Lines = Sequence[dict[str, Any]]


def draw(runs: Sequence[Run], folder: Path) -> list[Picture]:
    """One picture of all trainings that left a log."""
    logs: dict[str, list[Lines]] = {}
    for run in (run for run in runs if run.ablation == "none"):
        lines = [line for line in read_log(run.folder) if "update" in line and "loss" in line]
        if lines:
            logs.setdefault(run.name, []).append(lines)
    if not logs:
        return []
    caption = (
        "Training loss (thin, smoothed) and loss on held-out episodes (dots), a curve for each seed; from the dashed "
        "line "
        "on, open-loop steps join the loss. Losses of different tasks or data are not comparable."
    )
    alt = f"Line plots of training and held-out loss against updates, one panel for each of {', '.join(logs)}."
    return [Picture(drawn(logs, folder / "training.png"), "training", caption, alt)]


def drawn(logs: Mapping[str, Sequence[Lines]], path: Path) -> Path:
    """Draws logs, several of each model."""
    shown = looks(list(logs))
    columns = min(COLUMNS, len(logs))
    lines = -(-len(logs) // columns)
    figure = Figure(figsize=(2.75 * max(columns, 2) + 0.3, 2.3 * lines + 0.2))
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True)
    for number, axes in enumerate(grid.flat):
        if number >= len(logs):
            axes.set_visible(False)
            continue
        name = list(logs)[number]
        tidy(axes)
        for log in logs[name]:
            _curve(axes, log, shown[name].colour)
        axes.set_title(name, fontsize=9.5, color=INK, loc="left", weight="bold")
        if number % columns == 0:
            axes.set_ylabel("loss", fontsize=8.5, color=INK)
        if number + columns >= len(logs):
            axes.set_xlabel("updates", fontsize=8.5, color=INK)
    losses = np.array([line["loss"] for runs in logs.values() for log in runs for line in log])
    held = [line["held_out_loss"] for runs in logs.values() for log in runs for line in log if "held_out_loss" in line]
    # The first losses tower above the rest and would flatten what follows.
    top = max([float(np.percentile(losses, 95)), *held])
    low = min([float(np.percentile(losses, 1)), *held])
    spare = 0.06 * (top - low) or 0.5
    grid[0][0].set_ylim(low - spare, top + spare)
    figure.tight_layout(w_pad=1.2, h_pad=1.2)
    return save(figure, path)


def _curve(axes: Axes, log: Lines, colour: str) -> None:
    updates, losses = np.array([(line["update"], line["loss"]) for line in log], dtype=np.float64).T
    axes.plot(updates, _smoothed(losses), color=colour, alpha=0.55, linewidth=1.0)
    held = [(line["update"], line["held_out_loss"]) for line in log if "held_out_loss" in line]
    if held:
        axes.plot(*zip(*held, strict=True), color=colour, marker="o", markersize=3.2, linewidth=1.2)
    dreams = [line["update"] for line in log if line.get("dreamed")]
    if dreams:
        axes.axvline(dreams[0], color=FLOOR_COLOUR, linewidth=0.9, linestyle=(0, (4, 2)))


def _smoothed(values: npt.NDArray[np.float64]) -> list[float]:
    """Exponential moving average over about a fiftieth of the values."""
    weight, smooth = 1 / max(1, len(values) // 50), [float(values[0])]
    for value in values[1:]:
        smooth.append((1 - weight) * smooth[-1] + weight * float(value))
    return smooth
