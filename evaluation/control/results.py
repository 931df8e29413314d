"""A comparison's table, as rows and as Markdown, and its JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import hypot
from pathlib import Path
from statistics import fmean
from typing import Any

from evaluation.control import bounded, saved
from evaluation.control.outcome import Result
from evaluation.rows import seeds_margin
from evaluation.strength import wilson

FORMAT = 2
COLUMNS = ("arm", "seeds", "won %", "95 %", "return", "real steps", "dream steps", "minutes", "model minutes")


@dataclass(frozen=True)
class Line:
    """An arm over its seeds.

    Attributes:
        arm, seeds: name, and how many seeds.
        won: mean over the seeds of the share of battles won; ``low`` and ``high`` its 95 % interval: Wilson's over
            the battles, which are the same for all seeds, joined as squares with that over the seeds
            (:func:`evaluation.rows.seeds_margin`).
        mean_return, real_steps, dream_steps, seconds, model_seconds: means over the seeds; the last is None where a
            model has no log.
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
    model_seconds: float | None

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
            "unknown" if self.model_seconds is None else f"{self.model_seconds / 60:.1f}",
        )


def lines(results: Sequence[Result]) -> list[Line]:
    """One line per arm, in the order in which they come."""
    return [_line([r for r in results if r.arm == arm]) for arm in dict.fromkeys(r.arm for r in results)]


def _line(own: Sequence[Result]) -> Line:
    rates = [result.strength.rate for result in own]
    won, seeds = fmean(rates), seeds_margin(rates)
    least, most = wilson(won, own[0].episodes)
    low, high = max(0.0, won - hypot(won - least, seeds)), min(1.0, won + hypot(most - won, seeds))
    logged = [r.model_seconds for r in own if r.model_seconds is not None]
    return Line(
        own[0].arm,
        len(own),
        won,
        low,
        high,
        mean_return=fmean(r.mean_return for r in own),
        real_steps=fmean(r.real_steps for r in own),
        dream_steps=fmean(r.dream_steps for r in own),
        seconds=fmean(r.seconds for r in own),
        model_seconds=fmean(logged) if len(logged) == len(own) else None,
    )


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
    reports = [result.bounds for result in results if result.bounds]
    if reports:
        text += "\nHow often each bound corrected the dreams, and by how many cells, points or game loops:\n\n"
        text += f"{bounded.table(bounded.joined(reports))}\n"
    saved.replace(folder / "control.md", text.encode())
