"""Places shown a little wrong, as those of a dream become: who learns from them finds back to the true ones."""

from dataclasses import replace

import numpy as np
import torch

from s2rm_sc2.table import UnitTable
from worldmodel.windows.slices import Windows

SHARE = 0.5
"""Share of the windows whose places are wrong."""


def misplaced(windows: Windows, error: float, rng: np.random.Generator) -> UnitTable:
    """The tables ``[N, R, U]`` of windows; in about half of them each unit is off, by the same at every step.

    In a dream a unit ends up where none stands in a battle, say a tenth of a cell beyond its weapon's reach of whom it
    fights. Without such tables to learn from, a model takes from its standing still that it fights, and leaves it there
    for good (as learned simulators of particles do: Sanchez-Gonzalez et al. 2020, arXiv 2002.09405).

    Args:
        windows: with the true tables.
        error: standard deviation of the offsets in x and in y, cells.
        rng: draws them.
    """
    units = windows.units
    shape = (units.x.shape[0], 1, units.x.shape[2])
    chosen = rng.random(shape[0]) < SHARE
    by = [torch.from_numpy(error * rng.standard_normal(shape) * chosen[:, None, None]).to(units.x.dtype) for _ in "xy"]
    return replace(units, x=units.x + by[0], y=units.y + by[1])
