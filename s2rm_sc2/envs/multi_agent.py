"""SMAC's ``MultiAgentEnv`` interface to one battle: the names, shapes and dtypes that its learners expect.

What differs from SMAC, and why: the battle is played by any of our backends; an unavailable action raises
:class:`UnavailableAction` (an ``AssertionError`` too, as SMAC raises); ``step`` after the end and before the first
``reset`` is refused; ``get_stats`` works before the first battle ended; observations with ``obs_timestep_number``
are float32 (SMAC's turn float64). There are no replays and no game window: ``s2rm-sc2 watch`` draws battles.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, SupportsInt

import numpy as np
import numpy.typing as npt
import torch

from s2rm_sc2 import scenarios, seeds
from s2rm_sc2.actions import FIRST_TARGET
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.reward import max_rewards
from s2rm_sc2.units import UNIT_TYPES
from s2rm_sc2.views.layout import MOVES, elevation
from s2rm_sc2.views.options import SmacOptions
from s2rm_sc2.views.sight import shoot_ranges, sight_ranges

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Point:
    """A place in map cells."""

    x: float
    y: float


@dataclass(frozen=True)
class Unit:
    """One unit as it stands, with the attributes that SMAC's units have.

    Attributes:
        unit_type: StarCraft II's stock id, for allies too (SMAC's maps give allies ids of their own).
        weapon_cooldown: game loops until it may fire.
    """

    tag: int
    unit_type: int
    owner: int
    pos: Point
    health: float
    health_max: float
    shield: float
    shield_max: float
    energy: float
    weapon_cooldown: float


OF_THE_GAME: Mapping[str, object] = {
    "step_mul": 8,
    "difficulty": "7",
    "game_version": None,
    "replay_dir": "",
    "replay_prefix": "",
    "window_size_x": 1920,
    "window_size_y": 1200,
    "heuristic_ai": False,
    "heuristic_rest": False,
    "debug": False,
}
"""SMAC's keywords about StarCraft II itself, with SMAC's defaults."""


def _known(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options without those about the game, which must be at SMAC's defaults."""
    for name in OF_THE_GAME.keys() & options.keys():
        if options[name] != OF_THE_GAME[name]:
            raise BadArgument(
                f"StarCraft2Env on the embedded engine cannot do {name}={options[name]!r}; leave it at SMAC's default, "
                f"{OF_THE_GAME[name]!r}."
            )
    known = {name: value for name, value in options.items() if name not in OF_THE_GAME}
    for name in known.keys() - {field.name for field in fields(SmacOptions)}:
        raise TypeError(f"StarCraft2Env got an unexpected keyword argument {name!r}.")
    return known


