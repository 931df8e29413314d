"""A published table in brief, what it says of the claims, and what stands beside it, against made-up rows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from evaluation.brief import PLACE_BRIEF, PLACE_HEADLINE, together, unit_brief
from evaluation.claims import OURS, Claim, lead, markdown, place_claims, unit_claims
from evaluation.gaps import gaps, paired
from evaluation.rows import Row, seeds_margin, select
from tests.evaluation.made_up import row

NLL: dict[str, Any] = {"metric": "place_nll", "status": "dark"}
FACTOR: dict[str, Any] = {"metric": "position_error_factor", "status": "visible"}


def sums(*costs: float) -> tuple[tuple[float, float], ...]:
    """Ten places in each episode, at these costs."""
    return tuple((10.0 * cost, 10.0) for cost in costs)


def places(model: str, nats: float, **where: object) -> Row:
    """A figure of dark places, over battles some of which are harder than others."""
    given: dict[str, Any] = {**NLL, **where}
    return row(model, nats, seed=0, sums=sums(*(nats + k for k in (-2, -1, 0, 1, 2))), **given)


def test_a_mean_over_scenarios_gives_each_one_vote_and_joins_their_intervals() -> None:
    one, other = row("m", 0.4, 0.03, seed=0, scenario="3m", n=900), row("m", 0.8, 0.04, seed=0, scenario="8m", n=100)
    (mean,) = together([one, other])
    assert (mean.scenario, mean.n) == ("2 scenarios", 1000)
    assert mean.value == pytest.approx(0.6)
    assert (mean.value - mean.low, mean.high - mean.value) == pytest.approx((0.025, 0.025))  # 3, 4, 5, halved


def test_a_mean_over_scenarios_counts_seeds_after_scenarios() -> None:
    rows = [
        row("m", value, 0.0, seed=seed, scenario=scenario)
        for seed, scenario, value in ((0, "3m", 0.2), (0, "8m", 0.6), (1, "3m", 0.4), (1, "8m", 0.4))
    ]
    (mean,) = together(rows)
    assert (mean.value, mean.low, mean.high) == pytest.approx((0.4, 0.4, 0.4))  # both seeds are as good in the mean


def test_scenarios_that_rest_on_little_or_that_a_model_lacks_are_left_out_for_all() -> None:
    rows = [
        *(row("a", value, seed=0, scenario=name) for name, value in (("3m", 0.5), ("8m", 0.7), ("2m", 9.0))),
        *(row("b", value, seed=0, scenario=name) for name, value in (("3m", 0.4), ("2m", 9.0))),
    ]
    rows = [replace(found, n=29 if found.scenario == "2m" else 30) for found in rows]
    assert {found.model: (found.scenario, found.value) for found in together(rows)} == {
        "a": ("1 scenarios", 0.5),
        "b": ("1 scenarios", 0.4),
    }
    assert together(select(rows, scenario="2m")) == []


def test_a_brief_table_has_a_line_for_each_model_the_best_in_bold_and_floors_last() -> None:
    rows = [
        row(model, nats, 0.1, seed=seed, metric="place_nll", status=status, split=split, views=1.0)
        for model, seed, nats in (("constant rate", None, 1.0), ("a", 0, 3.0), ("b", 0, 2.0), ("b (reset)", 0, 0.5))
        for status in ("in sight", "dark 1-3", "dark")
        for split in ("train", "unseen")
    ]
    assert PLACE_BRIEF[0].markdown(rows).splitlines() == [
        "| model | in sight | dark 1-3 | dark 4-7 | dark 8-10 | never | dark, fights trained on |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| a | 3.00 ±0.10 | 3.00 ±0.10 | – | – | – | 3.00 ±0.10 |",
        "| b | **2.00 ±0.10** | **2.00 ±0.10** | – | – | – | **2.00 ±0.10** |",
        "| constant rate | 1.00 ±0.10 | 1.00 ±0.10 | – | – | – | 1.00 ±0.10 |",
        "| *scenarios* | 1 | 1 | – | – | – | 1 |",
    ]


def test_a_headline_ranks_models_by_a_column_and_calls_each_what_it_is() -> None:
    rows = [
        row(model, nats + shift, 0.1, seed=seed, metric="place_nll", status=status, views=0.6)
        for model, seed, nats in (("constant rate", None, 1.0), ("lstm", 0, 3.0), ("s2gru", 0, 2.0), ("new", 0, 2.5))
        for status, shift in (("in sight", -2.0 * nats), ("dark 1-3", 0.0))
    ]
    assert PLACE_HEADLINE.markdown([*rows, replace(rows[-1], model="s2gru (reset)")]).splitlines() == [
        "| model | in sight | dark 1-3 | dark 4-7 | dark 8-10 |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| **`s2gru`**, the paper's | -2.00 ±0.10 | **2.00 ±0.10** | – | – |",
        "| `new` | -2.50 ±0.10 | 2.50 ±0.10 | – | – |",
        "| LSTM | **-3.00 ±0.10** | 3.00 ±0.10 | – | – |",
        "| *floor: the mean map of each age of darkness* | -1.00 ±0.10 | 1.00 ±0.10 | – | – |",
    ]


def test_columns_of_units_hold_what_they_say() -> None:
    parts = {"teams": ("8m", "3m"), "ground": ("3m@flat",)}

    def cells(table: int) -> dict[str, str]:
        heads, _, line, _ = (
            text.strip("| ").split(" | ") for text in unit_brief(parts)[table].markdown(rows).splitlines()
        )
        return dict(zip(heads, line, strict=True))

    rows = [
        row("m", 0.1, 0, seed=0, split="train", **FACTOR),
        row("m", 0.2, 0, seed=0, **FACTOR),
        row("m", 0.3, 0, seed=0, horizon=10, **FACTOR),
        row("m", 0.4, 0, seed=0, horizon=10, views=0.2, **FACTOR),
        row("m", 0.5, 0, seed=0, views=0.4, **{**FACTOR, "status": "hidden 1-3"}),
        row("m", 0.6, 0, seed=0, split="train", metric="health_error_factor", status="visible"),
        row("m", 0.7, 0, seed=0, metric="dead_f1", horizon=10, status="visible"),
        row("m", 9.0, 0, seed=0, horizon=10, dropping="step", **FACTOR),
        row("m", 9.0, 0, seed=0, horizon=10, **{**FACTOR, "status": "all"}),
    ]
    assert cells(0) == {
        "model": "m",
        "1 step, trained on": "0.10 ±0.00",
        "1 step, unseen": "0.20 ±0.00",
        "10 steps, trained on": "–",
        "10 steps, unseen": "0.30 ±0.00",
        "10 steps, unseen, 20 % of views": "0.40 ±0.00",
        "1 step, unseen, hidden 1-3 steps, 40 % of views": "0.50 ±0.00",
    }
    assert list(cells(1).values()) == ["m", "0.60 ±0.00", "–", "–", "–", "0.70 ±0.00"]
    rows.append(row("m", 0.8, 0, seed=0, horizon=10, scenario="3m@flat", **FACTOR))
    rows.append(row("m", 0.1, 0, seed=0, horizon=10, split="train", **FACTOR))
    assert cells(3) == {
        "model": "m",
        "10 steps, trained on": "0.10 ±0.00",
        "teams": "0.30 ±0.00",
        "ground": "0.80 ±0.00",
    }


def test_a_gap_over_conditions_is_their_mean_and_as_sure_as_the_battles_that_they_share() -> None:
    easy = [places("a", 5.0, views=1.0), places("a", 5.0, views=0.6)]
    hard = [places("b", 5.5, views=1.0), places("b", 6.5, views=0.6)]
    assert paired([[found] for found in hard], [[found] for found in easy]) == pytest.approx((1.0, 1.0, 1.0))
    noisy = replace(hard[0], sums=sums(3, 4, 5.5, 8, 7))
    (alone,) = gaps([noisy, easy[0]], "a")
    twice = paired([[noisy], [noisy]], [[easy[0]], [easy[0]]])
    assert twice == pytest.approx((alone.value, alone.low, alone.high))  # asked twice, the same battles know no more


def test_a_lead_counts_conditions_by_their_intervals() -> None:
    shares = (1.0, 0.6, 0.3)
    ours = [places("s2gru", 5.0, views=share) for share in shares]
    theirs = [
        places("lstm", 6.0, views=1.0),
        replace(places("lstm", 5.0, views=0.6), sums=sums(1, 6, 3, 8, 7)),
        places("lstm", 4.5, views=0.3),
    ]
    found = lead([*ours, *theirs], "s2gru", "lstm")
    assert found is not None
    assert (found.ahead, found.level, found.behind) == (1, 1, 1)
    assert found.value == pytest.approx((1.0 + 0.0 - 0.5) / 3)
    assert lead(ours, "s2gru", "lstm") is None


def said(claims: Sequence[Claim], *words: str) -> Claim:
    (claim,) = (claim for claim in claims if all(word in claim.says for word in words))
    return claim


def test_the_papers_claim_holds_only_if_it_does_in_every_condition() -> None:
    ours = [places("s2gru", 5.0, views=share) for share in (1.0, 0.3)]
    behind = [places(name, 6.0, views=share) for name in ("lstm", "rim") for share in (1.0, 0.3)]
    level = replace(behind[-1], sums=ours[-1].sums)
    claims = place_claims([*ours, *behind[:-1], level])
    assert said(claims, "`lstm`").holds
    assert said(claims, "`lstm`").found == "ahead in 2, level in 0, behind in 0; by 1.00 [1.00, 1.00] nats in the mean"
    assert not said(claims, "`rim`").holds
    assert len(claims) == 2


def test_the_default_must_be_ahead_of_all_in_the_dark_and_behind_none_in_sight() -> None:
    def asked(dark: float, sight: float) -> tuple[bool | None, bool | None]:
        rows = [
            places(model, nats, status=status)
            for model, of in ((OURS, (5.0, 5.0)), ("tto8", (dark, sight)), ("constant rate", (1.0, 1.0)))
            for status, nats in (("dark 4-7", of[0]), ("in sight", of[1]))
        ]
        claims = place_claims(rows)
        return said(claims, "every age").holds, said(claims, "in sight").holds

    assert asked(6.0, 6.0) == (True, True)
    assert asked(5.0, 5.0) == (False, True)
    assert asked(4.0, 4.0) == (False, False)


def test_what_a_part_is_worth_is_how_much_worse_a_model_is_without_it() -> None:
    for loss, enough in ((0.9, False), (1.1, True)):
        rows = [places(OURS, 5.0), places(f"{OURS} (reset)", 5.0 + loss), places(f"{OURS} (blind)", 4.9)]
        claims = place_claims(rows)
        assert said(claims, "its memory", "more than 1 nat").holds is enough
        assert not said(claims, "its views").holds
        assert not [claim for claim in claims if "every age" in claim.says]  # nobody else is there


def test_claims_about_units_are_told_with_their_figures() -> None:
    def asked(ours: float, other: float) -> list[Claim]:
        near = [row(name, value, 0.01, seed=0, **FACTOR) for name, value in ((OURS, ours), ("lstm", other))]
        far = [
            replace(
                row(name, value, seed=0, metric=metric, status="visible", horizon=steps),
                sums=sums(*(value * k for k in (1, 2, 1, 2, 1))),
                dropping=dropping,
            )
            for name, value in ((OURS, ours), ("lstm", other), ("persistence", 0.1))
            for metric, steps in (("position_error", 10), ("health_error", 10), ("unit_nll", 1))
            for dropping in ("episode", "step")
        ]
        claims = unit_claims([*near, *(row for row in far if row.dropping == "episode" or row.model != OURS)])
        assert [said(claims, "in their health").holds, said(claims, "likeliest").holds] == [ours < other] * 2
        return claims[:2]

    (every, least) = asked(0.5, 0.55)
    assert every.holds
    assert asked(0.604, 0.5)[0].holds is False
    assert every.found == "×0.50 ±0.01 to ×0.55 ±0.01 (`lstm`)"
    assert least.holds
    assert least.found.startswith("least against `lstm`: ahead in 1, level in 0, behind in 0; by 0.07 [")
    assert least.found.endswith("cells in the mean")
    (every, least) = asked(0.61, 0.6)
    assert not every.holds
    assert not least.holds
    assert markdown([least]).splitlines()[2].startswith("| On unseen scenarios, ten steps ahead")
    assert "| **no** |" in markdown([least])


def test_a_lead_that_its_interval_does_not_tell_is_called_level() -> None:
    def far(model: str, *values: float) -> Row:
        return row(model, 0.5, seed=0, metric="position_error", status="visible", horizon=10, sums=sums(*values))

    (claim,) = unit_claims([far(OURS, 1, 2, 3, 4, 5), far("lstm", 3, 1, 4, 3, 4.5)])
    assert claim.holds is None
    assert "| level | least against `lstm`: ahead in 0, level in 1, behind in 0;" in markdown([claim])


def test_who_is_best_is_ahead_of_every_other_model_and_not_only_of_the_nearest() -> None:
    def far(model: str, *values: float) -> Row:
        return row(model, 0.5, seed=0, metric="position_error", status="visible", horizon=10, sums=sums(*values))

    ours, near, astray = far(OURS, 1, 2, 3, 4, 5), far("rim", 2, 3, 4, 5, 6), far("lstm", 0.5, 1.5, 2.5, 3.5, 90)
    assert [claim.holds for claim in unit_claims([ours, near])] == [True]
    (claim,) = unit_claims([ours, near, astray])  # one battle in five makes its mean, and it is better in the others
    assert claim.holds is None
    assert claim.found.startswith("least against `lstm`")
    unsure, ahead = far("rim", 3, 5, 0, 0, 0), far("lstm", 0.8, 1.8, 2.8, 3.8, 4.8)
    (claim,) = unit_claims([ours, unsure, ahead])  # the nearest is not surely ahead, but another is
    assert claim.holds is False
    assert claim.found.startswith("least against `lstm`")


def test_scenarios_that_are_asked_about_forecasts_only_count_although_no_ablation_was_asked() -> None:
    shown = [row(OURS, value, seed=0, scenario=name, **FACTOR) for name, value in (("3m", 0.5), ("3m@flat", 0.9))]
    (claim,) = unit_claims([*shown, row(f"{OURS} (reset)", 0.5, seed=0, scenario="3m", **FACTOR)])
    assert claim.holds is False
    assert claim.found.startswith("×0.70")


def test_being_level_everywhere_but_behind_in_the_mean_is_being_behind() -> None:
    shares = (1.0, 0.6, 0.3)
    ours = [places(OURS, 5.0, status="in sight", views=share, scenario=name) for share in shares for name in ("a", "b")]
    spread = (0.4, -0.9, 0.3, -0.8, -0.1)
    theirs = [replace(found, model="tto8", sums=sums(*(3.0 + k + by for k, by in enumerate(spread)))) for found in ours]
    noisy = {(found.views, found.scenario): lead([found, *theirs], OURS, "tto8") for found in ours}
    assert {gap and (gap.ahead, gap.level, gap.behind) for gap in noisy.values()} == {(0, 1, 0)}
    sure = lead([*ours, *theirs], OURS, "tto8")
    assert sure is not None
    assert said(place_claims([*ours, *theirs]), "in sight").holds is not (sure.high < 0)


def test_figures_that_rest_on_little_are_not_compared() -> None:
    one, other = places("a", 5.0), places("b", 6.0)
    assert len(gaps([one, other], "a")) == 1
    few = replace(other, sums=(*other.sums[:4], (0.0, 0.0)))
    assert gaps([one, few], "a") == gaps([one, replace(other, n=29)], "a") == []
    assert lead([one, few], "a", "b") is None
    assert lead([one, replace(one, seed=1), other], "a", "b") is not None
    assert lead([one, replace(one, seed=1, views=0.6), other, replace(other, views=0.6)], "a", "b") is not None


def test_seeds_of_two_models_differ_by_welch_and_those_of_an_ablation_together() -> None:
    assert seeds_margin([4, 5, 6], [7, 7, 7]) == pytest.approx(4.30 * (1 / 3) ** 0.5)
    assert seeds_margin([4, 5, 6], [7, 8, 9]) == pytest.approx(2.78 * (2 / 3) ** 0.5)
    assert seeds_margin([4], [7]) == 0.0
    whole, reset = ((4.0, 4.4, 4.8), (6.8, 6.4, 6.0))
    seeds = [[replace(places(name, nats), seed=k) for k, nats in enumerate(found)]
             for name, found in (("s2gru (reset)", reset), ("s2gru", whole))]  # fmt: skip
    value, low, high = paired(seeds[:1], seeds[1:])
    assert (value, low, high) == pytest.approx((2.0, 2.0 - 4.30 * 0.8 / 3**0.5, 2.0 + 4.30 * 0.8 / 3**0.5))
