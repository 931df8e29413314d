"""The first paragraphs of a report, made from its rows: what was asked, who is best where, what to be careful about.

They claim no more than the figures do: where 95 % intervals overlap, models are called level.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evaluation.labels import level_with_best, more_is_better, name_of
from evaluation.metrics import FACTORS, OUTCOME_METRICS
from evaluation.rows import (
    FEW_BATTLES,
    FEW_COUNTED,
    FLOOR,
    FLOORS,
    Row,
    Status,
    ablation_of,
    astray,
    distinct,
    over_seeds,
    select,
)
from s2rm_sc2.words import counted

ENOUGH_BATTLES, ENOUGH_SEEDS = 20, 3
"""What a reader is warned of."""


@dataclass(frozen=True)
class Headline:
    """One thing that models are compared by.

    Attributes:
        topic: it, in words that begin a sentence.
        where: what its rows have in common.
        floor: what a model has to beat.
        others: floors that are mentioned only where a model loses to them.
        easy: whether to beat the floor says so little that only who does not is named.
        ages: what is told apart, by what a sentence calls it; then who is best is not said.
    """

    topic: str
    where: Mapping[str, object]
    floor: str = FLOOR
    others: tuple[str, ...] = ()
    easy: bool = False
    ages: tuple[tuple[str, Status], ...] = ()

    def parts(self) -> Iterator[tuple[str, "Headline"]]:
        """What is told apart, each with its name; itself, without a name, where nothing is."""
        for words, status in self.ages:
            yield words, replace(self, where={**self.where, "status": status}, ages=())
        if not self.ages:
            yield "", self


_FAR: dict[str, object] = {"horizon": 10, "views": 0.4, "status": "all", "dropping": "episode"}
_DARK: dict[str, object] = {"status": "dark", "views": 0.6, "dropping": "episode"}
_NEXT: dict[str, object] = {"horizon": 1, "views": 0.4, "dropping": "episode"}
_OUTCOME: dict[str, object] = {**_NEXT, "status": "all"}
_MOVING = ("constant velocity",)
_AGES: tuple[tuple[str, Status], ...] = (
    ("Last seen 1 to 3 steps ago", "hidden 1-3"),
    ("4 to 7 steps ago", "hidden 4-7"),
    ("8 or more steps ago", "hidden 8+"),
)
HEADLINES = (
    Headline(
        "Where units are ten steps ahead, 40 % of the views", {"metric": "position_error", **_FAR}, others=_MOVING
    ),
    Headline("Their health + shield then", {"metric": "health_error", **_FAR}),
    Headline("Which of them have died by then", {"metric": "dead_f1", **_FAR}, easy=True),
    Headline(
        "Where units out of sight are a step later, 40 % of the views",
        {"metric": "position_error", **_NEXT},
        others=_MOVING,
        ages=_AGES,
    ),
    Headline("Health + shield of units out of sight", {"metric": "health_error", **_NEXT}, ages=_AGES),
    Headline("Which of them have died", {"metric": "dead_f1", **_NEXT}, easy=True, ages=_AGES),
    Headline("The reward of the next step, 40 % of the views", {"metric": "reward_error", **_OUTCOME}),
    Headline("Whether it decides the battle", {"metric": "terminated_f1", **_OUTCOME}, easy=True),
    Headline("The chance that it does (Brier score)", {"metric": "terminated_brier", **_OUTCOME}),
    Headline(
        "What stands at places dark for 1 to 10 steps",
        {"metric": "place_nll", **_DARK},
        "last-seen table",
        others=("constant rate",),
    ),
)


def asked(rows: Sequence[Row], about: Mapping[str, Any]) -> str:
    """What was asked, of whom, about what."""
    models = list(dict.fromkeys(f"`{ablation_of(name)[0]}`" for name in distinct(rows, "model") if name not in FLOORS))
    trained = {(ablation_of(row.model)[0], row.seed) for row in rows if row.seed is not None}
    seeds = sorted({sum(name == f"`{model}`" for model, _ in trained) for name in models})
    few = f"{seeds[0]} to " if len(seeds) > 1 else ""
    who = f"{_listed(models)} ({few}{counted(seeds[-1], 'seed')}{' each' if len(models) > 1 else ''})"
    seen, unseen = (distinct(select(rows, split=split), "scenario") for split in ("train", "unseen"))
    known = f"{_named(seen)}, which {'it was' if len(models) == 1 else 'they were'} trained on" if seen else ""
    new = f"{_named(unseen)}, which {'it has' if len(models) == 1 else 'they have'} never seen" if unseen else ""
    what = []
    if select(rows, metric="position_error"):
        ahead = max(row.horizon for row in select(rows, metric="position_error"))
        what.append(
            f"what happens to every unit seen so far, up to {counted(ahead, 'step')} ahead without further views"
        )
    if select(rows, metric="place_nll"):
        what.append("what stands at places that may have been out of sight for long")
    each = f"each of {len(seen) + len(unseen)} scenarios: " if len(seen) + len(unseen) > 1 else ""
    return (
        "A world model watches a battle through the agents' own partial views and is asked what it cannot see: "
        f"{' and '.join(what) or 'how the battle goes on'}. Here {who} {'was' if len(models) == 1 else 'were'} asked "
        f"about {counted(about['episodes'], 'fresh battle')} of {each}"
        f"{'; and '.join(part for part in (known, new) if part)}. Beside {'it' if len(models) == 1 else 'them'} stand "
        f"floors that have learned nothing, such as {_floor_words(rows)}."
    )


def findings(rows: Sequence[Row]) -> list[str]:
    """A sentence or two for each headline that there are figures for."""
    means, found = over_seeds(rows), []
    for headline in HEADLINES:
        ways = [(words, way) for words, part in headline.parts() if (way := _found(part, means, bool(words)))]
        if ways:
            said = [f"{words}: {way[0].lower()}{way[1:]}" if words else way for words, way in ways]
            found.append(f"{headline.topic}{'.' if headline.ages else ':'} {' '.join(said)}")
    return found


def _found(headline: Headline, means: Sequence[Row], brief: bool) -> str:
    """What figures of one kind say; nothing where there are none."""
    here = select(means, **headline.where)
    every = [row for row in here if row.model in _learned(means)]
    learned = [row for row in every if row.bounded]
    if not learned:
        reached = "." if brief or not every else f"; {_reached(every)}"
        return f"too few battles to tell{reached}" if every else ""
    ways = ["" if brief else _leaders(learned), _beside_floor(learned, here, means, headline, headline.floor)]
    ways += [_beside_floor(learned, here, means, headline, floor) for floor in headline.others]
    return " ".join(way for way in ways if way) or ("" if brief else _reached(learned))


def cautions(rows: Sequence[Row], about: Mapping[str, Any]) -> list[str]:
    """What stands between these figures and a claim."""
    runs, said = about["training"], [*about.get("notes", ()), *astray(rows)]
    names = list(dict.fromkeys(run["model"]["name"] for run in runs))
    seeds = {name: len({run["seed"] for run in runs if run["model"]["name"] == name}) for name in names}
    few = [f"`{name}` ({number})" for name, number in seeds.items() if number < ENOUGH_SEEDS]
    if few:
        said.append(
            f"Few seeds: {', '.join(few)}. What differs between two trainings of one model is hardly known then, and a "
            "small lead may be luck."
        )
    if about["episodes"] < ENOUGH_BATTLES:
        make = "no interval" if about["episodes"] < FEW_BATTLES else "wide intervals"
        said.append(f"Few battles: {about['episodes']} per scenario make {make}; --episodes asks for more.")
    vague = [row for row in rows if not row.bounded]
    if vague:
        said.append(
            f"Some figures of {_named(distinct(vague, 'scenario'))} rest on fewer than {FEW_BATTLES} battles: they "
            "have no interval, and are called neither better nor worse."
        )
    updates = {run["update"] for run in runs}
    if len(updates) > 1:
        said.append(f"The runs were trained for different numbers of updates, {min(updates):,} to {max(updates):,}.")
    if len({tuple(run["scenarios"]) for run in runs}) > 1:
        said.append("The runs were trained on different scenarios; a comparison mixes model and data.")
    sizes = {run["model"]["name"]: run["parameters"] for run in runs}
    if len(sizes) > 1 and max(sizes.values()) >= 2 * min(sizes.values()):
        small, large = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
        said.append(f"Sizes differ: {sizes[small]:,} parameters (`{small}`) to {sizes[large]:,} (`{large}`).")
    parts = [part for headline in HEADLINES for _, part in headline.parts()]
    many = [part for part in parts if part.where["metric"] not in OUTCOME_METRICS]  # a battle ends but once
    thin = [row for part in many for row in select(rows, **part.where) if row.n < FEW_COUNTED]
    if thin:
        said.append(
            f"Some figures rest on fewer than {FEW_COUNTED} units or places: {_named(distinct(thin, 'scenario'))}."
        )
    if len(distinct(rows, "scenario")) > 1 and len(_learned(rows)) > 1:
        said.append("Many comparisons are made at once; a lone lead may be chance.")
    return said


def _learned(rows: Sequence[Row]) -> list[str]:
    """The models, without floors and without what was left of them after an ablation."""
    return [name for name in distinct(rows, "model") if name not in FLOORS and not ablation_of(name)[1]]


def _leaders(rows: Sequence[Row]) -> str:
    """Who is ahead of everyone on which scenarios, and who is level with the best on the others."""
    if len(distinct(rows, "model")) == 1:
        return ""
    clear: dict[str, list[str]] = {}
    level: dict[tuple[str, ...], list[str]] = {}
    for scenario in distinct(rows, "scenario"):
        best = [row.model for row in level_with_best(select(rows, scenario=scenario))]
        if len(best) == 1:
            clear.setdefault(best[0], []).append(scenario)
        else:
            level.setdefault(tuple(sorted(best)), []).append(scenario)
    total = len(distinct(rows, "scenario"))
    parts = [f"`{model}` is best{_on(where, total)}, by more than the intervals" for model, where in clear.items()]
    everyone = len(distinct(rows, "model"))
    for names, where in level.items():
        who = "all models" if len(names) == everyone else _listed([f"`{name}`" for name in names])
        parts.append(f"{who} are level{'' if len(names) == everyone else ' at the top'}{_on(where, total)}")
    return f"{'; '.join(parts)}."


def _beside_floor(
    learned: Sequence[Row], here: Sequence[Row], means: Sequence[Row], headline: Headline, name: str
) -> str:
    """Whether every model beats a floor, and which do not where; of other floors than the headline's, who loses."""
    metric, main = str(headline.where["metric"]), name == headline.floor
    floors = {(row.scenario, row.split): row for row in select(here, model=name)}
    if not floors:
        return ""
    short: dict[tuple[str, str], list[str]] = {}
    for row in learned:
        floor = floors.get((row.scenario, row.split))
        if floor is None:
            continue
        factor = select(
            means,
            **{**headline.where, "metric": FACTORS.get(metric)},
            model=row.model,
            scenario=row.scenario,
            split=row.split,
        )
        known = bool(factor) and name == FLOOR
        beaten, lost = (factor[0].high < 1, factor[0].low > 1) if known else _order(row, floor)
        if lost or (main and not beaten):
            short.setdefault((row.model, "lose" if lost else "are level"), []).append(row.scenario)
    if not short:
        several = len(distinct(learned, "model")) > 1
        who = "All beat" if several else f"`{learned[0].model}` beats"
        if headline.easy or not main:
            return ""
        vague = set(distinct(here, "scenario")) - set(distinct(learned, "scenario"))
        where = f"wherever battles enough tell, so not on {_named(sorted(vague))}" if vague else "on every scenario"
        return f"{who} {_the(name)} {where}{_by_how_much(learned, means, headline)}."
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (model, how), scenarios in short.items():
        alike.setdefault((how, tuple(scenarios)), []).append(f"`{model}`")
    parts, total = [], len(distinct(learned, "scenario"))
    for (how, places), names in alike.items():
        verb = how if len(names) > 1 else {"lose": "loses", "are level": "is level"}[how]
        parts.append(f"{_listed(names)} {verb} {'to' if how == 'lose' else 'with'} {_the(name)}{_on(places, total)}")
    if main and sum(map(len, short.values())) < len(learned):
        parts.append(f"elsewhere {_the(name)} is beaten")
    return f"{'; '.join(parts)}."


