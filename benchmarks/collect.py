"""Speed of collection end to end (policy, battle, views, zarr on disk), and of reading windows back.

Run: ``python -m benchmarks.collect NAME EPISODES WORKERS`` for one line of JSON.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from collectors.collect import collect
from s2rm_sc2 import scenarios
from s2rm_sc2.store import EpisodeStore
from worldmodel.windows import WindowSource

WINDOWS, ROWS, BATCHES = 32, 16, 50
"""Windows of a training batch, rows of a window, batches read."""


def main() -> None:
    """Measure what the arguments say and print it as JSON."""
    name, episodes, workers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.zarr"
        begun = time.perf_counter()
        report = collect(scenarios.get(name), path, episodes, "mixture", 0, workers, progress=False)
        spent = time.perf_counter() - begun
        source, rng = WindowSource([EpisodeStore.open(path)], "all"), np.random.default_rng(0)
        begun = time.perf_counter()
        for _ in range(BATCHES):
            source.sample(WINDOWS, ROWS, rng)
        reading = time.perf_counter() - begun
    figures = {
        "steps/s": report.new_steps / spent,
        "compression": report.raw_bytes / report.disk_bytes,
        "windows/s": BATCHES * WINDOWS / reading,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
