"""A collection in which the game keeps failing: ``python -m benchmarks.faults`` plays on the stand-in and reports.

Every game meets one fault, drawn at random: at its start, at a reset or in the middle of a battle.
In the end the store must hold what was asked for, and no process and no temporary folder may be left.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import psutil

from collectors.collect import collect
from collectors.venue import Venue
from s2rm_sc2 import scenarios
from s2rm_sc2.standin import faults
from s2rm_sc2.standin.install import write_install
from s2rm_sc2.starcraft.game import GameSettings
from s2rm_sc2.starcraft.installed import VARIABLE
from s2rm_sc2.store import EpisodeStore

ROUNDS = 300
"""Steps within which a battle's fault strikes. A battle that is played again is the same one in a new game, up to 60
steps long; most games have to end it, or failures in a row are more than is borne."""


def draw(rng: np.random.Generator) -> str:
    """One fault as a line of the stand-in's file; half of them strike in the middle of a battle."""
    kind, place = str(rng.choice(faults.KINDS)), rng.random()
    if place < 0.05:
        return f"{rng.choice((faults.CRASH, faults.HANG))} {faults.START}"
    if place < 0.15:
        return f"{kind} {rng.choice(('ping', 'create_game', 'join_game'))}"
    if place < 0.5:
        return f"{kind} debug {rng.integers(1, 5)}"
    return f"{kind} {rng.choice(('step', 'action', 'observation'))} {rng.integers(2, ROUNDS)}"


def main() -> None:
    """Collect, then count what is there and what is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--timeout", type=int, default=30)
    parser.add_argument("--smac", action="store_true", help="through SMAC's own client")
    asked = parser.parse_args()
    rng, started = np.random.default_rng(0), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        place, file, temporary = Path(folder), Path(folder) / "faults", Path(folder) / "tmp"
        temporary.mkdir()
        lines = [draw(rng) for _ in range(asked.faults)]
        file.write_text("\n".join(lines))
        os.environ |= {VARIABLE: str(write_install(place / "sc2")), "TMPDIR": str(temporary)}
        os.environ[faults.VARIABLE], tempfile.tempdir = str(file), str(temporary)
        where = Venue((GameSettings(timeout=asked.timeout),), asked.smac)
        report = collect(
            scenarios.get("3m"), place / "3m.zarr", asked.episodes, "random", 0, asked.workers, venue=where
        )
        store, untaken = EpisodeStore.open(report.path), len(file.read_text().split("\n")) - 1
        episodes = [store.episode(index) for index in range(store.n_episodes)]
        whole = sum(bool(episode.terminated[-1] | episode.truncated[-1]) for episode in episodes)
        named = [(process.pid, " ".join(process.info["cmdline"] or [])) for process in psutil.process_iter(["cmdline"])]
        games = [pid for pid, command in named if folder in command and pid != os.getpid()]
        print(f"{asked.faults} faults: {Counter(line.split()[0] for line in lines)}, {untaken} not met")
        print(f"{whole} whole episodes of {asked.episodes}; {report.new_steps} steps; {store.fingerprint()}")
        print(f"{report.incidents.failures.total()} restarts, {report.incidents.discarded} episodes played again:")
        for cause, count in report.incidents.failures.most_common():
            print(f"  {count} x {cause}")
        print(f"left: processes {games}, temporary folders {sorted(path.name for path in temporary.glob('sc-*'))}")
        print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
