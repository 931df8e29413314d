"""How the engine is compiled: small rules without a cache of their own, inside few entries cached on disk.

Numba's cache watches only the file of the cached function. An entry contains the code of rules from other files, so
it closes over :data:`FINGERPRINT`, which is part of the cache's key: a change of any rule compiles the entry anew.
"""

import hashlib
from pathlib import Path

from numba import njit

rule = njit(nogil=True, error_model="numpy", _nrt=False)
"""Decorator of a function that entries call; compiled into them."""

entry = njit(nogil=True, error_model="numpy", _nrt=False, cache=True)
"""Decorator of a function that Python calls; it must refer to a closure variable holding :data:`FINGERPRINT`."""


def _fingerprint() -> int:
    digest = hashlib.blake2b(digest_size=7)
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return int.from_bytes(digest.digest(), "little")


FINGERPRINT = _fingerprint()
"""A number that changes with the source of the engine."""
