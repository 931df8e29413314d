"""Speed through StarCraft II's protocol: our backend beside SMAC's own client, both on the stand-in, started for them.

All play through SMAC's interface, as its learners do: masks, observations and state at every step, random available
actions, battles that end start anew. They take turns on every map; each keeps its best turn. The embedded engine beside
them says what the protocol costs. SMAC is left out where it is not installed.
Run: ``python -m benchmarks.protocol [--seconds S] [--rounds N]``.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from s2rm_sc2.backends.sc2 import Sc2Backend
from s2rm_sc2.envs.multi_agent import StarCraft2Env
from s2rm_sc2.errors import StarCraftMissing
from s2rm_sc2.standin.install import write_install
from s2rm_sc2.starcraft import smac_package
from s2rm_sc2.starcraft.installed import VARIABLE

MAPS = ("3m", "3s5z", "27m_vs_30m", "2c_vs_64zg")
WARM_UP = 5
"""Steps that are not timed."""

Maker = Callable[[str], Any]
"""Makes an environment with SMAC's interface, of a map."""


def clients() -> dict[str, Maker]:
    """Who takes part."""
    found: dict[str, Maker] = {
        "embedded": lambda name: StarCraft2Env(name, seed=0),
        "backend sc2": lambda name: StarCraft2Env(name, seed=0, backend=Sc2Backend),
    }
    try:
        smac = smac_package.environment()
    except StarCraftMissing as error:
        print(f"Without SMAC's client: {error}")
    else:
        found["SMAC's client"] = lambda name: smac(map_name=name, seed=0)
    return found


def measure(make: Maker, name: str, seconds: float) -> float:
    """Env steps a second."""
    env, rng, steps, begun = make(name), np.random.default_rng(0), -WARM_UP, 0.0
    env.reset()
    while steps < 1 or time.perf_counter() - begun < seconds:
        if steps == 0:
            begun = time.perf_counter()
        env.get_obs()
        env.get_state()
        masks = np.asarray(env.get_avail_actions())
        _, terminated, _ = env.step((masks * rng.random(masks.shape)).argmax(-1).tolist())
        if terminated:
            env.reset()
        steps += 1
    spent = time.perf_counter() - begun
    env.close()
    return steps / spent


def main() -> None:
    """Measure and print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one turn")
    parser.add_argument("--rounds", type=int, default=2, help="turns on each map")
    given = parser.parse_args()
    torch.set_num_threads(1)
    taking_part = clients()
    table = Table("map", *taking_part, "sc2 / SMAC's client", title="env steps/s through SMAC's interface")
    with tempfile.TemporaryDirectory() as folder:
        os.environ[VARIABLE] = str(write_install(Path(folder)))
        for name in MAPS:
            best = dict.fromkeys(taking_part, 0.0)
            for _ in range(given.rounds):
                for client, make in taking_part.items():
                    best[client] = max(best[client], measure(make, name, given.seconds))
            ours, smacs = best["backend sc2"], best.get("SMAC's client")
            ratio = f"{ours / smacs:.1f}x" if smacs else "-"
            table.add_row(name, *(f"{speed:,.0f}" for speed in best.values()), ratio)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
