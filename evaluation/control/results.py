"""A comparison's table, as rows and as Markdown, and its JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from evaluation.control import saved
from evaluation.control.outcome import Result
from evaluation.strength import Strength

FORMAT = 1
COLUMNS = ("arm", "seeds", "won %", "95 %", "return", "real steps", "dream steps", "minutes")

# Student's t at 97.5 %, by degrees of freedom.
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


@dataclass(frozen=True)
class Line:
    """An arm over its seeds.

    Attributes:
        arm, seeds: name, and how many seeds.
        won: mean over the seeds of the share of battles won; ``low`` and ``high`` its 95 % interval: the union of
            Wilson's over all battles and, of several seeds, Student's over the seeds.
        mean_return, real_steps, dream_steps, seconds: means over the seeds.
    """

    arm: str
    seeds: int
    won: float
    low: float
    high: float
    mean_return: float
    real_steps: float
    dream_steps: float
    seconds: float

    def cells(self) -> tuple[str, ...]:
        """As :data:`COLUMNS` name them."""
        return (
            self.arm,
            str(self.seeds),
            f"{100 * self.won:.0f}",
            f"{100 * self.low:.0f} to {100 * self.high:.0f}",
            f"{self.mean_return:.1f}",
            f"{self.real_steps:,.0f}",
            f"{self.dream_steps:,.0f}",
            f"{self.seconds / 60:.1f}",
        )


def lines(results: Sequence[Result]) -> list[Line]:
    """One line per arm, in the order in which they come."""
    return [_line([r for r in results if r.arm == arm]) for arm in dict.fromkeys(r.arm for r in results)]


def _line(own: Sequence[Result]) -> Line:
    rates = [result.strength.rate for result in own]
    battles = Strength("", own[0].arm, sum(r.episodes for r in own), sum(r.won for r in own), 0.0)
    (low, high), won = battles.interval, fmean(rates)
    if len(rates) > 1:
        half = _STUDENT[min(len(rates) - 2, len(_STUDENT) - 1)] * stdev(rates) / sqrt(len(rates))
        low, high = max(0.0, min(low, won - half)), min(1.0, max(high, won + half))
    means = (fmean(getattr(r, name) for r in own) for name in ("mean_return", "real_steps", "dream_steps", "seconds"))
    return Line(own[0].arm, len(own), won, low, high, *means)


def markdown(results: Sequence[Result]) -> str:
    """The table in Markdown."""
    rows = [COLUMNS, ("---", *["---:"] * (len(COLUMNS) - 1)), *(line.cells() for line in lines(results))]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def write(folder: Path, about: dict[str, Any], results: Sequence[Result]) -> None:
    """Write ``control.json`` and ``control.md``."""
    content = {
        "format": FORMAT,
        "about": about,
        "arms": [asdict(line) for line in lines(results)],
        "results": [asdict(result) for result in results],
    }
    saved.replace(folder / "control.json", (json.dumps(content, indent=1) + "\n").encode())
    facts = "\n".join(f"- {name}: {value}" for name, value in about.items() if not isinstance(value, dict))
    text = f"# Control of {about['scenario']}\n\n{markdown(results)}\n\n{facts}\n"
    saved.replace(folder / "control.md", text.encode())
