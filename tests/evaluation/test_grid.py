import json
import re
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from evaluation.brief import PLACE_BRIEF, PLACE_HEADLINE
from evaluation.claims import place_claims
from evaluation.gaps import gaps
from evaluation.grid import benchmark_models, entries, finished, numbers, plans
from evaluation.held_out import PURPOSE
from evaluation.places import SHARES
from evaluation.plan import PLANS, Plan, at_equal_time
from evaluation.rows import Row, over_seeds, select
from evaluation.sheets import PLACE_SHEETS
from evaluation.verdicts import Terms, Verdicts
from s2rm_sc2 import __version__
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.store import EpisodeStore
from worldmodel import checkpoint
from worldmodel.log import LOG

PLAN = Plan("places", "places", ("2s3z",), 20, ("2s3z", "3m"), PLACE_SHEETS, PLACE_BRIEF, place_claims, PLACE_HEADLINE)
SHORT = replace(PLAN, tested=("2s3z",), questions=("places",))


def figures(out: Path, name: str = "places") -> list[Row]:
    rows = json.loads((out / f"{name}.json").read_text())["rows"]
    return [Row(**{**row, "sums": tuple(map(tuple, row["sums"]))}) for row in rows]


def test_a_grid_is_run_in_parts_and_trains_only_what_is_missing(store_2s3z: EpisodeStore, tmp_path: Path) -> None:
    data, out = store_2s3z.path.parent, tmp_path / "grid"
    both = entries(PLAN, ["lstm", "s2gru"], [3], "debug", 2)
    table = benchmark_models(PLAN, both[:1], out, episodes=2, data=data, progress=False)
    log, before = out / "places/lstm-seed3" / LOG, table.read_text()
    first = (log.read_bytes(), log.stat().st_mtime_ns)
    assert {row.model for row in figures(out)} == {"lstm", "last-seen table", "constant rate"}

    assert benchmark_models(PLAN, both, out, episodes=2, data=data, progress=False) == table
    assert (log.read_bytes(), log.stat().st_mtime_ns) == first
    ablations = {"s2gru (reset)", "s2gru (blind)", "s2gru (constant)"}
    rows = figures(out)
    assert {row.model for row in rows} == {"lstm", "s2gru", "last-seen table", "constant rate"} | ablations
    assert {(row.scenario, row.split) for row in rows} == {("2s3z", "train"), ("3m", "unseen")}
    assert {row.views for row in rows} == set(SHARES)
    text = table.read_text()
    assert text != before
    assert re.search(r"\| s2gru \| \d\d,\d\d\d \| 1 \| 2 \|", text)
    assert f"Preset: debug. Trained with s2rm-sc2 {__version__}, torch " in text
    assert f"page written by s2rm-sc2 {__version__}." in text
    in_full = "".join((out / link).read_text() for link in re.findall(r"\]\((places-tables/.*?)\)", text))
    for line in ("| 3m | unseen | lstm |", "| 3m | unseen | s2gru (reset) |", "| 2s3z | train | constant rate |"):
        assert in_full.count(line) == len(SHARES)  # two battles are too few to tell models apart by them
    drawn = re.findall(r"\]\((places-figures/[^)]+)\)", text)
    assert {"places-figures/views-place_nll.png", "places-figures/darkness-place_nll.png"} <= set(drawn)
    assert all((out / name).exists() for name in drawn)

    def stamps() -> dict[Path, int]:
        files = (path for part in ("places", "verdicts") for path in (out / part).rglob("*") if path.is_file())
        return {path: path.stat().st_mtime_ns for path in files}

    before_again = stamps()
    benchmark_models(PLAN, both[1:], out, episodes=2, data=tmp_path / "nothing is needed", progress=False)
    assert table.read_text() == text
    assert stamps() == before_again

    again = benchmark_models(PLAN, both, tmp_path / "judged", episodes=2, data=data, progress=False, runs=out)
    assert stamps() == before_again
    assert again.read_text() == text
    assert (tmp_path / "judged/places.json").read_bytes() == (out / "places.json").read_bytes()


