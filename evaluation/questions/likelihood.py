"""How likely does a model hold what happens next, and does it know when it does not know?"""

from evaluation.candidate import Candidate
from evaluation.questions.question import Question
from evaluation.rows import Row

VIEWS = (1.0, 0.4)


def units(candidate: Candidate) -> list[Row]:
    """Nats that the next state of units costs, in sight and by steps since, asked after every row with views."""
    return candidate.likelihood_rows(VIEWS)


QUESTION = Question(
    "likelihood", "How likely do models hold what happens next: who lives, and where?", units, floors="fitted"
)
