"""SMAC's ``MultiAgentEnv`` interface to one battle: the names, shapes and dtypes that its learners expect.

What differs from SMAC, and why, is listed in docs/interfaces.md. In short: an unavailable action raises
:class:`UnavailableAction` (an ``AssertionError`` too, as SMAC raises); ``step`` after the end and before the first
``reset`` is refused; ``get_stats`` works before the first battle ended; observations with ``obs_timestep_number``
are float32 (SMAC's turn float64); replays are animations, and there is no game window.
"""

import secrets
from collections.abc import Iterable, Mapping, MutableSequence
from functools import partial
from pathlib import Path
from typing import Any, SupportsInt

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from s2rm_sc2 import scenarios, seeds
from s2rm_sc2.actions import FIRST_TARGET, MOVE_AMOUNT
from s2rm_sc2.backends.contract import BackendMaker
from s2rm_sc2.envs import keywords
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.envs.heuristic import Heuristic
from s2rm_sc2.envs.moment import Moment
from s2rm_sc2.envs.replay import Replay
from s2rm_sc2.envs.surroundings import Surroundings
from s2rm_sc2.envs.told import actions_of, map_of, seed_of
from s2rm_sc2.envs.unit import Unit
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.reward import max_rewards
from s2rm_sc2.units import LOOPS_PER_STEP
from s2rm_sc2.views.layout import MOVES
from s2rm_sc2.views.sight import shoot_ranges, sight_ranges
from s2rm_sc2.words import counted

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Picture = npt.NDArray[np.uint8]


