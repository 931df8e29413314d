"""What the published tables are: trained on what, tested on what, laid out how."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.questions import ALL
from evaluation.sheets import PLACE_SHEETS, UNIT_GRID, Sheet
from evaluation.splits import TrainingSet, training_set
from worldmodel.config import Task

SPLIT = "v1"
"""Version of the split that the tables are made by."""


@dataclass(frozen=True)
class Plan:
    """One table.

    Attributes:
        name: what its folder and file are called.
        task: what models are trained on.
        trained, episodes: the scenarios, and how many episodes of each.
        tested: scenarios of the table.
        sheets: its tables.
        questions: what is asked.
    """

    name: str
    task: Task
    trained: tuple[str, ...]
    episodes: int
    tested: tuple[str, ...]
    sheets: tuple[Sheet, ...]
    questions: tuple[str, ...] = (ALL,)


def _plan(name: str, task: Task, on: TrainingSet, tested: Sequence[str], sheets: tuple[Sheet, ...]) -> Plan:
    return Plan(name, task, on.trained, on.episodes, tuple(tested), sheets)


_UNITS, _PLACES = training_set(SPLIT, "1c3s5z"), training_set(SPLIT, "fields")
_MORE = ("3x1s2z,sight=5", "3x2s2z,sight=5", "3x1s2z", "3x2s2z")

PLANS = {
    plan.name: plan
    for plan in (
        _plan("units", "units", _UNITS, _UNITS.tested("compositions", "counts"), UNIT_GRID),
        _plan("places", "places", _PLACES, [*_MORE, *_PLACES.parts["fields"]], PLACE_SHEETS),
    )
}
"""The tables: units, and places with sight 5 and SMAC's own sight 9 (one model for both)."""