def test_a_table_is_not_trained_on_more_battles_than_it_says(store_2s3z: EpisodeStore, tmp_path: Path) -> None:
    fewer, wanted = replace(SHORT, episodes=5), entries(PLAN, ["lstm"], [3], "debug", 2)
    with pytest.raises(BadArgument, match=r"2s3z.zarr holds 20 episodes, but table places says that it trains on 5 "):
        benchmark_models(fewer, wanted, tmp_path, 2, store_2s3z.path.parent, progress=False)
    assert not (tmp_path / "places").exists()


@pytest.fixture(scope="module")
def trained(store_2s3z: EpisodeStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of one run."""
    out = tmp_path_factory.mktemp("table")
    wanted = entries(PLAN, ["lstm"], [3], "debug", 2)
    benchmark_models(SHORT, wanted, out, episodes=2, data=store_2s3z.path.parent, progress=False)
    return out


def test_a_page_gets_the_table_in_short_where_it_has_a_place_for_it(
    trained: Path, store_2s3z: EpisodeStore, tmp_path: Path
) -> None:
    page, elsewhere = tmp_path / "README.md", replace(SHORT, tested=("3m",))

    def judge() -> None:
        wanted, data = entries(PLAN, ["lstm"], [3], "debug", 2), store_2s3z.path.parent
        benchmark_models(elsewhere, wanted, tmp_path, 2, data, progress=False, runs=trained, into=page)

    with pytest.raises(BadArgument, match=r"There is no page .*README.md to put a table into"):
        judge()
    begin, end = "<!-- table places -->", "<!-- end of table -->"
    for bad in (
        "# No place",
        f"{begin}\nno end",
        f"{begin}\n{end}\n" * 2,
        f"<!-- table units -->\n{end}\n",
        f"{begin}\n<!-- table units -->\n{end}\n",
    ):
        page.write_text(bad)
        with pytest.raises(BadArgument, match=f"README.md has no place for table places, or several; .* {begin} and"):
            judge()
        assert page.read_text() == bad
    page.write_text(f"# Ours\n<!-- table units -->\nleft alone\n{end}\n{begin}\nold\n{end}\nand {begin} \\1 more\n")
    for _ in range(2):  # what stands there is replaced
        judge()
        text = page.read_text()
        assert text.startswith(
            f"# Ours\n<!-- table units -->\nleft alone\n{end}\n{begin}\n| model | in sight | dark 1-3 |"
        )
        assert text.endswith(f" |\n{end}\nand {begin} \\1 more\n")
        assert re.findall(r"^\| (.*?) \|", text, re.MULTILINE)[2:] == [
            "LSTM",
            "*floor: units where they were last seen, told who is who*",
            "*floor: the mean map of each age of darkness*",
        ]


def test_a_run_is_finished_only_as_the_training_that_is_asked_for(trained: Path, store_2s3z: EpisodeStore) -> None:
    (entry,) = entries(PLAN, ["lstm"], [3], "debug", 2)
    run, stores = trained / "places" / entry.name, (("2s3z", store_2s3z.fingerprint()),)
    assert finished(run, entry, stores)
    assert finished(run, entry, None)
    assert not finished(run, entry, (("2s3z", "0123456789abcdef"),))
    assert not finished(run, replace(entry, seed=4), stores)
    assert not finished(run, replace(entry, training=replace(entry.training, updates=3)), stores)
    assert not finished(run, replace(entry, model=replace(entry.model, width=32)), stores)
    assert not finished(trained / "places" / "lstm-seed9", entry, stores)


def test_runs_that_are_not_there_or_were_trained_on_other_battles_make_no_table(
    trained: Path, store_2s3z: EpisodeStore, tmp_path: Path
) -> None:
    data, one = store_2s3z.path.parent, entries(PLAN, ["lstm"], [3], "debug", 2)
    with pytest.raises(BadArgument, match=r"No finished run of table places lies in .*places; leave out --runs"):
        benchmark_models(PLAN, one, tmp_path, 2, data, progress=False, runs=tmp_path)
    shutil.copytree(trained / "places", tmp_path / "places")
    other = tmp_path / "places/lstm-seed4"
    shutil.copytree(tmp_path / "places/lstm-seed3", other)
    for name in (checkpoint.BEST, checkpoint.LAST):
        model, info = checkpoint.load_checkpoint(other / name)
        checkpoint.save(other / name, model, replace(info, seed=4, stores=(("2s3z", "0123456789abcdef"),)))
    both = entries(PLAN, ["lstm"], [3, 4], "debug", 2)
    with pytest.raises(BadArgument, match=r"lstm-seed4 was trained on other episodes than .*lstm-seed3"):
        benchmark_models(PLAN, both, tmp_path, 2, tmp_path, progress=False, runs=tmp_path)


def test_figures_of_another_checkpoint_or_under_other_terms_are_no_part_of_a_table(
    trained: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    run, terms = tmp_path / "places/lstm-seed3", Terms(PURPOSE, 2, SHORT.tested, SHORT.questions)
    same = Verdicts(tmp_path, "places", terms)
    assert (same.lacks(run), same.lacks(None), len(same.files())) == (False, False, 2)
    for other in (
        replace(terms, episodes=3),
        replace(terms, tested=("3m",)),
        replace(terms, besides=("3m",)),
        replace(terms, questions=("all",)),
    ):
        asked = Verdicts(tmp_path, "places", other)
        assert (asked.lacks(run), asked.lacks(None), asked.files()) == (True, True, [])
    model, info = checkpoint.load_checkpoint(run)
    checkpoint.save(run / checkpoint.BEST, model, replace(info, update=info.update + 1))
    assert (same.lacks(run), same.lacks(None)) == (True, False)


def test_trainings_on_other_battles_or_of_another_length_share_no_table(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    verdicts = Verdicts(tmp_path, "places", Terms(PURPOSE, 2, SHORT.tested, SHORT.questions))
    path = tmp_path / "verdicts/places/lstm-seed3.json"
    text = path.read_text()
    for known, other in (
        ('"updates": 2,', '"updates": 3,'),
        ('"2s3z", "', '"2s3z", "0'),
        ('"batch": 4,', '"batch": 16,'),
        ('"recurrent": 32}', '"recurrent": 256}'),
    ):
        assert known in text
        path.with_name("lstm-seed4.json").write_text(text.replace(known, other, 1))
        with pytest.raises(BadArgument, match=r"seed4.json and .*seed3.json are figures of trainings on other"):
            verdicts.files()
    path.with_name("lstm-seed4.json").write_text(text)
    assert len(verdicts.files()) == 3


def test_tables_at_equal_time_are_told_from_those_of_other_training_sets(tmp_path: Path) -> None:
    for name in ("units-marines-10-minutes", "units-2.5-minutes", "units-10-minutes", "units-marines"):
        (tmp_path / "verdicts" / name).mkdir(parents=True)
    found = Verdicts(tmp_path, "units", Terms(PURPOSE, 2, ("3m",), ("all",))).at_equal_time()
    assert [verdicts.table for verdicts in found] == ["units-2.5-minutes", "units-10-minutes"]


def test_private_battles_are_others_and_are_used_once(trained: Path, store_2s3z: EpisodeStore, tmp_path: Path) -> None:
    one = entries(PLAN, ["lstm"], [3], "debug", 2)
    table = benchmark_models(SHORT, one, tmp_path, 2, store_2s3z.path.parent, False, trained, private=True)
    assert table.name == "places-private.md"
    assert "private" in table.read_text().splitlines()[2]
    public, private = (
        {row.value for row in select(figures(out, name), model="lstm", metric="place_nll")}
        for out, name in ((trained, "places"), (tmp_path, "places-private"))
    )
    assert not public & private
    names = {path.name for path in (tmp_path / "tests").iterdir()}
    assert names == {"2s3z-private-seed0.zarr", "2s3z-floors-seed0.zarr"}
    assert benchmark_models(SHORT, one, tmp_path, 2, store_2s3z.path.parent, False, trained, private=True) == table
    with pytest.raises(BadArgument, match="private battles are used once for a table"):
        benchmark_models(SHORT, one, tmp_path, 3, store_2s3z.path.parent, False, trained, private=True)


def test_private_battles_judge_no_second_training_of_the_same_name(
    trained: Path, store_2s3z: EpisodeStore, tmp_path: Path
) -> None:
    one, data = entries(PLAN, ["lstm"], [3], "debug", 2), store_2s3z.path.parent
    benchmark_models(SHORT, one, tmp_path, 2, data, False, trained, private=True)
    before = (tmp_path / "verdicts/places-private/lstm-seed3.json").read_bytes()
    another = [replace(entry, training=replace(entry.training, learning_rate=1e-3)) for entry in one]
    with pytest.raises(BadArgument, match="private battles are used once for a table"):
        benchmark_models(SHORT, another, tmp_path, 2, data, False, private=True)
    assert (tmp_path / "verdicts/places-private/lstm-seed3.json").read_bytes() == before
    assert not (tmp_path / "places/lstm-seed3").exists()  # and none is trained in vain


def test_a_table_at_equal_time_lies_apart_and_stands_in_brief_beside_the_other(
    trained: Path, store_2s3z: EpisodeStore, tmp_path: Path
) -> None:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    timed, data = at_equal_time(SHORT, 0.01), store_2s3z.path.parent
    (entry,) = entries(timed, ["lstm"], [3], "debug", minutes=0.01)
    before = (tmp_path / "places/lstm-seed3" / LOG).read_bytes()
    table = benchmark_models(timed, [entry], tmp_path, 2, data, progress=False)
    assert table.name == "places-0.01-minutes.md"
    assert finished(tmp_path / "places-0.01-minutes/lstm-seed3", entry, None)
    assert (tmp_path / "places/lstm-seed3" / LOG).read_bytes() == before
    here, there = table.read_text(), (tmp_path / "places.md").read_text()
    (beside,) = re.findall(r"# The same at equal time: places-0.01-minutes\n(.*?)# Figures", there, flags=re.DOTALL)
    assert beside.strip() in here
    assert "| lstm | " in beside
    assert "equal time" not in here
    assert (
        there.replace(f"# The same at equal time: places-0.01-minutes\n{beside}", "")
        == (trained / "places.md").read_text()
    )

    text = (tmp_path / "places.md").read_text()
    benchmark_models(timed, [entry], tmp_path, 3, data, progress=False)  # on more battles than the other was tested on
    assert (tmp_path / "places.md").read_text() == text

    benchmark_models(timed, [entry], tmp_path, 2, data, progress=False)
    log = (tmp_path / "places-0.01-minutes/lstm-seed3" / LOG).stat().st_mtime_ns
    assert benchmark_models(timed, [entry], tmp_path, 2, data, progress=False).read_text() == here
    assert (tmp_path / "places-0.01-minutes/lstm-seed3" / LOG).stat().st_mtime_ns == log


def test_entries_are_every_model_with_every_seed() -> None:
    found = entries(PLANS["units"], ["lstm", "s2gru", "lstm"], numbers("0,2,2"), "debug", 7)
    assert [entry.name for entry in found] == ["lstm-seed0", "s2gru-seed0", "lstm-seed2", "s2gru-seed2"]
    assert {(entry.training.updates, entry.training.task, entry.training.blink) for entry in found} == {
        (7, "units", False)
    }
    timed = entries(PLANS["places"], ["lstm"], [0], "debug", minutes=2.5)
    assert [(entry.training.updates, entry.training.minutes) for entry in timed] == [(None, 2.5)]
    asked = entries(PLANS["places"], None, [0], "small", None)
    assert {"lstm", "s2gru"} <= {entry.model.name for entry in asked}
    assert all(entry.training.task == "places" and entry.training.blink for entry in asked)


def test_bad_input_is_named() -> None:
    with pytest.raises(BadArgument, match="--episodes must be at least 1, not -1"):
        benchmark_models(PLAN, [], Path("grid"), episodes=-1)
    with pytest.raises(BadArgument, match="--table dishes is unknown; choose among units, places"):
        plans("units,dishes")
    assert [plan.name for plan in plans("units,places,units", 7.5)] == ["units-7.5-minutes", "places-7.5-minutes"]
    with pytest.raises(BadArgument, match="--seeds 0,x"):
        numbers("0,x")
    with pytest.raises(BadArgument, match="gru2"):
        entries(PLANS["units"], ["gru2"], [0], "small", None)


def sums(*costs: float) -> tuple[tuple[float, float], ...]:
    """Ten places in each episode, at these costs."""
    return tuple((10.0 * cost, 10.0) for cost in costs)


def test_scenarios_besides_are_asked_about_forecasts_only(store_2s3z: EpisodeStore, tmp_path: Path) -> None:
    table = replace(PLANS["units"], trained=("2s3z",), episodes=20, tested=("2s3z",), besides=("2s3z@flat",))
    asked = replace(table, questions=("scenarios", "likelihood", "ablations"))
    entry = entries(asked, ["s2gru"], [0], "debug", 1)
    benchmark_models(asked, entry, tmp_path, episodes=2, data=store_2s3z.path.parent, progress=False)
    found = {
        (row.scenario, row.split): {(other.model, other.metric) for other in select(rows, scenario=row.scenario)}
        for rows in [figures(tmp_path, "units")]
        for row in rows
    }
    assert set(found) == {("2s3z", "train"), ("2s3z@flat", "unseen")}
    more = {("s2gru (reset)", "position_error"), ("s2gru", "unit_nll"), ("fitted persistence", "unit_nll")}
    assert more <= found["2s3z", "train"]
    assert not more & found["2s3z@flat", "unseen"]
    assert {("s2gru", "position_error"), ("constant velocity", "position_error")} <= found["2s3z@flat", "unseen"]


def test_a_gap_is_sure_where_every_battle_says_the_same_however_hard_it_is() -> None:
    row = Row("ours", 0, "3m", "train", 1.0, 1, "dark", "place_nll", 5.0, 3.0, 7.0, 50, sums(1, 3, 5, 7, 9))
    other = replace(row, model="other", seed=None, sums=sums(2.5, 4.5, 6.5, 8.5, 10.5))
    (gap,) = gaps([row, other], "ours")
    assert (gap.model, gap.metric, gap.n) == ("other", "place_nll_gap", 50)
    assert (gap.value, gap.low, gap.high) == pytest.approx((1.5, 1.5, 1.5))
    (gap,) = gaps([row, other], "other")
    assert gap.value == pytest.approx(-1.5)
    assert gaps([row, other], "nobody") == []


def test_a_gap_is_unsure_where_seeds_differ() -> None:
    row = Row("ours", 0, "3m", "train", 1.0, 1, "dark", "place_nll", 5.0, 3.0, 7.0, 50, sums(1, 3, 5, 7, 9))
    seeds = [replace(row, model="other", seed=seed, sums=sums(*(c + seed for c in (1, 3, 5, 7, 9)))) for seed in (0, 2)]
    (gap,) = gaps([row, *seeds], "ours")
    # The seeds lie 0 and 2 behind, so the standard error is 1; Student's t for one degree of freedom is 12.71.
    assert (gap.value, gap.low, gap.high) == pytest.approx((1.0, 1.0 - 12.71, 1.0 + 12.71))


def test_a_mean_over_seeds_is_as_uncertain_as_its_battles_and_its_seeds_together() -> None:
    def row(seed: int, value: float) -> Row:
        return Row("m", seed, "3m", "train", 1.0, 1, "dark", "place_nll", value, value - 0.3, value + 0.4, 9)

    (alone,) = over_seeds([row(0, 5.0)])
    assert asdict(alone) == {**asdict(row(0, 5.0)), "seed": None}
    (both,) = over_seeds([row(0, 5.0), row(1, 7.0)])
    spread = 12.71 * 1.0  # Student's t for one degree of freedom; the standard error of the mean of 5 and 7 is 1
    assert (both.value, both.n) == (6.0, 9)
    assert both.value - both.low == pytest.approx((0.3**2 + spread**2) ** 0.5)
    assert both.high - both.value == pytest.approx((0.4**2 + spread**2) ** 0.5)
    assert len(over_seeds([row(0, 5.0), *select([row(1, 7.0)], seed=2)])) == 1