class StarCraft2Env(Surroundings):
    """SMAC's environment over the embedded engine, or over another backend.

    Args:
        map_name: one of SMAC's 23 maps, or any other scenario name such as ``5s3z``.
        seed: episode k is played with a seed of its own made from this one; another run repeats them. None
            draws fresh ones.
        backend: makes who changes the unit table, from scenario and number of battles; the embedded engine by default.
            ``Sc2Backend`` plays in StarCraft II; who sets it up passes ``partial(Sc2Backend, settings=...)``.
        continuing_episode: report the limit as ``info["episode_limit"]``, which learners use to bootstrap.
        options: SMAC's other keywords: the fields of :class:`SmacOptions`, e.g. ``obs_last_action=True``, and of
            :class:`GameOptions`, e.g. ``heuristic_ai=True``; so SMAC's configuration files work as they are.

    Attributes:
        n_agents, n_enemies, n_actions, episode_limit: as SMAC's.
        battles: the batch of one that is played.
        timed_out: whether the episode reached its limit undecided, which ``step`` does not tell apart, as in SMAC.

    Raises:
        ScenarioUnknown: no scenario has this name.
        ScenarioUnsupported: the engine cannot play it.
        BadArgument: name or seed is none, an option's value is out of range, or not what the engine can do.
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
        backend: BackendMaker | None = None,
        continuing_episode: bool = False,
        **options: Any,  # noqa: ANN401 - SMAC's keywords, checked when they are read
    ) -> None:
        self.game, self.options = keywords.read(options)
        scenario = scenarios.get(map_of(map_name))
        super().__init__(scenario, self.options.move_amount)
        self._maker = self._engine() if backend is None else self._checked(backend)
        self.battles = BatchedBattles(scenario, 1, self._maker(scenario, 1), self.options)
        self._views, self._moment = self.battles.views, Moment(self.battles)
        self._heuristic = Heuristic(self.game.heuristic_rest) if self.game.heuristic_ai else None
        self._replay: Replay | None = None
        self._reseed(seed)
        self.map_name, self.continuing_episode = map_name, continuing_episode
        self.n_agents, self.n_enemies = scenario.n_agents, scenario.n_enemies
        self.n_actions, self.episode_limit = self._views.n_actions, scenario.limit
        self.map_type, self.unit_type_bits = scenario.map_type, scenario.type_bits
        self.ally_state_attr_names = list(self._views.ally_columns)
        self.enemy_state_attr_names = list(self._views.enemy_columns)
        self.shield_bits_ally = int("shield" in self.ally_state_attr_names)
        self.shield_bits_enemy = int("shield" in self.enemy_state_attr_names)
        self.battles_won = self.battles_game = self.timeouts = 0
        self.win_counted = self.timed_out = False
        self.reward, self._over = 0.0, True

    def reset(self, episode_config: Mapping[str, Any] | None = None) -> tuple[list[Floats], Floats]:
        """Start the next episode: (observations, state).

        Raises:
            BadArgument: an ``episode_config``, SMACv2's way to set up an episode, that is not empty.
        """
        if episode_config:
            raise BadArgument(
                "reset(episode_config=...) is SMACv2's; teams and starts are part of a scenario here, so name one, "
                "e.g. map_name='10gen_protoss' (all names: s2rm-sc2 scenarios)."
            )
        seed = seeds.number(self._root, "episode", self._episodes)
        self.battles.reset([seed])
        self._replay = Replay(self._episodes, seed, self.battles.backend, self._maker)
        self._episodes += 1
        self._moment = Moment(self.battles)
        self.win_counted = self.timed_out = self._over = False
        if self._heuristic:
            self._heuristic.reset()
        return self.get_obs(), self.get_state()

    def step(self, actions: Iterable[SupportsInt]) -> tuple[float, bool, dict[str, Any]]:
        """Play one step: (reward, terminated, info).

        Reaching the limit terminates, as in SMAC. ``info`` has ``battle_won``, ``dead_allies``, ``dead_enemies``.
        With ``heuristic_ai`` agents do what the heuristic says, which replaces the actions in the list, while
        ``last_action`` keeps what was passed.

        Raises:
            UnavailableAction: an agent cannot do what it is told.
            BadArgument: not one whole number per agent, or no episode is running.
        """
        if self._over:
            raise BadArgument("No episode is running; call reset() before step().")
        said = torch.tensor([actions_of(actions)], dtype=torch.int64)
        if said.shape[1] != self.n_agents:
            raise BadArgument(
                f"{counted(self.n_agents, 'agent')} cannot take {counted(said.shape[1], 'action')}; give one each."
            )
        instead = None if self._heuristic is None else self._by_heuristic(self._heuristic, said, actions)
        result = self.battles.step(said, instead)
        assert self._replay is not None  # since an episode is running
        self._replay.note(said if instead is None else instead)
        self._moment = Moment(self.battles)
        (alive,) = self.battles.units.alive.tolist()
        won, self.timed_out = bool(result.won), bool(result.truncated)
        self._over = bool(result.terminated) or self.timed_out
        info: dict[str, Any] = {
            "battle_won": won,
            "dead_allies": alive[: self.n_agents].count(False),
            "dead_enemies": alive[self.n_agents :].count(False),
        }
        if self.timed_out and self.continuing_episode:
            info["episode_limit"] = True
        self.battles_game += self._over
        self.battles_won += won
        self.timeouts += self.timed_out
        self.win_counted, self.reward = won, float(result.reward)
        return self.reward, self._over, info

    def get_obs(self) -> list[Floats]:
        """What each agent sees: ``n_agents`` arrays float32 ``(obs_size,)``."""
        return list(self._moment.observation.copy())

    def get_obs_agent(self, agent_id: int) -> Floats:
        """What one agent sees."""
        view: Floats = self._moment.observation[agent_id].copy()
        return view

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
        return [mask.copy() for mask in self._moment.available]

    def get_avail_agent_actions(self, agent_id: int) -> list[int]:
        """The mask of one agent."""
        return self._moment.available[agent_id].copy()

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
        return dict(enumerate(self._moment.units[: self.n_agents]))

    @property
    def enemies(self) -> dict[int, Unit]:
        """The enemies by number, as they stand."""
        return dict(enumerate(self._moment.units[self.n_agents :]))

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
        return self._moment.units[range(self.n_agents)[a_id]]

    def get_unit_types(self) -> list[int]:
        """Stock type ids: allies in agent order, then enemies."""
        return [unit.unit_type for unit in self._moment.units]

    def only_medivac_left(self, ally: bool) -> bool:
        """Whether this alone decides an MMM battle: no ally but medivacs lives, or one enemy, a medivac."""
        units = self._moment.units
        team = units[: self.n_agents] if ally else units[self.n_agents :]
        heals = [unit.kind.heal is not None for unit in team if unit.health > 0]
        return self.map_type == "MMM" and (all(heals) if ally else heals == [True])

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

    def seed(self, seed: int | None = None) -> int | None:
        """The seed that the environment was made with. With a number, episodes start over as if made with it.

        Raises:
            BadArgument: the seed is no whole number.
        """
        if seed is not None:
            self._reseed(seed)
        return self._seed

    def render(self, mode: str = "rgb_array") -> Picture:
        """The battle as it stands, drawn: uint8 ``(height, width, 3)``.

        Raises:
            BadArgument: another mode than ``rgb_array``, or no episode was started.
        """
        if mode != "rgb_array":
            raise BadArgument(
                f"render(mode={mode!r}) has no window to open; use mode='rgb_array' for a picture, save_replay() for "
                "an animation, or the command s2rm-sc2 watch."
            )
        from s2rm_sc2.draw import picture

        return picture(self.scenario, self.battles.units[0])

    def save_replay(self) -> Path:
        """Write the episode as it has been played so far as an animation, and say where it lies.

        The GIF is ``{replay_prefix or map_name}_episode{number}.gif`` in ``replay_dir`` or the current folder. It shows
        one episode (SMAC's game writes all since its launch into one file that only the game can read).

        Raises:
            BadArgument: no episode was started.
        """
        if self._replay is None:
            raise BadArgument("No episode was started yet; call reset() first.")
        from s2rm_sc2.draw import write_gif

        name = f"{self.game.replay_prefix or self.map_name}_episode{self._replay.number}.gif"
        return write_gif(Path(self.game.replay_dir) / name, self.scenario, self._replay.tables())

    def full_restart(self) -> None:
        """Nothing to do: SMAC launches the game anew here, and there is none."""

    def close(self) -> None:
        """Release the engine, or end the game; closing twice is allowed."""
        self.battles.close()

    def _engine(self) -> BackendMaker:
        from s2rm_sc2.backends.embedded import EmbeddedBackend

        return partial(EmbeddedBackend, move_amount=self.options.move_amount, loops=self.game.loops)

    def _checked(self, backend: BackendMaker) -> BackendMaker:
        if (self.options.move_amount, self.game.loops) != (MOVE_AMOUNT, LOOPS_PER_STEP):
            raise BadArgument("move_amount and step_mul are the embedded engine's; another backend has its own.")
        return backend

    def _reseed(self, seed: int | None) -> None:
        self._seed = seed_of(seed)
        self._root = secrets.randbits(63) if self._seed is None else self._seed
        self._episodes = 0

    def _by_heuristic(self, heuristic: Heuristic, said: Tensor, actions: Iterable[SupportsInt]) -> Tensor:
        """The heuristic's actions int64 ``[1, A]``, put into the caller's list as SMAC does."""
        if ((said < 0) | (said >= self.n_actions)).any():
            raise BadArgument(f"Actions are {said[0].tolist()}; they go from 0 to {self.n_actions - 1}.")
        moment = self._moment
        units = moment.units
        chosen = heuristic.choose(units[: self.n_agents], units[self.n_agents :], moment.available)
        if isinstance(actions, MutableSequence | np.ndarray | Tensor):
            for agent, action in enumerate(chosen):
                actions[agent] = action
        return torch.tensor([chosen], dtype=torch.int64)
