"""A collection in which the game keeps failing: ``python -m benchmarks.faults`` plays on the stand-in and reports.

Every game meets one fault, drawn at random: at its start, at a reset, in the middle of a battle or as it is closed. The
store is filled in rounds, each of which ends with all games closed; in every second one the games run already, are
attached to, and are left in the end, not ended. A promise that is broken is told, and ends in exit code 1: the store
holds the whole episodes that were asked for, every game that was begun was closed or is counted as a failure, every
episode that a game failed in as discarded, and no process and no temporary folder is left.
"""

import argparse
import gc
import itertools
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from collectors.collect import collect
from collectors.venue import Incidents, Venue
from s2rm_sc2 import scenarios
from s2rm_sc2.errors import S2rmError
from s2rm_sc2.standin import faults
from s2rm_sc2.standin.install import write_install
from s2rm_sc2.standin.server import serving
from s2rm_sc2.starcraft.game import GameSettings
from s2rm_sc2.starcraft.installed import VARIABLE
from s2rm_sc2.store import EpisodeStore

START, ATTACH, SMAC = "start", "attach", "smac"
"""How games are reached: started, running already, or started by SMAC's own client."""


@dataclass(frozen=True)
class Ordeal:
    """What is asked for.

    Attributes:
        faults: games that shall have met theirs, or may have: a battle can end before its fault is due.
        episodes: of each round; more than a block of :mod:`collectors.workers` for each worker.
        workers: games at once.
        timeout: seconds that a hanging game costs.
        ways: how games are reached, round by round in turn.
        steps: within which a battle's fault strikes. A battle that is played again is the same one in a new game, on
            3m up to 60 steps long; most games have to end it, or failures in a row are more than is borne.
        scenario: what is played.
        seed: of the faults.
    """

    faults: int = 200
    episodes: int = 40
    workers: int = 2
    timeout: int = 30
    ways: tuple[str, ...] = (START, ATTACH)
    steps: int = 300
    scenario: str = "3m"
    seed: int = 0


@dataclass
class Outcome:
    """What came of it: faults handed out by kind and by request, incidents, and the promises that were broken."""

    rounds: int = 0
    handed: Counter[str] = field(default_factory=Counter)
    incidents: Incidents = field(default_factory=Incidents)
    broken: list[str] = field(default_factory=list)


def draw(rng: np.random.Generator, way: str, steps: int) -> str:
    """One fault as a line of the stand-in's file."""
    kind, place = str(rng.choice(faults.KINDS + faults.ODDITIES)), rng.random()
    if place < 0.05:
        return f"{rng.choice((faults.CRASH, faults.HANG, faults.SLOW))} {faults.START}"
    if place < 0.15:
        return f"{kind} {rng.choice(('ping', 'create_game', 'join_game'))}"
    if place < 0.35:
        return f"{kind} debug {rng.integers(1, 5)}"
    if place < 0.55:
        return f"{kind} {'leave_game' if way == ATTACH else 'quit'}"
    return f"{kind} {rng.choice(('step', 'action', 'observation'))} {rng.integers(2, steps)}"


def endure(ordeal: Ordeal, folder: Path) -> Outcome:
    """Collect into ``folder/store.zarr``, round by round, until enough faults were handed out."""
    outcome, rng, file = Outcome(), np.random.default_rng(ordeal.seed), folder / "faults"
    temporary = folder / "tmp"
    temporary.mkdir()
    os.environ |= {VARIABLE: str(write_install(folder / "sc2")), "TMPDIR": str(temporary), faults.VARIABLE: str(file)}
    tempfile.tempdir = str(temporary)
    while outcome.handed.total() < ordeal.faults:
        way = ordeal.ways[outcome.rounds % len(ordeal.ways)]
        lines = [draw(rng, way, ordeal.steps) for _ in range(20 * ordeal.episodes)]
        file.write_text("\n".join(lines))
        outcome.rounds += 1
        try:
            incidents = _round(ordeal, folder, outcome.rounds, way)
        except S2rmError as error:
            outcome.broken.append(f"round {outcome.rounds} ended early: {error}")
            return outcome
        handed = lines[: len(lines) - len(file.read_text().split("\n"))]
        outcome.handed.update(line.rpartition(" ")[0] if line[-1].isdigit() else line for line in handed)
        outcome.incidents.add(incidents)
        each = 2 if way == SMAC else 1  # SMAC's own game is asked what it is in one before it, as the very first is
        closed = 1 + ordeal.workers * each
        for wrong in miscounted(len(handed), incidents, way, closed):
            outcome.broken.append(f"round {outcome.rounds}, {way}: {wrong}; {handed} led to {dict(incidents.failures)}")
        outcome.broken += left_behind(folder)
    outcome.broken += unwhole(EpisodeStore.open(folder / "store.zarr"), outcome.rounds * ordeal.episodes)
    return outcome


