"""Does a model hold with fewer views when it is drawn anew at each step whose views are there?"""

from evaluation.candidate import SHARES, Candidate
from evaluation.questions.question import Question
from evaluation.questions.views import STEPS
from evaluation.rows import Row


def units(candidate: Candidate) -> list[Row]:
    """Units at 20 to 100 % of the views, other agents at every step: more units are known, from older views."""
    return candidate.unit_rows(SHARES, STEPS, dropping="step")


QUESTION = Question(
    "views_by_step", "How far off are forecasts when other agents report at every step?", units, usual=False
)
