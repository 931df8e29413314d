"""Gymnasium's interface to one battle, in the form that EPyMARL speaks: a tuple of observations, a list of actions.

It is registered for every map, see :mod:`s2rm_sc2.envs.registration`.
"""

from collections.abc import Sequence
from typing import Any

import gymnasium
from gymnasium import spaces

from s2rm_sc2.envs.multi_agent import Floats, Picture, StarCraft2Env
from s2rm_sc2.envs.spaces import SHOWN_PER_SECOND, action_masks, observation_space, playable
from s2rm_sc2.envs.told import actions_of
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.words import counted


class BattleEnv(gymnasium.Env[tuple[Floats, ...], Sequence[int]]):
    """A battle as a :class:`gymnasium.Env` of many agents.

    Observations are a tuple of float32 ``(obs_size,)``, one per agent; actions are SMAC's numbers, one per agent; the
    reward is the team's. A decided battle is terminated, the scenario's limit truncates. An action that is not
    available becomes stop (for the dead: no-op), and ``info["unavailable_actions"]`` counts them; the rest of ``info``
    is SMAC's. It holds numbers only: learners add it up over an episode.

    Args:
        map_name: a map of SMAC or any other scenario name.
        seed: where episodes start that are reset without a seed.
        render_mode: ``rgb_array`` or None.
        options: the other keywords of :class:`StarCraft2Env`.

    Attributes:
        smac: the battle as SMAC's environment, for all that is not offered here.
        n_agents, n_enemies, n_actions, episode_limit, obs_size: as SMAC's. There is no ``state_size`` on purpose: where
            it exists EPyMARL's ``gymma`` takes it for the width of its own state, all observations in a row.

    Raises:
        BadArgument: an unknown render mode, or what :class:`StarCraft2Env` refuses.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": SHOWN_PER_SECOND}  # noqa: RUF012 - Gymnasium's

    def __init__(
        self,
        map_name: str = "8m",
        seed: int | None = None,
        render_mode: str | None = None,
        **options: Any,  # noqa: ANN401 - SMAC's keywords, checked by StarCraft2Env
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise BadArgument(f"render_mode is {render_mode!r}; give 'rgb_array' or None.")
        self.smac = StarCraft2Env(map_name, seed=seed, **options)
        self.render_mode = render_mode
        self.n_agents, self.n_enemies = self.smac.n_agents, self.smac.n_enemies
        self.n_actions, self.episode_limit = self.smac.n_actions, self.smac.episode_limit
        self.obs_size = self.smac.battles.views.obs_size
        seen: list[spaces.Space[Any]] = [observation_space(self.smac) for _ in range(self.n_agents)]
        acts: list[spaces.Space[Any]] = [spaces.Discrete(self.n_actions) for _ in range(self.n_agents)]
        self.observation_space, self.action_space = spaces.Tuple(seen), spaces.Tuple(acts)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[tuple[Floats, ...], dict[str, Any]]:
        """Start the next episode: (observations, info); with a seed, the first one of that seed."""
        super().reset(seed=seed)
        self.smac.seed(seed)
        observations, _ = self.smac.reset()
        return tuple(observations), {}

    def step(self, action: Sequence[int]) -> tuple[tuple[Floats, ...], float, bool, bool, dict[str, Any]]:
        """Play one step: (observations, reward, terminated, truncated, info).

        Raises:
            BadArgument: not one whole number per agent, or no episode is running.
        """
        wanted = actions_of(action)
        if len(wanted) != self.n_agents:
            raise BadArgument(
                f"{counted(self.n_agents, 'agent')} cannot take {counted(len(wanted), 'action')}; give one each."
            )
        played = playable(action_masks(self.smac), wanted)
        reward, over, info = self.smac.step(played)
        info["unavailable_actions"] = sum(had != got for had, got in zip(wanted, played, strict=True))
        truncated = self.smac.timed_out
        return tuple(self.smac.get_obs()), reward, over and not truncated, truncated, info

    def render(self) -> Picture | None:
        """The battle drawn, uint8 ``(height, width, 3)``; None without a render mode."""
        return self.smac.render(self.render_mode) if self.render_mode else None

    def close(self) -> None:
        """Release the engine."""
        self.smac.close()

    def get_obs(self) -> list[Floats]:
        """What each agent sees."""
        return self.smac.get_obs()

    def get_state(self) -> Floats:
        """The global state: float32 ``(state_size,)``."""
        return self.smac.get_state()

    def get_state_size(self) -> int:
        """Width of the state."""
        return self.smac.get_state_size()

    def get_avail_actions(self) -> list[list[int]]:
        """Masks: for each agent a list of 0 and 1."""
        return self.smac.get_avail_actions()

    def get_env_info(self) -> dict[str, Any]:
        """Sizes and names, as SMAC's learners read them."""
        return self.smac.get_env_info()

    def get_stats(self) -> dict[str, float]:
        """Battles so far."""
        return self.smac.get_stats()
