"""What runs are asked, as one thing for each of the two questions: figures of a run, and figures of the floors."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from evaluation.accuracy import accuracy, ask
from evaluation.floors import PURPOSE, Floors, fit
from evaluation.held_out import HeldOut
from evaluation.places import Exam, ask_places, exam, place_rows
from evaluation.rows import Row, Split
from evaluation.runs import Run, split
from s2rm_sc2.scenarios import get
from worldmodel.baselines.constant_velocity import ConstantVelocity
from worldmodel.baselines.persistence import Persistence

FITTED_ON = 24
"""Episodes of each scenario trained on that the floors of places are fitted on."""


class Question(Protocol):
    """Something that every run can be asked."""

    def rows(self, run: Run) -> list[Row]:
        """A run's figures on every scenario."""

    def floors(self, trained: Iterable[Sequence[str]]) -> list[Row]:
        """The floors' figures on every scenario, once for each split that runs trained on these put it in."""


class Units:
    """What happens to the units seen before.

    Args:
        tests: windows of each scenario.
    """

    def __init__(self, tests: Sequence[HeldOut]) -> None:
        self._tests = [(test, ask(Persistence(), test)) for test in tests]

    def rows(self, run: Run) -> list[Row]:
        """Documented at :meth:`Question.rows`."""
        return [
            row
            for test, floor in self._tests
            for row in accuracy(
                ask(run.model, test), floor, test, run.split(test.scenario.name), run.name, run.info.seed
            )
        ]

    def floors(self, trained: Iterable[Sequence[str]]) -> list[Row]:
        """Documented at :meth:`Question.floors`."""
        rows, trained = [], list(trained)
        for test, floor in self._tests:
            moving = ask(ConstantVelocity(), test)
            for part in _splits(test.scenario.name, trained):
                rows += accuracy(floor, None, test, part, Persistence.name, None)
                rows += accuracy(moving, floor, test, part, ConstantVelocity.name, None)
        return rows


class Places:
    """What stands around places.

    Args:
        exams: what is asked on each scenario.
        fitted: the floors.
    """

    def __init__(self, exams: Sequence[Exam], fitted: Floors) -> None:
        self._exams, self._fitted = exams, fitted

    def rows(self, run: Run) -> list[Row]:
        """Documented at :meth:`Question.rows`."""
        return [
            row
            for asked in self._exams
            for row in place_rows(
                ask_places(run.model, asked), asked, run.split(asked.test.scenario.name), run.name, run.info.seed
            )
        ]

    def floors(self, trained: Iterable[Sequence[str]]) -> list[Row]:
        """Documented at :meth:`Question.floors`."""
        rows, trained = [], list(trained)
        for asked in self._exams:
            said = {
                "last-seen table": self._fitted.last_seen(asked),
                "constant rate": self._fitted.constant_rate(asked),
            }
            for part in _splits(asked.test.scenario.name, trained):
                for name, losses in said.items():
                    rows += place_rows(losses, asked, part, name, None)
        return rows


def places(
    tested: Sequence[str], trained: Sequence[str], folder: Path, episodes: int, seed: int, progress: bool
) -> Places:
    """The question about places, with floors fitted on fresh battles of the scenarios trained on.

    Raises:
        BadArgument: battles are too short.
        ScenarioUnknown, ScenarioUnsupported: a scenario cannot be played.
    """
    fitted = fit([exam(get(name), folder, FITTED_ON, seed, progress, PURPOSE) for name in dict.fromkeys(trained)])
    return Places([exam(get(name), folder, episodes, seed, progress) for name in tested], fitted)


def _splits(scenario: str, trained: Iterable[Sequence[str]]) -> list[Split]:
    return list(dict.fromkeys(split(scenario, names) for names in trained))
