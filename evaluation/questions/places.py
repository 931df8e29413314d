"""What stands around a place: in sight, dark since some steps, never seen?"""

from evaluation.places import PlaceCandidate
from evaluation.questions.question import Question
from evaluation.rows import Row


def places(candidate: PlaceCandidate) -> list[Row]:
    """Likelihood and F1 of what stands around places, by how long they have been dark and by views kept."""
    return candidate.rows()


QUESTION = Question(
    "places", "What stands around a place that is in sight, has gone dark, was never seen?", None, places
)
