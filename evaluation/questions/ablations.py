"""Which part of an S2RM does it: its state, its views, its topology?"""

from evaluation.candidate import Candidate
from evaluation.places import PlaceCandidate
from evaluation.questions import places as places_question
from evaluation.questions import scenarios
from evaluation.questions.question import Question
from evaluation.rows import Row


def units(candidate: Candidate) -> list[Row]:
    """The first question again for the model without each part; models without modules have none to take."""
    return [row for name in candidate.ablations for row in scenarios.units(candidate.without(name))]


def places(candidate: PlaceCandidate) -> list[Row]:
    """Places again for the model without each part."""
    return [row for name in candidate.ablations for row in places_question.places(candidate.without(name))]


QUESTION = Question(
    "ablations", "How much worse is an S2RM without its state, its views, its kernel?", units, places, usual=False
)
