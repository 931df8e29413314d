"""Speed of reading windows, beside what a training consumes: from memory, turned, and from stores larger than memory.

Run: ``python -m benchmarks.windows SECONDS STORE...`` for one line of JSON; the stores are sampled together.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from s2rm_sc2.seeds import stream
from s2rm_sc2.store import EpisodeStore
from worldmodel.config import preset
from worldmodel.dream import units_loss
from worldmodel.models import build
from worldmodel.windows import WindowSource, draw_views
from worldmodel.windows.blocks import BLOCK_UPDATES
from worldmodel.windows.pool import Layout

MODEL, PRESET = "s2gru-local", "small"
TIGHT = 4
"""The budget of the source that cannot hold its stores: one part in this many."""


def windows_per_second(once: Callable[[int], int], seconds: float) -> float:
    """Windows a processor second that ``once`` returns, called with 0, 1, 2, ... until that much time is spent.

    Processor time counts what threads read in the background too, and not what other processes do meanwhile.
    """
    once(0)
    windows, update, begun = 0, 0, time.process_time()
    while (spent := time.process_time() - begun) < seconds:
        update += 1
        windows += once(update)
    return windows / spent


def main() -> None:
    """Measure what the arguments say and print it as JSON."""
    seconds, paths = float(sys.argv[1]), [Path(place) for place in sys.argv[2:]]
    torch.set_num_threads(1)
    sizes, training = preset(PRESET, MODEL)
    batch, rows = training.batch, training.warmup + training.horizon + 1
    begun = time.process_time()
    stores = [EpisodeStore.open(path) for path in paths]
    opened = time.process_time()
    whole = WindowSource(stores, "train")
    whole.sample(batch, rows, stream(0, "first"))
    read = time.process_time()
    taken = sum(store.n_rows for store in stores) * Layout.of(stores).row_bytes
    parts = WindowSource(stores, "train", budget=taken // TIGHT)
    model = build(sizes)
    model.calibrate(whole.places(stream(0, "places")))
    optimizer = torch.optim.AdamW(model.parameters())

    def train(update: int) -> int:
        rng = stream(0, "batch", update)
        windows = whole.sample(batch, rows, rng, update)
        keep = draw_views(windows.agents, rows, training.keep_low, training.blink, rng)
        optimizer.zero_grad(set_to_none=True)
        units_loss(model, windows, keep, training.warmup, training.horizon).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return batch

    def sample(source: WindowSource, symmetric: bool = False) -> float:
        def once(update: int) -> int:
            source.sample(batch, rows, stream(0, "batch", update), update, symmetric)
            return batch

        return windows_per_second(once, seconds)

    figures = {
        "open s": opened - begun,
        "read s": read - opened,
        "read rows/s": sum(store.n_rows for store in stores) / (read - opened),
        "from memory windows/s": sample(whole),
        "turned windows/s": sample(whole, symmetric=True),
        f"pool of 1/{TIGHT} of the stores, new every {BLOCK_UPDATES} updates, windows/s": sample(parts),
        f"a training of {MODEL} ({PRESET}) consumes windows/s": windows_per_second(train, seconds),
    }
    parts.close()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
