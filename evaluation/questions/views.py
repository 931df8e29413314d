"""Does a model hold with fewer views than there are agents: the same agents silent throughout an episode?"""

from evaluation.candidate import SHARES, Candidate
from evaluation.questions.question import Question
from evaluation.rows import Row

STEPS = (1, 5)


def units(candidate: Candidate) -> list[Row]:
    """Units at 20 to 100 % of the views; an episode's agents are ranked once, and the first of them are kept."""
    return candidate.unit_rows(SHARES, STEPS)


QUESTION = Question("views", "How far off are forecasts when 20 to 100 % of the agents report?", units)
