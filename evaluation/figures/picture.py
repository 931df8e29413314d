"""A picture of a report and the words beside it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Section = Literal["glance", "units", "places", "chances", "battles", "modules", "training"]
"""Where a report shows it."""


@dataclass(frozen=True)
class Picture:
    """One PNG.

    Attributes:
        path: the file.
        section: where a report shows it.
        caption: what it shows and how to read it, in sentences.
        alt: what it shows, for those who cannot see it.
    """

    path: Path
    section: Section
    caption: str
    alt: str


def lines_alt(what: str, against: str, models: list[str], scenarios: list[str]) -> str:
    """Alternative text of small multiples."""
    panels, lines = ", ".join(scenarios), ", ".join(models)
    return f"Line plots of {what} against {against}: one panel for each of {panels}; lines for {lines}."
