"""What a question is: a sentence, and pure functions from what models say about test windows to figures."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from evaluation.candidate import Candidate
from evaluation.places import PlaceCandidate
from evaluation.rows import Row


@dataclass(frozen=True)
class Question:
    """Something that every run is asked.

    Attributes:
        name: what the command line calls it; its file's name.
        asks: it, in one sentence.
        units: its figures of a model that was trained on units; None where it asks nothing about them.
        places: its figures of a model that was trained on places; None where it asks nothing about them.
        usual: asked unless others are named.
        floors: whether the floors of units answer as they are, or with doubts that were fitted
            (:mod:`evaluation.unit_floors`).
    """

    name: str
    asks: str
    units: Callable[[Candidate], list[Row]] | None = None
    places: Callable[[PlaceCandidate], list[Row]] | None = None
    usual: bool = True
    floors: Literal["plain", "fitted"] = "plain"
