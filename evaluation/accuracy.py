"""How far is a model's prediction from what happened: by horizon, share of views kept, and kind of unit."""

from collections.abc import Iterator
from dataclasses import fields

import torch
from torch import Tensor

from evaluation.held_out import HORIZON, WARMUP, HeldOut, some
from evaluation.metrics import FACTORS, METRICS, Answers, Bootstrap, Figure, Floats, Mask, Tally
from evaluation.rows import Row, Split, Status
from s2rm_sc2.seeds import stream
from s2rm_sc2.table import FIELDS, UnitTable
from worldmodel.contract import Predictor
from worldmodel.dream import Forecast, forecast
from worldmodel.windows import Windows

SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Shares of views kept (the paper's)."""

STEPS = (1, 2, 5, 10)
"""Steps ahead that are reported."""

_BATCH = 64

Forecasts = dict[float, Forecast]
"""What a model says about all windows of a scenario, by the share of views kept."""


def ask(model: Predictor, test: HeldOut) -> Forecasts:
    """The model's forecasts of a scenario's windows; every model is asked the same."""
    return {share: predict(model, test.windows, test.kept(share)) for share in SHARES}


def accuracy(
    said: Forecasts, floor: Forecasts | None, test: HeldOut, split: Split, name: str, seed: int | None
) -> list[Row]:
    """All figures of one model on one scenario: shares x :data:`STEPS` x kinds of units x metrics.

    A figure that nothing was counted for (no hidden units, no deaths) has no row.

    Args:
        said: the model's forecasts.
        floor: persistence's, to be compared with; None for the floor itself.
        test: what was asked.
        split: whether the model was trained on this scenario.
        name, seed: what its rows call it, and the seed of its training (None for the floor).
    """
    bootstrap = Bootstrap(test.episodes, stream(test.seed, "bootstrap", test.scenario.name))
    rows = []
    for share in SHARES:
        for horizon in STEPS:
            for status, asked in _asked(said[share]).items():
                tallies = _tallies(said[share], horizon, asked)
                below = None if floor is None else _tallies(floor[share], horizon, asked)
                for metric, figure in _figures(bootstrap, tallies, below):
                    of = (name, seed, test.scenario.name, split, share, horizon, status, metric)
                    rows.append(Row(*of, figure.value, figure.low, figure.high, figure.n))
    return rows


def _figures(
    bootstrap: Bootstrap, tallies: dict[str, Tally], floor: dict[str, Tally] | None
) -> Iterator[tuple[str, Figure]]:
    found = {name: bootstrap.figure(tally) for name, tally in tallies.items()}
    if floor is not None:
        found |= {factor: bootstrap.factor(tallies[name], floor[name]) for name, factor in FACTORS.items()}
    yield from ((name, figure) for name, figure in found.items() if figure is not None)


def _tallies(said: Forecast, horizon: int, asked: Tensor) -> dict[str, Tally]:
    answers = answers_at(said, horizon, asked)
    return {name: metric(answers) for name, metric in METRICS.items()}


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
