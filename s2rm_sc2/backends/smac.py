"""The backend that plays through SMAC's own client: its vectors, masks, rewards, endings, and its units as our table.

SMAC mends a failed game by itself, in ways that leave units of an earlier battle in its hands, never say why, and know
no end. Here the same class plays, but what it would mend is told instead, and SMAC starts afresh with the game.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor

from s2rm_sc2.backends.starcraft import BIRTH_LOOPS, StarCraftBackend
from s2rm_sc2.errors import BadArgument, ScenarioUnsupported
from s2rm_sc2.scenarios import Scenario, get
from s2rm_sc2.starcraft import lifetime, smac_package
from s2rm_sc2.starcraft.faults import GameFault, asking
from s2rm_sc2.starcraft.game import Game, GameSettings, pysc2
from s2rm_sc2.units import LOOPS_PER_STEP


@dataclass(frozen=True)
class SmacSaid:
    """What SMAC returned for a step."""

    reward: float
    terminated: bool
    truncated: bool
    won: bool


class SmacBackend(StarCraftBackend):
    """One battle of one of SMAC's maps in its ``StarCraft2Env``.

    Args:
        scenario: what is fought: a SMAC map, perhaps with another limit.
        n_battles: 1, as a game plays one at a time.
        settings: of the game; SMAC starts it itself.
        failures: where failures of the game are counted, by cause.

    Attributes:
        said: what the last step brought, as SMAC told it.

    Raises:
        ScenarioUnsupported: SMAC has no such map, or cannot see as far as the scenario says.
        StarCraftMissing: SMAC, the game, the map or pysc2 is not installed.
        BadArgument: more than one battle, or a game is to be attached to.
    """

    name = "smac"

    def __init__(
        self,
        scenario: Scenario,
        n_battles: int = 1,
        *,
        settings: GameSettings | None = None,
        failures: Counter[str] | None = None,
    ) -> None:
        super().__init__(scenario, n_battles, settings, LOOPS_PER_STEP, failures)
        self._client: Any = None
        self.said = SmacSaid(0.0, True, False, False)

    def _check(self) -> None:
        scenario = self.scenario
        if scenario.sight_range != get(self._map).sight_range:
            raise ScenarioUnsupported(
                f"SMAC's agents see {get(self._map).sight_range:g} cells, not {scenario.sight_range:g} as in "
                f"{scenario.name}; leave the sight out, or use --backend sc2."
            )
        if self.settings.attach is not None:
            raise BadArgument("SMAC starts its game itself and attaches to none; use --backend sc2 for that.")
        self._client_class = _client_class(self.settings.timeout)
        super()._check()

    def available_actions(self) -> Tensor:
        """SMAC's masks, bool ``[1, A, n_actions]``."""
        return torch.from_numpy(np.array([self._playing().get_avail_actions()], np.bool_))

    def observation(self) -> Tensor:
        """SMAC's observations, float32 ``[1, A, obs]``."""
        return torch.from_numpy(np.array([self._playing().get_obs()], np.float32))

    def state(self) -> Tensor:
        """SMAC's state, float32 ``[1, state]``."""
        return torch.from_numpy(np.array([self._playing().get_state()], np.float32))

    def _begin(self, seed: int) -> None:
        if self._client is not None and not self._client.battles_game:
            self._end()  # SMAC would start another game, forget this one, and count the enemies' health twice
        fresh = self._client is None
        if fresh:
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

    def _play(self, actions: Sequence[int]) -> None:
        with asking("step"):
            reward, over, info = self._client.step(actions)
        limit = bool(info.get("episode_limit", False))
        self.said = SmacSaid(float(reward), over and not limit, limit, info["battle_won"])
        self._seen.write([*self._client.agents.values(), *self._client.enemies.values()])  # the dead with health 0

    def _versions(self) -> dict[str, str]:
        """A game is started to ask it."""
        with closing(Game(self.settings)) as game:
            return game.versions()

    def _end(self) -> None:
        client, self._client = self._client, None
        if client is not None and client._sc2_proc is not None:
            lifetime.end(client._sc2_proc)

    def _playing(self) -> Any:  # noqa: ANN401 - SMAC has no types
        self._need_battle()
        return self._client


def _client_class(timeout: int) -> Any:  # noqa: ANN401 - SMAC has no types
    """SMAC's class; its game ends with us, its waiting ends, its recovery hands on the error that it was called for."""
    environment: Any = smac_package.environment()
    flags = pysc2().FLAGS

    class Client(environment):  # type: ignore[misc]
        _controller: Any

        def _launch(self) -> None:
            with _flags(flags, sc2_run_config=lifetime.run_config().name(), sc2_timeout=timeout):
                super()._launch()

        def init_units(self) -> None:
            controller, loops = self._controller, iter(range(BIRTH_LOOPS))

            def step(count: int) -> None:
                if next(loops, None) is None:
                    awaited = f"the {self.n_agents} allies and {self.n_enemies} enemies that SMAC waits for"
                    raise GameFault(f"units: in {BIRTH_LOOPS} loops the map has not created {awaited}")
                controller.step(count)

            self._controller = SimpleNamespace(step=step, observe=controller.observe)
            try:
                super().init_units()
            finally:
                self._controller = controller

        def full_restart(self) -> NoReturn:
            error = sys.exc_info()[1]
            assert error is not None
            raise error

    return Client


@contextmanager
def _flags(flags: Any, **values: object) -> Iterator[None]:  # noqa: ANN401 - absl has no types
    """Set some of pysc2's flags for a while."""
    before = {name: flags[name].value for name in values}
    try:
        for name, value in values.items():
            setattr(flags, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(flags, name, value)
