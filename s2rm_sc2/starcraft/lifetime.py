"""Games do not outlive this process: they are closed on a normal end, an error, SIGINT and SIGTERM."""

import atexit
import signal
import threading
import weakref
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn, Protocol


class Closable(Protocol):
    """Whoever owns a game."""

    def close(self) -> None:
        """End the game; closing twice is allowed."""
        ...


_OPEN: "weakref.WeakSet[Closable]" = weakref.WeakSet()


def close_in_the_end(owner: Closable) -> None:
    """See to it that a game does not outlive this process, unless SIGKILL ends it."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _leave)
    _OPEN.add(owner)


def end(process: Any) -> None:  # noqa: ANN401 - pysc2 has no types
    """End pysc2's process of a game, and remove its temporary folder, whatever state it is in."""
    try:
        process.close()
    except Exception:  # pysc2 stops at the first thing that fails; without a controller it ends the process
        controller, process._controller = process._controller, None
        with suppress(Exception):
            controller.close()
        process.close()


@atexit.register
def _close_all() -> None:
    if signal.getsignal(signal.SIGTERM) is _leave:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # this is the end already
    for owner in list(_OPEN):
        with suppress(Exception):  # the others' games must not stay
            owner.close()


def _leave(number: int, _: FrameType | None) -> NoReturn:
    """End as an exception does, so that everything open is closed on the way."""
    raise SystemExit(128 + number)
