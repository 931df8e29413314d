"""The questions, a file each, in the order in which reports answer them."""

from collections.abc import Sequence

from evaluation.questions import (
    ablations,
    calibration,
    counts,
    fights,
    hidden,
    horizon,
    likelihood,
    outcome,
    places,
    scenarios,
    views,
    views_by_step,
)
from evaluation.questions.question import Question
from s2rm_sc2.errors import BadArgument

QUESTIONS: tuple[Question, ...] = (
    scenarios.QUESTION,
    horizon.QUESTION,
    views.QUESTION,
    views_by_step.QUESTION,
    counts.QUESTION,
    hidden.QUESTION,
    likelihood.QUESTION,
    fights.QUESTION,
    outcome.QUESTION,
    calibration.QUESTION,
    places.QUESTION,
    ablations.QUESTION,
)

ALL = "all"

__all__ = ["ALL", "QUESTIONS", "Question", "choose"]


def choose(names: Sequence[str] | None) -> tuple[Question, ...]:
    """The questions of these names, ``all`` of them, or the usual ones.

    Raises:
        BadArgument: there is no question of a name.
    """
    if names is None:
        return tuple(question for question in QUESTIONS if question.usual)
    known = [question.name for question in QUESTIONS]
    for name in names:
        if name not in (ALL, *known):
            raise BadArgument(f"Question {name!r} is unknown; choose from {', '.join(known)}, or {ALL}.")
    return tuple(question for question in QUESTIONS if ALL in names or question.name in names)
