from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from s2rm_sc2 import scenarios
from s2rm_sc2.actions import FIRST_TARGET
from s2rm_sc2.backends.bounds import Bounds
from s2rm_sc2.backends.learned import LearnedBackend
from s2rm_sc2.backends.starts import Recorded, Spawns
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument, ScenarioUnsupported
from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.table import FIELDS, UnitTable
from s2rm_sc2.units import UNIT_TYPES
from tests.dreams import simulator
from tests.invariants import check_ground, check_numbers
from worldmodel.contract import WALK
from worldmodel.dream import dream, say, watch
from worldmodel.windows import load_windows

MODELS = ["s2gru-local", "s2gru", "lstm", "tto8", "unit-gru", "transformer", "learned-table"]


def dreamed(backend: LearnedBackend, steps: int, seed: int = 0) -> list[UnitTable]:
    """The tables of some steps of random orders, each battle with its own."""
    scenario, tables = backend.scenario, [backend.units]
    orders = [np.random.default_rng([seed, battle]) for battle in range(backend.n_battles)]
    most = FIRST_TARGET + scenario.n_enemies
    for _ in range(steps):
        backend.step(torch.tensor(np.array([rng.integers(1, most, scenario.n_agents) for rng in orders])))
        tables.append(backend.units)
    return tables


def same(one: UnitTable, other: UnitTable) -> bool:
    return all(torch.equal(getattr(one, name), getattr(other, name)) for name in FIELDS)


def close(one: UnitTable, other: UnitTable, apart: float = 1e-3) -> bool:
    return all(torch.allclose(getattr(one, name).float(), getattr(other, name).float(), atol=apart) for name in FIELDS)


@pytest.mark.parametrize("name", MODELS)
def test_equal_seeds_dream_equal_dreams_and_others_do_not(name: str) -> None:
    scenario, model = scenarios.get("2s3z"), simulator(name)
    once, again = (dreamed(LearnedBackend(scenario, 3, model), 4)[-1] for _ in range(2))
    assert same(once, again)
    elsewhere = LearnedBackend(scenario, 3, model)
    elsewhere.reset([7, 1, 2])
    other = dreamed(elsewhere, 4)[-1]
    assert not torch.equal(other.x[0], once.x[0])
    assert torch.equal(other.x[1:], once.x[1:])


@pytest.mark.parametrize("name", MODELS)
def test_a_battle_dreams_the_same_alone_and_in_a_batch(name: str) -> None:
    scenario, model = scenarios.get("2s3z"), simulator(name)
    together = dreamed(LearnedBackend(scenario, 256, model), 4)[-1]
    for battle in (0, 3, 255):
        alone = LearnedBackend(scenario, 1, model)
        alone.reset([battle])
        orders = np.random.default_rng([0, battle])
        for _ in range(4):
            alone.step(torch.tensor(orders.integers(1, FIRST_TARGET + 5, (1, 5))))
        assert close(alone.units, together[battle : battle + 1])


def test_a_reset_battle_begins_anew_and_the_others_go_on() -> None:
    scenario, model = scenarios.get("2s3z"), simulator()
    backend, steady = LearnedBackend(scenario, 3, model), LearnedBackend(scenario, 3, model)
    for each in (backend, steady):
        dreamed(each, 2)
    backend.reset([5], battles=[1])
    begun = Spawns(scenario).draw([5]).units.at(-1)
    assert same(backend.units[1:2], begun)
    after, expected = dreamed(backend, 3)[-1], dreamed(steady, 3)[-1]
    assert same(after[0:1], expected[0:1])
    assert same(after[2:3], expected[2:3])
    fresh = LearnedBackend(scenario, 3, model)
    fresh.reset([0, 5, 2])
    assert close(after[1:2], dreamed(fresh, 3)[-1][1:2])


def test_battles_that_are_not_active_stand_still() -> None:
    backend = LearnedBackend(scenarios.get("2s3z"), 2, simulator())
    before, stop = backend.units, torch.ones(2, 5, dtype=torch.int64)
    backend.step(stop, torch.tensor([True, False]))
    assert same(backend.units[1:], before[1:])
    assert not torch.equal(backend.units.x[0], before.x[0])
    assert backend.report().unit_steps == 10  # of the battle that was played
    waited, steady = backend, LearnedBackend(scenarios.get("2s3z"), 2, simulator())
    waited.step(stop, torch.tensor([False, True]))
    steady.step(stop)
    assert close(waited.units, steady.units)


