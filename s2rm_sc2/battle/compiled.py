"""How the engine is compiled: rules without a cache of their own, inside few entries that are cached on disk.

Numba's cache watches only the file of the cached function. An entry contains the code of rules from other files, so
it closes over :data:`FINGERPRINT`, which is part of the cache's key: a change of any rule compiles the entry anew.
"""

import hashlib
import multiprocessing
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core import event

F = TypeVar("F", bound=Callable[..., Any])

# Rules allocate nothing, so arrays need no reference counts; counting them would double the time of a loop. No C code
# calls any of these functions.
# Numbers are finite, so a comparison need not provide for NaN, and a multiplication may be joined to an addition; sums
# keep their order. That is the same in every battle, so a battle still plays the same in any batch.
_FINITE = {"contract", "nnan", "ninf", "nsz"}
_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "_nrt": False,
    "fastmath": _FINITE,
    "no_cfunc_wrapper": True,
}


def rule(function: F) -> F:
    """Decorate a function that entries call; it is compiled into their machine code. It must not create arrays."""
    return cast(F, njit(forceinline=True, **_OPTIONS)(function))


def part(function: F) -> F:
    """Decorate a long rule that is called in one place only: it is not compiled on its own before it is part of that.

    What a rule calls is compiled again with each rule around it, so this saves time at the outer levels; at all levels
    it would cost more than it saves.
    """
    return cast(F, njit(inline="always", **_OPTIONS)(function))


def entry(function: F) -> F:
    """Decorate a function that Python calls; it must refer to a closure variable that holds :data:`FINGERPRINT`."""
    return cast(F, njit(cache=True, **_OPTIONS)(function))


class _Notice(event.Listener):
    """Tells whoever waits at a terminal, once and not from every worker, why the first start takes so long."""

    def __init__(self) -> None:
        self._silent = not multiprocessing.current_process().name.endswith(("MainProcess", "-1"))

    def on_start(self, event: event.Event) -> None:
        ours = event.data["dispatcher"].py_func.__module__.startswith("s2rm_sc2.")
        if ours and not self._silent and sys.stderr.isatty():
            self._silent = True
            clear = "\r\033[K"  # the line of a progress bar, which is drawn anew below
            sys.stderr.write(f"{clear}Compiling the engine, about a minute; it is kept on disk for later starts.\n")

    def on_end(self, event: event.Event) -> None:
        """Nothing to say."""


event.register("numba:compile", _Notice())  # type: ignore[no-untyped-call]


def _fingerprint() -> int:
    digest, room = hashlib.blake2b(digest_size=7), Path(__file__).parent
    for file in [*sorted(room.glob("*.py")), room.parent / "actions.py", room.parent / "units.py"]:
        digest.update(file.read_bytes())
    return int.from_bytes(digest.digest(), "little")


FINGERPRINT = _fingerprint()
"""A number that changes with the source of the engine, and of the constants compiled into it."""
