from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from s2rm_sc2.actions import FIRST_TARGET, NO_OP, STOP
from s2rm_sc2.store import EpisodeStore
from worldmodel.baselines.persistence import Persistence
from worldmodel.config import MODEL_NAMES, PRESETS, ModelName, preset, preset_of
from worldmodel.contract import CHANGE_FIELDS, LocalMap, Observation, Predictor
from worldmodel.dream import Forecast, Guided, at_places, forecast, last_orders, places_loss, units_loss, watch
from worldmodel.model import WorldModel
from worldmodel.models import MODELS, build, parameter_count
from worldmodel.places import draw_places, world
from worldmodel.s2rm import S2RM, Ablation, Modules
from worldmodel.s2rm_local import LocalS2GRU
from worldmodel.tokens import ask, observe
from worldmodel.windows import Windows, WindowSource, draw_views

WARMUP, HORIZON = 5, 3
ROWS = WARMUP + HORIZON
TRAINED: list[ModelName] = list(MODELS)
ALL = [*TRAINED, "persistence"]
OF_PLACES = [name for name in TRAINED if name not in ("unit-gru", "transformer")]
TO_THE_BIT = ("s2gru", "s2rmc", "s2gru-literal", "s2gru-local", "lstm", "persistence")
"""Models whose answers do not depend on how many rows are padded; the others round products of other shapes."""
S2RMS: list[ModelName] = [name for name in TRAINED if name.startswith("s2")]


def trained(name: str, source: WindowSource, width: int = 16) -> WorldModel:
    torch.manual_seed(3)
    config = preset("debug", name)[0]
    model = build(replace(config, width=width))
    model.calibrate(source.places(np.random.default_rng(0)))
    return model.eval()


def model_of(name: str, source: WindowSource) -> Predictor:
    return Persistence() if name == "persistence" else trained(name, source)


def windows_of(source: WindowSource, count: int = 6, rows: int = ROWS) -> Windows:
    return source.sample(count, rows, np.random.default_rng(5))


def some_views(windows: Windows, seed: int = 1) -> Tensor:
    return draw_views(windows.agents, windows.valid.shape[1], 0.4, seed % 2 == 0, np.random.default_rng(seed))


def permuted(windows: Windows, agents: Tensor, enemies: Tensor) -> Windows:
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
        sight=windows.sight[:, agents],
    )


def same(first: Forecast, second: Forecast, rows: Tensor, tolerance: float = 0.0) -> None:
    """Equal for the queried units; to the bit unless tensors had other shapes, whose sums are rounded differently."""
    queried = first.queried[:, rows]
    assert torch.equal(queried, second.queried)
    assert queried.any()
    for name in ("x", "y", "health", "shield", "alive"):
        a, b = getattr(first, name)[..., rows], getattr(second, name)
        mask = queried[:, None].expand_as(a)
        torch.testing.assert_close(a[mask], b[mask], rtol=tolerance, atol=tolerance)


def answers(model: WorldModel, observation: Observation, places: Tensor) -> LocalMap:
    encoded = model.encode(observation)
    memory, _ = model.window(model.start(observation), encoded)
    return model.read_places(memory, encoded, world(places))


