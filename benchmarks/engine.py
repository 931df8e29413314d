"""Speed of the embedded engine alone: env steps (8 game loops of one battle) a second, random available actions.

Views and policies are not timed; decided and overlong battles start anew, and their spawning is timed.
Run: ``python benchmarks/engine.py [steps]``.
"""

import sys
import time

import torch

from s2rm_sc2 import scenarios
from s2rm_sc2.backends.embedded import EmbeddedBackend
from s2rm_sc2.views.smac import SmacViews

MAPS = ("3m", "3s5z", "1c3s5z", "27m_vs_30m")
BATCHES = (1, 64, 512)
STEPS = 20_000


def measure(name: str, n_battles: int, total: int) -> float:
    """Env steps per second of one core's time on one map, battles side by side."""
    scenario = scenarios.get(name)
    backend, views = EmbeddedBackend(scenario, n_battles), SmacViews(scenario)
    age, seed, spent, n = torch.zeros(n_battles), n_battles, 0.0, scenario.n_agents
    rounds = max(20, total // n_battles)
    for warm in range(rounds + 1):
        available = views.available_actions(backend.units).float()
        actions = torch.multinomial(available.flatten(0, 1), 1).view(n_battles, n)
        start = time.process_time()
        backend.step(actions)
        alive = backend.units.alive
        over = (age >= scenario.limit) | ~alive[:, :n].any(1) | ~alive[:, n:].any(1)
        if over.any():
            battles = over.nonzero().flatten().tolist()
            backend.reset(range(seed, seed + len(battles)), battles)
            seed += len(battles)
        spent += (time.process_time() - start) * (warm > 0)  # the first step compiles
        age = torch.where(over, 0.0, age + 1.0)
    return rounds * n_battles / spent


def main() -> None:
    """Print the table."""
    total = int(sys.argv[1]) if len(sys.argv) > 1 else STEPS
    torch.set_num_threads(1)
    print(f"{'env steps/s':<12}" + "".join(f"{f'B = {batch}':>12}" for batch in BATCHES))
    for name in MAPS:
        print(f"{name:<12}" + "".join(f"{measure(name, batch, total):>12,.0f}" for batch in BATCHES), flush=True)


if __name__ == "__main__":
    main()
