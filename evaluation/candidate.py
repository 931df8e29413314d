"""A model before the test windows of one scenario: what it says is worked out once, whichever questions ask for it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from evaluation.accuracy import NextSteps, answers_after, answers_at, next_steps, outcomes, predict, spread_of, told
from evaluation.held_out import HORIZON, NEEDED, HeldOut
from evaluation.maps import rendered_marks
from evaluation.metrics import (
    FACTORS,
    LIKELIHOOD,
    METRICS,
    OUTCOME_METRICS,
    Bootstrap,
    Figure,
    Tally,
    reliability,
    unit_nll,
)
from evaluation.rows import Dropping, Row, Split, Status
from evaluation.runs import Run, ablated
from s2rm_sc2.seeds import stream
from worldmodel.contract import Predictor
from worldmodel.dream import Forecast
from worldmodel.s2rm import Modules

SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Shares of views kept (the paper's)."""

FAR = {1.0: HORIZON, 0.8: 5, 0.6: 5}
"""Steps that forecasts go at a share of the views, else :data:`NEEDED`: steps without views cost most."""
HIDDEN: dict[Status, tuple[int, int]] = {"hidden 1-3": (1, 3), "hidden 4-7": (4, 7), "hidden 8+": (8, 1000)}
"""Steps since a unit was last in sight, first and last, by what a row calls it."""

AGES: dict[Status, tuple[int, int]] = {"visible": (0, 0), **HIDDEN}
"""The same with those in sight."""

Tallies = dict[str, Tally]
"""A figure's sums by the metric's name."""


Sums = tuple[tuple[float, float], ...]
"""What rows keep of each battle."""

_NO_SUMS: Mapping[str, Sums] = {}