def shuffled(table: UnitTable, order: Tensor) -> UnitTable:
    return table.map(lambda field: field[..., order])


@pytest.mark.parametrize("name", ["s2gru-local", "lstm", "transformer"])
def test_agents_of_a_type_in_another_order_dream_the_same_in_that_order(name: str) -> None:
    scenario, model = scenarios.get("2s3z"), simulator(name)
    start = Spawns(scenario).draw([1, 2])
    order = torch.tensor([1, 0, 4, 2, 3, *range(5, 10)])
    plain, mixed = (LearnedBackend(scenario, 2, model, sampled=False) for _ in range(2))
    plain.begin(start, [1, 2])
    mixed.begin(replace(start, units=shuffled(start.units, order)), [1, 2])
    rng = np.random.default_rng(0)
    for _ in range(4):
        actions = torch.tensor(rng.integers(1, FIRST_TARGET + 5, (2, 5)))
        plain.step(actions)
        mixed.step(actions[:, order[:5]])
    assert close(shuffled(plain.units, order), mixed.units, 1e-4)


@pytest.mark.parametrize("name", ["3s5z", "MMM", "corridor", "3x2s3z", "protoss_5_vs_5"])
def test_any_scenario_of_known_types_is_dreamed_within_its_bounds(name: str) -> None:
    scenario = scenarios.get(name)
    backend = LearnedBackend(scenario, 4, simulator())
    tables = dreamed(backend, 6)
    for before, after in pairwise(tables):
        check_numbers(after)
        check_ground(after, scenario)
        assert not (after.alive & ~before.alive).any()
    report = backend.report()
    assert report.unit_steps <= 4 * 6 * scenario.n_units
    assert all(0.0 <= share <= 1.0 for share in report.acted.values())


def test_average_outcomes_do_not_depend_on_the_seed_but_sampled_ones_scatter_around_them() -> None:
    scenario, model = scenarios.get("2s3z"), simulator()
    start, stop = Spawns(scenario).draw([4] * 300), torch.ones(300, 5, dtype=torch.int64)
    y = (4.0 + 5.0 * torch.arange(5.0)).repeat(2)  # five duels, far from each other, in reach and not touching
    x = torch.cat([torch.full((5,), 15.0), torch.full((5,), 16.05)])
    start = replace(start, units=replace(start.units, x=x.expand_as(start.units.x), y=y.expand_as(start.units.y)))
    mean, drawn = (LearnedBackend(scenario, 300, model, sampled=sampled) for sampled in (False, True))
    for backend in (mean, drawn):
        backend.begin(start, range(300))
        backend.step(stop)
    points = [backend.units.health + backend.units.shield for backend in (mean, drawn)]
    assert (points[0] - points[0][:1]).abs().max() < 1e-4
    assert (points[1].std(0) > 0.2).all()
    assert (points[1].where(drawn.units.alive, torch.nan).nanmean(0) - points[0][0]).abs().max() < 3.0
    assert (drawn.units.cooldown.std(0) > 1.0).any()
    went = torch.hypot(drawn.units.x - start.units.x[:, -1], drawn.units.y - start.units.y[:, -1])[drawn.units.alive]
    assert 0.02 < (went > WALK + 1e-3).float().mean() < 0.98  # some walk and some stand


def test_enemies_that_nobody_has_seen_follow_their_order() -> None:
    scenario = scenarios.get("1z")  # attack-move to (9, 16); nobody else's body is in the way
    backend = LearnedBackend(scenario, 2, simulator())
    before, stop = backend.units, torch.ones(2, 1, dtype=torch.int64)
    backend.step(stop)
    dx, dy = 9.0 - before.x[:, 1], 16.0 - before.y[:, 1]
    stride = 1.125 / torch.hypot(dx, dy)
    assert torch.allclose(backend.units.x[:, 1], before.x[:, 1] + stride * dx, atol=1e-4)
    assert torch.allclose(backend.units.y[:, 1], before.y[:, 1] + stride * dy, atol=1e-4)
    assert torch.equal(backend.units.health[:, 1], before.health[:, 1])
    for _ in range(6):
        backend.step(stop)
    marched = before.x[:, 1] + 7 * stride * dx
    assert ((backend.units.x[:, 1] - marched).abs() > 0.01).all()  # in sight by now: the model's


