"""What the published tables are: trained on what, tested on what, laid out how."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from evaluation.brief import PLACE_BRIEF, PLACE_HEADLINE, UNIT_HEADLINE, Brief, Headline, unit_brief
from evaluation.claims import Claim, place_claims, unit_claims
from evaluation.questions import ALL
from evaluation.rows import Row
from evaluation.sheets import PLACE_TABLES, UNIT_TABLES, Sheet
from evaluation.splits import TrainingSet, training_set
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
        besides: more of them, of which only forecasts are asked (question ``scenarios``, no ablations).
        sheets: its tables.
        briefs: its tables in brief.
        claims: what its figures say of what is claimed.
        headline: its few most telling columns.
        questions: what is asked.
        at_updates: of a table at equal time, the one at equal updates.
    """

    name: str
    task: Task
    trained: tuple[str, ...]
    episodes: int
    tested: tuple[str, ...]
    sheets: tuple[Sheet, ...]
    briefs: tuple[Brief, ...]
    claims: Callable[[Sequence[Row]], list[Claim]]
    headline: Headline
    questions: tuple[str, ...] = (ALL,)
    besides: tuple[str, ...] = ()
    at_updates: "Plan | None" = None


def at_equal_time(plan: Plan, minutes: float) -> Plan:
    """The same table of trainings that all last so long; its runs and figures lie apart from the others."""
    return replace(plan, name=f"{plan.name}-{minutes:g}-{MINUTES}", at_updates=plan)


def _of_units(name: str, known: TrainingSet) -> Plan:
    tested = tuple(known.tested("compositions", "counts"))
    besides = tuple(found for found in known.tested() if found not in tested)
    brief = unit_brief(known.parts)
    return Plan(
        name,
        "units",
        known.trained,
        known.episodes,
        tested,
        UNIT_TABLES,
        brief,
        unit_claims,
        UNIT_HEADLINE,
        besides=besides,
    )


def _of_places(name: str, known: TrainingSet) -> Plan:
    more = ("3x1s2z,sight=5", "3x2s2z,sight=5", "3x1s2z", "3x2s2z")
    tested = (*more, *known.parts["fields"])
    asked = (PLACE_TABLES, PLACE_BRIEF, place_claims, PLACE_HEADLINE)
    return Plan(name, "places", known.trained, known.episodes, tested, *asked)


PLANS = {
    plan.name: plan
    for plan in (
        _of_units("units", training_set(SPLIT, "1c3s5z")),
        _of_places("places", training_set(SPLIT, "fields")),
        *(_of_units(f"units-{name}", training_set(SPLIT, name)) for name in ("2s3z+3s5z", "marines")),
    )
}
"""The tables: units by what models are trained on, and places with sight 5 and SMAC's own sight 9 (one for both)."""
