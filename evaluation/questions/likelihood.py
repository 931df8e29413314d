"""How likely does a model hold what happens to units, and does it know when it does not know?"""

from evaluation.candidate import Candidate
from evaluation.questions.question import Question
from evaluation.rows import Row

VIEWS = (1.0, 0.4)


def units(candidate: Candidate) -> list[Row]:
    """Nats that life and place of units a step later cost, in sight and by age, asked after every row with views."""
    return candidate.likelihood_rows(VIEWS)


QUESTION = Question(
    "likelihood", "How likely do models hold what happens next: who lives, and where?", units, floors="fitted"
)
