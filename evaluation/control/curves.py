"""The picture of a comparison: what policies won in the engine against the steps of their training."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.control.outcome import SCRIPTED, Result
from evaluation.figures.style import DASHES, FLOOR_COLOUR, S2RM, save, tidy

COLOURS = [colour for colour, _ in S2RM.values()]

PANELS = {"won": "share of battles won", "mean_return": "mean return"}


def curves(results: Sequence[Result], title: str, path: Path) -> Path:
    """Win rate and return of the greedy policy in the engine; thin lines are seeds, thick ones their means."""
    figure = Figure(figsize=(9.5, 3.8), layout="constrained")
    for axes, (name, label) in zip(figure.subplots(1, 2), PANELS.items(), strict=True):
        _panel(axes, results, name)
        axes.set_xlabel("steps of the training, real or imagined")
        axes.set_ylabel(f"{label}, in the engine")
        tidy(axes)
    figure.suptitle(title, fontsize=10)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=6, frameon=False, fontsize=8)
    return save(figure, path)


def _panel(axes: Axes, results: Sequence[Result], name: str) -> None:
    trained = [arm for arm in dict.fromkeys(r.arm for r in results) if arm not in SCRIPTED]
    for arm, colour in zip(trained, COLOURS, strict=False):
        own = [[(p.steps, getattr(p, name)) for p in r.curve] for r in results if r.arm == arm and r.curve]
        for points in own if len(own) > 1 else ():
            axes.plot(*zip(*points, strict=True), color=colour, linewidth=0.7, alpha=0.5)
        mean = [(row[0][0], fmean(value for _, value in row)) for row in zip(*own, strict=False)]
        if mean:
            dot = "o" if len(mean) == 1 else None  # a line of one point shows nothing
            axes.plot(*zip(*mean, strict=True), color=colour, linewidth=2.0, marker=dot, label=arm)
    for place, result in enumerate(r for r in results if r.arm in SCRIPTED):
        value = result.strength.rate if name == "won" else result.mean_return
        dash = DASHES[1 + place % (len(DASHES) - 1)]
        axes.axhline(value, color=FLOOR_COLOUR, linestyle=(0, dash), linewidth=1.2, label=result.arm)
    if name == "won":
        axes.set_ylim(-0.02, 1.02)
