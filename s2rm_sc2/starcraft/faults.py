"""What goes wrong with a game: one error for all of it, and how much of it is borne."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from s2rm_sc2.errors import GameFailed
from s2rm_sc2.starcraft import installed

T = TypeVar("T")

log = logging.getLogger(__name__)

FAILURES_IN_A_ROW = 5
"""Times that the game may fail, without a battle played to its end between, before that is an error."""


class GameFault(Exception):
    """Raised when the game crashed, hung, answered with an error, or answered what cannot be read."""


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn everything that pysc2 raises when a game fails into a :class:`GameFault` that says why."""
    from google.protobuf.message import DecodeError
    from pysc2.lib import protocol, remote_controller, sc_process
    from websocket import WebSocketException

    try:
        yield
    except (
        protocol.ConnectionError,
        protocol.ProtocolError,
        remote_controller.ConnectError,
        remote_controller.RequestError,
        sc_process.SC2LaunchError,
        DecodeError,
        WebSocketException,
        OSError,
        RuntimeError,  # the program is no program; an observation without what it needs
        TypeError,  # a reply that is text
        ValueError,
    ) as error:
        raise GameFault(f"{what}: {type(error).__name__}: {' '.join(str(error).split())[:200]}") from error


@dataclass
class Patience:
    """Counts failures of a game by cause, and ends it when there are too many in a row.

    Attributes:
        failures: how often the game failed, by cause.
    """

    failures: Counter[str] = field(default_factory=Counter)
    _in_a_row: int = 0

    def suffer(self, fault: GameFault) -> None:
        """Note a failure.

        Raises:
            GameFailed: it was one too many.
        """
        self.failures[str(fault)] += 1
        self._in_a_row += 1
        log.warning("StarCraft II failed (%s); it is started anew.", str(fault))  # whoever keeps it keeps no connection
        if self._in_a_row > FAILURES_IN_A_ROW:
            raise GameFailed(
                f"StarCraft II failed {self._in_a_row} times in a row, the last time at {fault}; "
                f"see what it printed, and s2rm-sc2 doctor, or {installed.INSTEAD}."
            ) from fault

    def until_it_holds(self, attempt: Callable[[], T], clear: Callable[[], None]) -> T:
        """What an attempt brings once the game does not fail in it; after each failure ``clear`` makes way.

        Raises:
            GameFailed: it failed once too often.
        """
        while True:
            try:
                return attempt()
            except GameFault as fault:
                clear()
                self.suffer(fault)

    def forgive(self) -> None:
        """A battle was played to its end."""
        self._in_a_row = 0
