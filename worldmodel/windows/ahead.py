"""A pool that a thread reads while another pool is in use."""

import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future

from worldmodel.windows.pool import Pool

THREAD = "pool of episodes"
"""The thread's name."""


class ReadAhead:
    """Reads in a thread that ends with the reading; when nobody holds this any more, it gives up soon by itself.

    Args:
        block: whose pool it is.
        read: reads it, and gives up once the function it is called with says so.
    """

    def __init__(self, block: int, read: Callable[[Callable[[], bool]], Pool]) -> None:
        self.block = block
        self._stop = threading.Event()
        self._pool: Future[Pool] = Future()
        self._thread = threading.Thread(target=_fulfil, args=(self._pool, read, self._stop), name=THREAD)
        weakref.finalize(self, self._stop.set)
        self._thread.start()

    def pool(self) -> Pool:
        """The pool, once it is read.

        Raises:
            StoreBroken: what the thread met with.
        """
        self._thread.join()
        return self._pool.result()

    def cancel(self) -> None:
        """Give up and wait until the thread has ended."""
        self._stop.set()
        self._thread.join()


def _fulfil(pool: "Future[Pool]", read: Callable[[Callable[[], bool]], Pool], stop: threading.Event) -> None:
    def unwanted() -> bool:
        # Python waits for its threads before it exits, and this one has then nobody left to read for.
        return stop.is_set() or not threading.main_thread().is_alive()

    try:
        pool.set_result(read(unwanted))
    except BaseException as error:
        pool.set_exception(error)
