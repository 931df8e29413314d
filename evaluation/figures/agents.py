"""Performance against the number of agents: one of the paper's figures, and whether a model fits other team sizes."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.figures.panels import BANDS
from evaluation.figures.picture import Picture
from evaluation.figures.style import FLOOR_COLOUR, Look, fit, legend, looks, save, tidy
from evaluation.figures.views import nearest
from evaluation.gaps import SUFFIX
from evaluation.labels import axis_of
from evaluation.rows import FLOORS, Row, distinct, select
from s2rm_sc2.draw.field import INK
from s2rm_sc2.scenarios import get
from s2rm_sc2.words import counted

AHEAD = 5


def draw(rows: Sequence[Row], behind: Sequence[Row], folder: Path) -> list[Picture]:
    """Where scenarios of three team sizes or more were asked about: units as factors, places as gaps to a floor.

    Args:
        rows: figures, means over seeds.
        behind: what :func:`evaluation.gaps.gaps` finds to the last-seen table.
        folder: gets the PNGs.
    """
    kept = on_known_ground(select(rows, views=1.0, status="all", dropping="episode"))
    units = [nearest(select(kept, metric=metric), AHEAD) for metric in ("position_error_factor", "health_error_factor")]
    dark = select(behind, status="dark", views=1.0, dropping="episode", metric=f"place_nll{SUFFIX}")
    pictures = []
    if all(_sizes(panel) >= 3 for panel in units):
        words = (
            f"Errors {counted(units[0][0].horizon, 'step')} ahead as a factor of persistence's, by the number of agents"
        )
        path = _drawn(units, [axis_of(panel[0].metric) for panel in units], 1.0, folder / "agents-units.png")
        where = "on the ground trained on, so that nothing but the teams is new"
        pictures.append(Picture(path, "units", f"{words}, {where}, {_MEANING}", _alt(units[0], "errors")))
    if _sizes(dark) >= 3:
        words = "What dark places cost more than the last-seen table needs, by the number of agents"
        path = _drawn([dark], ["nats more than the last-seen table"], 0.0, folder / "agents-places.png")
        pictures.append(Picture(path, "places", f"{words}, {_MEANING}", _alt(dark, "cost")))
    return pictures


_MEANING = (
    "all views kept. Lines are means over the scenarios of a team size, dots the scenarios; shaded are the sizes "
    "trained "
    "on. Below the dashed line a model beats the floor."
)


def _alt(rows: Sequence[Row], what: str) -> str:
    return f"Line plots of {what} against the number of agents, lines for {', '.join(distinct(rows, 'model'))}."


def on_known_ground(rows: Sequence[Row]) -> list[Row]:
    """The rows of scenarios on a terrain that was trained on: what fields and other ground cost is not the agents'."""
    known = {get(row.scenario).terrain_name for row in rows if row.split == "train"}
    return [row for row in rows if not known or get(row.scenario).terrain_name in known]


def agents_of(row: Row) -> int:
    """Agents of a row's scenario."""
    return get(row.scenario).n_agents


def _sizes(rows: Sequence[Row]) -> int:
    return len({agents_of(row) for row in rows})


def _drawn(panels: Sequence[Sequence[Row]], labels: Sequence[str], level: float, path: Path) -> Path:
    shown = looks([model for model in distinct(panels[0], "model") if model not in FLOORS])
    figure = Figure(figsize=(5.4 * len(panels) + 0.2, 3.6))
    for axes, rows, label in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, labels, strict=True):
        tidy(axes)
        sizes = sorted({agents_of(row) for row in rows})
        for size in {agents_of(row) for row in rows if row.split == "train"}:
            axes.axvspan(size - 0.4, size + 0.4, color="#eef0f3", linewidth=0, zorder=0)
        axes.axhline(level, color=FLOOR_COLOUR, linewidth=1.1, linestyle=(0, (4, 2)))
        for model, look in shown.items():
            _line(axes, select(rows, model=model), look, len(shown))
        axes.set_xticks(sizes)
        axes.set_xlabel("agents", fontsize=8.5, color=INK)
        axes.set_ylabel(label, fontsize=8.5, color=INK)
    fit(figure, below=legend(figure, shown))
    return save(figure, path)


def _line(axes: Axes, rows: Sequence[Row], look: Look, models: int) -> None:
    by_size: dict[int, list[Row]] = {}
    for row in rows:
        by_size.setdefault(agents_of(row), []).append(row)
    sizes = sorted(by_size)
    low, middle, high = (
        [fmean(getattr(row, end) for row in by_size[size]) for size in sizes] for end in ("low", "value", "high")
    )
    axes.plot(sizes, middle, **look.line())  # type: ignore[arg-type]
    axes.plot([agents_of(row) for row in rows], [row.value for row in rows], ".", color=look.colour, ms=3, alpha=0.5)
    if look.filled or models <= BANDS:
        axes.fill_between(sizes, low, high, where=np.isfinite(low), color=look.colour, alpha=0.1, linewidth=0)
