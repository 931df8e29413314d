"""How the engine is compiled: rules without a cache of their own, inside few entries that are cached on disk.

Numba's cache watches only the file of the cached function. An entry contains the code of rules from other files, so
it closes over :data:`FINGERPRINT`, which is part of the cache's key: a change of any rule compiles the entry anew.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

# Rules allocate nothing, so arrays need no reference counts; counting them would double the time of a loop.
# Numbers are finite, so a comparison need not provide for NaN, and a multiplication may be joined to an addition; sums
# keep their order. That is the same in every battle, so a battle still plays the same in any batch.
_FINITE = {"contract", "nnan", "ninf", "nsz"}
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False, "fastmath": _FINITE}


def rule(function: F) -> F:
    """Decorate a function that entries call; it is compiled into their machine code. It must not create arrays."""
    return cast(F, njit(forceinline=True, **_OPTIONS)(function))


def entry(function: F) -> F:
    """Decorate a function that Python calls; it must refer to a closure variable that holds :data:`FINGERPRINT`."""
    return cast(F, njit(cache=True, **_OPTIONS)(function))


def _fingerprint() -> int:
    digest, room = hashlib.blake2b(digest_size=7), Path(__file__).parent
    for file in [*sorted(room.glob("*.py")), room.parent / "actions.py", room.parent / "units.py"]:
        digest.update(file.read_bytes())
    return int.from_bytes(digest.digest(), "little")


FINGERPRINT = _fingerprint()
"""A number that changes with the source of the engine, and of the constants compiled into it."""
