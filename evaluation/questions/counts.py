"""Does a model hold with more or fewer agents than it was trained with?"""

from evaluation.candidate import Candidate
from evaluation.questions.question import Question
from evaluation.rows import Row

STEPS = (1, 5, 10)


def units(candidate: Candidate) -> list[Row]:
    """Units of all scenarios, all views; the part ``counts`` of a split is a ladder of 2 to 27 agents."""
    return candidate.unit_rows([1.0], STEPS, ["all"])


QUESTION = Question("counts", "How far off are forecasts with 2 to 27 agents?", units)
