"""Can a model's probabilities be taken at their word?"""

from evaluation.candidate import Candidate
from evaluation.questions.question import Question
from evaluation.rows import Row

VIEWS, STEPS = (1.0,), (1, 5, 10)


def units(candidate: Candidate) -> list[Row]:
    """Brier score of being alive, and of ten bins of the prediction its mean and the share that truly lives."""
    return candidate.unit_rows(VIEWS, STEPS, ["all"]) + candidate.reliability_rows(VIEWS, STEPS)


QUESTION = Question("calibration", "Of the units that a model gives a 70 % chance to live, do 70 % live?", units)
