"""Does a model know what the next step brings: its reward, and whether it decides the battle?"""

from evaluation.candidate import Candidate
from evaluation.questions.question import Question
from evaluation.rows import Row

VIEWS = (1.0, 0.4)


def units(candidate: Candidate) -> list[Row]:
    """Reward and ending of the next step, asked after every row with views."""
    return candidate.outcome_rows(VIEWS)


QUESTION = Question("outcome", "How far off is the next step's reward, and is the end of the battle foreseen?", units)
