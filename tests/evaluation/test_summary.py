"""What the first paragraphs of a report claim: no more than the figures do."""

from dataclasses import replace
from typing import Any

from evaluation.rows import Row, believable
from evaluation.summary import asked, cautions, findings
from tests.evaluation.made_up import ABOUT, everything, row

FAR: dict[str, Any] = {"views": 0.4, "horizon": 10}


def rows(**errors: tuple[float, float]) -> list[Row]:
    """Position errors of models with half of their intervals, beside persistence, which errs by 1."""
    found = [row("persistence", 1.0, 0.01, **FAR)]
    for name, (value, half) in errors.items():
        found.append(row(name, value, half, seed=0, **FAR))
        found.append(row(name, value, half, seed=0, metric="position_error_factor", **FAR))
    return found


def test_a_model_is_best_only_if_its_interval_excludes_the_others() -> None:
    (clear,) = findings(rows(s2gru=(0.5, 0.05), lstm=(0.7, 0.05)))
    assert "`s2gru` is best on `3m`, by more than the intervals" in clear
    (level,) = findings(rows(s2gru=(0.5, 0.15), lstm=(0.7, 0.15)))
    assert "all models are level on `3m`" in level
    assert "best" not in level


def test_who_is_level_at_the_top_is_named_and_who_is_not_is_left_out() -> None:
    (said,) = findings(rows(s2gru=(0.5, 0.1), lstm=(0.55, 0.1), rim=(0.9, 0.05)))
    assert "`lstm` and `s2gru` are level at the top on `3m`" in said
    assert "rim" not in said


def test_losing_to_the_floor_is_said() -> None:
    (said,) = findings(rows(s2gru=(0.5, 0.05), lstm=(1.3, 0.05), rim=(1.0, 0.05)))
    assert "`lstm` loses to persistence on `3m`" in said
    assert "`rim` is level with persistence on `3m`" in said
    assert said.endswith("elsewhere persistence is beaten.")
    assert "All beat" not in said


def test_beating_the_floor_everywhere_is_said_with_its_range() -> None:
    (said,) = findings(rows(s2gru=(0.5, 0.05), lstm=(0.7, 0.05)))
    assert "All beat persistence on every scenario (×0.50 to ×0.70 of its error)" in said


def beside(metric: str, own: float, floor: float, name: str = "persistence", **given: object) -> list[Row]:
    """A model's figure a step ahead with 40 % of the views, and a floor's."""
    where: dict[str, Any] = {"metric": metric, "views": 0.4, **given}
    return [row(name, floor, 0.01, **where), row("s2gru", own, 0.01, seed=0, **where)]


def test_losing_to_the_floor_on_units_out_of_sight_is_said_by_age() -> None:
    given = [
        *beside("health_error", 0.5, 1.0, status="hidden 1-3"),
        *beside("health_error", 1.3, 1.0, status="hidden 4-7"),
        *beside("health_error", 1.005, 1.0, status="hidden 8+"),
    ]
    assert findings(given) == [
        "Health + shield of units out of sight. Last seen 1 to 3 steps ago: `s2gru` beats persistence on every "
        "scenario. 4 to 7 steps ago: `s2gru` loses to persistence on `3m`. 8 or more steps ago: `s2gru` is level with "
        "persistence on `3m`."
    ]


def test_losing_to_the_floor_on_the_next_steps_outcome_is_said() -> None:
    assert "loses to persistence" in findings(beside("reward_error", 0.4, 0.2))[0]
    assert "loses to persistence" in findings(beside("terminated_brier", 0.4, 0.2))[0]
    (never,) = findings(beside("terminated_f1", 0.0, 0.0))
    assert never == "Whether it decides the battle: `s2gru` is level with persistence on `3m`."
    (often,) = findings(beside("terminated_f1", 0.7, 0.0))
    assert often.endswith("F1 of the battle's end 0.70.")  # to beat who never says it is no merit
    (nobody,) = findings(beside("dead_f1", 0.0, 0.0, horizon=10))
    assert "level with persistence" in nobody
    assert findings(beside("dead_f1", 0.5, 0.0, status="hidden 8+")) == []
    (unseen,) = findings(beside("dead_f1", 0.0, 0.0, status="hidden 8+"))
    assert unseen == "Which of them have died. 8 or more steps ago: `s2gru` is level with persistence on `3m`."


def test_losing_to_another_floor_than_the_usual_one_is_said_and_beating_it_is_not() -> None:
    def both(moving: float) -> str:
        other = beside("position_error", 0.9, moving, "constant velocity", status="hidden 8+")[0]
        (said,) = findings([other, *beside("position_error", 0.9, 1.0, status="hidden 8+")])
        return said

    assert both(0.8).endswith("persistence on every scenario. `s2gru` loses to constant velocity on `3m`.")
    assert "velocity" not in both(1.5)
    assert "velocity" not in both(0.9)


