"""How fast do errors grow with the steps that a model goes on alone?"""

from evaluation.candidate import Candidate
from evaluation.held_out import HORIZON
from evaluation.questions.question import Question
from evaluation.rows import Row

STEPS = (1, 2, 3, 5, 7, 10, 15, HORIZON)


def units(candidate: Candidate) -> list[Row]:
    """Units 1 to 20 steps ahead, all views before; steps that no battle of the scenario lasts have no figure."""
    return candidate.unit_rows([1.0], STEPS)


QUESTION = Question("horizon", "How far off are forecasts 1 to 20 steps after the last view?", units)
