"""Which views are kept: shares as drawn, at least one, and spells of light and dark as long as they should be."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from s2rm_sc2.seeds import stream
from worldmodel.windows import draw_views
from worldmodel.windows.views import ALL_KEPT, DARK, LIT, blinking


@given(
    agents=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    rows=st.integers(1, 20),
    low=st.floats(0, 1),
    blink=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_only_agents_are_kept_and_one_at_least(
    agents: list[int], rows: int, low: float, blink: bool, seed: int
) -> None:
    exists = torch.tensor([[a < n for a in range(9)] for n in agents])
    keep = draw_views(exists, rows, low, blink, stream(seed, "views"))
    assert keep.shape == (len(agents), rows, 9)
    assert not (keep & ~exists[:, None]).any()
    number = keep.sum(-1)
    if not blink:
        assert (number >= 1).all()
        assert (keep == keep[:, :1]).all(), "without blinking, whoever is kept is kept for the whole window"
        assert (number >= torch.tensor([round(low * n - 0.5) for n in agents])[:, None]).all()
    assert torch.equal(keep, draw_views(exists, rows, low, blink, stream(seed, "views")))


@pytest.mark.parametrize("low", [0.2, 0.6, 1.0])
def test_a_quarter_keeps_all_and_the_others_shares_down_to_the_least(low: float) -> None:
    agents = torch.ones(20_000, 50, dtype=torch.bool)
    share = draw_views(agents, 1, low, False, stream(0, "views"))[:, 0].double().mean(-1)
    assert share.min() >= low - 0.01
    assert (share == 1.0).double().mean() >= ALL_KEPT - 0.015
    for part in (0.25, 0.5, 0.75):
        assert share.quantile(part * (1 - ALL_KEPT)) == pytest.approx(low + part * (1 - low), abs=0.015)


def test_every_agent_is_kept_equally_often() -> None:
    kept = draw_views(torch.ones(20_000, 5, dtype=torch.bool), 1, 0.2, False, stream(1, "views"))[:, 0]
    np.testing.assert_allclose(kept.double().mean(0), kept.double().mean(), atol=0.01)


def test_the_least_share_of_blinking_views_is_one_chain() -> None:
    """At share 0, exactly one agent's view goes dark and comes back."""
    keep = draw_views(torch.ones(2_000, 6, dtype=torch.bool), 40, 0.0, True, stream(2, "views"))
    ever = keep.any(dim=1).sum(-1)
    assert (ever >= 1).double().mean() > 0.99  # 40 rows all dark: (2/3)(7/8)^39 = 0.4 % of single chains
    still = draw_views(torch.ones(2_000, 6, dtype=torch.bool), 40, 0.0, False, stream(2, "views"))
    assert not (keep & ~still).any(), "blinking takes views away from those that are kept, and adds none"


def test_views_blink_for_as_long_as_they_should() -> None:
    on = blinking((500, 600, 2), stream(0, "blink")).numpy()
    assert on.mean() == pytest.approx(LIT / (LIT + DARK), abs=0.01)
    assert on[:, 0].mean() == pytest.approx(LIT / (LIT + DARK), abs=0.05), "on for a third of the time from the start"
    chains = on.transpose(0, 2, 1).reshape(-1, 600)
    for state, length in ((True, LIT), (False, DARK)):
        assert np.mean(spells(chains, state)) == pytest.approx(length, rel=0.03)


def spells(chains: np.ndarray, state: bool) -> list[int]:
    """Lengths of the spells in this state that begin and end within the chain."""
    lengths = []
    for chain in chains:
        edges = np.flatnonzero(np.diff(chain.astype(int))) + 1
        lengths += [int(b - a) for a, b in pairwise(edges) if chain[a] == state]
    return lengths
