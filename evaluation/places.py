"""What stands around a place next: the paper's question, with nothing but a model's memory between views and answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from evaluation.held_out import PURPOSE, HeldOut, held_out, some
from evaluation.metrics import Bootstrap, Floats, Tally
from evaluation.rows import Row, Split, Status
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.seeds import stream
from worldmodel.dream import at_places, watch
from worldmodel.losses import place_nll
from worldmodel.model import WorldModel
from worldmodel.places import NEVER, darkness, draw_places, true_maps
from worldmodel.windows import relocated

SHARES = (0.3, 0.6, 1.0)
"""Shares of the agents whose views blink; those of the others are never there."""

METRIC = "place_nll"
MEANING = "Negative log-likelihood of the units around a place in nats: 3x3 bins of 2 cells, Poisson by team and type."

ASKED, PLACES, PER_EPISODE = 23, 24, 2
"""Steps of a window that are asked about, places at each of them, windows from each episode."""

AGES: dict[Status, tuple[int, int]] = {
    "in sight": (0, 0),
    "dark": (1, 10),
    "dark 1-3": (1, 3),
    "dark 4-7": (4, 7),
    "dark 8-10": (8, 10),
    "dark 11-19": (11, 19),
    "never": (NEVER, NEVER),
}
"""Steps since a place was last in sight of a kept view, first and last, by what a row calls it."""

_BATCH = 16

Losses = Mapping[float, Tensor]
"""What each answer costs in nats, ``[N, T, Q]``, by the share of views kept."""


@dataclass(frozen=True)
class Exam:
    """A scenario's test windows with the places asked about, the same for every model.

    Attributes:
        test: N windows of T + 1 rows.
        places: float32 ``[N, T, Q, 2]``, map cells.
        maps: float32 ``[N, T, Q, C, n, n]``, what truly stands there a step later.
        keep: bool ``[N, T + 1, A]`` by share, whose views are there.
        age: int64 ``[N, T, Q]`` by share, steps since each place was in sight, -1 never.
    """

    test: HeldOut
    places: Tensor
    maps: Tensor
    keep: Mapping[float, Tensor]
    age: Mapping[float, Tensor]


def exam(scenario: Scenario, folder: Path, episodes: int, seed: int, progress: bool, purpose: str = PURPOSE) -> Exam:
    """Fresh battles of a scenario, and what is asked about them; arguments as :func:`evaluation.held_out.held_out`.

    The windows are turned, mirrored and moved at random: a field's fights start at the same points in every episode,
    and a model that knew them by heart would need neither views nor memory.

    Raises:
        BadArgument: no battle is long enough for a window.
        ScenarioUnsupported: the engine cannot play the scenario.
    """
    test = held_out(scenario, folder, episodes, seed, progress, ASKED + 1, PER_EPISODE, purpose)
    terrains = [scenario.terrain] * len(test.episodes)
    test = replace(test, windows=relocated(test.windows, terrains, stream(seed, "ground", scenario.name)))
    places = draw_places(test.windows, ASKED, PLACES, stream(seed, "places", scenario.name))
    return pose(test, places)


def pose(test: HeldOut, places: Tensor) -> Exam:
    """Ask about these places, map cells ``[N, T, Q, 2]``, at the first T rows of the windows."""
    after = test.windows.units.map(lambda column: column[:, 1 : places.shape[1] + 1])
    keep = {share: test.blinking(share) for share in SHARES}
    age = {share: darkness(test.windows, kept, places) for share, kept in keep.items()}
    return Exam(test, places, true_maps(after, places), keep, age)


@torch.no_grad()
def ask_places(model: WorldModel, asked: Exam) -> Losses:
    """What each of the model's answers costs."""
    losses = {}
    for share, keep in asked.keep.items():
        parts = []
        for start in range(0, len(keep), _BATCH):
            batch = slice(start, start + _BATCH)
            guided = watch(model, some(asked.test.windows, batch), keep[batch], asked.places.shape[1])
            answer = at_places(model, guided, asked.places[batch])
            parts.append(place_nll(answer.log_rates, asked.maps[batch]))
        losses[share] = torch.cat(parts)
    return losses


def place_rows(losses: Losses, asked: Exam, split: Split, name: str, seed: int | None) -> list[Row]:
    """All figures of one model on one scenario: shares x how long the places have been dark.

    Args:
        losses: what its answers cost.
        asked: what was asked.
        split: whether the model was trained on this scenario.
        name, seed: what its rows call it, and the seed of its training (None for a floor).
    """
    test = asked.test
    bootstrap = Bootstrap(test.episodes, stream(test.seed, "bootstrap", test.scenario.name))
    taken = test.windows.valid[:, 1 : asked.places.shape[1] + 1, None]
    rows = []
    for share, loss in losses.items():
        for status, (first, last) in AGES.items():
            age = asked.age[share]
            tally = _tally(loss, taken & (age >= first) & (age <= last))
            figure = bootstrap.figure(tally)
            if figure is not None:
                of = (name, seed, test.scenario.name, split, share, 1, status, METRIC)
                rows.append(Row(*of, figure.value, figure.low, figure.high, figure.n, bootstrap.sums(tally)))
    return rows


def _tally(loss: Tensor, counted: Tensor) -> Tally:
    number = _array(counted.flatten(1).sum(1))
    return Tally(_array(torch.where(counted, loss, 0.0).double().flatten(1).sum(1)), number, number)


def _array(tensor: Tensor) -> Floats:
    return cast(Floats, tensor.double().cpu().numpy())