class Candidate:
    """What questions are put to.

    Args:
        model: who answers.
        test: what it is asked about.
        name, seed, split: of its rows (seed None for a floor).
        floor: persistence before the same test, to be compared with; None for persistence itself.
        run: where the model comes from; None for a floor.
        ablations: what it shall be asked without, besides.
        far: steps that its forecasts go at a share of the views.
    """

    def __init__(
        self,
        model: Predictor,
        test: HeldOut,
        name: str,
        seed: int | None,
        split: Split,
        floor: "Candidate | None" = None,
        run: Run | None = None,
        ablations: Sequence[str] = (),
        far: Mapping[float, int] = FAR,
    ) -> None:
        self.test, self.ablations, self._far = test, ablations, far
        self._model, self._name, self._seed, self._split = model, name, seed, split
        self._floor, self._run = floor, run
        self._forecasts: dict[tuple[float, Dropping], Forecast] = {}
        self._said: list[tuple[Tensor, Forecast]] = []
        self._watched: dict[float, NextSteps] = {}
        self._known: dict[tuple[Any, ...], Tallies] = {}
        self._given: dict[tuple[Any, ...], list[Row]] = {}

    @classmethod
    def of(
        cls,
        run: Run,
        test: HeldOut,
        floor: "Candidate",
        ablations: Sequence[str] = (),
        far: Mapping[float, int] = FAR,
    ) -> "Candidate":
        """A run's model."""
        split = run.split(test.scenario.name)
        return cls(run.model, test, run.name, run.info.seed, split, floor, run, ablations, far)

    def without(self, ablation: str) -> "Candidate":
        """The same with something taken away from its model."""
        assert self._run is not None
        assert self._floor is not None
        return Candidate.of(ablated(self._run, ablation), self.test, self._floor, far={})  # nobody asks it further

    def forecast(self, views: float, dropping: Dropping = "episode") -> Forecast:
        """Its open-loop forecast at a share of the views, as many steps as :data:`FAR` says, or more."""
        key: tuple[float, Dropping] = (views, "episode" if views == 1.0 else dropping)
        if key not in self._forecasts:
            keep = self.test.kept(views) if key[1] == "episode" else self.test.stepwise(views)
            self._forecasts[key] = self._forecast_by(keep, self._far.get(views, NEEDED))
        return self._forecasts[key]

    def _forecast_by(self, keep: Tensor, steps: int) -> Forecast:
        """Its forecast by these views, made once: of a small team, two shares may be the same agents."""
        for kept, said in self._said:
            if said.valid.shape[1] >= steps and torch.equal(kept, keep):
                return said
        self._said.append((keep, predict(self._model, self.test.windows, keep, steps)))
        return self._said[-1][1]

    def watched(self, views: float) -> NextSteps:
        """What it says of the next step after each row with a share of the views, in windows that lie apart."""
        if views not in self._watched:
            apart = self.test.apart
            self._watched[views] = next_steps(self._model, apart.windows, apart.kept(views))
        return self._watched[views]

    def forget(self) -> None:
        """Let go of what it said; the sums that its figures are made of stay, which take no memory to speak of."""
        self._forecasts.clear()
        self._said.clear()
        self._watched.clear()

    def unit_rows(
        self,
        views: Iterable[float],
        horizons: Iterable[int],
        statuses: Iterable[Status] = ("all", "visible", "hidden"),
        dropping: Dropping = "episode",
    ) -> list[Row]:
        """Figures of forecasts; one that nothing was counted for (no hidden units, no deaths) has no row."""
        horizons, statuses = list(horizons), list(statuses)
        return [
            row
            for share in views
            for horizon in horizons
            for status in statuses
            for row in self._rows(("forecast", share, horizon, status, dropping), share, horizon, status, dropping)
        ]

    def hidden_rows(self, views: Iterable[float]) -> list[Row]:
        """Figures of the next step of units out of sight, by how long they have been."""
        return [row for share in views for age in HIDDEN for row in self._rows(("hidden", share, age), share, 1, age)]

    def likelihood_rows(self, views: Iterable[float]) -> list[Row]:
        """How likely it held the next step of units, by how long they have been out of sight."""
        return [row for share in views for age in AGES for row in self._rows(("likelihood", share, age), share, 1, age)]

    def outcome_rows(self, views: Iterable[float]) -> list[Row]:
        """Figures of what the next step brings."""
        return [row for share in views for row in self._rows(("outcome", share), share, 1, "all")]

    def reliability_rows(self, views: Iterable[float], horizons: Iterable[int]) -> list[Row]:
        """A reliability curve of the probability of being alive."""
        rows, horizons = [], list(horizons)
        for share in views:
            said = self.forecast(share)
            for horizon in horizons:
                for edge, tallies in reliability(answers_at(said, horizon, said.queried)).items():
                    rows += self._made(_figures(self._bootstrap, tallies, {}), share, horizon, "all", edge=edge)
        return rows

    def _rows(
        self, what: tuple[Any, ...], share: float, horizon: int, status: Status, dropping: Dropping = "episode"
    ) -> list[Row]:
        if what not in self._given:
            below = {} if self._floor is None or what[0] == "likelihood" else self._floor._tallies(what)
            bootstrap = self._bootstrap if what[0] == "forecast" else self._bootstrap_apart
            figures = _figures(bootstrap, self._tallies(what), below)
            paired = {
                name: bootstrap.sums(tally)
                for name, tally in self._tallies(what).items()
                if name == LIKELIHOOD or (name in FACTORS and status == "visible")
            }
            self._given[what] = self._made(figures, share, horizon, status, dropping, sums=paired)
        return self._given[what]

    def _tallies(self, what: tuple[Any, ...]) -> Tallies:
        if what not in self._known:
            kind, *of = what
            made: dict[str, Callable[..., Tallies]] = {
                "forecast": self._of_units,
                "hidden": self._of_hidden,
                "likelihood": self._of_likelihood,
                "outcome": self._of_outcome,
            }
            self._known[what] = made[kind](*of)
        return self._known[what]

    def _of_units(self, share: float, horizon: int, status: Status, dropping: Dropping) -> Tallies:
        said = self.forecast(share, dropping)
        masks = {"all": said.queried, "visible": said.queried & said.visible, "hidden": said.queried & ~said.visible}
        answers = answers_at(said, horizon, masks[status])
        tallies = {name: metric(answers) for name, metric in METRICS.items()}
        return tallies if status != "all" else tallies | self._of_maps(said, horizon)

    def _of_maps(self, said: Forecast, horizon: int) -> Tallies:
        """What was never seen counts too: it stands in no predicted map."""
        at = slice(horizon - 1, horizon)
        places = self.test.places[:, at]
        marks = rendered_marks(told(said, horizon), self.test.map_after(horizon), places)
        counted = said.valid[:, at, None].expand(places.shape[:3])
        return {"friend_foe_f1": marks.friend_foe.tally(counted), "unit_type_f1": marks.unit_type.tally(counted)}

    def _of_hidden(self, share: float, age: Status) -> Tallies:
        answers = answers_after(self.watched(share), *HIDDEN[age])
        return {name: metric(answers) for name, metric in METRICS.items()}

    def _of_likelihood(self, share: float, age: Status) -> Tallies:
        said = self.watched(share)
        return {LIKELIHOOD: unit_nll(answers_after(said, *AGES[age]), spread_of(said))}

    def _of_outcome(self, share: float) -> Tallies:
        said = outcomes(self.watched(share))
        return {name: metric(said) for name, metric in OUTCOME_METRICS.items()}

    def _made(
        self,
        figures: Iterable[tuple[str, Figure]],
        share: float,
        horizon: int,
        status: Status,
        dropping: Dropping = "episode",
        edge: float | None = None,
        sums: Mapping[str, Sums] = _NO_SUMS,
    ) -> list[Row]:
        of = (self._name, self._seed, self.test.scenario.name, self._split, share, horizon, status)
        return [
            Row(
                *(*of, name, found.value, found.low, found.high, found.n, sums.get(name, ())),
                dropping=dropping,
                bin=edge,
                battles=found.battles,
            )
            for name, found in figures
        ]

    @cached_property
    def _bootstrap(self) -> Bootstrap:
        return Bootstrap(self.test.episodes, stream(self.test.seed, "bootstrap", self.test.scenario.name))

    @cached_property
    def _bootstrap_apart(self) -> Bootstrap:
        return Bootstrap(self.test.apart.episodes, stream(self.test.seed, "bootstrap", self.test.scenario.name))


def _figures(bootstrap: Bootstrap, tallies: Tallies, below: Tallies) -> Iterator[tuple[str, Figure]]:
    found = {name: bootstrap.figure(tally) for name, tally in tallies.items()}
    both = [name for name in FACTORS if name in tallies and name in below]
    found |= {FACTORS[name]: bootstrap.factor(tallies[name], below[name]) for name in both}
    yield from ((name, figure) for name, figure in found.items() if figure is not None)


def takeable(run: Run, named: Sequence[str] | None) -> tuple[str, ...]:
    """What is taken away from a run's model: what is named, or all there is (nothing, of one without modules)."""
    if named is not None:
        return tuple(dict.fromkeys(named))
    return run.model.ablations if isinstance(run.model, Modules) else ()