class StarCraft2Env:
    """SMAC's environment over the embedded engine.

    Args:
        map_name: one of SMAC's 23 maps, or any other scenario name such as ``5s3z``.
        seed: episode k is played with a seed of its own made from this one; another run repeats them. None
            draws fresh ones.
        continuing_episode: report the limit as ``info["episode_limit"]``, which learners use to bootstrap.
        options: the fields of :class:`SmacOptions`, e.g. ``obs_last_action=True``.

    Attributes:
        n_agents, n_enemies, n_actions, episode_limit: as SMAC's.
        battles: the batch of one that is played.

    SMAC's keywords that concern the game's process (``difficulty``, ``step_mul``, ``replay_dir``, ...) are accepted at
    SMAC's defaults, so that its configuration files work as they are.

    Raises:
        ScenarioUnknown: no scenario has this name.
        ScenarioUnsupported: the engine cannot play it.
        BadArgument: an option's value is out of range, or not what the engine can do.
        TypeError: no option has this name.
    """

    n_actions_no_attack = FIRST_TARGET
    n_actions_move = len(MOVES)
    force_restarts = 0
    """SMAC counts crashes of the game here; the engine has none."""

    def __init__(
        self,
        map_name: str = "8m",
        *,
        seed: int | None = None,
        continuing_episode: bool = False,
        **options: Any,  # noqa: ANN401 - SMAC's keywords, checked below
    ) -> None:
        self.options = SmacOptions(**_known(options))
        self.scenario = scenarios.get(map_name)
        self.battles = BatchedBattles(self.scenario, 1, options=self.options)
        self._views = self.battles.views
        self._seed, self._root = seed, secrets.randbits(63) if seed is None else seed
        self._episodes = 0
        self.map_name, self.continuing_episode = map_name, continuing_episode
        self.n_agents, self.n_enemies = self.scenario.n_agents, self.scenario.n_enemies
        self.n_actions, self.episode_limit = self._views.n_actions, self.scenario.limit
        self.map_type, self.unit_type_bits = self.scenario.map_type, self.scenario.type_bits
        self.ally_state_attr_names = list(self._views.ally_columns)
        self.enemy_state_attr_names = list(self._views.enemy_columns)
        self.shield_bits_ally = int("shield" in self.ally_state_attr_names)
        self.shield_bits_enemy = int("shield" in self.enemy_state_attr_names)
        self.map_x, self.map_y = self.max_distance_x, self.max_distance_y = self.scenario.terrain.size
        self.pathing_grid, self.terrain_height = self.scenario.terrain.walkable, elevation(self.scenario.terrain)
        self.battles_won = self.battles_game = self.timeouts = 0
        self.reward = 0.0

    def reset(self) -> tuple[list[Floats], Floats]:
        """Start the next episode: (observations, state)."""
        self.battles.reset([seeds.number(self._root, "episode", self._episodes)])
        self._episodes += 1
        return self.get_obs(), self.get_state()

    def step(self, actions: Iterable[SupportsInt]) -> tuple[float, bool, dict[str, Any]]:
        """Play 8 game loops: (reward, terminated, info).

        Reaching the limit terminates, as in SMAC. ``info`` has ``battle_won``, ``dead_allies``, ``dead_enemies``.

        Raises:
            UnavailableAction: an agent cannot do what it is told.
            BadArgument: not one action per agent, or no episode is running.
        """
        if self.battles.done:
            raise BadArgument("No episode is running; call reset() before step().")
        chosen = torch.tensor([[int(action) for action in actions]], dtype=torch.int64)
        result = self.battles.step(chosen)
        alive = self.battles.units.alive[0].tolist()
        terminated, truncated, won = (bool(flag) for flag in (result.terminated, result.truncated, result.won))
        info: dict[str, Any] = {
            "battle_won": won,
            "dead_allies": alive[: self.n_agents].count(False),
            "dead_enemies": alive[self.n_agents :].count(False),
        }
        if truncated and self.continuing_episode:
            info["episode_limit"] = True
        self.battles_game += terminated or truncated
        self.battles_won += won
        self.timeouts += truncated
        self.reward = float(result.reward)
        return self.reward, terminated or truncated, info

    def get_obs(self) -> list[Floats]:
        """What each agent sees: ``n_agents`` arrays float32 ``(obs_size,)``."""
        return list(self.battles.observation().numpy()[0])

    def get_obs_agent(self, agent_id: int) -> Floats:
        """What one agent sees."""
        return self.get_obs()[agent_id]

    def get_state(self) -> Floats:
        """The global state: float32 ``(state_size,)``; not for decentralised execution."""
        state: Floats = self.battles.state().numpy()[0]
        return state

    def get_state_dict(self) -> dict[str, Any]:
        """The state by parts: ``allies (n, nf)``, ``enemies (m, nf)``, ``last_action (n, A)``, ``timestep``."""
        units = self._views.unit_state(self.battles.units)[0].numpy()
        allies, enemies = np.split(units, [self.n_agents * self.get_ally_num_attributes()])
        parts: dict[str, Any] = {
            "allies": allies.reshape(self.n_agents, -1),
            "enemies": enemies.reshape(self.n_enemies, -1),
        }
        if self.options.state_last_action:
            parts["last_action"] = self.last_action
        if self.options.state_timestep_number:
            parts["timestep"] = int(self.battles.steps[0]) / self.episode_limit
        return parts

    def get_avail_actions(self) -> list[list[int]]:
        """Masks: for each agent a list of 0 and 1, one per action."""
        masks: list[list[int]] = self.battles.available_actions().numpy()[0].view(np.int8).tolist()
        return masks

    def get_avail_agent_actions(self, agent_id: int) -> list[int]:
        """The mask of one agent."""
        return self.get_avail_actions()[agent_id]

    def get_visibility_matrix(self) -> Bools:
        """Who sees whom: bool ``(n_agents, n_agents + n_enemies)``; nobody sees itself."""
        matrix: Bools = self._views.visibility(self.battles.units)[0].numpy()
        return matrix

    def get_obs_size(self) -> int:
        """Width of an observation as SMAC declares it (with ``obs_timestep_number`` the vector is one longer)."""
        return self._views.declared_obs_size

    def get_state_size(self) -> int:
        """Width of the state as SMAC declares it."""
        return self._views.declared_state_size

    def get_total_actions(self) -> int:
        """Number of actions."""
        return self.n_actions

    def get_obs_move_feats_size(self) -> int:
        """Number of movement features in an observation."""
        return len(self._views.observation_features["move"])

    def get_obs_enemy_feats_size(self) -> tuple[int, int]:
        """(enemies, features of each) in an observation."""
        return self.n_enemies, len(self._views.observation_features["enemy"])

    def get_obs_ally_feats_size(self) -> tuple[int, int]:
        """(other allies, features of each) in an observation."""
        return self.n_agents - 1, len(self._views.observation_features["ally"])

    def get_obs_own_feats_size(self) -> int:
        """Number of features of the agent itself in an observation."""
        return len(self._views.observation_features["own"])

    def get_ally_num_attributes(self) -> int:
        """Number of features of an ally in the state."""
        return len(self.ally_state_attr_names)

    def get_enemy_num_attributes(self) -> int:
        """Number of features of an enemy in the state."""
        return len(self.enemy_state_attr_names)

    def get_env_info(self) -> dict[str, Any]:
        """Sizes and names, as SMAC's learners read them."""
        return {
            "state_shape": self.get_state_size(),
            "obs_shape": self.get_obs_size(),
            "n_actions": self.n_actions,
            "n_agents": self.n_agents,
            "episode_limit": self.episode_limit,
            "agent_features": self.ally_state_attr_names,
            "enemy_features": self.enemy_state_attr_names,
        }

    def get_stats(self) -> dict[str, float]:
        """Battles so far; as in SMAC, ``battles_draw`` counts those that reached the limit."""
        return {
            "battles_won": self.battles_won,
            "battles_game": self.battles_game,
            "battles_draw": self.timeouts,
            "win_rate": self.battles_won / max(self.battles_game, 1),
            "timeouts": self.timeouts,
            "restarts": self.force_restarts,
        }

    @property
    def agents(self) -> dict[int, Unit]:
        """The allies by agent number, as they stand."""
        return {agent: self._unit(agent) for agent in range(self.n_agents)}

    @property
    def enemies(self) -> dict[int, Unit]:
        """The enemies by number, as they stand."""
        return {enemy: self._unit(self.n_agents + enemy) for enemy in range(self.n_enemies)}

    @property
    def last_action(self) -> Floats:
        """One-hots of the last actions, float32 ``(n_agents, n_actions)``; zeros after reset."""
        bits: Floats = self._views.last_action_bits(self.battles.units, self.battles.last_action)[0].numpy()
        return bits

    @property
    def death_tracker_ally(self) -> Floats:
        """1 for each dead ally."""
        return (~self.battles.units.alive[0, : self.n_agents]).float().numpy()

    @property
    def death_tracker_enemy(self) -> Floats:
        """1 for each dead enemy."""
        return (~self.battles.units.alive[0, self.n_agents :]).float().numpy()

    def get_unit_by_id(self, a_id: int) -> Unit:
        """One ally as it stands."""
        return self._unit(range(self.n_agents)[a_id])

    def get_unit_types(self) -> list[int]:
        """Stock type ids: allies in agent order, then enemies."""
        return [UNIT_TYPES[kind].smac_id for kind in self.battles.units.type[0].tolist()]

    def unit_shoot_range(self, agent_id: int) -> float:
        """How far an agent may attack, cells between centres; the same for all but in SMACv2."""
        return float(shoot_ranges(self.scenario)[self.battles.units.type[0, agent_id]])

    def unit_sight_range(self, agent_id: int) -> float:
        """How far an agent sees, cells between centres; the same for all but in SMACv2."""
        return float(sight_ranges(self.scenario)[self.battles.units.type[0, agent_id]])

    @property
    def max_reward(self) -> float:
        """What a win without losses to regeneration sums to before scaling; of drawn teams, the present ones."""
        return float(max_rewards(self.battles.backend.units, self.scenario, self.options))

    def seed(self) -> int | None:
        """The seed that the environment was made with (it sets nothing, as in SMAC)."""
        return self._seed

    def close(self) -> None:
        """Release the engine; closing twice is allowed."""
        self.battles.close()

    def _unit(self, row: int) -> Unit:
        table = self.battles.units
        kind = UNIT_TYPES[int(table.type[0, row])]
        return Unit(
            tag=row + 1,
            unit_type=kind.smac_id,
            owner=1 if row < self.n_agents else 2,
            pos=Point(float(table.x[0, row]), float(table.y[0, row])),
            health=float(table.health[0, row]),
            health_max=kind.health,
            shield=float(table.shield[0, row]),
            shield_max=kind.shield,
            energy=float(table.energy[0, row]),
            weapon_cooldown=float(table.cooldown[0, row]),
        )
