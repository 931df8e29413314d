"""What metrics are called where people read them, and which way is better."""

from evaluation.gaps import SUFFIX
from evaluation.metrics import FACTORS
from evaluation.rows import FLOORS, Row

_LABELS = {
    "position_error": ("position error", "position error (cells)"),
    "health_error": ("error of health + shield", "health + shield error (points)"),
    "dead_f1": ("F1 of deaths", "F1 of deaths"),
    "alive_f1": ("F1 of the living", "F1 of the living"),
    "alive_brier": ("Brier score of being alive", "Brier score"),
    "unit_nll": ("negative log-likelihood of life and place", "nats a unit"),
    "place_nll": ("negative log-likelihood", "nats a place"),
    "friend_foe_f1": ("friend/foe F1 of local maps", "friend/foe F1"),
    "unit_type_f1": ("unit type F1 of local maps", "unit type F1"),
    "reward_error": ("error of the reward", "reward error"),
    "terminated_f1": ("F1 of the battle's end", "F1 of the end"),
    "terminated_brier": ("Brier score of the battle's end", "Brier score"),
}
"""Name of each metric, and what an axis says."""

_CALLED = {
    "s2gru-local": "**`s2gru-local`**, ours",
    "s2gru": "**`s2gru`**, the paper's",
    "s2rmc": "**`s2rmc`**, the paper's",
    "s2gru-literal": "`s2gru-literal`, the paper's kernel to the letter",
    "learned-table": "learned table of what was last seen",
    "lstm": "LSTM",
    "rmc": "RMC",
    "rim": "RIM",
    "tto8": "TTO, eight steps",
    "tto20": "TTO, twenty steps",
    "tto8-relative": "TTO, eight steps, relative attention",
    "tto20-relative": "TTO, twenty steps, relative attention",
    "unit-gru": "GRU per unit",
    "transformer": "transformer on the last-seen table",
    "constant rate": "*floor: the mean map of each age of darkness*",
    "last-seen table": "*floor: units where they were last seen, told who is who*",
}
"""What each model is, for those who do not know its name."""


def called(model: str) -> str:
    """What a model or floor is called where a reader may not know its name, in Markdown."""
    return _CALLED.get(model, f"*floor: {model}*" if model in FLOORS else f"`{model}`")


def name_of(metric: str) -> str:
    """What a metric is called in a sentence."""
    return _LABELS[metric][0] if metric in _LABELS else metric.replace("_", " ")


def axis_of(metric: str) -> str:
    """What an axis that shows it says."""
    if metric in FACTORS.values():
        (error,) = (error for error, factor in FACTORS.items() if factor == metric)
        return f"{name_of(error)}, × persistence"
    return _LABELS[metric][1] if metric in _LABELS else name_of(metric)


def percent(share: float) -> str:
    """A share in a sentence, ``40 %``."""
    return f"{share * 100:.0f} %"


def capital(words: str) -> str:
    """Words as they begin a sentence."""
    return words[:1].upper() + words[1:]


def more_is_better(metric: str) -> bool:
    """Whether larger figures are better; of errors, costs and gaps smaller ones are."""
    return metric.removesuffix(SUFFIX).endswith("_f1")


def ahead(a: Row, b: Row) -> bool:
    """Whether ``a`` is better than ``b`` by more than their intervals."""
    return a.low > b.high if more_is_better(a.metric) else a.high < b.low


def level_with_best(rows: list[Row]) -> list[Row]:
    """The best of rows of one metric, and after it those that it is not ahead of; best first."""
    if not rows:
        return []
    ranked = sorted(rows, key=lambda row: row.value, reverse=more_is_better(rows[0].metric))
    return [row for row in ranked if not ahead(ranked[0], row)]
