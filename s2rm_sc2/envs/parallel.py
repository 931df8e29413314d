"""PettingZoo's parallel interface to one battle, with the agents' names and actions of SMAC's own wrapper.

As there, an agent's actions begin at SMAC's action 1: doing nothing is for the dead, and the dead have left. Other than
there, spaces hold every value that occurs, the battle's own limit truncates, seeds are obeyed, and an action that is
not available becomes stop, which the agent's info says, instead of ending the program.
"""

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils.conversions import parallel_to_aec

from s2rm_sc2.actions import NO_OP, STOP
from s2rm_sc2.envs.multi_agent import Floats, Picture, StarCraft2Env
from s2rm_sc2.envs.spaces import SHOWN_PER_SECOND, action_masks, observation_space, playable, state_space
from s2rm_sc2.envs.told import actions_of
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario

Seen = dict[str, npt.NDArray[Any]]


def agent_names(scenario: Scenario) -> list[str]:
    """SMAC's names: the type and a number within it, such as ``stalker_0``; ``agent_0`` where types are drawn."""
    if scenario.draw is not None:
        return [f"agent_{agent}" for agent in range(scenario.n_agents)]
    counted: Counter[str] = Counter()
    names = []
    for kind in scenario.unit_types[: scenario.n_agents]:
        names.append(f"{kind.name}_{counted[kind.name]}")
        counted[kind.name] += 1
    return names


class BattleParallelEnv(ParallelEnv[str, Seen, int]):  # type: ignore[misc] # PettingZoo has no types
    """A battle as a :class:`pettingzoo.ParallelEnv`.

    Every agent observes ``{"observation": float32 (obs_size,), "action_mask": int8 (n_actions - 1,)}`` and takes an
    action of ``Discrete(n_actions - 1)``: SMAC's action number minus 1. All agents get the team's reward. An agent
    that died is terminated and leaves ``agents``, with zeros as its last observation and an empty mask; a decided
    battle terminates the others, the limit truncates them. None, or no action, is stop.

    Args:
        map_name: a map of SMAC or any other scenario name.
        max_cycles: steps after which the episode is truncated; at most the scenario's limit, its default.
        render_mode: ``rgb_array`` or None.
        options: the other keywords of :class:`StarCraft2Env`, e.g. ``seed=3`` or ``obs_last_action=True``.

    Attributes:
        smac: the battle as SMAC's environment.

    Raises:
        BadArgument: an unknown render mode, or what :class:`StarCraft2Env` refuses.
    """

    metadata = {  # noqa: RUF012 - a class attribute of PettingZoo's
        "name": "s2rm_sc2",
        "render_modes": ["rgb_array"],
        "render_fps": SHOWN_PER_SECOND,
        "is_parallelizable": True,
    }

    def __init__(
        self,
        map_name: str = "8m",
        max_cycles: int | None = None,
        render_mode: str | None = None,
        **options: Any,  # noqa: ANN401 - SMAC's keywords, checked by StarCraft2Env
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise BadArgument(f"render_mode is {render_mode!r}; give 'rgb_array' or None.")
        self.smac = StarCraft2Env(map_name, **options)
        self.max_cycles = self.smac.episode_limit if max_cycles is None else max_cycles
        self.render_mode = render_mode
        self.possible_agents = agent_names(self.smac.scenario)
        self.agents: list[str] = []
        self._number = {name: agent for agent, name in enumerate(self.possible_agents)}
        self._steps = 0
        n_actions = self.smac.n_actions - STOP
        seen, mask = observation_space(self.smac), spaces.Box(0, 1, (n_actions,), np.int8)
        self.observation_spaces: dict[str, spaces.Space[Any]] = {
            name: spaces.Dict({"observation": seen, "action_mask": mask}) for name in self.possible_agents
        }
        self.action_spaces: dict[str, spaces.Space[Any]] = {
            name: spaces.Discrete(n_actions) for name in self.possible_agents
        }
        self.state_space = state_space(self.smac)

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """The space of one agent's observations."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """The space of one agent's actions."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Seen], dict[str, dict[str, Any]]]:
        """Start the next episode: (observations, infos); with a seed, the first one of that seed.

        Where it starts in the midst of a battle, who has fallen before does not take part.
        """
        self.smac.seed(seed)
        self.smac.reset()
        fallen, self._steps = self.smac.death_tracker_ally, 0
        self.agents = [name for name in self.possible_agents if not fallen[self._number[name]]]
        return self._observations(), {name: {} for name in self.agents}

    def step(
        self, actions: dict[str, int]
    ) -> tuple[dict[str, Seen], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Play one step: (observations, rewards, terminations, truncations, infos), for agents alive before it.

        ``infos`` say ``battle_won`` and whether the agent's action was an ``unavailable_action``.

        Raises:
            BadArgument: no episode is running, an agent that never was is told something, or an action is no whole
                number. What those who have left are told is ignored.
        """
        if not self.agents:
            raise BadArgument("No episode is running; call reset() before step().")
        unknown = sorted(map(str, actions.keys() - self._number.keys()))
        if unknown:
            raise BadArgument(f"No agent is called {', '.join(unknown)}; agents are {', '.join(self.possible_agents)}.")
        wanted = [NO_OP] * self.smac.n_agents
        told = [actions.get(name) for name in self.agents]
        chosen = actions_of([0 if action is None else action for action in told])
        for name, action in zip(self.agents, chosen, strict=True):
            wanted[self._number[name]] = action + STOP
        played = playable(action_masks(self.smac), wanted)
        reward, over, result = self.smac.step(played)
        self._steps += 1
        terminated = over and not self.smac.timed_out
        truncated = not terminated and (over or self._steps >= self.max_cycles)
        present = self.agents
        dead = self.smac.death_tracker_ally
        observations = self._observations()
        terminations = {name: terminated or bool(dead[self._number[name]]) for name in present}
        truncations = {name: truncated and not terminations[name] for name in present}
        infos: dict[str, dict[str, Any]] = {}
        for name in present:
            agent = self._number[name]
            unavailable = played[agent] != wanted[agent]
            infos[name] = {"battle_won": result["battle_won"], "unavailable_action": unavailable}
        self.agents = [name for name in present if not (terminations[name] or truncations[name])]
        return observations, dict.fromkeys(present, reward), terminations, truncations, infos

    def state(self) -> Floats:
        """The global state: float32 ``(state_size,)``."""
        return self.smac.get_state()

    def render(self) -> Picture | None:
        """The battle drawn, uint8 ``(height, width, 3)``; None without a render mode."""
        return self.smac.render(self.render_mode) if self.render_mode else None

    def close(self) -> None:
        """Release the engine."""
        self.smac.close()

    def _observations(self) -> dict[str, Seen]:
        views, masks = self.smac.get_obs(), action_masks(self.smac)
        return {
            name: {"observation": views[self._number[name]], "action_mask": masks[self._number[name], STOP:]}
            for name in self.agents
        }


def parallel_env(map_name: str = "8m", **options: Any) -> BattleParallelEnv:  # noqa: ANN401 - passed on
    """The battle of a scenario as a PettingZoo environment; see :class:`BattleParallelEnv`."""
    return BattleParallelEnv(map_name, **options)


def env(map_name: str = "8m", **options: Any) -> AECEnv[str, Seen, int]:  # noqa: ANN401 - passed on
    """The same battle for code that moves one agent after the other; the step is played after the last one."""
    return parallel_to_aec(parallel_env(map_name, **options))
