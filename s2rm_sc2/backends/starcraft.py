"""One battle after another in StarCraft II: what is the same whoever talks to the game, ours or SMAC's own client.

A battle that the game fails in is lost: :class:`BattleLost` says so, and the next ``reset`` starts the game anew.
Failures at a reset are mended at once. A game that keeps failing ends in one :class:`GameFailed`.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import ClassVar, NoReturn

from torch import Tensor

from s2rm_sc2.errors import BadArgument, BattleLost, ScenarioUnsupported
from s2rm_sc2.scenarios import Scenario, smac_names
from s2rm_sc2.starcraft import installed
from s2rm_sc2.starcraft.faults import GameFault, Patience
from s2rm_sc2.starcraft.game import GameSettings
from s2rm_sc2.starcraft.seen import SeenUnits
from s2rm_sc2.table import UnitTable

BIRTH_LOOPS = 160
"""Loops that a map may take to create its units, after which it counts as a failure; SMAC would wait for ever."""


class StarCraftBackend(ABC):
    """One battle of one of SMAC's maps; see :class:`s2rm_sc2.backends.contract.Backend`.

    Args:
        scenario: what is fought.
        n_battles: 1, as a game plays one at a time.
        settings: how the game is reached.
        loops: game loops that pass in a step.
        failures: where failures of the game are counted, by cause.

    Attributes:
        name: what a store calls the backend.
        repeatable: no, as the game's random numbers go on from battle to battle.
        failures: how often the game failed, by cause.

    Raises:
        BadArgument: more than one battle.
        ScenarioUnsupported: StarCraft II has no such map.
        StarCraftMissing: the game, the map or pysc2 is not installed.
    """

    name: ClassVar[str]
    repeatable = False

    def __init__(
        self,
        scenario: Scenario,
        n_battles: int,
        settings: GameSettings | None,
        loops: int,
        failures: Counter[str] | None,
    ) -> None:
        if n_battles != 1:
            raise BadArgument(
                f"A game of StarCraft II plays one battle at a time, not {n_battles} of {scenario.name}; make a "
                "backend for each, with a game of its own."
            )
        self.n_battles = n_battles
        self.scenario, self.settings = scenario, settings or GameSettings()
        self.failures: Counter[str] = Counter() if failures is None else failures
        self._map = map_of(scenario)
        self._check()
        self._loops = loops
        self._patience = Patience(self.failures)
        self._seen = SeenUnits(scenario)
        self._begun = False  # a battle, and it was not lost

    def __getstate__(self) -> NoReturn:
        """Refuse to be copied or pickled."""
        raise BadArgument(
            "A battle in StarCraft II lies in its game and cannot be copied; make another environment, with a game of "
            "its own."
        )

    @property
    def units(self) -> UnitTable:
        """The live table ``[1, U]``."""
        return self._seen.table

    def reset(self, seeds: Sequence[int], battles: Sequence[int] | None = None) -> None:
        """Start the next battle: in a new game, seeded, if none is running, else in the game that is.

        In a running game everyone is removed, upon which the map creates its units anew, as in SMAC; the game's own
        random numbers go on, so the seed has no effect then.

        Raises:
            BadArgument: more than one battle.
            GameFailed: the game keeps failing.
        """
        if len(seeds) != 1 or list(battles or [0]) != [0]:
            raise BadArgument(f"StarCraft II plays one battle at a time; {len(seeds)} seeds for {battles} were given.")
        if self._begun:
            self._patience.forgive()
        self._begun = False
        self._patience.until_it_holds(partial(self._begin, seeds[0]), self.close)
        self._begun = True

    def step(self, actions: Tensor, active: Tensor | None = None) -> None:
        """Play one step with these orders, int64 ``[1, A]``.

        Raises:
            BattleLost: the game failed; ``reset`` starts it anew.
            GameFailed: it keeps failing.
        """
        if active is not None and not active.any():
            return
        self._need_battle()
        try:
            self._play(actions[0].tolist())
        except GameFault as fault:
            self.close()
            self._patience.suffer(fault)
            raise BattleLost(f"StarCraft II failed in the middle of a battle ({fault}); call reset().") from fault

    def describe(self) -> dict[str, str]:
        """The game's versions as it says them (a stand-in says that it is one), difficulty and loops per step.

        Raises:
            GameFailed: the game does not start.
        """
        versions = self._patience.until_it_holds(self._versions, self.close)
        own = {"difficulty": self.settings.difficulty, "step_mul": str(self._loops)}
        return {"backend": self.name, **versions, **own}

    def close(self) -> None:
        """End the game that was started, or leave the one attached to; closing twice is allowed."""
        self._begun = False
        self._end()

    def _check(self) -> None:
        """Refuse what cannot be played, for want of something installed perhaps."""
        if self.settings.attach is None:
            installed.require(self._map)

    def _need_battle(self) -> None:
        if not self._begun:
            raise BattleLost("No battle is under way: it was lost with its game, or never begun; call reset().")

    @abstractmethod
    def _begin(self, seed: int) -> None:
        """Start a battle, and a game for it if none is running; a GameFault where that fails."""

    @abstractmethod
    def _play(self, actions: Sequence[int]) -> None:
        """Play one step; a GameFault where that fails."""

    @abstractmethod
    def _versions(self) -> dict[str, str]:
        """What the game says that it is; a GameFault where that fails."""

    @abstractmethod
    def _end(self) -> None:
        """End the game; doing so twice is allowed."""


def map_of(scenario: Scenario) -> str:
    """The name of the map that the game plays a scenario on.

    Raises:
        ScenarioUnsupported: it has none.
    """
    name = scenario.name.partition(",")[0]
    if scenario.draw is not None:
        why = (
            f"{scenario.name} is one of SMACv2's families, whose teams would have to be created in the game unit by "
            "unit, which nothing here does"
        )
    elif name not in smac_names():
        why = f"StarCraft II has no map for {scenario.name}"
    elif scenario.opponent != "smac":
        why = f"The enemies of {scenario.name} are a script's, and in StarCraft II they are the game's own"
    else:
        return name
    raise ScenarioUnsupported(
        f"{why}; play it in the embedded engine (--backend embedded), or play one of SMAC's 23 maps in the game "
        "(s2rm-sc2 scenarios lists them)."
    )
