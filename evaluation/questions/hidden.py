"""Does a model know where units are that it has seen before and that no kept view shows now?"""

from evaluation.candidate import Candidate
from evaluation.questions.question import Question
from evaluation.rows import Row

VIEWS = (1.0, 0.4)


def units(candidate: Candidate) -> list[Row]:
    """The next step of hidden units, by steps since each was in sight, asked after every row with views."""
    return candidate.hidden_rows(VIEWS)


QUESTION = Question(
    "hidden", "Where are units that were seen 1 to 3, 4 to 7, 8 or more steps ago, and do they live?", units
)
