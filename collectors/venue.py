"""Where episodes are played: in the embedded engine, or in StarCraft II by us or by SMAC, and what goes wrong there."""

from collections import Counter
from dataclasses import dataclass, field

from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.starcraft.game import GameSettings
from s2rm_sc2.words import counted

BACKENDS = ("embedded", "sc2", "smac")


@dataclass
class Incidents:
    """What went wrong while episodes were played; the embedded engine has none.

    Attributes:
        failures: how often the game failed and was started anew, by cause.
        discarded: episodes that it failed in; each was played again from its start.
    """

    failures: Counter[str] = field(default_factory=Counter)
    discarded: int = 0

    def add(self, other: "Incidents") -> None:
        """Count those of another too."""
        self.failures.update(other.failures)
        self.discarded += other.discarded


@dataclass(frozen=True)
class Venue:
    """A place to play.

    Attributes:
        games: how worker 0, 1, ... reaches its game, in turn; none stands for the embedded engine.
        smac: SMAC's own client talks to the game, and its vectors are recorded.
    """

    games: tuple[GameSettings, ...] = ()
    smac: bool = False

    def open(self, scenario: Scenario, most: int, worker: int, incidents: Incidents) -> BatchedBattles:
        """Battles of a scenario, at most ``most`` side by side, for one worker; a game plays one at a time.

        Raises:
            ScenarioUnsupported: the scenario cannot be played here.
            StarCraftMissing: there is no game, or not all that it needs.
        """
        if not self.games:
            return BatchedBattles(scenario, most)
        from s2rm_sc2.backends.sc2 import Sc2Backend
        from s2rm_sc2.backends.smac import SmacBackend
        from s2rm_sc2.envs.through_smac import SmacBattles

        game = self.games[worker % len(self.games)]
        if self.smac:
            return SmacBattles(scenario, SmacBackend(scenario, settings=game, failures=incidents.failures))
        return BatchedBattles(scenario, 1, Sc2Backend(scenario, settings=game, failures=incidents.failures))


EMBEDDED = Venue()


def venue(backend: str, attach: tuple[str, ...] = (), version: str | None = None, workers: int = 1) -> Venue:
    """The venue that a command line asks for.

    Raises:
        BadArgument: there is no such backend, it does not take the settings, or workers and games differ in number.
    """
    if backend not in BACKENDS:
        raise BadArgument(f"Backend {backend!r} is unknown; choose one of: {', '.join(BACKENDS)}.")
    if backend == "embedded":
        if attach or version:
            raise BadArgument("The embedded engine is no game to attach to and has no game version; add --backend sc2.")
        return Venue()
    if backend == "smac" and attach:
        raise BadArgument("SMAC starts its games itself and attaches to none; leave out --attach, or --backend sc2.")
    if attach and len(attach) != workers:
        raise BadArgument(
            f"{counted(workers, 'worker')} cannot share {counted(len(attach), 'running game')}; give each --attach "
            "HOST:PORT."
        )
    if len(set(attach)) < len(attach):
        raise BadArgument(f"A running game is given twice in {', '.join(attach)}; give each worker one of its own.")
    if attach and version:
        raise BadArgument("A running game has the version that it has; leave out --game-version, or --attach.")
    games = tuple(GameSettings(version, attach=address) for address in attach) or (GameSettings(version),)
    return Venue(games, smac=backend == "smac")
