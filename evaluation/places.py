"""What stands around a place next: the paper's question, with nothing but a model's memory between views and answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from evaluation.held_out import PURPOSE, HeldOut, held_out, some
from evaluation.maps import Marks, Thresholds, fit_thresholds, said_marks
from evaluation.metrics import MAP_METRICS, Bootstrap, Floats, Tally
from evaluation.rows import Row, Split, Status
from evaluation.runs import Run, ablated
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

FITTED_SHARE = 0.6
"""Share of views at which thresholds are fitted; one for all."""

_BATCH = 16

Rates = Callable[["Exam", float], Iterator[tuple[Tensor, Tensor]]]
"""What a model, or a floor, says at a share of the views: logarithms of rates ``[n, T, Q, K, n, n]`` with the true
maps, a batch of windows after the other."""


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

    def counted(self, share: float) -> dict[Status, Tensor]:
        """The places that figures are about, bool ``[N, T, Q]``, by how long they have been dark."""
        taken = self.test.windows.valid[:, 1 : self.places.shape[1] + 1, None]
        age = self.age[share]
        return {status: taken & (age >= first) & (age <= last) for status, (first, last) in AGES.items()}


def exam(scenario: Scenario, folder: Path, episodes: int, seed: int, progress: bool, purpose: str = PURPOSE) -> Exam:
    """Fresh battles of a scenario, and what is asked about them; arguments as :func:`evaluation.held_out.held_out`.

    The windows are turned, mirrored and moved at random: a field's fights start at the same points in every episode,
    and a model that knew them by heart would need neither views nor memory.

    Raises:
        BadArgument: no battle is long enough for a window.
        ScenarioUnsupported: the engine cannot play the scenario.
    """
    test = held_out(scenario, folder, episodes, seed, progress, ASKED + 1, PER_EPISODE, purpose, ASKED + 1)
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
def said_by(model: WorldModel, asked: Exam, share: float) -> Iterator[tuple[Tensor, Tensor]]:
    """A model's answers; see :data:`Rates`."""
    keep = asked.keep[share]
    for start in range(0, len(keep), _BATCH):
        batch = slice(start, start + _BATCH)
        guided = watch(model, some(asked.test.windows, batch), keep[batch], asked.places.shape[1])
        yield at_places(model, guided, asked.places[batch]).log_rates, asked.maps[batch]


def fitted(rates: Rates, trained: Sequence[Exam]) -> Thresholds:
    """The thresholds that serve a model best on battles of the scenarios trained on."""
    return fit_thresholds(answer for asked in trained for answer in rates(asked, FITTED_SHARE))


class PlaceCandidate:
    """A model, or a floor, before a scenario's places.

    Args:
        rates: what it says.
        asked: what it is asked.
        thresholds: when it calls a bin occupied, fitted on other battles.
        name, seed, split: of its rows (seed None for a floor).
        run: where the model comes from; None for a floor.
        ablations: what it shall be asked without, besides.
    """

    def __init__(
        self,
        rates: Rates,
        asked: Exam,
        thresholds: Thresholds,
        name: str,
        seed: int | None,
        split: Split,
        run: Run | None = None,
        ablations: Sequence[str] = (),
    ) -> None:
        self.asked, self.ablations = asked, ablations
        self._rates, self._thresholds, self._run = rates, thresholds, run
        self._name, self._seed, self._split = name, seed, split
        self._found: list[Row] | None = None

    @classmethod
    def of(cls, run: Run, asked: Exam, thresholds: Thresholds, ablations: Sequence[str] = ()) -> "PlaceCandidate":
        """A run's model."""
        split = run.split(asked.test.scenario.name)
        return cls(partial(said_by, run.model), asked, thresholds, run.name, run.info.seed, split, run, ablations)

    def without(self, ablation: str) -> "PlaceCandidate":
        """The same with something taken away from its model; it still calls occupied what it did with it."""
        assert self._run is not None
        return PlaceCandidate.of(ablated(self._run, ablation), self.asked, self._thresholds)

    def rows(self) -> list[Row]:
        """All its figures: shares x how long the places have been dark x metrics."""
        if self._found is None:
            self._found = [row for share in self.asked.keep for row in self._rows(share)]
        return self._found

    def _rows(self, share: float) -> list[Row]:
        losses, marks = [], []
        for log_rates, maps in self._rates(self.asked, share):
            losses.append(place_nll(log_rates, maps))
            marks.append(said_marks(log_rates, maps, self._thresholds))
        friend_foe, unit_type = (
            Marks(*(torch.cat([getattr(getattr(part, kind), f.name) for part in marks]) for f in fields(Marks)))
            for kind in ("friend_foe", "unit_type")
        )
        loss = torch.cat(losses)
        found = []
        for status, counted in self.asked.counted(share).items():
            of = (self._name, self._seed, self.asked.test.scenario.name, self._split, share, 1, status)
            tally = _tally(loss, counted)
            figure = self._bootstrap.figure(tally)
            if figure is not None:
                sums = self._bootstrap.sums(tally)
                numbers = figure.value, figure.low, figure.high, figure.n, sums
                found.append(Row(*of, METRIC, *numbers, battles=figure.battles))
            for metric, marked in zip(MAP_METRICS, (friend_foe, unit_type), strict=True):
                figure = self._bootstrap.figure(marked.tally(counted))
                if figure is not None:
                    numbers = figure.value, figure.low, figure.high, figure.n, ()
                    found.append(Row(*of, metric, *numbers, battles=figure.battles))
        return found

    @cached_property
    def _bootstrap(self) -> Bootstrap:
        return Bootstrap(
            self.asked.test.episodes, stream(self.asked.test.seed, "bootstrap", self.asked.test.scenario.name)
        )


def _tally(loss: Tensor, counted: Tensor) -> Tally:
    number = _array(counted.flatten(1).sum(1))
    return Tally(_array(torch.where(counted, loss, 0.0).double().flatten(1).sum(1)), number, number)


def _array(tensor: Tensor) -> Floats:
    return cast(Floats, tensor.double().cpu().numpy())
