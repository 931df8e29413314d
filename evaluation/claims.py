"""What is claimed of S2RMs, and whether a published table bears it out: answers made from paired gaps, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.brief import said, unit_column
from evaluation.gaps import paired, thin
from evaluation.metrics import LIKELIHOOD
from evaluation.places import METRIC as PLACE_NLL
from evaluation.rows import FLOORS, Row, Split, Status, ablation_of, distinct, select
from worldmodel.config import ModelConfig

PAPER, RIVALS = ("s2gru", "s2rmc"), ("lstm", "rmc", "rim", "tto8", "tto20")
"""The paper's models, and those that it says they are ahead of."""

OURS = ModelConfig().name
"""The default, which shall be ahead of all."""

FACTOR, NATS = 0.6, 1.0
"""Of persistence's error, at most, one step ahead; what resetting the default's state must cost at dark places."""

_DARK: tuple[Status, ...] = ("dark",)
_AGES: tuple[Status, ...] = ("dark 1-3", "dark 4-7", "dark 8-10", "dark 11-19")
_IN_SIGHT: tuple[Status, ...] = ("in sight",)
_BEST = (
    ("position_error", 10, "cells", f"ten steps ahead, `{OURS}` errs least in the place of units in sight"),
    ("health_error", 10, "points", f"ten steps ahead, `{OURS}` errs least in their health"),
    (LIKELIHOOD, 1, "nats", f"one step ahead, `{OURS}` holds life and place likeliest, in sight and hidden"),
)
"""What the default shall be best at: metric, steps ahead, unit, in words."""

_TAKEN = {
    "reset": "its memory",
    "blind": "its views",
    "constant": "its kernel",
    "idle": "its modules' states",
    "forget": "what it last saw",
}


@dataclass(frozen=True)
class Claim:
    """One claim, whether it holds (None: its interval does not tell), and the figures that say so."""

    says: str
    holds: bool | None
    found: str


@dataclass(frozen=True)
class Lead:
    """How far a model is ahead of another.

    Attributes:
        ahead, level, behind: conditions (scenario, share of views, age) by what their interval says.
        value, low, high: mean over them, with its interval.
        unit: of the mean.
    """

    ahead: int
    level: int
    behind: int
    value: float
    low: float
    high: float
    unit: str

    def __str__(self) -> str:
        """Counts and mean."""
        counts = f"ahead in {self.ahead}, level in {self.level}, behind in {self.behind}"
        return f"{counts}; by {self.value:.2f} [{self.low:.2f}, {self.high:.2f}] {self.unit} in the mean"


def lead(rows: Sequence[Row], ours: str, rival: str, unit: str = "nats") -> Lead | None:
    """How far one model is ahead of another in these figures of one metric; None where one has none.

    Conditions count for which both have a figure of every seed, and none that is :func:`evaluation.gaps.thin`.
    """
    found: dict[str, dict[tuple[str, float, str, int], list[Row]]] = {ours: {}, rival: {}}
    for row in rows:
        if row.model in found and row.sums and not thin(row):
            found[row.model].setdefault((row.scenario, row.views, row.status, row.horizon), []).append(row)
    seeds = {model: max(map(len, figures.values()), default=0) for model, figures in found.items()}
    conditions = [key for key in found[ours] if all(len(found[model].get(key, ())) == seeds[model] for model in found)]
    if not conditions or not all(seeds.values()):
        return None
    pairs = [(found[rival][key], found[ours][key]) for key in conditions]
    each = [paired([theirs], [mine]) for theirs, mine in pairs]
    ahead, behind = (sum(low > 0 for _, low, _ in each), sum(high < 0 for _, _, high in each))
    return Lead(ahead, len(each) - ahead - behind, behind, *paired(*map(list, zip(*pairs, strict=True))), unit)


def place_claims(rows: Sequence[Row]) -> list[Claim]:
    """Claims about places, those that there are figures for."""
    return [*_of_the_paper(rows), *_of_ours(rows), *_of_parts(rows)]


