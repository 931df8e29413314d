"""Fields: several fights at once on a larger map, none of which knows of the others."""

import numpy as np
import pytest
import torch
from torch import Tensor

from s2rm_sc2 import scenarios
from s2rm_sc2.backends.embedded import EmbeddedBackend
from s2rm_sc2.battle import rows as r
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.table import FIELDS


def tile(x: Tensor, y: Tensor) -> Tensor:
    return (x // 32).long() + 10 * (y // 32).long()


def stand(battles: BatchedBattles) -> Tensor:
    return torch.where(battles.units.alive[:, : battles.scenario.n_agents], 1, 0)


@pytest.mark.parametrize("name", ["3x2s3z", "4x3m_vs_4m", "5x1z"])
def test_fights_do_not_meet(name: str) -> None:
    scenario = scenarios.get(name)
    battles = BatchedBattles(scenario, 4)
    battles.reset([1, 2, 3, 4])
    home, whole = tile(battles.units.x, battles.units.y), battles.backend.field.whole  # type: ignore[attr-defined]
    assert len(torch.unique(home[0])) == int(name.partition("x")[0])
    attacked = torch.zeros_like(home, dtype=torch.bool)
    for _ in range(60):
        battles.step(stand(battles))
        units = battles.units
        assert torch.equal(tile(units.x, units.y), home)
        target = torch.from_numpy(whole[:, r.TARGET].astype(np.int64))
        aims = (target >= 0) & units.alive
        assert torch.equal(home.gather(1, target.clamp(min=0))[aims], home[aims])
        attacked |= (units.health < 20.0) & (units.team == 0)
    for fight in torch.unique(home[0]):
        assert attacked[home == fight].any()


def test_views_are_finite_on_a_larger_map_and_its_edge_is_known() -> None:
    battles = BatchedBattles(scenarios.get("3x2s3z,sight=6"), 2)
    battles.reset([5, 6])
    assert torch.isfinite(battles.observation()).all()
    state = battles.state()
    assert torch.isfinite(state).all()
    place = state.reshape(2, -1)[:, 2]  # x of the first ally, from the middle, as a share of the map
    assert torch.allclose(place, (battles.units.x[:, 0] - 32.0) / 64.0)
    seen = battles.visible()
    x, y = battles.units.x, battles.units.y
    far = torch.hypot(x[:, :15, None] - x[:, None], y[:, :15, None] - y[:, None]) >= 6.0
    assert not (seen & far).any()
    battles.units.x[:, 0], battles.units.y[:, 0] = 63.5, 63.5
    battles.units.x[:, 1], battles.units.y[:, 1] = 33.0, 33.0
    moves = battles.views.available_actions(battles.units)[:, :, 2:6]
    assert moves[0, 0].tolist() == [False, True, False, True]  # north and east lead off the map
    assert moves[0, 1].all()


def test_equal_seeds_play_equal_fields_in_any_batch() -> None:
    scenario = scenarios.get("4x3m_vs_4m")
    batch, alone = EmbeddedBackend(scenario, 3), EmbeddedBackend(scenario, 1)
    batch.reset([3, 1, 2])
    for step in range(25):
        batch.step(torch.full((3, 12), 1 + step % 5))
    for i, seed in enumerate([3, 1, 2]):
        alone.reset([seed])
        for step in range(25):
            alone.step(torch.full((1, 12), 1 + step % 5))
        for name in FIELDS:
            assert torch.equal(getattr(alone.units, name)[0], getattr(batch.units, name)[i]), name


def test_agents_of_all_fights_stand_in_one_order() -> None:
    backend = EmbeddedBackend(scenarios.get("3x2s3z"), 1)
    names = [unit.name for unit in backend.scenario.unit_types[:15]]
    x, y = backend.units.x[0, :15].tolist(), backend.units.y[0, :15].tolist()
    keys = list(zip(names, x, y, strict=True))
    assert keys == sorted(keys)
