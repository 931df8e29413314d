"""Which agents' views are kept of a window: a share drawn for each, and views that go dark and come back."""

import numpy as np
import torch
from torch import Tensor

LIT, DARK = 4, 8
"""Mean steps for which a blinking view stays on, and off."""

ALL_KEPT = 0.25
"""Share of the windows that keep every view."""


def draw_views(agents: Tensor, rows: int, low: float, blink: bool, rng: np.random.Generator) -> Tensor:
    """Which views are kept at each row; bool ``[N, R, A]``.

    One window in four keeps them all, as a simulator does; the others a share drawn from U(low, 1). At least one agent
    of each window is kept. Without blinking its view is there at every row; with it, each kept agent's view goes dark
    and comes back on its own (:func:`blinking`), so there are rows without any.

    Args:
        agents: bool ``[N, A]``, at least one in each window.
        rows: R.
        low: least share.
        blink: views go dark and come back besides.
        rng: draws it all.
    """
    exists = agents.numpy()
    share = np.minimum(1.0, rng.uniform(low, low + (1.0 - low) / (1.0 - ALL_KEPT), size=len(exists)))
    kept = np.maximum(1, np.rint(share * exists.sum(axis=1)))
    order = np.where(exists, rng.random(exists.shape), np.inf).argsort(axis=1).argsort(axis=1)
    keep = torch.from_numpy(order < kept[:, None])[:, None].expand(-1, rows, -1)
    return keep & blinking((len(exists), rows, exists.shape[1]), rng) if blink else keep


def blinking(shape: tuple[int, int, int], rng: np.random.Generator) -> Tensor:
    """Views that go dark and come back, bool ``[N, R, A]``: each is a Markov chain, on a third of the time."""
    draws = rng.random(shape)
    on = np.empty(shape, dtype=np.bool_)
    on[:, 0] = draws[:, 0] < LIT / (LIT + DARK)
    for t in range(1, shape[1]):
        on[:, t] = np.where(on[:, t - 1], draws[:, t] >= 1 / LIT, draws[:, t] < 1 / DARK)
    return torch.from_numpy(on)