def test_a_single_model_is_not_called_best_of_itself() -> None:
    (said,) = findings(rows(s2gru=(0.5, 0.05)))
    assert said.endswith("`s2gru` beats persistence on every scenario (×0.50 of its error).")
    assert "best" not in said


def test_more_is_better_for_an_f1() -> None:
    deaths = [row(name, f1, seed=0, metric="dead_f1", **FAR) for name, f1 in (("s2gru", 0.4), ("lstm", 0.6))]
    (said,) = findings(deaths)
    assert "`lstm` is best" in said


def test_a_figure_beside_no_other_is_given_as_it_is() -> None:
    (said,) = findings([row("s2gru", 0.4, seed=0, metric="dead_f1", **FAR)])
    assert said == "Which of them have died by then: F1 of deaths 0.40."


def test_what_was_left_of_a_model_after_an_ablation_is_no_rival() -> None:
    (said,) = findings([*rows(s2gru=(0.5, 0.05)), row("s2gru (reset)", 0.2, seed=0, **FAR)])
    assert "reset" not in said


def test_what_was_asked_names_models_scenarios_and_floors() -> None:
    said = asked(everything(), ABOUT)
    assert "`s2gru` and `lstm` (3 seeds each)" in said
    assert "20 fresh battles of each of 3 scenarios: `2s3z`, which they were trained on" in said
    assert "`3m` and `8m`, which they have never seen" in said
    assert "up to 10 steps ahead" in said
    fewer = [found for found in everything() if (found.model, found.seed) != ("lstm", 2)]
    assert "`s2gru` and `lstm` (2 to 3 seeds each)" in asked(fewer, ABOUT)


def test_one_battle_and_one_step_are_told_in_the_singular() -> None:
    said = asked([row("s2gru", 0.5, seed=0, split="train")], {**ABOUT, "episodes": 1})
    assert "up to 1 step ahead" in said
    assert "Here `s2gru` (1 seed) was asked about 1 fresh battle of `3m`, which it was trained on. Beside it" in said


def test_few_seeds_few_battles_and_unequal_trainings_are_warned_of() -> None:
    calm = cautions(everything(), ABOUT)
    assert calm == ["Many comparisons are made at once; a lone lead may be chance."]
    runs = [dict(ABOUT["training"][0]), {**ABOUT["training"][3], "update": 50, "parameters": 900_000}]
    said = " ".join(cautions(everything(), {**ABOUT, "episodes": 3, "training": runs, "notes": ["Ah."]}))
    for words in ("Few seeds: `s2gru` (1), `lstm` (1)", "Few battles: 3", "50 to 100", "900,000 (`lstm`)", "Ah."):
        assert words in said


def test_what_few_battles_stand_behind_is_called_neither_better_nor_worse() -> None:
    def with_battles(number: int) -> list[Row]:
        return [replace(found, battles=number) for found in rows(s2gru=(0.5, 0.0), lstm=(1.3, 0.0))]

    enough, few = believable(with_battles(5)), believable(with_battles(4))
    assert "`s2gru` is best" in findings(enough)[0]
    assert "`lstm` loses to persistence" in findings(enough)[0]
    assert findings(few) == [
        "Where units are ten steps ahead, 40 % of the views: too few battles to tell; position error 0.50 to 1.30."
    ]
    (said,) = [sentence for sentence in cautions(few, ABOUT) if "fewer than 5 battles" in sentence]
    assert "`3m`" in said
    assert not any("fewer than 5 battles" in sentence for sentence in cautions(enough, ABOUT))


def test_a_scenario_of_few_battles_is_not_among_those_on_which_a_floor_is_beaten() -> None:
    clear = [replace(found, battles=20) for found in rows(lstm=(0.5, 0.05))]
    vague = [replace(found, battles=3, scenario="8m") for found in rows(lstm=(1.7, 0.05))]
    (said,) = findings(believable([*clear, *vague]))
    assert said.endswith("`lstm` beats persistence wherever battles enough tell, so not on `8m` (×0.50 of its error).")


def test_a_model_that_lacks_a_figure_which_others_have_is_named() -> None:
    """No number is no figure; the scenario would be left out of every mean, and the failure be seen by nobody."""
    lost = ("lstm", 1, "8m", "position_error", 10)
    rows = [
        found
        for found in everything()
        if (found.model, found.seed, found.scenario, found.metric, found.horizon) != lost and found.metric != "dead_f1"
    ]
    assert cautions(rows, ABOUT)[0] == "`lstm seed 1` said what is no number on `8m`; figures of that are missing."
    # Nobody died in one seed's battles, and it said so.
    deaths = [found for found in everything() if found.metric != "dead_f1" or found.seed != 1]
    assert not any("no number" in sentence for sentence in cautions(deaths, ABOUT))
