"""How far is a model's prediction from what happened: by horizon, share of views kept, and kind of unit."""

from dataclasses import fields

import torch
from torch import Tensor

from evaluation.held_out import HORIZON, WARMUP, HeldOut, some
from evaluation.metrics import METRICS, Answers, Bootstrap, Floats, Mask
from evaluation.rows import Row, Split, Status
from s2rm_sc2.seeds import stream
from s2rm_sc2.table import FIELDS, UnitTable
from worldmodel.contract import Predictor
from worldmodel.dream import Forecast, forecast
from worldmodel.windows import Windows

SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Shares of views kept (the paper's)."""

_BATCH = 64


def accuracy(model: Predictor, name: str, seed: int | None, held_out: HeldOut, split: Split) -> list[Row]:
    """All figures of one model on one scenario: shares x horizons 1 to 5 x kinds of units x metrics.

    A figure that nothing was counted for (no hidden units, no deaths) has no row.

    Args:
        model: who predicts.
        name: what its rows call it.
        seed: of its training; None for a floor.
        held_out: what it is asked.
        split: whether it was trained on this scenario.
    """
    rows = []
    bootstrap = Bootstrap(held_out.episodes, stream(held_out.seed, "bootstrap", held_out.scenario.name))
    for share in SHARES:
        said = predict(model, held_out.windows, held_out.kept(share))
        for horizon in range(1, HORIZON + 1):
            for status, asked in _asked(said).items():
                answers = answers_at(said, horizon, asked)
                for metric, tally in METRICS.items():
                    found = bootstrap.figure(tally(answers))
                    if found is not None:
                        of = (name, seed, held_out.scenario.name, split, share, horizon, status, metric)
                        rows.append(Row(*of, found.value, found.low, found.high, found.n))
    return rows


def predict(model: Predictor, windows: Windows, keep: Tensor) -> Forecast:
    """The model's forecast of all windows, a batch at a time."""
    parts = []
    for start in range(0, len(keep), _BATCH):
        batch = slice(start, start + _BATCH)
        parts.append(forecast(model, some(windows, batch), keep[batch], WARMUP, HORIZON))
    names = [field.name for field in fields(Forecast) if field.name != "targets"]
    columns = {name: torch.cat([getattr(part, name) for part in parts]) for name in names}
    targets = UnitTable(*(torch.cat([getattr(part.targets, name) for part in parts]) for name in FIELDS))
    return Forecast(targets=targets, **columns)


def answers_at(said: Forecast, horizon: int, asked: Tensor) -> Answers:
    """A forecast ``horizon`` steps ahead beside the truth, for the units ``asked`` (bool ``[N, U]``)."""
    step, true = horizon - 1, said.targets.map(lambda column: column[:, horizon - 1])
    return Answers(
        x=_array(said.x[:, step]),
        y=_array(said.y[:, step]),
        points=_array(said.health[:, step]) + _array(said.shield[:, step]),
        alive=_array(said.alive[:, step]),
        true_x=_array(true.x),
        true_y=_array(true.y),
        true_points=_array(true.health) + _array(true.shield),
        true_alive=_mask(true.alive),
        asked=_mask(asked & said.valid[:, step, None]),
    )


def _asked(said: Forecast) -> dict[Status, Tensor]:
    return {"all": said.queried, "visible": said.queried & said.visible, "hidden": said.queried & ~said.visible}


def _array(tensor: Tensor) -> Floats:
    return tensor.double().cpu().numpy()


def _mask(tensor: Tensor) -> Mask:
    return tensor.cpu().numpy()
