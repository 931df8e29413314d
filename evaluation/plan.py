"""What the published tables are: trained on what, tested on what, laid out how."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from evaluation.brief import PLACE_BRIEF, UNIT_BRIEF, Brief
from evaluation.claims import Claim, place_claims, unit_claims
from evaluation.questions import ALL
from evaluation.rows import Row
from evaluation.sheets import PLACE_SHEETS, UNIT_GRID, Sheet
from evaluation.splits import training_set
from worldmodel.config import Task

SPLIT = "v1"
"""Version of the split that the tables are made by."""

MINUTES = "minutes"
"""How the names of tables at equal time end."""


@dataclass(frozen=True)
class Plan:
    """One table.

    Attributes:
        name: what its folder and file are called.
        task: what models are trained on.
        trained, episodes: the scenarios, and how many episodes of each.
        tested: scenarios of the table.
        sheets: its tables.
        briefs: its tables in brief.
        claims: what its figures say of what is claimed.
        questions: what is asked.
        beside: of a table at equal time, the one at equal updates.
    """

    name: str
    task: Task
    trained: tuple[str, ...]
    episodes: int
    tested: tuple[str, ...]
    sheets: tuple[Sheet, ...]
    briefs: tuple[Brief, ...]
    claims: Callable[[Sequence[Row]], list[Claim]]
    questions: tuple[str, ...] = (ALL,)
    beside: "Plan | None" = None


def at_equal_time(plan: Plan, minutes: float) -> Plan:
    """The same table of trainings that all last so long; its runs and figures lie apart from the others."""
    return replace(plan, name=f"{plan.name}-{minutes:g}-{MINUTES}", beside=plan)


_UNITS, _PLACES = training_set(SPLIT, "1c3s5z"), training_set(SPLIT, "fields")
_MORE = ("3x1s2z,sight=5", "3x2s2z,sight=5", "3x1s2z", "3x2s2z")

_TESTED = (*_UNITS.tested("compositions", "counts"),), (*_MORE, *_PLACES.parts["fields"])

PLANS = {
    plan.name: plan
    for plan in (
        Plan("units", "units", _UNITS.trained, _UNITS.episodes, _TESTED[0], UNIT_GRID, UNIT_BRIEF, unit_claims),
        Plan(
            "places", "places", _PLACES.trained, _PLACES.episodes, _TESTED[1], PLACE_SHEETS, PLACE_BRIEF, place_claims
        ),
    )
}
"""The tables: units, and places with sight 5 and SMAC's own sight 9 (one model for both)."""
