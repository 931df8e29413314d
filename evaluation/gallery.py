"""Every picture of a report, by its caption."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from evaluation import plots
from evaluation.accuracy import predict
from evaluation.held_out import HORIZON, WARMUP, HeldOut, some
from evaluation.places import METRIC as PLACE_NLL
from evaluation.rows import Row, select
from evaluation.runs import Run
from s2rm_sc2.draw import write_comparison
from s2rm_sc2.scenarios import get
from s2rm_sc2.table import FIELDS, UnitTable
from worldmodel.contract import Predictor

PICTURED_SHARE = 0.4
"""Share of views in pictures of imagined battles: with all of them hardly anything is out of sight."""


def draw_all(runs: Sequence[Run], tests: Mapping[str, HeldOut], rows: Sequence[Row], folder: Path) -> dict[str, Path]:
    """Draws into a folder and returns each picture's path by its caption.

    Args:
        runs: the models; the first one imagines.
        tests: what they were asked about units, by scenario.
        rows: their figures.
        folder: gets the PNGs.
    """
    pictures = {}
    if tests:
        pictures["Error by steps ahead, all views kept"] = plots.horizon(rows, folder / "horizon.png")
        pictures["Error five steps ahead, by share of the views kept"] = plots.views(rows, folder / "views.png")
    if select(rows, metric=PLACE_NLL):
        pictures["Places by steps in the dark"] = plots.darkness(rows, folder / "darkness.png")
    first = runs[0]
    for split in ("train", "unseen"):
        test = next((test for name, test in tests.items() if first.split(name) == split), None)
        if test is not None:
            what = f"{test.scenario.name} ({split}), real above imagined by {first.label}"
            path = write_imagined(first.model, test, folder / f"imagined-{split}.png")
            pictures[f"{what}, {PICTURED_SHARE:.0%} of the views kept"] = path
    for run in (run for run in runs if run.ablation == "none"):
        file = f"{run.label}.png".replace(" ", "-")
        curve = plots.training(run.folder / "log.jsonl", folder / f"training-{file}")
        if curve is not None:
            pictures[f"Training of {run.label}"] = curve
        topology = run.model.topology()
        if topology is not None:
            path = plots.topology(topology, get(run.info.scenarios[0]), folder / f"topology-{file}")
            pictures[f"Modules of {run.label}: where they sit, how far they reach"] = path
    return pictures


def write_imagined(model: Predictor, test: HeldOut, path: Path) -> Path:
    """Draws the window in which most units die within the horizon, real above imagined."""
    alive = test.windows.units.alive
    n = int((alive[:, WARMUP - 1].sum(1) - alive[:, -1].sum(1)).argmax())
    window = some(test.windows, slice(n, n + 1))
    said = predict(model, window, test.kept(PICTURED_SHARE)[n : n + 1])
    real = window.units.map(lambda column: column[0, WARMUP - 1 :])
    foretold = {
        "x": said.x,
        "y": said.y,
        "health": said.health,
        "shield": said.shield,
        "alive": said.alive >= 0.5,
    }
    columns = {name: getattr(real, name) for name in FIELDS}
    for name, column in foretold.items():
        columns[name] = torch.cat([columns[name][:1], column[0]])
    known = torch.cat([said.visible, said.queried.expand(HORIZON, -1)])
    return write_comparison(path, test.scenario, real, UnitTable(**columns), known)
