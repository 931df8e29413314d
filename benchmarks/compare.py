"""All speed figures in one run, side by side: the embedded engine, SMAX where it is installed, growth, collection.

Every measurement is a process of its own on one core; competitors take turns, and each keeps its best round.
Run: ``make benchmark``, or ``python -m benchmarks.compare [--smax PYTHON] [--seconds S] [--rounds N]``.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

MAPS = ("3s5z", "27m_vs_30m", "2c_vs_64zg")
BATCHES = (64, 512)
"""Battles side by side; the better one counts."""
SMAX_MAPS, SMAX_BATCH = ("3s5z", "27m_vs_30m"), 64
"""SMAX has no colossus; on a core it is faster with 64 battles than with 512."""
MARINES = (3, 5, 10, 20, 40, 80)
BATTLES = (1, 4, 16, 64, 256, 1024)
COLLECTED = 2000
"""Episodes of the collection that is timed."""

Figures = dict[str, float]


def run(*command: str) -> Figures:
    """The figures that a measurement prints as its last line."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def engine(name: str, battles: int, seconds: float) -> Figures:
    """Ours."""
    return run(sys.executable, "-m", "benchmarks.engine", name, str(battles), str(seconds))


def best(rounds: list[Figures]) -> Figures:
    """The fastest round."""
    return max(rounds, key=lambda figures: figures["steps/s"])


def competitors(smax: str | None, seconds: float, rounds: int, console: Console) -> None:
    """The engines on the same maps, taking turns."""
    table = Table("map", "embedded", "masks", "obs", "policy", "battle", "one-battle API", "SMAX", "ratio")
    table.title = "env steps/s on one core, observations and masks included; us per env step of each part"
    script = str(Path(__file__).with_name("smax.py"))
    for name in MAPS:
        ours: list[Figures] = []
        single: list[Figures] = []
        theirs: list[Figures] = []
        for _ in range(rounds):
            ours += [engine(name, battles, seconds) for battles in BATCHES]
            single.append(engine(name, 0, seconds))
            if smax and name in SMAX_MAPS:
                theirs.append(run(smax, script, name, str(SMAX_BATCH), str(seconds)))
        top = best(ours)
        parts = [f"{top[part]:.2f}" for part in ("masks", "observations", "policy", "battle")]
        peer = best(theirs)["steps/s"] if theirs else None
        versus = [f"{peer:,.0f}", f"{top['steps/s'] / peer:.1f}x"] if peer else ["-", "-"]
        table.add_row(name, f"{top['steps/s']:,.0f}", *parts, f"{best(single)['steps/s']:,.0f}", *versus)
    console.print(table)


def growth(seconds: float, console: Console) -> None:
    """How cost grows with units and with battles side by side."""
    table = Table("marines a side", "us per env step", "us per unit", title="growth with units, 256 battles")
    for count in MARINES:
        cost = engine(f"{count}m@flat", 256, seconds)["all"]
        table.add_row(str(count), f"{cost:.2f}", f"{cost / (2 * count):.3f}")
    console.print(table)
    table = Table("battles", "us per env step", "env steps/s", title="growth with battles side by side, 3s5z")
    for battles in BATTLES:
        figures = engine("3s5z", battles, seconds)
        table.add_row(str(battles), f"{figures['all']:.2f}", f"{figures['steps/s']:,.0f}")
    console.print(table)


def collection(cores: set[int], console: Console) -> None:
    """Collection end to end, with one process and with two."""
    os.sched_setaffinity(0, cores)
    table = Table("workers", "env steps/s", "compression", "windows/s", title=f"collect 3s5z, {COLLECTED} episodes")
    for workers in (1, 2):
        figures = run(sys.executable, "-m", "benchmarks.collect", "3s5z", str(COLLECTED), str(workers))
        table.add_row(
            str(workers), *(f"{figures[n]:,.{d}f}" for n, d in (("steps/s", 0), ("compression", 1), ("windows/s", 0)))
        )
    console.print(table)


def main() -> None:
    """Measure and print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smax", help="a Python that has jaxmarl")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=1, help="turns that competitors take")
    given = parser.parse_args()
    console, cores = Console(width=120), os.sched_getaffinity(0)
    if given.smax and subprocess.run([given.smax, "-c", "import jaxmarl"], capture_output=True, check=False).returncode:
        console.print(f"{given.smax} has no jaxmarl: measuring without SMAX.")
        given.smax = None
    os.sched_setaffinity(0, {min(cores)})
    competitors(given.smax, given.seconds, given.rounds, console)
    growth(given.seconds, console)
    collection(cores, console)


if __name__ == "__main__":
    main()
