"""What callers of the interfaces say, read with care: numbers that are none are refused in a sentence."""

import operator
from collections.abc import Iterable
from typing import SupportsInt

from s2rm_sc2.errors import BadArgument


def map_of(name: str) -> str:
    """The name of a scenario.

    Raises:
        BadArgument: it is no text.
    """
    if not isinstance(name, str):
        raise BadArgument(f"map_name is {name!r}; give the name of a scenario, e.g. '8m' (all: s2rm-sc2 scenarios).")
    return name


def seed_of(seed: int | None) -> int | None:
    """A seed as a Python integer, or None.

    Raises:
        BadArgument: it is no integer.
    """
    try:
        return None if seed is None else operator.index(seed)
    except TypeError:
        raise BadArgument(
            f"seed is {seed!r}; give a whole number, or None for battles that differ every time."
        ) from None


def actions_of(actions: Iterable[SupportsInt]) -> list[int]:
    """One action per agent as Python integers, whatever kind of number holds them.

    Raises:
        BadArgument: something is no whole number, or ``actions`` is no list of them.
    """
    try:
        said = list(actions)
        numbers = [int(action) for action in said]
        if numbers == said:
            return numbers
    except (TypeError, ValueError, OverflowError):
        pass
    raise BadArgument(f"Actions are {actions!r}; give a whole number for each agent.")
