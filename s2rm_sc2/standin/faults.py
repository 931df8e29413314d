"""Faults on purpose: how tests make the stand-in fail as a game can.

A file has one fault a line, ``KIND REQUEST NUMBER``: ``crash step 3`` crashes instead of answering the third step. Each
game takes the first line for itself as it starts, so a game started anew has the next fault; an empty line, or no more
lines, means none.
"""

import fcntl
import time
from dataclasses import dataclass
from pathlib import Path

from s2rm_sc2.errors import BadArgument
from s2rm_sc2.starcraft import messages
from s2rm_sc2.starcraft.messages import Message

VARIABLE = "S2RM_STANDIN_FAULTS"
"""The environment variable with the file's path."""

CRASH, HANG, SLOW = "crash", "hang", "slow"
START = "start"
"""In place of a request: ``crash start`` ends at once, ``hang start`` never listens, ``slow start`` listens late."""

SLOW_SECONDS = 0.5
"""How late a slow game answers, or listens: within anybody's limit."""

KINDS = (CRASH, HANG, "error", "wrong-id", "garbage", "empty", "no-status")
"""What no battle survives."""

ODDITIES = (SLOW, "ended")
"""What a battle may survive: an answer that comes late, and one with the status of a game that is over."""


@dataclass(frozen=True)
class Fault:
    """One fault of one game: what happens instead of the answer to the ``number``-th request of a kind, from 1."""

    kind: str
    request: str
    number: int = 1

    @classmethod
    def read(cls, line: str) -> "Fault | None":
        """The fault that a line describes.

        Raises:
            BadArgument: it describes none.
        """
        words = line.split()
        if not words:
            return None
        if (
            len(words) not in (2, 3)
            or words[0] not in KINDS + ODDITIES
            or (not words[-1].isdigit() and len(words) == 3)
        ):
            raise BadArgument(
                f"{line!r} is no fault; write one as KIND REQUEST NUMBER, with KIND of {KINDS + ODDITIES}."
            )
        return cls(words[0], words[1], int(words[2]) if len(words) == 3 else 1)

    def spoil(self, response: Message) -> bytes:
        """The bytes that are sent instead of a response, after a while if the fault is that they come late."""
        if self.kind == SLOW:
            time.sleep(SLOW_SECONDS)
        elif self.kind == "ended":
            response.status = messages.load().ended
        elif self.kind == "error":
            response.error.append("a fault on purpose")
        elif self.kind == "wrong-id":
            response.id += 1
        elif self.kind == "no-status":
            response.ClearField("status")
        elif self.kind == "garbage":
            return b"\xff" * 9
        elif self.kind == "empty":
            return b""
        return bytes(response.SerializeToString())


def take(path: Path) -> Fault | None:
    """Take the first fault out of a file; several games may do so at once."""
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        first, *rest = file.read().split("\n")
        file.seek(0)
        file.truncate()
        file.write("\n".join(rest))
    return Fault.read(first)
