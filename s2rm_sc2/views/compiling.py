"""How the vectors and the bookkeeping are compiled: rules inside few entries that are kept on disk.

Numba's cache watches only the file of an entry, but an entry contains numbers from others (the planes of a layout); so
its name, under which it is kept, ends in a fingerprint of them.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import numpy.typing as npt
from numba import njit, types

from s2rm_sc2.table import FIELDS, UnitTable

F = TypeVar("F", bound=Callable[..., Any])
Array = npt.NDArray[Any]

# Nothing is allocated, so arrays need no reference counts. No C code calls any of these functions.
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}


def _fingerprint() -> str:
    digest, room = hashlib.blake2b(digest_size=6), Path(__file__).parent
    for file in [*sorted(room.glob("*.py")), room.parent / "actions.py"]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


_FINGERPRINT = _fingerprint()


class Arrays:
    """The arrays behind the fields of a table; those of the table asked for last are remembered.

    A single battle's step is so short that asking torch for its arrays again and again would show.
    """

    def __init__(self) -> None:
        self._last: tuple[UnitTable | None, dict[str, Array]] = None, {}

    def __reduce__(self) -> tuple[type["Arrays"], tuple[()]]:
        """A copy remembers nothing: copied arrays would no longer be those of a copied table."""
        return Arrays, ()

    def of(self, units: UnitTable) -> dict[str, Array]:
        """Field name to array ``[B, U]``, in the table's own memory."""
        table, arrays = self._last
        if table is not units:
            arrays = {name: getattr(units, name).numpy() for name in FIELDS}
            self._last = units, arrays
        return arrays


def array(kind: str, dimensions: int, layout: Literal["A", "C"] = "A") -> types.Array:
    """The type of an array argument; ``"A"`` has any strides, so that one compilation serves them all."""
    return types.Array(getattr(types, kind), dimensions, layout)


def rule(function: F) -> F:
    """Decorate a function that entries of the same file call; it becomes part of their machine code."""
    return cast(F, njit(forceinline=True, **_OPTIONS)(function))


def entry(*arguments: types.Type, returns: types.Type = types.void) -> Callable[[F], F]:
    """Decorate a function that Python calls with these types; it is compiled once and kept on disk."""

    def decorate(function: F) -> F:
        function.__qualname__ += f"_{_FINGERPRINT}"
        return cast(F, njit(returns(*arguments), cache=True, **_OPTIONS)(function))

    return decorate
