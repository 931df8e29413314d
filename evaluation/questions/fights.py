"""Does a model hold on a larger field with several fights at once?"""

from evaluation.candidate import Candidate
from evaluation.places import PlaceCandidate
from evaluation.questions import places as places_question
from evaluation.questions.question import Question
from evaluation.questions.scenarios import STEPS, VIEWS
from evaluation.rows import Row
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.scenarios.terrain import TILE


def units(candidate: Candidate) -> list[Row]:
    """Units of fields only, which are larger than SMAC's maps; a split's fields hold more fights than its training."""
    return candidate.unit_rows(VIEWS, STEPS) if several(candidate.test.scenario) else []


def places(candidate: PlaceCandidate) -> list[Row]:
    """Places of fields; what a model knows of the fights that no kept view shows."""
    return places_question.places(candidate) if several(candidate.asked.test.scenario) else []


def several(scenario: Scenario) -> bool:
    """Whether a scenario is a field of several fights."""
    return max(scenario.terrain.size) > TILE


QUESTION = Question("fights", "How good are answers with several fights at once, more than in training?", units, places)
