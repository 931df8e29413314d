"""Does a model hold on scenarios that it was never trained on?"""

from evaluation.candidate import Candidate
from evaluation.questions.question import Question
from evaluation.rows import Row

VIEWS, STEPS = (1.0, 0.4, 0.2), (1, 5, 10)


def units(candidate: Candidate) -> list[Row]:
    """Units one, five and ten steps ahead, with all, 40 and 20 % of the views; rows say if a scenario is unseen."""
    return candidate.unit_rows(VIEWS, STEPS)


QUESTION = Question("scenarios", "How far off are forecasts on scenarios seen in training, and on unseen ones?", units)
