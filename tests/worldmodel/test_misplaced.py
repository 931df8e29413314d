from dataclasses import replace

import numpy as np
import torch

from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.table import FIELDS
from worldmodel.config import preset
from worldmodel.dream import say, units_loss, watch
from worldmodel.models import build
from worldmodel.windows import WindowSource, misplaced


def test_half_of_the_windows_show_every_unit_off_by_the_same_at_every_step(store_2s3z: EpisodeStore) -> None:
    windows = WindowSource([store_2s3z], "all").sample(200, 5, np.random.default_rng(0))
    shown = misplaced(windows, 0.25, np.random.default_rng(1))
    off = torch.stack([shown.x - windows.units.x, shown.y - windows.units.y], dim=-1)
    assert torch.allclose(off, off[:, :1].expand_as(off), atol=1e-5)
    wrong = off[:, 0].abs().amax(dim=(-1, -2)) > 1e-3
    assert 70 < wrong.sum() < 130
    assert 0.23 < off[wrong].std() < 0.27
    assert off[~wrong].abs().max() == 0
    assert off[wrong][:, 0].std(dim=1).min() > 0.05  # each unit by its own
    for name in set(FIELDS) - {"x", "y"}:
        assert torch.equal(getattr(shown, name), getattr(windows.units, name))
    again = misplaced(windows, 0.25, np.random.default_rng(1))
    assert torch.equal(shown.x, again.x)
    assert torch.equal(shown.y, again.y)


def test_what_is_learned_from_misplaced_units_is_where_they_truly_go(store_2s3z: EpisodeStore) -> None:
    torch.manual_seed(0)
    windows = WindowSource([store_2s3z], "all").sample(1, 3, np.random.default_rng(2))
    shown = replace(windows.units, x=windows.units.x + 0.4)
    keep = windows.agents[:, None].expand(-1, 3, -1)
    model = build(preset("debug", "lstm")[0])
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(80):
        optimizer.zero_grad()
        units_loss(model, windows, keep, 2, 0, shown).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    guided = watch(model, replace(windows, units=shown), keep, 2)
    change, _ = say(model, guided, windows, keep)
    asked = guided.belief.known & windows.units.alive[:, 1:]
    said = (shown.x[:, :2] + change.dx - windows.units.x[:, 1:])[asked].abs().mean()
    unmoved = (windows.units.x[:, :2] + change.dx - windows.units.x[:, 1:])[asked].abs().mean()
    assert said < 0.1
    assert unmoved > 0.3
