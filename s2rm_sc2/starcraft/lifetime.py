"""Games do not outlive this process: they end with it, on a normal end, an error, SIGINT, SIGTERM and SIGHUP."""

import atexit
import signal
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from types import FrameType
from typing import Any, NoReturn

_DEADLY = (signal.SIGTERM, signal.SIGHUP)
"""Signals that would end Python at once, without closing anything; SIGHUP comes when a terminal is closed."""

_RUNNING: "weakref.WeakSet[Any]" = weakref.WeakSet()
"""pysc2's processes of games; one that nobody holds any more ends by itself, pysc2 sees to that."""


@cache
def run_config() -> Any:  # noqa: ANN401 - pysc2 has no types
    """pysc2's way of starting games on this system, as a class that pysc2 knows by its name too.

    A game that it starts is ended with this process from the moment on that it is there, and its temporary folder is
    removed; only then is it connected to.
    """
    from pysc2.lib import remote_controller
    from pysc2.run_configs import lib

    usual: Any = max((kind for kind in lib.RunConfig.all_subclasses() if kind.priority()), key=lambda k: k.priority())

    class GameThatEndsWithUs(usual):  # type: ignore[misc]
        def start(self, want_rgb: bool = True, timeout_seconds: int | None = None, **how: Any) -> Any:  # noqa: ANN401
            process = _begin(partial(super().start, want_rgb, connect=False, **how))
            try:
                process._controller = remote_controller.RemoteController(
                    process.host, process.port, process, timeout_seconds
                )
            except BaseException:
                end(process)
                raise
            return process

    return GameThatEndsWithUs


def _begin(start: Callable[[], Any]) -> Any:  # noqa: ANN401
    """Start a game's process on a thread of its own.

    Python handles signals on the main thread: on another nothing comes between the fork and the note of it.
    """
    _take_signals()

    def noted() -> Any:  # noqa: ANN401
        process = start()
        _RUNNING.add(process)
        return process

    with ThreadPoolExecutor(1) as thread:
        begun = thread.submit(noted)
        try:
            return begun.result()
        except BaseException:
            if begun.exception() is None:  # a signal cut the waiting short: nobody will get to know this process
                end(begun.result())
            raise


def end(process: Any) -> None:  # noqa: ANN401 - pysc2 has no types
    """End pysc2's process of a game, and remove its temporary folder, whatever state it is in."""
    try:
        process.close()
    except Exception:  # pysc2 stops at the first thing that fails; without a controller it ends the process
        controller, process._controller = process._controller, None
        with suppress(Exception):
            controller.close()
        with suppress(OSError):  # a folder that cannot be removed is no reason to stop
            process.close()
    _RUNNING.discard(process)


def _take_signals() -> None:
    """Let deadly signals end this process as an exception does, where nobody else has decided about them."""
    if threading.current_thread() is threading.main_thread():
        for number in _DEADLY:
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, _leave)


def _leave(number: int, _: FrameType | None) -> NoReturn:
    """End as an exception does, so that everything open is closed on the way."""
    raise SystemExit(128 + number)


@atexit.register
def _end_all() -> None:
    for number in _DEADLY:
        if signal.getsignal(number) is _leave:
            signal.signal(number, signal.SIG_IGN)  # this is the end already
    running = list(_RUNNING)
    if running:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a few seconds at most
    for process in running:
        with suppress(Exception):  # the others' games must not stay
            end(process)
