"""How the vectors and the bookkeeping are compiled: rules inside few entries that are kept on disk.

Numba's cache watches only the file of an entry, so an entry calls no rules of other files.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast

import numpy.typing as npt
from numba import njit, types

F = TypeVar("F", bound=Callable[..., Any])
Array = npt.NDArray[Any]

# Nothing is allocated, so arrays need no reference counts.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}


def array(kind: str, dimensions: int, layout: Literal["A", "C"] = "A") -> types.Array:
    """The type of an array argument; ``"A"`` has any strides, so that one compilation serves them all."""
    return types.Array(getattr(types, kind), dimensions, layout)


def rule(function: F) -> F:
    """Decorate a function that entries of the same file call; it becomes part of their machine code."""
    return cast(F, njit(forceinline=True, **_OPTIONS)(function))


def entry(*arguments: types.Type, returns: types.Type = types.void) -> Callable[[F], F]:
    """Decorate a function that Python calls with these types; it is compiled once and kept on disk."""
    return cast(Callable[[F], F], njit(returns(*arguments), cache=True, **_OPTIONS))
