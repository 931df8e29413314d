"""Random numbers by address: what a battle draws depends on its seed and its step, never on the battles beside it.

The numbers are splitmix64's (as the engine's, :mod:`s2rm_sc2.battle.random`), whose n-th can be computed alone, so that
a batch draws in one operation on any device.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

_MASK = (1 << 64) - 1


def _signed(number: int) -> int:
    """A 64-bit number as torch's int64 holds it."""
    return number - (1 << 64) if number >> 63 else number


_WEYL, _MIX_1, _MIX_2 = map(_signed, (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def as_tensor(seeds: Sequence[int]) -> Tensor:
    """Seeds of any size as int64 ``[B]``, by their lowest 64 bits."""
    return torch.from_numpy(np.array([int(seed) & _MASK for seed in seeds], np.uint64).view(np.int64))


def uniform(seeds: Tensor, steps: Tensor, count: int) -> Tensor:
    """Numbers strictly between 0 and 1, float32 ``[B, count]``.

    Args:
        seeds: int64 ``[B]``.
        steps: int64 ``[B]``; other steps, other numbers.
        count: how many for each battle, the same at every step of a battle.
    """
    numbers = steps[:, None] * count + torch.arange(1, count + 1, device=seeds.device)
    z = seeds[:, None] + numbers * _WEYL
    z = (z ^ _shifted(z, 30)) * _MIX_1
    z = (z ^ _shifted(z, 27)) * _MIX_2
    # 23 bits and a half: the last number below 1 that float32 has.
    return (_shifted(z ^ _shifted(z, 31), 41) + 0.5).float() * 2.0**-23


def _shifted(numbers: Tensor, bits: int) -> Tensor:
    """A shift to the right that fills with zeros, as unsigned numbers shift."""
    return (numbers >> bits) & ((1 << (64 - bits)) - 1)
