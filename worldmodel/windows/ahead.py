"""A pool that a thread reads while another pool is in use."""

import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future

from worldmodel.windows.pool import Pool


class ReadAhead:
    """Reads in a thread that ends with the reading; when nobody holds this any more, it gives up soon by itself.

    Args:
        block: whose pool it is.
        read: reads it, and gives up once the event is set.
    """

    def __init__(self, block: int, read: Callable[[threading.Event], Pool]) -> None:
        self.block = block
        self._stop: threading.Event = threading.Event()
        self._pool: Future[Pool] = Future()
        # A daemon, and told to stop rather than waited for at exit: zarr's own event loop may be gone by then.
        self._thread = threading.Thread(target=_fulfil, args=(self._pool, read, self._stop), daemon=True)
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


def _fulfil(pool: "Future[Pool]", read: Callable[[threading.Event], Pool], stop: threading.Event) -> None:
    try:
        pool.set_result(read(stop))
    except BaseException as error:
        pool.set_exception(error)
