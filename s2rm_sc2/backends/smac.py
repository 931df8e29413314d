"""The backend that plays through SMAC's own client: its vectors, masks, rewards, endings, and its units as our table.

SMAC mends a failed game by itself, in ways that leave units of an earlier battle in its hands, never say why, and know
no end. Here the same class plays, but what it would mend is told instead, and SMAC starts afresh with the game.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor

from s2rm_sc2.backends.sc2 import map_of
from s2rm_sc2.errors import BadArgument, BattleLost, ScenarioUnsupported
from s2rm_sc2.scenarios import Scenario, get
from s2rm_sc2.starcraft import installed, lifetime, smac_package
from s2rm_sc2.starcraft.faults import GameFault, Patience, asking
from s2rm_sc2.starcraft.game import Game, GameSettings, pysc2
from s2rm_sc2.starcraft.seen import SeenUnits
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import LOOPS_PER_STEP


@dataclass(frozen=True)
class SmacSaid:
    """What SMAC returned for a step."""

    reward: float
    terminated: bool
    truncated: bool
    won: bool


class SmacBackend:
    """One battle of one of SMAC's maps in its ``StarCraft2Env``; see :class:`s2rm_sc2.backends.contract.Backend`.

    Args:
        scenario: what is fought: a SMAC map, perhaps with another limit.
        settings: of the game; SMAC starts it itself.
        failures: where failures of the game are counted, by cause.

    Attributes:
        failures: how often the game failed, by cause.
        said: what the last step brought, as SMAC told it.

    Raises:
        ScenarioUnsupported: SMAC has no such map, or cannot see as far as the scenario says.
        StarCraftMissing: SMAC, the game, the map or pysc2 is not installed.
        BadArgument: a game is to be attached to.
    """

    n_battles = 1

    def __init__(
        self,
        scenario: Scenario,
        settings: GameSettings | None = None,
        failures: Counter[str] | None = None,
    ) -> None:
        self.scenario, self.settings = scenario, settings or GameSettings()
        self.failures: Counter[str] = Counter() if failures is None else failures
        self._map = map_of(scenario)
        if scenario.sight_range != get(self._map).sight_range:
            raise ScenarioUnsupported(
                f"SMAC's agents see {get(self._map).sight_range:g} cells, not {scenario.sight_range:g} as in "
                f"{scenario.name}; leave the sight out, or use --backend sc2."
            )
        if self.settings.attach is not None:
            raise BadArgument("SMAC starts its game itself and attaches to none; use --backend sc2 for that.")
        self._client_class = _client_class()
        installed.require(self._map)
        self._client: Any = None
        self._patience = Patience(self.failures)
        self._seen = SeenUnits(scenario)
        self.said = SmacSaid(0.0, True, False, False)
        lifetime.close_in_the_end(self)

    @property
    def units(self) -> UnitTable:
        """The live table ``[1, U]``."""
        return self._seen.table

    def reset(self, seeds: Sequence[int], battles: Sequence[int] | None = None) -> None:
        """Start the next battle: in a new game, seeded, if none is running, else in the game that is.

        Raises:
            GameFailed: the game keeps failing.
        """
        if len(seeds) != 1 or list(battles or [0]) != [0]:
            raise BadArgument(f"SMAC plays one battle at a time; {len(seeds)} seeds for {battles} were given.")
        if self._client is not None and (self.said.terminated or self.said.truncated):
            self._patience.forgive()
        elif self._client is not None and not self._client.battles_game:
            self.close()  # SMAC would start another game, forget this one, and count the enemies' health twice
        while True:
            try:
                self._begin(seeds[0])
            except GameFault as fault:
                self._mourn(fault)
            else:
                return

    def step(self, actions: Tensor, active: Tensor | None = None) -> None:
        """Play one step with these orders, int64 ``[1, A]``.

        Raises:
            BattleLost: the game failed; the battle cannot go on.
            GameFailed: it keeps failing.
        """
        if active is not None and not active.any():
            return
        client = self._playing()
        try:
            with asking("step"):
                reward, over, info = client.step(actions[0].tolist())
        except GameFault as fault:
            self._mourn(fault)
            raise BattleLost(f"StarCraft II failed in the middle of a battle ({fault}); call reset().") from fault
        limit = bool(info.get("episode_limit", False))
        self.said = SmacSaid(float(reward), over and not limit, limit, info["battle_won"])
        self._seen.write([*client.agents.values(), *client.enemies.values()])  # the dead with health 0

    def available_actions(self) -> Tensor:
        """SMAC's masks, bool ``[1, A, n_actions]``."""
        return torch.from_numpy(np.array([self._playing().get_avail_actions()], np.bool_))

    def observation(self) -> Tensor:
        """SMAC's observations, float32 ``[1, A, obs]``."""
        return torch.from_numpy(np.array([self._playing().get_obs()], np.float32))

    def state(self) -> Tensor:
        """SMAC's state, float32 ``[1, state]``."""
        return torch.from_numpy(np.array([self._playing().get_state()], np.float32))

    def describe(self) -> dict[str, str]:
        """The game's versions as it says them, difficulty and loops per step; a game is started to ask it.

        Raises:
            GameFailed: the game does not start.
        """
        while True:
            try:
                with closing(Game(self.settings)) as game:
                    versions = game.versions()
            except GameFault as fault:
                self._mourn(fault)
            else:
                difficulty, step_mul = self.settings.difficulty, str(LOOPS_PER_STEP)
                return {"backend": "smac", **versions, "difficulty": difficulty, "step_mul": step_mul}

    def close(self) -> None:
        """End the game; closing twice is allowed."""
        client, self._client = self._client, None
        if client is not None and client._sc2_proc is not None:
            lifetime.end(client._sc2_proc)

    def _begin(self, seed: int) -> None:
        """Let SMAC start a battle."""
        fresh = self._client is None
        if fresh:
            pysc2().FLAGS.sc2_timeout = self.settings.timeout
            self._client = self._client_class(
                map_name=self._map,
                seed=seed % 2**32,
                step_mul=LOOPS_PER_STEP,
                difficulty=self.settings.difficulty,
                game_version=self.settings.version,
                continuing_episode=True,  # tells the limit from a battle's end, and changes nothing else
            )
            self._client.episode_limit = self.scenario.limit
        client, worth = self._client, self._client.max_reward
        with asking("reset"):
            client.reset()
        enemies = list(client.enemies.values())
        if fresh:  # SMAC adds the enemies' points once more for each time that it had to wait for units
            client.max_reward = worth + sum(unit.health_max + unit.shield_max for unit in enemies)
        self._seen.begin(list(client.agents.values()), enemies)
        self.said = SmacSaid(0.0, False, False, False)

    def _playing(self) -> Any:  # noqa: ANN401 - SMAC has no types
        if self._client is None:
            raise BattleLost("No battle is under way: it was lost with its game, or never begun; call reset().")
        return self._client

    def _mourn(self, fault: GameFault) -> None:
        """Note a failure and close what is left of the game; too many in a row are the end."""
        self.close()
        self._patience.suffer(fault)


def _client_class() -> Any:  # noqa: ANN401 - SMAC has no types
    """SMAC's class, whose recovery hands on the error that it was called for."""

    class Client(smac_package.environment()):  # type: ignore[misc]
        def full_restart(self) -> NoReturn:
            error = sys.exc_info()[1]
            assert error is not None
            raise error

    return Client
