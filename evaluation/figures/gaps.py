"""How far models lie apart on the same battles, where what makes a battle hard for both cancels out."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.figures.panels import COLUMNS, title
from evaluation.figures.picture import Picture, Section
from evaluation.figures.style import FLOOR_COLOUR, GRID_COLOUR, looks, save
from evaluation.figures.views import nearest, steps
from evaluation.gaps import SUFFIX
from evaluation.labels import axis_of, more_is_better, name_of, percent
from evaluation.rows import Row, distinct, select
from s2rm_sc2.draw.field import INK

AHEAD, SHARE = 10, 0.4
"""Of the forecasts of units that are compared."""

_ABOUT = {
    "place_nll": ("dark", "places"),
    "friend_foe_f1": ("dark", "places"),
    "position_error": ("visible", "units in sight"),
    "health_error": ("visible", "units in sight"),
    "unit_nll": ("visible", "units in sight"),
}
"""Which units or places are compared by metric, and what they are."""


def draw(behind: Sequence[Row], reference: str, folder: Path) -> list[Picture]:
    """A picture for each metric that has gaps.

    Args:
        behind: what :func:`evaluation.gaps.gaps` finds to the reference.
        reference: the model compared with.
        folder: gets the PNGs.
    """
    pictures = []
    for metric, (status, what) in _ABOUT.items():
        section: Section = "places" if what == "places" else "units"
        found = select(behind, metric=f"{metric}{SUFFIX}", status=status, dropping="episode")
        if section == "units":
            chosen = nearest(select(found, views=SHARE), AHEAD)
            when = f"of {what}, {steps(chosen)} ahead with {percent(SHARE)} of the views" if chosen else ""
        else:
            shares = sorted(distinct(found, "views"))
            chosen = select(found, views=shares[len(shares) // 2]) if shares else []
            when = f"for places dark since 1 to 10 steps with {percent(chosen[0].views)} of the views" if chosen else ""
        if not chosen:
            continue
        path = _drawn(chosen, reference, folder / f"gaps-{metric}.png")
        side = "right" if more_is_better(metric) else "left"
        caption = (
            f"How each model's {name_of(metric)} differs from that of {reference}, {when}: {side} of the line is "
            "better "
            f"than {reference}. Whiskers are 95 % intervals of the difference, over the same battles and over seeds."
        )
        models = ", ".join(distinct(chosen, "model"))
        alt = f"Dots with whiskers: {name_of(metric)} less that of {reference} for {models}."
        pictures.append(Picture(path, section, caption, alt))
    return pictures


def _drawn(rows: Sequence[Row], reference: str, path: Path) -> Path:
    models = distinct(rows, "model")
    shown = looks([reference, *models])
    scenarios = list(dict.fromkeys((row.scenario, row.split) for row in rows))
    columns = min(COLUMNS, len(scenarios))
    lines = -(-len(scenarios) // columns)
    figure = Figure(figsize=(1.2 + 2.45 * columns, lines * (0.23 * len(models) + 0.75) + 0.25))
    grid = figure.subplots(lines, columns, squeeze=False, sharey=True, sharex=True)
    for number, axes in enumerate(grid.flat):
        if number >= len(scenarios):
            axes.set_visible(False)
            continue
        scenario, split = scenarios[number]
        axes.axvline(0, color=FLOOR_COLOUR, linewidth=1.1, linestyle=(0, (4, 2)))
        for row in select(rows, scenario=scenario, split=split):
            line, look = models.index(row.model), shown[row.model]
            axes.plot([row.low, row.high], [line, line], color=look.colour, linewidth=1.6, solid_capstyle="round")
            face = look.colour if look.filled else "white"
            axes.plot(row.value, line, marker=look.marker or "|", ms=6, mfc=face, mec=look.colour, ls="")
        _dress(axes, models)
        title(axes, scenario, split)
        axes.tick_params(labelbottom=True)
    axis = axis_of(rows[0].metric.removesuffix(SUFFIX))
    figure.supxlabel(f"{axis} more than {reference}", fontsize=8.5, color=INK)
    figure.tight_layout(w_pad=1.0, h_pad=1.0)
    return save(figure, path)


def _dress(axes: Axes, models: Sequence[str]) -> None:
    axes.set_yticks(range(len(models)), models, fontsize=8)
    axes.set_ylim(len(models) - 0.4, -0.6)
    axes.grid(axis="x", color=GRID_COLOUR, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#9aa0a8")
    axes.tick_params(axis="both", length=0, labelsize=8, colors=INK)