def test_unseen_enemies_of_a_field_walk_to_their_own_fight() -> None:
    scenario = scenarios.get("3x1z")
    backend = LearnedBackend(scenario, 1, simulator())
    before = place(backend.units)[0]
    backend.step(torch.ones(1, 3, dtype=torch.int64))
    goals = torch.tensor([(group.x, group.y) for group in scenario.allies])
    nearer = (before[3:] - goals).norm(dim=-1) - (place(backend.units)[0, 3:] - goals).norm(dim=-1)
    assert torch.allclose(nearer, torch.tensor(1.125), atol=1e-3)


def test_unseen_enemies_hunt_or_stand_where_that_is_their_order() -> None:
    hunted = LearnedBackend(scenarios.get("protoss_5_vs_5"), 8, simulator())
    before = hunted.units
    hunted.step(torch.ones(8, 5, dtype=torch.int64))
    far = torch.cdist(place(before)[:, 5:], place(before)[:, :5])
    sight = torch.tensor([unit.sight for unit in UNIT_TYPES])[before.type[:, :5]]
    unseen = (far >= sight[:, None]).all(-1)
    assert unseen.any()
    nearer = torch.cdist(place(hunted.units)[:, 5:], place(before)[:, :5]).amin(-1) < far.amin(-1)
    assert nearer[unseen].all()
    standing = LearnedBackend(scenarios.get("2s_vs_1sc"), 1, simulator())
    before = standing.units
    standing.step(torch.ones(1, 2, dtype=torch.int64))
    assert torch.equal(standing.units.x[:, 2:], before.x[:, 2:])


def place(units: UnitTable) -> Tensor:
    return torch.stack([units.x, units.y], -1)


def test_it_dreams_what_the_models_own_rollout_dreams(store_3m: EpisodeStore) -> None:
    """Views first, then the model alone: the simulator is the rollout of training and evaluation, bounded."""
    watched, sim, store = 9, simulator(), store_3m
    alive = store.read("units/alive", 0, store.n_rows)
    lit = np.asarray((store.read("visible", 0, store.n_rows).any(1) | ~alive).all(1))  # everyone alive is in sight
    rows = store.starts[store.lengths > watched + 2] + watched
    rows = rows[lit[rows - 1] & lit[rows]]
    episodes = np.searchsorted(store.starts, rows, side="right") - 1
    windows = load_windows(store, [(int(episode), 0) for episode in episodes], watched + 2)
    with torch.no_grad():
        keep = torch.ones_like(windows.actions, dtype=torch.bool)
        guided = watch(sim.model, windows, keep, watched + 1)
        change = say(sim.model, guided, windows, keep)[0].at(watched)
        told = dream(sim.model, guided, change, windows, keep, 1)[0].belief
    recorded = Recorded(store, watch=watched)
    backend = LearnedBackend(store.scenario, len(rows), sim, sampled=False, starts=recorded)
    backend.begin(recorded.at(rows), range(len(rows)))
    before = backend.units
    backend.step(windows.actions[:, watched])
    held = Bounds(store.scenario, sim.device).hold(before, told.units, windows.actions[:, watched]).units
    assert told.known.sum() > 20
    # Bodies that this wild model puts into one place push each other apart, and magnify rounding.
    for name, tolerance in (("x", 0.05), ("y", 0.05), ("health", 0.01), ("shield", 0.01), ("cooldown", 0.01)):
        held_to, played = getattr(held, name)[told.known], getattr(backend.units, name)[told.known]
        assert torch.allclose(held_to, played, atol=tolerance)


def test_it_begins_where_a_recorded_battle_stood(store_2s3z: EpisodeStore) -> None:
    recorded = Recorded(store_2s3z, watch=4)
    backend = LearnedBackend(store_2s3z.scenario, 40, simulator(), starts=recorded)
    backend.reset(range(40))
    x, last = store_2s3z.read("units/x", 0, store_2s3z.n_rows), store_2s3z.starts + store_2s3z.lengths - 1
    rows = [int(np.flatnonzero((x == row).all(1))[0]) for row in backend.units.x.numpy()]
    assert len(set(rows)) > 30
    assert not set(rows) & set(last.tolist())
    assert not set(rows) <= set(store_2s3z.starts.tolist())
    backend.reset(range(40))
    assert torch.equal(torch.from_numpy(x[rows]), backend.units.x)
    spawned = LearnedBackend(store_2s3z.scenario, 9, simulator(), starts=Recorded(store_2s3z, midst=False))
    spawned.reset(range(9))
    assert {int(np.flatnonzero((x == row).all(1))[0]) for row in spawned.units.x.numpy()} <= set(store_2s3z.starts)