def unit_claims(rows: Sequence[Row]) -> list[Claim]:
    """Claims about units, those that there are figures for."""
    found = []
    splits: tuple[tuple[Split, str], ...] = (("train", "the scenario trained on"), ("unseen", "unseen scenarios"))
    for split, where in splits:
        near = sorted(_learned(_errors(rows, 1, split)), key=lambda row: row.value)
        if near:
            says = (
                f"On {where}, one step ahead, all views, every model errs by at most ×{FACTOR} of persistence in the "
                "place of units in sight, in the mean over scenarios"
            )
            worst = near[-1]
            found.append(Claim(says, worst.value <= FACTOR, f"×{said(near[0])} to ×{said(worst)} (`{worst.model}`)"))
        for metric, steps, unit, says in _BEST:
            here = select(rows, metric=metric, horizon=steps, split=split, dropping="episode")
            leads = _leads(here, unit)
            if leads:
                ahead_of = [rival for rival, gap in leads.items() if gap.low > 0]
                behind = [rival for rival, gap in leads.items() if gap.high < 0]
                open_to = behind or [rival for rival in leads if rival not in ahead_of] or ahead_of
                least = min(open_to, key=lambda rival: leads[rival].value)
                holds = False if behind else True if len(ahead_of) == len(leads) else None
                figures = f"least against `{least}`: {leads[least]}"
                found.append(Claim(f"On {where}, {says}", holds, figures))
    return found


def markdown(claims: Sequence[Claim]) -> str:
    """The claims as a table."""
    lines = [["claim", "holds", "figures"], ["---"] * 3]
    answers = {True: "**yes**", False: "**no**", None: "level"}
    lines += [[claim.says, answers[claim.holds], claim.found] for claim in claims]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _errors(rows: Sequence[Row], steps: int, split: Split) -> list[Row]:
    """Factors of the error of place of units in sight, all views."""
    whole = [row for row in rows if not ablation_of(row.model)[1]]
    return unit_column("position_error_factor", steps, split).figures(whole)


def _learned(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.model not in FLOORS and not ablation_of(row.model)[1]]


def _leads(rows: Sequence[Row], unit: str = "nats") -> dict[str, Lead]:
    """How far the default is ahead of each other model in these figures."""
    rivals = [name for name in distinct(_learned(rows), "model") if name != OURS]
    return {rival: gap for rival in rivals if (gap := lead(rows, OURS, rival, unit))}


def _places(rows: Sequence[Row], statuses: Sequence[Status]) -> list[Row]:
    return [row for row in select(rows, metric=PLACE_NLL) if row.status in statuses]


def _of_the_paper(rows: Sequence[Row]) -> list[Claim]:
    found = []
    for ours in PAPER:
        for rival in RIVALS:
            gap = lead(_places(rows, _DARK), ours, rival)
            if gap:
                says = f"`{ours}` is ahead of `{rival}` on dark places in every condition"
                found.append(Claim(says, not gap.level + gap.behind, str(gap)))
    return found


def _of_ours(rows: Sequence[Row]) -> list[Claim]:
    """Of the default: ahead of every model where it is dark, behind none in sight."""
    found = []
    for statuses, says in (
        (_AGES, f"`{OURS}` is ahead of every other model on dark places of every age, in every condition"),
        (_IN_SIGHT, f"`{OURS}` is behind no other model in sight, in any condition or in the mean"),
    ):
        leads = _leads(_places(rows, statuses))
        if leads:
            least = min(leads, key=lambda rival: leads[rival].value)
            behind = any(gap.behind or gap.high < 0 for gap in leads.values())
            level = any(gap.level for gap in leads.values()) and statuses is _AGES
            found.append(Claim(says, not (behind or level), f"least against `{least}`: {leads[least]}"))
    return found


def _of_parts(rows: Sequence[Row]) -> list[Claim]:
    """Of an S2RM's parts: without them dark places are worse."""
    found = []
    for ours in (*PAPER, OURS):
        for part, what in _TAKEN.items():
            gap = lead(_places(rows, _DARK), ours, f"{ours} ({part})")
            if gap:
                more = NATS if (ours, part) == (OURS, "reset") else 0.0
                says = (
                    f"`{ours}` without {what} is worse at dark places{f' by more than {more:.0f} nat' if more else ''}"
                )
                loss = f"by {gap.value:.2f} [{gap.low:.2f}, {gap.high:.2f}] nats in the mean"
                found.append(Claim(says, gap.low > more, loss))
    return found
