"""One StarCraft II: its process, which this file alone owns, and the requests that a battle needs.

Whatever goes wrong in talking to it is a :class:`GameFault`, within a time limit. The process and its temporary folder
are gone when the game is closed, when Python ends, and after SIGINT, SIGTERM or SIGHUP.
"""

import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from s2rm_sc2.errors import BadArgument, GameFailed, StarCraftMissing
from s2rm_sc2.starcraft import installed, lifetime, messages, numbers
from s2rm_sc2.starcraft.faults import GameFault, asking
from s2rm_sc2.starcraft.messages import Message

DIFFICULTIES = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "A")
"""SMAC's codes of the computer player's skill, in the order of StarCraft II's."""

_RACES = {"T": 1, "Z": 2, "P": 3}


@dataclass(frozen=True)
class GameSettings:
    """How a game is reached.

    Attributes:
        version: as pysc2 names it, ``4.10``; the newest build where not given.
        difficulty: of the computer player, SMAC's code: 1 (very easy) to 9, A; SMAC's own is 7.
        attach: ``HOST:PORT`` of a running game to be used instead of starting one.
        timeout: seconds that starting the game, and each answer, may take.

    Raises:
        BadArgument: a value that has no meaning.
    """

    version: str | None = None
    difficulty: str = "7"
    attach: str | None = None
    timeout: int = 120

    def __post_init__(self) -> None:
        if self.difficulty not in DIFFICULTIES:
            raise BadArgument(f"difficulty is {self.difficulty!r}; SMAC's are {', '.join(DIFFICULTIES)}.")
        if self.timeout < 1:
            raise BadArgument(f"timeout is {self.timeout}; give whole seconds, at least 1.")
        if self.attach is not None:
            address_of(self.attach)


