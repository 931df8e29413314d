"""What every figure of a report means, and what it counts."""

from collections.abc import Sequence

from evaluation.held_out import WARMUP
from evaluation.metrics import FACTORS, LIKELIHOOD, meanings
from evaluation.places import ASKED
from evaluation.places import MEANING as PLACE_NLL_MEANS
from evaluation.places import METRIC as PLACE_NLL
from evaluation.rows import FITTED, FLOOR, Row, distinct

_CONDITIONS = {
    "position_error": f"""A figure about units counts those that the kept views have shown and that are not known to
be dead: in sight of a kept view when the forecast starts (`visible` in `report.json`) or seen before it (`hidden`).
Forecasts are open loop: after {WARMUP} steps of views the model goes on alone, told only the actions of the agents
whose views are kept (an attack implies that its target lives and is within reach). `n` is the number of units behind a
figure; for an F1 the number of them that truly are what it looks for.""",
    LIKELIHOOD: f"""A likelihood counts the units that the kept views have shown and that are not known to be dead,
asked after every row with views, by steps since each was last in sight. It is about life and place, not about health.
Its floors say where persistence and constant velocity say, and how sure one may be of that by age and by whether a unit
moved, fitted on other battles of the scenarios trained on; hence `{FITTED.format(FLOOR)}`.""",
    PLACE_NLL: f"""A figure about places counts those whose last time in sight of a kept view lies so many steps back;
three in four are drawn around living units, seen or not. They are asked about after each of {ASKED} steps, in which the
kept views go dark and come back. Between views and answer stands nothing but the model's memory. The floors were
fitted on other battles of the scenarios trained on: the `constant rate` of each age, and the `last-seen table`, which
is told which unit is which. `n` is the number of places behind a figure.""",
}
"""What counts, by a metric that tells which question was asked."""

INTERVALS = (
    "Intervals hold 95 %; a figure that fewer than 5 battles stand behind has none, and is called neither better nor "
    "worse than another. Those of a run are bootstrapped over test battles, whose windows are drawn together; those "
    "of a "
    "mean over seeds join to that, as squares, what seeds differ by (Student's t). A factor (×) is the error over that "
    "of "
    "persistence on the same battles, drawn together. A figure is bold where its interval overlaps with that of no "
    "other "
    "model or floor: a careful rule, which misses differences that a paired comparison would find."
)


def definitions(rows: Sequence[Row]) -> dict[str, str]:
    """The metrics that there are rows of, with what they mean."""
    factors = {factor: f"`{error}` over that of persistence on the same battles." for error, factor in FACTORS.items()}
    there = distinct(rows, "metric")
    return {
        name: means for name, means in (meanings() | factors | {PLACE_NLL: PLACE_NLL_MEANS}).items() if name in there
    }


def conditions(rows: Sequence[Row]) -> list[str]:
    """What the figures count, in sentences."""
    there = distinct(rows, "metric")
    return [_one_line(text) for metric, text in _CONDITIONS.items() if metric in there]


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
