"""Real battles above the same battles as a model imagines them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from evaluation.accuracy import predict
from evaluation.figures.picture import Picture
from evaluation.held_out import NEEDED, WARMUP, HeldOut, some
from evaluation.labels import percent
from evaluation.runs import Run
from s2rm_sc2.draw import write_comparison
from s2rm_sc2.table import FIELDS, UnitTable
from worldmodel.contract import Predictor

SHARE = 0.4
"""Share of the views kept: with all of them hardly anything is out of sight."""


def draw(runs: Sequence[Run], tests: Mapping[str, HeldOut], folder: Path) -> list[Picture]:
    """A battle of a scenario trained on and one of an unseen one, as the first run imagines them."""
    first, pictures = runs[0], []
    for split, words in (("train", "trained on"), ("unseen", "never trained on")):
        test = next((test for name, test in tests.items() if first.split(name) == split), None)
        if test is None:
            continue
        path = write_imagined(first.model, test, folder / f"imagined-{split}.png")
        name = test.scenario.name
        caption = (
            f"A battle of {name}, {words}: above as it was, below as {first.label} imagines it after {WARMUP} steps "
            "with "
            f"{percent(SHARE)} of the views. Dashed outlines stand where units really are. Of the test windows it is "
            "the one "
            "in which most units die."
        )
        alt = f"Two rows of moments of a battle of {name}: the real one above, the one imagined by {first.label} below."
        pictures.append(Picture(path, "battles", caption, alt))
    return pictures


def write_imagined(model: Predictor, test: HeldOut, path: Path) -> Path:
    """Draws the window in which most units die, real above imagined."""
    alive, last = test.windows.units.alive, WARMUP + NEEDED  # rows beyond may lie after an episode's end
    n = int((alive[:, WARMUP - 1].sum(1) - alive[:, last - 1].sum(1)).argmax())
    window = some(test.windows, slice(n, n + 1))
    said = predict(model, window, test.kept(SHARE)[n : n + 1], NEEDED)
    real = window.units.map(lambda column: column[0, WARMUP - 1 : last])
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
    known = torch.cat([said.visible, said.queried.expand(NEEDED, -1)])
    return write_comparison(path, test.scenario, real, at_rest(UnitTable(**columns)), known)


def at_rest(imagined: UnitTable) -> UnitTable:
    """The table ``[T, U]`` with the dead where they first were dead: what a forecast says of them goes on moving.

    A forecast moves the mean of what may be, whether it lives or not, and nobody rises from the dead in it.
    """
    rows = torch.arange(len(imagined.alive))[:, None]
    died = imagined.alive.long().cumprod(dim=0).sum(dim=0)
    return imagined.map(lambda column: column.gather(0, torch.minimum(rows, died)))