class Game:
    """A running game, started or attached to.

    Args:
        settings: how it is reached.

    Raises:
        GameFault: it did not start, or does not answer.
        StarCraftMissing: pysc2, or the game's version, is not installed.
    """

    def __init__(self, settings: GameSettings) -> None:
        self.settings, self._sc = settings, messages.load()
        self._process: Any = None
        self._controller: Any = None
        self._failed = False
        pysc2()
        with self._asking("start"):
            if settings.attach:
                self._attach(*address_of(settings.attach))
            else:
                self._start()

    def versions(self) -> dict[str, str]:
        """What the game says that it is."""
        with self._asking("ping"):
            said = self._controller.ping()
        fields = ("game_version", "data_version", "data_build", "base_build")
        return {name: str(getattr(said, name)) for name in fields}

    def create(self, map_name: str, races: tuple[str, str], seed: int) -> None:
        """Create a game on one of SMAC's maps and join it; ``races`` are the agents' and the computer's letters.

        One that runs there already, in a game attached to, ends with that.
        """
        sc, path = self._sc, f"{numbers.MAPS}/{map_name}.SC2Map"
        request = sc.RequestCreateGame(realtime=False, random_seed=seed % 2**32)
        request.local_map.map_path = path
        with suppress(OSError):  # a game attached to has maps of its own
            request.local_map.map_data = (installed.folder() / "Maps" / path).read_bytes()
        request.player_setup.add(type=sc.Participant)
        skill = 1 + DIFFICULTIES.index(self.settings.difficulty)
        request.player_setup.add(type=sc.Computer, race=_RACES[races[1]], difficulty=skill)
        join = sc.RequestJoinGame(race=_RACES[races[0]], options=sc.InterfaceOptions(raw=True, score=False))
        with self._asking("create_game"):
            if self._controller.status.value == sc.init_game:  # attached, after a fault: only what runs gives way
                self._controller.join_game(join)
            self._controller.create_game(request)
            self._controller.join_game(join)

    def observe(self) -> Sequence[Message]:
        """All units, as they stand."""
        with self._asking("observation"):
            units: Sequence[Message] = self._controller.observe().observation.raw_data.units
        return units

    def command(self, orders: Sequence[tuple[int, int, tuple[float, float] | int | None]]) -> None:
        """Give orders: (tag, ability, a place, a target's tag or None), each in place of the unit's present one."""
        request = self._sc.RequestAction()
        for tag, ability, target in orders:
            command = request.actions.add().action_raw.unit_command
            command.ability_id, command.queue_command = ability, False
            command.unit_tags.append(tag)
            if isinstance(target, tuple):
                command.target_world_space_pos.x, command.target_world_space_pos.y = target
            elif target is not None:
                command.target_unit_tag = target
        with self._asking("action"):
            self._controller.actions(request)

    def step(self, loops: int) -> None:
        """Let game loops pass."""
        with self._asking("step"):
            if self._controller.step(loops) is None:  # pysc2 hides this one
                raise RuntimeError("the game has ended already")

    def kill(self, tags: Sequence[int]) -> None:
        """Remove units from the map."""
        from s2clientprotocol import debug_pb2

        with self._asking("debug"):
            self._controller.debug([debug_pb2.DebugCommand(kill_unit=debug_pb2.DebugKillUnit(tag=tags))])

    def close(self) -> None:
        """End the game that was started, or leave the one attached to; closing twice is allowed."""
        process, controller = self._process, self._controller
        self._process = self._controller = None
        if process is not None:
            lifetime.end(process)
        elif controller is not None:
            if not self._failed:
                with suppress(GameFault), self._asking("leave_game"):
                    controller.leave()
            with suppress(Exception):  # nothing is left to be asked of it
                controller.close()

    def _start(self) -> None:
        try:
            config = lifetime.run_config()(version=self.settings.version)
        except ValueError as error:  # pysc2: "Unknown game version"
            if self.settings.version is None:
                raise
            raise StarCraftMissing(
                f"StarCraft II {self.settings.version} is not in {installed.folder()}, which has the builds "
                f"{', '.join(map(str, installed.look().builds))}; install it, or leave the version out."
            ) from error
        self._process = config.start(want_rgb=False, timeout_seconds=self.settings.timeout)
        self._controller = self._process.controller

    def _attach(self, host: str, port: int) -> None:
        from pysc2.lib import remote_controller

        try:
            socket.create_connection((host, port), self.settings.timeout).close()  # pysc2 would try for very long
        except OSError as error:
            raise GameFailed(
                f"Nobody answers at {self.settings.attach} ({error}); start a game there, with the arguments "
                "-listen HOST -port PORT, or give the address of one that runs."
            ) from error
        running = SimpleNamespace(running=True)  # without a process, pysc2 gives up after a quarter of the time limit
        self._controller = remote_controller.RemoteController(host, port, running, self.settings.timeout)

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            with asking(what):
                yield
        except GameFault:
            self._failed = True
            raise


def address_of(said: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``, an IPv6 host in brackets.

    Raises:
        BadArgument: it is no such thing.
    """
    host, _, port = said.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    number = int(port) if port.isascii() and port.isdigit() else 0
    if not bare or (":" in bare) != (bare != host) or not 0 < number < 2**16:
        raise BadArgument(
            f"{said!r} is no address of a running game; give HOST:PORT, as in localhost:5000, [::1]:5000."
        )
    return bare, number


def pysc2() -> Any:  # noqa: ANN401 - pysc2 has no types
    """pysc2's run_configs, with the messages it needs importable and its flags read.

    Raises:
        StarCraftMissing: pysc2 is not installed.
    """
    messages.load()
    try:
        from absl import flags
        from pysc2 import run_configs
    except ModuleNotFoundError as error:
        raise StarCraftMissing(
            f"pysc2 cannot be imported ({error}); install it with: pip install 's2rm-sc2[sc2]'."
        ) from error
    logging.getLogger("websocket").setLevel(logging.CRITICAL)  # it calls every parting an error; faults are exceptions
    if not flags.FLAGS.is_parsed():
        flags.FLAGS(["s2rm-sc2"])
    return run_configs
