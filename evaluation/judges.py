"""Who puts the questions: to a run on every test, and to the floors; one judge for units and one for places."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from evaluation.candidate import Candidate, takeable
from evaluation.floors import PURPOSE as FLOORS_PURPOSE
from evaluation.floors import fit
from evaluation.held_out import PURPOSE, HeldOut, held_out, refuse_peeking
from evaluation.places import Exam, PlaceCandidate, Rates, exam, fitted, said_by
from evaluation.questions import Question
from evaluation.rows import Row, Split
from evaluation.runs import Run, split
from evaluation.unit_floors import doubtful
from s2rm_sc2.scenarios import get
from worldmodel.baselines.constant_velocity import ConstantVelocity
from worldmodel.baselines.persistence import Persistence

C = TypeVar("C", Candidate, PlaceCandidate)

FITTED_ON = 24
"""Episodes of each scenario trained on that floors, and thresholds, are fitted on."""


class Judge(Protocol):
    """Puts questions to whoever comes."""

    def rows(self, run: Run) -> list[Row]:
        """A run's figures on every scenario.

        Raises:
            BadArgument: it was trained on test battles.
        """

    def floors(self, trained: Iterable[Sequence[str]]) -> list[Row]:
        """The floors' figures on every scenario, once for each split that runs trained on these put it in."""


class UnitJudge:
    """Asks what happens to units.

    Args:
        tests: windows of each scenario.
        trained: of the scenarios trained on, on other battles; what needs fitting is fitted on them.
        questions: those about units are asked.
        ablations: what runs are also asked without; all that can be taken away by default.
    """

    def __init__(
        self,
        tests: Sequence[HeldOut],
        trained: Sequence[HeldOut],
        questions: Sequence[Question],
        ablations: Sequence[str] | None = None,
    ) -> None:
        self._questions = [question for question in questions if question.units]
        self._trained, self._ablations = trained, ablations
        self._tests = [(test, Candidate(Persistence(), test, Persistence.name, None, "train")) for test in tests]

    def rows(self, run: Run) -> list[Row]:
        """Documented at :meth:`Judge.rows`."""
        refuse_peeking(run.info.stores, _called(run), (*(test for test, _ in self._tests), *self._trained))
        rows, without = [], takeable(run, self._ablations)
        for test, floor in self._tests:
            rows += _answers(self._asking(), Candidate.of(run, test, floor, without))
            floor.forget()
        return rows

    def floors(self, trained: Iterable[Sequence[str]]) -> list[Row]:
        """Documented at :meth:`Judge.floors`."""
        rows, trained = [], list(trained)
        certain = (Persistence(), ConstantVelocity()) if self._asking("fitted") else ()
        fitted_floors = [doubtful(floor, self._trained) for floor in certain]
        for test, persistence in self._tests:
            moving = Candidate(ConstantVelocity(), test, ConstantVelocity.name, None, "train", persistence)
            said = [*_answers(self._asking("plain"), persistence), *_answers(self._asking("plain"), moving)]
            for floor in fitted_floors:
                candidate = Candidate(floor, test, floor.name, None, "train")
                said += _answers(self._asking("fitted"), candidate)
            rows += _in_splits(said, test.scenario.name, trained)
            persistence.forget()
        return rows

    def _asking(self, floors: str | None = None) -> list[Callable[[Candidate], list[Row]]]:
        """What is asked, all or that which is put to such floors."""
        return [q.units for q in self._questions if q.units and floors in (None, q.floors)]


class PlaceJudge:
    """Asks what stands around places.

    Args:
        exams: what is asked on each scenario.
        trained: exams of the scenarios trained on, on other battles; what needs fitting is fitted on them.
        questions: those about places are asked.
        ablations: what runs are also asked without; all that can be taken away by default.
    """

    def __init__(
        self,
        exams: Sequence[Exam],
        trained: Sequence[Exam],
        questions: Sequence[Question],
        ablations: Sequence[str] | None = None,
    ) -> None:
        self._exams, self._trained, self._ablations = exams, trained, ablations
        self._asking = [question.places for question in questions if question.places]

    def rows(self, run: Run) -> list[Row]:
        """Documented at :meth:`Judge.rows`."""
        refuse_peeking(run.info.stores, _called(run), (asked.test for asked in (*self._exams, *self._trained)))
        own = [asked for asked in self._trained if run.split(asked.test.scenario.name) == "train"]
        thresholds = fitted(partial(said_by, run.model), own)
        without = takeable(run, self._ablations)
        candidates = (PlaceCandidate.of(run, asked, thresholds, without) for asked in self._exams)
        return [row for candidate in candidates for row in _answers(self._asking, candidate)]

    def floors(self, trained: Iterable[Sequence[str]]) -> list[Row]:
        """Documented at :meth:`Judge.floors`."""
        rows, trained, floors = [], list(trained), fit(self._trained)
        known: dict[str, Rates] = {"last-seen table": floors.last_seen, "constant rate": floors.constant_rate}
        thresholds = {name: fitted(rates, self._trained) for name, rates in known.items()}
        for asked in self._exams:
            for name, rates in known.items():
                candidate = PlaceCandidate(rates, asked, thresholds[name], name, None, "train")
                rows += _in_splits(_answers(self._asking, candidate), asked.test.scenario.name, trained)
        return rows


def unit_judge(
    tests: Sequence[HeldOut],
    trained: Sequence[str],
    folder: Path,
    seed: int,
    progress: bool,
    questions: Sequence[Question],
    ablations: Sequence[str] | None = None,
) -> UnitJudge:
    """The judge of units, with what it fits, if it is asked for, on fresh battles of the scenarios trained on.

    Raises:
        BadArgument: battles are too short.
        ScenarioUnknown, ScenarioUnsupported: a scenario cannot be played.
    """
    fits = any(question.floors == "fitted" for question in questions)
    names = dict.fromkeys(trained) if fits else {}
    known = [held_out(get(name), folder, FITTED_ON, seed, progress, purpose=FLOORS_PURPOSE) for name in names]
    return UnitJudge(tests, known, questions, ablations)


def place_judge(
    tested: Sequence[str],
    trained: Sequence[str],
    folder: Path,
    episodes: int,
    seed: int,
    progress: bool,
    questions: Sequence[Question],
    ablations: Sequence[str] | None = None,
    purpose: str = PURPOSE,
) -> PlaceJudge:
    """The judge of places, with what it fits on fresh battles of the scenarios trained on.

    Raises:
        BadArgument: battles are too short.
        ScenarioUnknown, ScenarioUnsupported: a scenario cannot be played.
    """
    known = [exam(get(name), folder, FITTED_ON, seed, progress, FLOORS_PURPOSE) for name in dict.fromkeys(trained)]
    exams = [exam(get(name), folder, episodes, seed, progress, purpose) for name in tested]
    return PlaceJudge(exams, known, questions, ablations)


def _called(run: Run) -> str:
    return f"{run.name} in {run.folder}"


def _answers(asking: Sequence[Callable[[C], list[Row]]], candidate: C) -> list[Row]:
    """All its figures, each once, however many questions it answers."""
    return list(dict.fromkeys(row for ask in asking for row in ask(candidate)))


def _in_splits(rows: Sequence[Row], scenario: str, trained: Iterable[Sequence[str]]) -> list[Row]:
    """A floor's figures, once for each split that a run puts the scenario in."""
    found: list[Split] = list(dict.fromkeys(split(scenario, names) for names in trained))
    return [replace(row, split=part) for part in found for row in rows]