def _round(ordeal: Ordeal, folder: Path, number: int, way: str) -> Incidents:
    """Add a round's episodes."""
    with ExitStack() as running:
        games = [GameSettings(timeout=ordeal.timeout)]
        if way == ATTACH:
            each = [(faults.take(folder / "faults") for _ in itertools.count()) for _ in range(ordeal.workers)]
            ports = [running.enter_context(serving(drawn)) for drawn in each]
            games = [GameSettings(attach=f"127.0.0.1:{port}", timeout=ordeal.timeout) for port in ports]
            running.callback(gc.collect)  # pysc2 forgets a connection whose first ping fails; servers wait for its end
        report = collect(
            scenarios.get(ordeal.scenario),
            folder / "store.zarr",
            number * ordeal.episodes,
            "random",
            0,
            ordeal.workers,
            progress=False,
            venue=Venue(tuple(games), way == SMAC),
        )
    return report.incidents


def miscounted(games: int, incidents: Incidents, way: str, closed: int) -> list[str]:
    """What is wrong with the incidents of a round in which ``games`` games were begun and ``closed`` had a good end."""
    failures, broken = incidents.failures, list[str]()
    mute = sum(count for cause, count in failures.items() if "ConnectError" in cause)  # perhaps ended before they began
    if not 0 <= failures.total() + closed - games <= mute:
        broken.append(f"{games} games were begun, {failures.total()} counted as failed, and {closed} closed")
    between = {"start", "attach", "ping", "create_game", "debug", "units", "reset"}
    battles = {"step"} if way == SMAC else {"action"}  # a reset observes and steps, too
    least = sum(count for cause, count in failures.items() if cause.partition(":")[0] in battles)
    most = sum(count for cause, count in failures.items() if cause.partition(":")[0] not in between)
    if not least <= incidents.discarded <= most:
        broken.append(f"{incidents.discarded} episodes were discarded, of which {least} to {most} are accounted for")
    return broken


def left_behind(folder: Path) -> list[str]:
    """Processes that were started from the folder and live, and temporary folders of games in it."""
    found = [process for process in psutil.process_iter(["cmdline", "status"]) if process.pid != os.getpid()]
    games = [process for process in found if f"{folder}/sc2/" in " ".join(process.info["cmdline"] or [])]
    left = [f"process {game.pid} is left" for game in games if game.info["status"] != psutil.STATUS_ZOMBIE]
    return left + [f"the temporary folder {path} is left" for path in (folder / "tmp").glob("sc-*")]


def unwhole(store: EpisodeStore, asked: int) -> list[str]:
    """What is wrong with a store that shall hold so many whole battles; all of it is read."""
    broken = [] if store.n_episodes == asked else [f"the store holds {store.n_episodes} episodes of {asked}"]
    rows = {array.name: store.read(array.name, 0, array.shape[0]) for array in store.arrays()}
    for index, (start, length) in enumerate(zip(rows["episode/start"], rows["episode/length"], strict=True)):
        battle = slice(start, start + length)
        alive, over = rows["units/alive"][battle] > 0, (rows["terminated"] | rows["truncated"])[battle]
        if not alive[0].all() or (alive[1:] & ~alive[:-1]).any() or not over[-1] or over[:-2].any():
            broken.append(f"episode {index} is not whole")
    return broken


def main() -> None:
    """Collect, then say what was met, what was counted, and what is amiss."""
    parser, default = argparse.ArgumentParser(description=__doc__), Ordeal()
    for name in ("faults", "episodes", "workers", "timeout"):
        parser.add_argument(f"--{name}", type=int, default=getattr(default, name))
    parser.add_argument("--ways", nargs="+", choices=(START, ATTACH, SMAC), default=default.ways)
    ordeal, started = Ordeal(**vars(parser.parse_args())), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        outcome = endure(ordeal, Path(folder).resolve())
        store = EpisodeStore.open(Path(folder) / "store.zarr")
        print(f"{outcome.handed.total()} games with a fault each, in {outcome.rounds} rounds:")
        for fault, count in sorted(outcome.handed.items()):
            print(f"  {count} x {fault}")
        print(f"{store.n_episodes} episodes, {store.n_steps} steps, fingerprint {store.fingerprint()}")
        incidents = outcome.incidents
        print(f"{incidents.failures.total()} restarts, {incidents.discarded} episodes played again:")
        for cause, count in incidents.failures.most_common():
            print(f"  {count} x {cause}")
        print(f"{time.perf_counter() - started:.0f} s")
    for promise in outcome.broken:
        print(f"BROKEN: {promise}")
    sys.exit(1 if outcome.broken else 0)


if __name__ == "__main__":
    main()
