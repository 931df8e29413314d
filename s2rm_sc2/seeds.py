"""One seed in, named independent random streams out.

A stream is addressed by a path of names (``stream(7, "collect", "3s5z", 12)``), so adding a consumer never
shifts the numbers that another one draws.
"""

import hashlib

import numpy as np


def number(seed: int, *path: str | int) -> int:
    """A 64-bit integer that depends on the seed and on every name of the path, and on nothing else."""
    text = "/".join([str(int(seed)), *(f"{type(name).__name__[0]}:{name}" for name in path)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def stream(seed: int, *path: str | int) -> np.random.Generator:
    """A NumPy generator of its own for this seed and path."""
    return np.random.default_rng(number(seed, *path))
