"""Worker processes: each plays its share of the episodes; they come back in order.

Worker w of W plays every W-th block of episodes and sends block after block through a pipe of its own, so the main
process restores the order by reading the pipes in turn. Workers end with the main process, however that ends.
"""

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from collectors.plan import EpisodePlan, share
from collectors.policies import Policy
from collectors.rollout import play
from collectors.venue import Incidents, Venue
from s2rm_sc2.episode import Episode
from s2rm_sc2.errors import S2rmError, WorkerDied
from s2rm_sc2.store import StoreSettings

BLOCK = 16
"""Episodes that a worker sends at once; in a game, where each may take many seconds, it sends every single one."""

AHEAD_BYTES = 64 << 20
"""Bytes that a worker holds ready for the main process, which may be writing, before it waits."""


GRACE = 20.0
"""Seconds in which a worker that is told to end may close its game."""


def play_in_processes(
    settings: StoreSettings,
    policy: Policy,
    plans: list[EpisodePlan],
    venue: Venue,
    incidents: Incidents,
    workers: int,
) -> Generator[Episode, None, None]:
    """Play the planned episodes in ``workers`` processes; they come in the order of the plans.

    What goes wrong in them is added to ``incidents``.

    Raises:
        WorkerDied: a worker was killed, or could not start.
        S2rmError: whatever a worker met.
    """
    context = multiprocessing.get_context("spawn")
    processes: list[BaseProcess] = []
    pipes: list[Connection[list[EpisodePlan], object]] = []
    try:
        with _interrupts_blocked():
            for worker in range(workers):
                ours, theirs = context.Pipe()
                job = theirs, settings, policy, venue, worker
                process: BaseProcess = context.Process(target=_work, args=job, daemon=True)
                process.start()
                theirs.close()
                processes.append(process)
                pipes.append(ours)
        block = _block(venue)
        for worker in range(workers):
            _assign(pipes[worker], processes[worker], share(plans, worker, workers, block))
        for number in range(-(-len(plans) // block)):
            played, happened = _receive(pipes[number % workers], processes[number % workers])
            incidents.add(happened)
            yield from played
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(GRACE)
            process.kill()
            process.join()


def _block(venue: Venue) -> int:
    return 1 if venue.games else BLOCK


def _assign(pipe: "Connection[list[EpisodePlan], object]", process: BaseProcess, job: list[EpisodePlan]) -> None:
    """Tell a worker what to play: not as it starts, where a long job for a process that dies would wait for ever."""
    try:
        pipe.send(job)
    except OSError:
        raise _death(process) from None


def _receive(pipe: "Connection[list[EpisodePlan], object]", process: BaseProcess) -> tuple[list[Episode], Incidents]:
    try:
        message = pipe.recv()
    except (EOFError, OSError):
        raise _death(process) from None
    if isinstance(message, BaseException):
        raise message
    assert isinstance(message, tuple)
    return message


def _death(process: BaseProcess) -> WorkerDied:
    process.join()
    if process.exitcode == 1:  # as Python ends when a program cannot be imported, which is how a process starts
        return WorkerDied(
            f"Worker process {process.pid} could not start (exit code 1); a script that collects with several workers "
            "does so under if __name__ == '__main__': or with workers=1, as each process begins by importing it."
        )
    return WorkerDied(
        f"Worker process {process.pid} died (exit code {process.exitcode}), perhaps killed for want of memory; "
        f"every committed episode is safe: run the same command again to continue, perhaps with --workers 1."
    )


def _work(
    pipe: "Connection[object, list[EpisodePlan]]", settings: StoreSettings, policy: Policy, venue: Venue, worker: int
) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        job = pipe.recv()
    except EOFError:
        return  # the main process is gone
    incidents = Incidents()
    episodes = play(settings, policy, job, venue, incidents, worker)
    sending: deque[tuple[Future[None], int]] = deque()
    try:
        with ThreadPoolExecutor(1) as sender:
            while block := list(islice(episodes, _block(venue))):
                size = sum(episode.nbytes for episode in block)
                happened = Incidents(Counter(incidents.failures), incidents.discarded)  # since the block before
                incidents.failures.clear()
                incidents.discarded = 0
                sending.append((sender.submit(pipe.send, (block, happened)), size))
                while sum(size for _, size in sending) > AHEAD_BYTES:
                    sending.popleft()[0].result()
    except BrokenPipeError:
        pass  # the main process is gone, and with it everyone who wanted episodes
    except S2rmError as error:
        pipe.send(error)
    except Exception:
        pipe.send(RuntimeError(f"a worker process failed:\n{traceback.format_exc()}"))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)  # a game is closed on the way
        time.sleep(GRACE)
        os._exit(1)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Processes started within never see Ctrl-C; ending them is the main process's business."""
    resource_tracker.ensure_running()  # multiprocessing would start it on the way, and unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
