"""The published splits: every scenario can be fought, none is what it is not, and runs find theirs."""

import pytest

from evaluation.runs import content
from evaluation.splits import PARTS, TrainingSet, scenarios, training_set, training_sets, versions
from s2rm_sc2.backends.embedded import EmbeddedBackend
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import get

SETS = training_sets("v1")


def test_there_is_one_version() -> None:
    assert versions() == ["v1"]
    assert [found.name for found in SETS] == ["1c3s5z", "2s3z+3s5z", "marines", "fields"]


@pytest.mark.parametrize("found", SETS, ids=lambda found: found.name)
def test_every_test_is_of_seen_types_that_the_engine_plays_and_nothing_but_the_ladder_was_trained_on(
    found: TrainingSet,
) -> None:
    known = {kind.name for name in found.trained for kind in get(name).kinds}
    trained = set(map(content, found.trained))
    for part, names in found.parts.items():
        assert len(set(map(content, names))) == len(names)
        for name in names:
            scenario = get(name)
            EmbeddedBackend(scenario, 1).close()
            assert {kind.name for kind in scenario.kinds} <= known, name
            assert part == "counts" or content(name) not in trained, name


@pytest.mark.parametrize("found", SETS[:3], ids=lambda found: found.name)
def test_parts_vary_what_they_say(found: TrainingSet) -> None:
    assert tuple(found.parts) == PARTS
    grounds = {get(name).terrain_name for name in found.trained}
    agents = [get(name).n_agents for name in found.parts["counts"]]
    assert agents == sorted(agents)
    assert (agents[0], agents[-1]) == (2, 27)
    assert all(get(name).terrain_name not in grounds for name in found.parts["terrain"])
    for name in found.parts["asymmetric"]:
        allies, enemies = (
            [(group.unit, group.count) for group in team] for team in (get(name).allies, get(name).enemies)
        )
        assert allies != enemies
    assert all(len(set(get(name).order.points)) > 1 for name in found.parts["fields"])


def test_fields_of_the_test_hold_more_fights_than_those_trained_on() -> None:
    def fights(name: str) -> int:
        return len(set(get(name).order.points))

    found = training_set("v1", "fields")
    assert max(map(fights, found.trained)) < min(map(fights, found.parts["fields"]))


def test_runs_find_their_tests_whatever_their_scenarios_are_called() -> None:
    tests = scenarios("v1", [["1c3s5z"]])
    assert tests[0] == "1c3s5z"
    assert {"5s3z", "3c9s15z", "1c3s5z@flat", "4x1c1s2z"} <= set(tests)
    assert len(set(tests)) == len(tests)
    ladder = ["2s3z", "3s5z", "1s1z", "2s2z", "5s8z", "7s11z", "10s17z"]
    assert scenarios("v1/counts", [["3s5z_vs_3s5z", "2s3z@band"]]) == ladder


@pytest.mark.parametrize(
    ("split", "trained", "said"),
    [
        ("v9", [["1c3s5z"]], "Split v9 is unknown; choose one of v1"),
        ("v1/weather", [["1c3s5z"]], "no part 'weather' for 1c3s5z; choose compositions"),
        ("v1", [["MMM"]], "no test for a model trained on MMM; .*--scenario"),
        ("v1", [["1c3s5z"], ["3m", "8m"]], "different training sets"),
    ],
)
def test_runs_that_a_split_does_not_fit_are_told_so(split: str, trained: list[list[str]], said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        scenarios(split, trained)
