"""A tiny random generator per battle: splitmix64, whose whole state is one 64-bit number.

A battle draws from its own state only, so it plays the same alone and within any batch.
"""

import numpy as np
import numpy.typing as npt

from s2rm_sc2.battle.compiled import rule

States = npt.NDArray[np.uint64]

_WEYL = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


@rule
def uniform(states: States, battle: int) -> float:
    """The battle's next random number, float64 in [0, 1)."""
    states[battle] += _WEYL
    z = states[battle]
    z = (z ^ (z >> _30)) * _MIX_1
    z = (z ^ (z >> _27)) * _MIX_2
    return float((z ^ (z >> _31)) >> _11) * 2.0**-53
