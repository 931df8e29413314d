from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from s2rm_sc2.seeds import stream
from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.table import UnitTable
from worldmodel.baselines.persistence import Persistence
from worldmodel.config import MODEL_NAMES, preset
from worldmodel.dream import Forecast, forecast, window_loss
from worldmodel.models import build
from worldmodel.s2rm import S2GRU, gru_step
from worldmodel.unit_model import UnitModel
from worldmodel.windows import Windows, WindowSource, draw_views

WARMUP, HORIZON = 5, 3


def model_of(name: str, source: WindowSource, width: int = 16) -> UnitModel:
    torch.manual_seed(3)
    model = build(replace(preset("debug", name)[0], width=width))
    model.calibrate(source.places(np.random.default_rng(0)))
    return model.eval()


def windows_of(source: WindowSource, count: int = 6) -> Windows:
    return source.sample(count, WARMUP + HORIZON, np.random.default_rng(5))


def permuted(windows: Windows, agents: torch.Tensor, enemies: torch.Tensor) -> Windows:
    """The same battles with agents and enemies in another order, and attack actions renumbered to match."""
    n = len(agents)
    rows = torch.cat([agents, n + enemies])
    renumbered = torch.empty(6 + len(enemies), dtype=torch.int64)
    renumbered[:6] = torch.arange(6)
    renumbered[6:] = 6 + torch.argsort(enemies)
    return replace(
        windows,
        units=windows.units.map(lambda field: field[..., rows]),
        actions=renumbered[windows.actions[..., agents]],
        sees=windows.sees[:, :, agents][..., rows],
        agents=windows.agents[:, agents],
    )


