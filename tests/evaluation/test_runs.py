"""When two names mean the same battles, so that a scenario counts as seen in training."""

from evaluation.runs import content


def test_scenarios_that_differ_in_battle_are_told_apart() -> None:
    names = (
        *("3s5z", "3s5z,sight=6", "3s5z,opponent=kite", "2s3z", "1x2s3z", "3x2s3z"),
        *("10gen_protoss", "10gen_zerg", "protoss_5_vs_5"),
    )
    assert len({content(name) for name in names}) == len(names)


def test_names_of_the_same_battles_are_not() -> None:
    assert content("protoss_10_vs_10") == content("10gen_protoss")
    assert content("3s5z,limit=200") == content("5z3s")