def close(first: LocalMap, second: LocalMap, tolerance: float = 1e-4) -> None:
    torch.testing.assert_close(first.log_rates, second.log_rates, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(first.points, second.points, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", ALL)
def test_permuting_agents_and_enemies_permutes_the_forecast(name: str, store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    model, windows = model_of(name, source), windows_of(source)
    keep = some_views(windows)
    agents, enemies = torch.tensor([3, 0, 4, 1, 2]), torch.tensor([1, 4, 0, 2, 3])
    straight = forecast(model, windows, keep, WARMUP, HORIZON)
    shuffled = forecast(model, permuted(windows, agents, enemies), keep[..., agents], WARMUP, HORIZON)
    same(straight, shuffled, torch.cat([agents, 5 + enemies]), tolerance=1e-4)  # sums in another order


@pytest.mark.parametrize("name", OF_PLACES)
def test_the_order_of_tokens_leaves_answers_about_places_as_they_are(name: str, store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    model, windows = trained(name, source), windows_of(source)
    keep = some_views(windows, seed=2)
    seen = observe(watch(model, windows, keep, ROWS).belief, windows.actions, keep, windows.sight[:, None])
    assert seen.present.any()
    order = torch.tensor([7, 2, 9, 0, 1, 8, 3, 6, 5, 4])
    other = Observation(*(getattr(seen, part)[:, :, order] for part in vars(seen)))
    places = draw_places(windows, ROWS, 6, np.random.default_rng(0))
    close(answers(model, seen, places), answers(model, other, places))  # sums in another order


@pytest.mark.parametrize("name", ALL)
def test_rows_that_a_scenario_lacks_change_nothing(name: str, store_2s3z: EpisodeStore, store_3m: EpisodeStore) -> None:
    alone, mixed = WindowSource([store_3m], "all"), WindowSource([store_3m, store_2s3z], "all")
    model = model_of(name, mixed)
    origins = [(0, 0), (3, 2)]
    small, padded = (source.take(origins, ROWS) for source in (alone, mixed))
    real = torch.tensor([0, 1, 2, 5, 6, 7])
    keep = torch.ones(2, ROWS, 5, dtype=torch.bool)
    first = forecast(model, padded, keep, WARMUP, HORIZON)
    second = forecast(model, small, keep[..., :3], WARMUP, HORIZON)
    same(first, second, real, tolerance=0.0 if name in TO_THE_BIT else 1e-5)
    missing = torch.ones(10, dtype=torch.bool).index_fill(0, real, value=False)
    units = replace(
        padded.units,
        **{field: getattr(padded.units, field).masked_fill(missing, 7.0) for field in ("x", "y", "health", "cooldown")},
    )
    same(first, forecast(model, replace(padded, units=units), keep, WARMUP, HORIZON), torch.arange(10))


@pytest.mark.parametrize("name", ALL)
def test_what_dropped_views_would_have_shown_changes_nothing(name: str, store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    model, windows = model_of(name, source), windows_of(source)
    keep = some_views(windows, seed=2) | (torch.arange(5) == 3)
    shown = (windows.sees & keep[..., None]).any(2)
    assert not shown.all()
    units = windows.units
    unseen = units.map(lambda field: torch.where(shown, field, torch.zeros_like(field)))
    unseen = replace(unseen, type=units.type, team=units.team, alive=units.alive)
    blinded = replace(windows, units=unseen, actions=torch.where(keep, windows.actions, STOP))
    straight = forecast(model, windows, keep, WARMUP, HORIZON)
    same(straight, forecast(model, blinded, keep, WARMUP, HORIZON), torch.arange(10))


@pytest.mark.parametrize("name", ALL)
def test_the_dream_is_told_nothing_but_the_actions_of_kept_agents(name: str, store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    model, windows = model_of(name, source), windows_of(source)
    keep = torch.tensor([True, False, True, True, False]).expand(len(windows.agents), ROWS, 5)
    after = (torch.arange(ROWS) >= WARMUP)[:, None]
    changed = windows.units.map(lambda field: torch.where(after, torch.zeros_like(field), field))
    forgotten = replace(
        windows,
        units=replace(changed, type=windows.units.type, team=windows.units.team),
        sees=windows.sees & ~after[..., None],
        actions=torch.where(after, torch.where(keep, windows.actions, STOP).clamp(min=STOP), windows.actions),
    )
    straight = forecast(model, windows, keep, WARMUP, HORIZON)
    same(straight, forecast(model, forgotten, keep, WARMUP, HORIZON), torch.arange(10))


@pytest.mark.parametrize("name", ALL)
def test_a_window_at_once_equals_one_step_at_a_time(name: str, store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    rows = 24  # longer than any memory of past tokens
    model, windows = model_of(name, source), windows_of(source, 2, rows)
    keep = some_views(windows, seed=2)
    guided = watch(model, windows, keep, rows)
    belief, actions = guided.belief, windows.actions
    change, outcome = model.read_units(guided.memory, guided.encoded, ask(belief, actions, keep))
    places = draw_places(windows, rows, 4, np.random.default_rng(0))
    seen, queries = observe(belief, actions, keep, windows.sight[:, None]), ask(belief, actions, keep)
    memory = model.start(seen)
    for t in range(rows):
        now = slice(t, t + 1)
        encoded = model.encode(Observation(*(getattr(seen, part)[:, now] for part in vars(seen))))
        reading, memory = model.window(memory, encoded)
        asked = replace(queries, **{part: getattr(queries, part)[:, now] for part in vars(queries)})
        said, ending = model.read_units(reading, encoded, asked)
        for field in CHANGE_FIELDS:
            torch.testing.assert_close(getattr(said, field), getattr(change, field)[:, now], rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(ending.reward, outcome.reward[:, now], rtol=1e-4, atol=1e-4)
        if isinstance(model, WorldModel) and model.answers_places:
            at_once = at_places(model, guided, places)
            step = Guided(belief, encoded, reading, memory)
            close(at_places(model, step, places[:, now]), LocalMap(at_once.log_rates[:, now], at_once.points[:, now]))
    after = [model.read_units(model.window(last, encoded)[0], encoded, asked)[0] for last in (memory, guided.last)]
    for field in CHANGE_FIELDS:
        torch.testing.assert_close(*(getattr(said, field) for said in after), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", TRAINED)
def test_one_batch_can_be_overfitted(name: str, store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    model = trained(name, source, width=32).train()
    windows = source.sample(1, 3, np.random.default_rng(2))
    keep = windows.agents[:, None].expand(-1, 3, -1)
    places = draw_places(windows, 2, 4, np.random.default_rng(0))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    losses = []
    for _ in range(60):
        loss = units_loss(model, windows, keep, 2, 0)
        if model.answers_places:
            loss = loss + places_loss(model, windows, keep, places)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[-5:]) < 0.25 * losses[0]


@pytest.mark.parametrize(
    ("name", "ablation"),
    [(name, part) for name in S2RMS for part in (LocalS2GRU if name == "s2gru-local" else S2RM).ablations],
)
def test_each_ablation_changes_what_an_s2rm_answers(name: str, ablation: Ablation, store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    model, windows = trained(name, source), windows_of(source)
    assert isinstance(model, Modules)
    keep = some_views(windows)
    places = draw_places(windows, ROWS, 6, np.random.default_rng(0))

    def said() -> LocalMap:
        return at_places(model, watch(model, windows, keep, ROWS), places)

    whole = said()
    model.ablate(ablation)
    assert (said().log_rates - whole.log_rates).abs().max() > 1e-5
    model.ablate("none")
    close(said(), whole, tolerance=0.0)


def test_a_state_that_is_reset_answers_the_first_step_as_ever_and_then_forgets(store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    model, windows = trained("s2gru", source), windows_of(source)
    assert isinstance(model, Modules)
    keep = some_views(windows)
    whole = watch(model, windows, keep, ROWS).memory[0]
    model.ablate("reset")
    reset = watch(model, windows, keep, ROWS).memory[0]
    assert torch.equal(whole[:, 0], reset[:, 0])
    assert not torch.equal(whole[:, 1], reset[:, 1])


def test_modules_near_a_view_hear_it_and_distant_ones_do_not(store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    model = trained("s2gru", source)
    assert isinstance(model, Modules)
    place = source.places(np.random.default_rng(1))[:1]
    reach = model.reach(place)[:, 0]
    gap = (model.sphere.places - place).norm(dim=-1)
    assert reach[gap.argmin()] > 0
    assert reach[gap.argmax()] == 0
    assert (model.reach(place, torch.tensor([False])) == 0).all()


def test_persistence_forecasts_what_was_last_seen(store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    windows = windows_of(source)
    keep = windows.agents[:, None].expand(-1, ROWS, -1)
    said = forecast(Persistence(), windows, keep, WARMUP, HORIZON)
    now = windows.units.at(WARMUP - 1)
    for k in range(HORIZON):
        assert torch.equal(said.x[:, k][said.visible], now.x[said.visible])
    assert (said.alive[said.queried[:, None].expand_as(said.alive)] == 1).all()


@pytest.mark.parametrize(("task", "width"), [("units", 64), ("places", 128)])
def test_models_of_the_small_preset_have_equal_readouts_and_about_as_many_parameters(task: str, width: int) -> None:
    names = ("s2gru", "s2rmc", "s2gru-literal", "lstm", "rmc", "rim")
    counts = [parameter_count(build(preset("small", name, task=task)[0])) for name in names]
    assert max(counts) < 1.2 * min(counts)
    assert {preset("small", name, task=task)[0].width for name in TRAINED} == {width}


def test_every_model_of_every_preset_can_be_built() -> None:
    for size in ("debug", "small", "paper"):
        for name in TRAINED:
            assert isinstance(build(preset(size, name)[0]), nn.Module)


def test_the_dead_of_a_record_keep_their_last_order_in_a_dream() -> None:
    actions = torch.tensor([[[FIRST_TARGET, NO_OP], [STOP, NO_OP], [NO_OP, NO_OP], [NO_OP, NO_OP]]])
    assert last_orders(actions)[0].T.tolist() == [[FIRST_TARGET, STOP, STOP, STOP], [NO_OP] * 4]


@pytest.mark.parametrize("name", OF_PLACES)
def test_how_far_somebody_sees_who_is_not_there_changes_nothing(name: str, store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    model, windows = trained(name, source), windows_of(source)
    keep = some_views(windows)
    seen = observe(watch(model, windows, keep, ROWS).belief, windows.actions, keep, windows.sight[:, None])
    places = draw_places(windows, ROWS, 6, np.random.default_rng(0))
    far = replace(seen, sight=torch.where(seen.present, seen.sight, 9.0))
    close(answers(model, far, places), answers(model, seen, places), tolerance=0.0)


def test_a_training_is_known_as_one_of_its_preset_however_long_it_was_and_as_of_none_if_changed() -> None:
    for name in PRESETS:
        for model in MODEL_NAMES:
            sizes, training = (asdict(part) for part in preset(name, model, minutes=3.0, task="places"))
            assert preset_of(sizes, training) == name
            assert preset_of(sizes, {**training, "batch": 3}) is None
            assert preset_of({**sizes, "width": 7}, training) is None