def _reached(learned: Sequence[Row]) -> str:
    """The range of figures that stand beside no others."""
    low, high = min(row.value for row in learned), max(row.value for row in learned)
    reached = f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"
    return f"{name_of(learned[0].metric)} {reached}."


def _order(row: Row, floor: Row) -> tuple[bool, bool]:
    """Whether a figure is better than a floor's, and whether it is worse, by more than their intervals."""
    up, down = row.low > floor.high, row.high < floor.low
    return (up, down) if more_is_better(row.metric) else (down, up)


def _by_how_much(learned: Sequence[Row], means: Sequence[Row], headline: Headline) -> str:
    """The range of the factors to the floor."""
    factor = FACTORS.get(str(headline.where["metric"]))
    models = distinct(learned, "model")
    factors = select(means, **{**headline.where, "metric": factor})
    found = [row for row in factors if row.model in models and row.bounded]
    if not found:
        return ""
    low, high = min(row.value for row in found), max(row.value for row in found)
    return (
        f" (×{low:.2f} of its error)" if f"{low:.2f}" == f"{high:.2f}" else f" (×{low:.2f} to ×{high:.2f} of its error)"
    )


def _floor_words(rows: Sequence[Row]) -> str:
    words = {
        FLOOR: "persistence, which says that everything stays as it was last seen",
        "last-seen table": "the last-seen table, which says that units are where they were last seen",
    }
    found = [text for name, text in words.items() if name in distinct(rows, "model")]
    return " and ".join(found) or "a constant"


def _the(floor: str) -> str:
    """A floor's name in a sentence."""
    return floor if floor in (FLOOR, "constant velocity") else f"the {floor}"


def _on(scenarios: Sequence[str], total: int = 0) -> str:
    return f" on all {total} scenarios" if 1 < len(scenarios) == total else f" on {_named(scenarios)}"


def _named(scenarios: Sequence[str], most: int = 5) -> str:
    """Scenarios by name; of many the number."""
    return (
        _listed([f"`{name}`" for name in dict.fromkeys(scenarios)])
        if len(scenarios) <= most
        else f"{len(scenarios)} scenarios"
    )


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