def same(first: Forecast, second: Forecast, rows: torch.Tensor) -> None:
    queried = first.queried[:, rows]
    assert torch.equal(queried, second.queried)
    for name in ("x", "y", "health", "shield", "alive"):
        a, b = getattr(first, name)[..., rows], getattr(second, name)
        mask = queried[:, None].expand_as(a)
        torch.testing.assert_close(a[mask], b[mask], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_permuting_agents_and_enemies_permutes_the_forecast(name: str, store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    model, windows = model_of(name, source), windows_of(source)
    keep = draw_views(windows.agents, 0.4, np.random.default_rng(1))
    agents, enemies = torch.tensor([3, 0, 4, 1, 2]), torch.tensor([1, 4, 0, 2, 3])
    straight = forecast(model, windows, keep, WARMUP, HORIZON)
    shuffled = forecast(model, permuted(windows, agents, enemies), keep[:, agents], WARMUP, HORIZON)
    same(straight, shuffled, torch.cat([agents, 5 + enemies]))


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_rows_that_a_scenario_lacks_change_nothing(name: str, store_2s3z: EpisodeStore, store_3m: EpisodeStore) -> None:
    alone, mixed = WindowSource([store_3m], "all"), WindowSource([store_3m, store_2s3z], "all")
    model = model_of(name, mixed)
    origins = [(0, 0), (3, 2)]
    small, padded = (source.take(origins, WARMUP + HORIZON) for source in (alone, mixed))
    keep = torch.ones(2, 3, dtype=torch.bool)
    first = forecast(model, padded, nn.functional.pad(keep, (0, 2)), WARMUP, HORIZON)
    second = forecast(model, small, keep, WARMUP, HORIZON)
    same(first, second, torch.tensor([0, 1, 2, 5, 6, 7]))


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_what_dropped_views_would_have_shown_changes_nothing(name: str, store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    model, windows = model_of(name, source), windows_of(source)
    keep = torch.tensor([True, False, False, True, False]).expand(len(windows.agents), 5)
    straight = forecast(model, windows, keep, WARMUP, HORIZON)
    shown = (windows.sees & keep[:, None, :, None]).any(2)
    unseen = windows.units.map(lambda field: torch.where(shown, field, torch.zeros_like(field)))
    kept_alive = UnitTable(
        windows.units.type,
        windows.units.team,
        unseen.x,
        unseen.y,
        unseen.health,
        unseen.shield,
        unseen.energy,
        unseen.cooldown,
        windows.units.alive,
    )
    blinded = replace(windows, units=kept_alive, actions=torch.where(keep[:, None], windows.actions, 1))
    same(straight, forecast(model, blinded, keep, WARMUP, HORIZON), torch.arange(10))


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_the_dream_is_told_nothing_but_the_actions_of_kept_agents(name: str, store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    model, windows = model_of(name, source), windows_of(source)
    keep = torch.tensor([True, False, True, True, False]).expand(len(windows.agents), 5)
    after = torch.arange(WARMUP + HORIZON) >= WARMUP
    changed = windows.units.map(lambda field: torch.where(after[:, None], torch.zeros_like(field), field))
    actions = torch.where(keep[:, None] & (windows.actions > 0), windows.actions, 1)
    forgotten = replace(
        windows,
        units=replace(changed, type=windows.units.type, team=windows.units.team),
        sees=windows.sees & ~after[:, None, None],
        actions=torch.where(after[:, None], actions, windows.actions),
    )
    straight = forecast(model, windows, keep, WARMUP, HORIZON)
    same(straight, forecast(model, forgotten, keep, WARMUP, HORIZON), torch.arange(10))


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_one_batch_can_be_overfitted(name: str, store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    model = model_of(name, source, width=64).train()
    windows = source.sample(2, 5, np.random.default_rng(2))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    losses = []
    for _ in range(200):
        loss = window_loss(model, windows, windows.agents, 4, 0)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[-20:]) < 0.15 * losses[0]


def test_batched_modules_step_like_a_loop_over_gru_cells() -> None:
    torch.manual_seed(0)
    config = preset("debug", "s2gru")[0]
    model = S2GRU(config)
    width, d = config.heads * config.head_width, config.hidden
    heard, state = torch.randn(4, config.modules, width), torch.randn(4, config.modules, d)
    batched = gru_step(model.gates_input(heard), model.gates_state(state), state)
    for m in range(config.modules):
        cell = nn.GRUCell(width, d)
        with torch.no_grad():
            cell.weight_ih.copy_(model.gates_input.weight[m].T)
            cell.weight_hh.copy_(model.gates_state.weight[m].T)
            cell.bias_ih.copy_(model.gates_input.bias[m])
            cell.bias_hh.copy_(model.gates_state.bias[m])
        torch.testing.assert_close(batched[:, m], cell(heard[:, m], state[:, m]), rtol=1e-5, atol=1e-6)


def test_modules_near_a_view_hear_it_and_distant_ones_do_not(store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    model = model_of("s2gru", source)
    assert isinstance(model, S2GRU)
    places = model.sphere.locate(torch.tensor([[-0.5, 0.0]]))
    kernel = model.sphere.kernel(model.sphere.module_points(), places)[:, 0]
    gap = (model.sphere.places - torch.tensor([-0.5, 0.0])).norm(dim=-1)
    assert kernel[gap.argmin()] > 0
    assert kernel[gap.argmax()] == 0


def test_persistence_forecasts_what_was_last_seen(store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    windows = windows_of(source)
    said = forecast(Persistence(), windows, windows.agents, WARMUP, HORIZON)
    now = windows.units.at(WARMUP - 1)
    for k in range(HORIZON):
        assert torch.equal(said.x[:, k][said.visible], now.x[said.visible])
    assert (said.alive[said.queried[:, None].expand_as(said.alive)] == 1).all()


def test_views_are_dropped_to_the_share_drawn_and_never_to_none() -> None:
    agents = torch.ones(400, 8, dtype=torch.bool)
    agents[:, 5:] = False
    keep = draw_views(agents, 0.2, stream(0, "test"))
    counts = keep.sum(1)
    assert not (keep & ~agents).any()
    assert counts.min() == 1
    assert counts.max() == 5
    assert 0.5 < counts.float().mean() / 5 < 0.7