def test_every_moment_of_a_store_is_drawn_but_the_ends_of_battles(store_2s3z: EpisodeStore) -> None:
    n, names = store_2s3z.n_rows, ("x", "y", "health", "shield", "cooldown")
    rows = np.concatenate([store_2s3z.read(f"units/{name}", 0, n) for name in names], axis=1).astype(np.float32)
    ends = store_2s3z.starts + store_2s3z.lengths - 1
    units = Recorded(store_2s3z, watch=0).draw(range(20 * n)).units.at(-1)
    drawn = {row.tobytes() for row in np.concatenate([getattr(units, name).numpy() for name in names], axis=1)}
    assert drawn == {row.tobytes() for row in np.delete(rows, ends, axis=0)}
    assert not drawn & {row.tobytes() for row in rows[ends]}


def test_a_battle_too_young_is_watched_for_as_long_as_it_has_gone_on(store_2s3z: EpisodeStore) -> None:
    row = int(store_2s3z.starts[1]) + 2
    long, short = (Recorded(store_2s3z, watch=watch).at(np.array([row, row + 9])) for watch in (6, 2))
    assert long.watched.tolist() == [[False] * 4 + [True] * 2, [True] * 6]
    assert short.watched.all()
    model = simulator()
    dreams = []
    for start in (long, short):
        backend = LearnedBackend(store_2s3z.scenario, 2, model, sampled=False)
        backend.begin(start, [0, 0])
        dreams.append(dreamed(backend, 2)[-1])
    assert close(dreams[0][:1], dreams[1][:1], 1e-5)  # the younger battle: both have watched all there is
    assert not close(dreams[0][1:], dreams[1][1:], 1e-5)


def test_what_the_model_does_not_know_is_refused_by_name() -> None:
    model = simulator(unit_types=("stalker", "zealot"))
    LearnedBackend(scenarios.get("5s3z"), 1, model)
    with pytest.raises(ScenarioUnsupported, match=r"colossus, which this model .* knows stalker, zealot"):
        LearnedBackend(scenarios.get("1c3s5z"), 1, model)
    with pytest.raises(ScenarioUnsupported, match="colossus"):
        LearnedBackend(scenarios.get("protoss_5_vs_5"), 1, model)


def test_misuse_is_refused_in_a_sentence(store_2s3z: EpisodeStore) -> None:
    scenario, model = scenarios.get("3s5z"), simulator()
    made = partial(LearnedBackend, scenario, model=model)
    with pytest.raises(BadArgument, match="at least 1"):
        made(0)
    with pytest.raises(BadArgument, match=r"of 2s3z, not of 3s5z"):
        made(1, starts=Recorded(store_2s3z))
    with pytest.raises(BadArgument, match="one per agent"):
        made(1, keep=torch.ones(3))
    with pytest.raises(BadArgument, match="as many seeds"):
        made(2).reset([1])
    with pytest.raises(BadArgument, match="0 or more"):
        Recorded(store_2s3z, watch=-1)


def test_views_that_are_not_kept_do_not_reach_the_model() -> None:
    scenario, model = scenarios.get("2s3z"), simulator()
    keep = torch.tensor([True, False, False, False, False])
    worlds = [LearnedBackend(scenario, 1, model, sampled=False, keep=keep) for _ in range(2)]
    for world, order in zip(worlds, (1, 2), strict=True):
        world.step(torch.tensor([[1, order, order, order, order]]))
    assert same(worlds[0].units, worlds[1].units)
    told = LearnedBackend(scenario, 1, model, sampled=False)
    told.step(torch.tensor([[1, 2, 2, 2, 2]]))
    assert not close(told.units, worlds[0].units, 1e-5)


def test_it_plays_under_smacs_rules(store_2s3z: EpisodeStore) -> None:
    scenario = replace(scenarios.get("2s3z"), limit=9)
    battles = BatchedBattles(scenario, 8, LearnedBackend(scenario, 8, simulator()))
    battles.reset(range(8))
    rng = torch.Generator().manual_seed(0)
    while not battles.done.all():
        masks = battles.available_actions()
        assert torch.equal(masks[..., 0], ~battles.units.alive[:, :5])
        before = battles.units
        result = battles.step((masks * torch.rand(masks.shape, generator=rng)).argmax(-1))
        points = (before.health + before.shield - battles.units.health - battles.units.shield)[:, 5:].sum(-1)
        assert ((points > 1.0) <= (result.reward > 0.0)).all()
    assert (result.truncated | result.terminated).all()
    assert battles.backend.describe()["backend"] == "learned"
