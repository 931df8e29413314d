"""SMAC's own package for tests, which are skipped where it is not installed: it is not on the package index."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from s2rm_sc2.errors import StarCraftMissing
from s2rm_sc2.standin.faults import Fault
from s2rm_sc2.standin.server import serving
from s2rm_sc2.starcraft import game, smac_package


def smac_is_installed() -> bool:
    try:
        smac_package.folder()
    except StarCraftMissing:
        return False
    return True


needs_smac = [
    pytest.mark.skipif(not smac_is_installed(), reason="oxwhirl's SMAC is not installed"),
    pytest.mark.filterwarnings("ignore"),
]


OPTION_SETS: tuple[dict[str, Any], ...] = (
    {},
    {"obs_last_action": True, "obs_pathing_grid": True, "obs_terrain_height": True, "state_timestep_number": True},
    {"obs_all_health": False, "obs_own_health": False, "obs_timestep_number": True, "state_last_action": False},
    {"obs_all_health": False, "obs_own_health": True, "obs_last_action": True, "move_amount": 3},
    {"obs_instead_of_state": True, "obs_timestep_number": True, "obs_pathing_grid": True, "move_amount": 1},
    {"reward_only_positive": False, "reward_death_value": 7, "reward_negative_scale": 0.3, "reward_defeat": -5},
    {"reward_sparse": True},
    {"reward_only_positive": False, "reward_scale": False, "reward_win": 100},
)
"""Keywords of SMAC's environment, its defaults first."""


@contextmanager
def at_hand(faults: Iterable[Fault | None] = ()) -> Iterator[None]:
    """SMAC's games are connections to a stand-in in this process (pysc2's flag): no process is started for them."""
    flags = game.pysc2().FLAGS
    with serving(faults) as port:
        flags.sc2_port = port
        try:
            yield
        finally:
            flags.sc2_port = None
            gc.collect()  # pysc2 forgets a connection whose first ping fails, and the server waits for its end


def equal(ours: torch.Tensor, theirs: npt.ArrayLike) -> bool:
    """Same shape and bits, the sign of zero included."""
    expected = np.asarray(theirs).astype(ours.numpy().dtype)
    return expected.shape == tuple(ours.shape) and expected.tobytes() == ours.contiguous().numpy().tobytes()
