"""What Gymnasium's and PettingZoo's interfaces share: honest spaces, and sampled actions made playable."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from s2rm_sc2.actions import NO_OP, STOP
from s2rm_sc2.backends.bounds import longest_cooldown
from s2rm_sc2.envs.multi_agent import StarCraft2Env
from s2rm_sc2.scenarios import Scenario

SHOWN_PER_SECOND = 7
"""Frames a second at which a rendered battle is pleasant to watch."""


def observation_space(env: StarCraft2Env) -> spaces.Box:
    """Of one agent's observation: everything in it is a share or a flag, offsets have signs."""
    return spaces.Box(-1.0, 1.0, (env.battles.views.obs_size,), np.float32)


def state_space(env: StarCraft2Env) -> spaces.Box:
    """Of the state; cooldowns may exceed 1, since SMAC divides them by constants below the weapons' own."""
    columns = env.battles.views.state_columns
    longest = _longest_cooldown(env.scenario)
    high = [longest if name.endswith("cooldown") else 1.0 for name in columns]
    return spaces.Box(-np.ones(len(columns), np.float32), np.array(high, np.float32))


def action_masks(env: StarCraft2Env) -> npt.NDArray[np.int8]:
    """Which actions each agent may take: int8 ``(n_agents, n_actions)``, 0 or 1, an array of the caller's own."""
    return np.array(env.get_avail_actions(), np.int8)


def playable(masks: npt.NDArray[np.int8], actions: Sequence[int]) -> list[int]:
    """The actions, with those that are unavailable replaced: by stop, or by no-op for the dead.

    Agents without knowledge of masks (Gymnasium's checker, EPyMARL's generic wrapper) sample such actions.
    """
    return [
        int(action) if 0 <= action < len(mask) and mask[action] else NO_OP if mask[NO_OP] else STOP
        for mask, action in zip(masks, actions, strict=True)
    ]


def _longest_cooldown(scenario: Scenario) -> float:
    shares = [longest_cooldown(unit) / unit.smac_max_cooldown for unit in scenario.ally_kinds if unit.weapon]
    return max(1.0, *shares) if shares else 1.0
