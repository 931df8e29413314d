"""What a model says about a scenario's windows, beside the truth: forecasts, and the next step after every view."""

from dataclasses import dataclass, fields
from typing import cast

import torch
from torch import Tensor

from evaluation.held_out import HORIZON, WARMUP, some
from evaluation.metrics import Answers, Floats, Mask, Outcomes
from s2rm_sc2.table import FIELDS, UnitTable
from worldmodel.contract import Predictor
from worldmodel.dream import Forecast, forecast, say, watch
from worldmodel.windows import Windows

_BATCH, _WATCHED_BATCH = 64, 16
"""Windows at once; pairs of units over many steps at once take memory."""


@dataclass(frozen=True)
class NextSteps:
    """What a model says of the next step after each row with views, from the last row of the warm-up on.

    Attributes:
        x, y, health, shield: float32 ``[N, T, U]``, the likeliest next states.
        spread: float32 ``[N, T, U]``, how unsure x and y are, cells: the scale of a Laplace distribution.
        alive: float32 ``[N, T, U]``, probability of being alive then.
        known: bool ``[N, T, U]``, units that the kept views have shown and that are not known to be dead.
        age: float32 ``[N, T, U]``, steps since each was in sight.
        reward: float32 ``[N, T]``, what the step is said to bring.
        terminated: float32 ``[N, T]``, probability that it decides the battle.
        targets: the true next tables, ``[N, T, U]``.
        true_reward, true_terminated: what it brought, ``[N, T]``.
        valid: bool ``[N, T]``, steps that were taken.
    """

    x: Tensor
    y: Tensor
    health: Tensor
    shield: Tensor
    spread: Tensor
    alive: Tensor
    known: Tensor
    age: Tensor
    reward: Tensor
    terminated: Tensor
    targets: UnitTable
    true_reward: Tensor
    true_terminated: Tensor
    valid: Tensor


def predict(model: Predictor, windows: Windows, keep: Tensor, steps: int = HORIZON) -> Forecast:
    """The model's forecast of all windows, ``steps`` ahead of the warm-up, a batch at a time."""
    parts = []
    for start in range(0, len(keep), _BATCH):
        batch = slice(start, start + _BATCH)
        parts.append(forecast(model, some(windows, batch), keep[batch], WARMUP, steps))
    names = [field.name for field in fields(Forecast) if field.name != "targets"]
    columns = {name: torch.cat([getattr(part, name) for part in parts]) for name in names}
    rows = slice(WARMUP, WARMUP + steps)
    return Forecast(targets=windows.units.map(lambda column: column[:, rows]), **columns)


@torch.no_grad()
def next_steps(model: Predictor, windows: Windows, keep: Tensor) -> NextSteps:
    """What the model says after each row with views: once through all windows, a batch at a time."""
    parts = []
    for start in range(0, len(keep), _WATCHED_BATCH):
        batch = slice(start, start + _WATCHED_BATCH)
        parts.append(_after_each(model, some(windows, batch), keep[batch]))
    names = [field.name for field in fields(NextSteps) if field.name != "targets"]
    columns = {name: torch.cat([getattr(part, name) for part in parts]) for name in names}
    targets = UnitTable(*(torch.cat([getattr(part.targets, name) for part in parts]) for name in FIELDS))
    return NextSteps(targets=targets, **columns)


def _after_each(model: Predictor, windows: Windows, keep: Tensor) -> NextSteps:
    guided = watch(model, windows, keep, keep.shape[1] - 1)
    change, outcome = say(model, guided, windows, keep)
    told, belief = slice(WARMUP - 1, None), guided.belief
    table = change.likeliest(belief.units)
    return NextSteps(
        **{name: getattr(table, name)[:, told] for name in ("x", "y", "health", "shield")},
        spread=change.spread[:, told],
        alive=torch.sigmoid(change.alive)[:, told],
        known=belief.known[:, told],
        age=belief.age[:, told],
        reward=outcome.reward[:, told],
        terminated=torch.sigmoid(outcome.terminated)[:, told],
        targets=windows.units.map(lambda column: column[:, WARMUP:]),
        true_reward=windows.reward[:, WARMUP - 1 : -1],
        true_terminated=windows.terminated[:, WARMUP - 1 : -1],
        valid=windows.valid[:, WARMUP:],
    )


def answers_at(said: Forecast, horizon: int, asked: Tensor) -> Answers:
    """A forecast ``horizon`` steps ahead beside the truth, for the units ``asked`` (bool ``[N, U]``)."""
    step, true = horizon - 1, said.targets.map(lambda column: column[:, horizon - 1])
    columns = {name: getattr(said, name)[:, step] for name in ("x", "y", "health", "shield", "alive")}
    return _beside(columns, true, asked & said.valid[:, step, None])


def answers_after(said: NextSteps, first: int, last: int) -> Answers:
    """The next steps of units last in sight ``first`` to ``last`` steps ago, arrays ``[N, T * U]``."""
    asked = said.known & (said.age >= first) & (said.age <= last) & said.valid[..., None]
    columns = {name: getattr(said, name).flatten(1) for name in ("x", "y", "health", "shield", "alive")}
    return _beside(columns, said.targets.map(lambda column: column.flatten(1)), asked.flatten(1))


def spread_of(said: NextSteps) -> Floats:
    """How unsure the places of :func:`answers_after` are, cells ``[N, T * U]``."""
    return _array(said.spread.flatten(1))


def outcomes(said: NextSteps) -> Outcomes:
    """What a model says of the battle, step by step, beside the truth."""
    return Outcomes(
        reward=_array(said.reward),
        terminated=_array(said.terminated),
        true_reward=_array(said.true_reward),
        true_terminated=_mask(said.true_terminated),
        asked=_mask(said.valid),
    )


def told(said: Forecast, horizon: int) -> UnitTable:
    """The table that a forecast is of, ``horizon`` steps ahead, ``[N, 1, U]``; who is likelier dead is."""
    at = slice(horizon - 1, horizon)
    table = said.targets.map(lambda column: column[:, at])
    alive = said.queried[:, None] & (said.alive[:, at] >= 0.5)
    columns = {name: getattr(table, name) for name in FIELDS}
    return UnitTable(**{**columns, "x": said.x[:, at], "y": said.y[:, at], "alive": alive})


def _beside(said: dict[str, Tensor], true: UnitTable, asked: Tensor) -> Answers:
    return Answers(
        x=_array(said["x"]),
        y=_array(said["y"]),
        points=_array(said["health"]) + _array(said["shield"]),
        alive=_array(said["alive"]),
        true_x=_array(true.x),
        true_y=_array(true.y),
        true_points=_array(true.health) + _array(true.shield),
        true_alive=_mask(true.alive),
        asked=_mask(asked),
    )


def _array(tensor: Tensor) -> Floats:
    return cast(Floats, tensor.double().cpu().numpy())


def _mask(tensor: Tensor) -> Mask:
    return cast(Mask, tensor.cpu().numpy())
