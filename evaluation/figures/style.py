"""How figures look: a colour and a marker of its own for every model, floors grey, and how pictures are saved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from evaluation.rows import FLOORS, ablation_of
from s2rm_sc2.draw.field import INK
from worldmodel.s2rm import Ablation

DPI = 160
FLOOR_COLOUR, GRID_COLOUR = "#7d838c", "#e6e7ea"

S2RM = {
    "s2gru-local": ("#D55E00", "o"),
    "s2gru": ("#0072B2", "s"),
    "s2rmc": ("#009E73", "D"),
    "s2gru-literal": ("#CC79A7", "^"),
}
"""Colour and marker of the models that stand out (Okabe and Ito's palette)."""

BASELINES = {
    "learned-table": ("#8a6d1b", "v"),
    "lstm": ("#2f9fd6", "o"),
    "rmc": ("#6a51a3", "D"),
    "rim": ("#a14a2a", "s"),
    "tto8": ("#d99400", "^"),
    "tto20": ("#b8860b", "v"),
    "tto8-relative": ("#7f7f00", "<"),
    "tto20-relative": ("#555500", ">"),
    "unit-gru": ("#332288", "P"),
    "transformer": ("#2a9d8f", "X"),
}
"""Colour and marker of the others, drawn thinner; markers tell apart what colour-blind readers may not."""

SPARE = (("#882255", "p"), ("#117733", "h"), ("#44446a", "*"), ("#aa4499", "d"), ("#5b7f95", "8"), ("#99582a", "H"))
"""For a second run of a model, and for models of a reader's own."""

DASHES: tuple[tuple[float, ...], ...] = ((), (4, 2), (1, 1.5), (6, 2, 1, 2), (3, 1, 1, 1, 1, 1), (2, 2), (8, 2))
"""Of a model, of what is left of it after each ablation, and of the floors in their order, from the second on."""


@dataclass(frozen=True)
class Look:
    """How a model is drawn.

    Attributes:
        colour, marker: what tells it apart.
        dash: lengths of dashes and gaps in points; empty for a whole line.
        width: of its line, points.
        filled: whether its markers are.
    """

    colour: str
    marker: str
    dash: tuple[float, ...]
    width: float
    filled: bool

    def line(self) -> dict[str, object]:
        """The keywords of :meth:`matplotlib.axes.Axes.plot`."""
        return {
            "color": self.colour,
            "marker": self.marker,
            "linestyle": (0, self.dash) if self.dash else "-",
            "linewidth": self.width,
            "markersize": 4.5 if self.filled else 4.0,
            "markerfacecolor": self.colour if self.filled else "white",
            "markeredgecolor": self.colour,
            "markeredgewidth": 1.0,
            "zorder": 2.5 if self.filled else 3.0 if self.marker else 2.2,  # thin lines on top of thick ones
        }


def looks(models: Sequence[str]) -> dict[str, Look]:
    """How each model of a report is drawn; a known model looks the same in every report."""
    spare = iter(SPARE * len(models))
    known = S2RM | BASELINES
    taken: dict[str, Look] = {}
    for model in models:
        whole, ablation = ablation_of(model)
        if model in FLOORS:
            taken[model] = Look(FLOOR_COLOUR, "", DASHES[1 + FLOORS.index(model)], 1.4, False)
            continue
        if whole not in taken:
            name = whole.split(" (")[0]
            colour, marker = known.pop(name) if name in known else next(spare)
            taken[whole] = Look(colour, marker, (), 2.1 if name in S2RM else 1.3, name in S2RM)
        if ablation:
            dash = DASHES[1 + (get_args(Ablation).index(ablation) - 1) % (len(DASHES) - 1)]
            taken[model] = replace(taken[whole], dash=dash, width=1.1, filled=False)
    return {model: taken[model] for model in models}


def tidy(axes: Axes) -> None:
    """No box around the plot, quiet horizontal lines behind it."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#9aa0a8")
    axes.grid(axis="y", color=GRID_COLOUR, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, colors=INK, color="#9aa0a8")


def legend(figure: Figure, shown: dict[str, Look]) -> float:
    """One legend below all, in as many lines as fit beside each other; how much of the height it takes, inches."""
    handles = [Line2D([], [], label=model, **look.line()) for model, look in shown.items()]  # type: ignore[arg-type]
    columns = max(1, min(len(handles), int(figure.get_figwidth() / 1.4)))
    figure.legend(handles=handles, loc="lower center", ncols=columns, frameon=False, fontsize=9, handlelength=2.4)
    return 0.1 + 0.2 * -(-len(handles) // columns)


def fit(figure: Figure, below: float) -> None:
    """Lay out the axes of a picture above so many inches by measuring every label, which takes as long as drawing."""
    figure.tight_layout(rect=(0, below / figure.get_figheight(), 1, 1), w_pad=1.2, h_pad=1.2)


def save(figure: Figure, path: Path) -> Path:
    """Writes a PNG; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure)
    if not figure.get_constrained_layout():
        figure.set_layout_engine(None)  # what tight_layout leaves there would have everything drawn twice
    figure.savefig(path, facecolor="white", dpi=DPI)
    return path
