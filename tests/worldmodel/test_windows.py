"""Windows are the rows of their episodes, whatever is in memory; which those are depends on seed and block alone."""

import gc
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from s2rm_sc2.errors import StoreBroken, StoreMissing
from s2rm_sc2.seeds import stream
from s2rm_sc2.store import EpisodeStore, StoreWriter
from s2rm_sc2.table import FIELDS
from worldmodel.windows import HELD_OUT_EVERY, Windows, WindowSource, load_windows
from worldmodel.windows.ahead import THREAD
from worldmodel.windows.blocks import BLOCK_UPDATES, Blocks
from worldmodel.windows.pool import Layout

TIGHT = 6
"""A tight budget is one part in this many of what the stores take."""

ROOT = Path(__file__).parents[2]

Stores = list[EpisodeStore]


def tight(stores: Stores) -> int:
    return sum(store.n_rows for store in stores) * Layout.of(stores).row_bytes // TIGHT


episode_of = cache(EpisodeStore.episode)


def assert_rows_of_episodes(windows: Windows, stores: Stores) -> None:
    """Every window is what its store tells of the episode it names, at the columns of the common layout."""
    first_enemy = windows.actions.shape[-1]
    for n, (number, index, row) in enumerate(windows.origins.tolist()):
        episode, scenario = episode_of(stores[number], index), stores[number].scenario
        agents = list(range(scenario.n_agents))
        units = agents + [first_enemy + k for k in range(scenario.n_enemies)]
        real = min(windows.valid.shape[1], episode.n_rows - row)
        assert windows.valid[n].tolist() == [r < real for r in range(windows.valid.shape[1])]
        rows = slice(row, row + real)
        for name in FIELDS:
            field = getattr(windows.units, name)[n]
            np.testing.assert_array_equal(field[:real, units], episode.units[name][rows])
        np.testing.assert_array_equal(windows.actions[n, :real, agents], episode.action[rows])
        np.testing.assert_array_equal(windows.sees[n, :real][:, agents][..., units], episode.visible[rows])
        np.testing.assert_array_equal(windows.reward[n, :real], episode.reward[rows])
        np.testing.assert_array_equal(windows.terminated[n, :real], episode.terminated[rows])
        absent = [u for u in range(windows.units.x.shape[-1]) if u not in units]
        assert not windows.units.alive[n][:, absent].any()
        assert not windows.sees[n][..., absent].any()
        assert not windows.sees[n][:, [a for a in absent if a < first_enemy]].any()
        assert windows.agents[n].tolist() == [a in agents for a in range(first_enemy)]
        assert windows.size[n].tolist() == list(scenario.terrain.size)
        assert (windows.sight[n, agents] == 9).all()


def equal(one: Windows, other: Windows) -> bool:
    return (
        torch.equal(one.origins, other.origins)
        and torch.equal(one.sees, other.sees)
        and all(torch.equal(getattr(one.units, name), getattr(other.units, name)) for name in FIELDS)
    )


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_every_window_is_the_rows_of_its_episode(
    store_2s3z: EpisodeStore, store_3m: EpisodeStore, data: st.DataObject
) -> None:
    stores = data.draw(st.sampled_from([[store_2s3z], [store_3m], [store_3m, store_2s3z]]))
    budget = data.draw(st.sampled_from([1 << 30, tight(stores), 1]))
    source = WindowSource(stores, data.draw(st.sampled_from(["train", "all"])), data.draw(st.integers(0, 3)), budget)
    update, rows = data.draw(st.integers(0, 20 * BLOCK_UPDATES)), data.draw(st.sampled_from([1, 7, 100]))
    assert_rows_of_episodes(source.sample(6, rows, stream(0, "test", update), update), stores)
    source.close()


def test_named_windows_are_read_in_the_order_asked_for(store_2s3z: EpisodeStore) -> None:
    origins = [(7, 3), (0, 0), (19, 1), (7, 0)]
    windows = load_windows(store_2s3z, origins, 6)
    assert windows.origins.tolist() == [[0, episode, row] for episode, row in origins]
    assert_rows_of_episodes(windows, [store_2s3z])


def test_rows_after_the_end_of_an_episode_are_marked(store_2s3z: EpisodeStore) -> None:
    length = int(store_2s3z.lengths[4])
    windows = load_windows(store_2s3z, [(4, length - 2)], 5)
    assert windows.valid.tolist() == [[True, True, False, False, False]]


def test_scenarios_of_different_size_share_a_batch(store_2s3z: EpisodeStore, store_3m: EpisodeStore) -> None:
    windows = WindowSource([store_2s3z, store_3m], "all").sample(64, 4, stream(0, "test"))
    small = windows.origins[:, 0] == 1
    assert 0 < small.sum() < 64
    assert windows.agents.sum(1).tolist() == torch.where(small, 3, 5).tolist()
    assert windows.units.alive[small][:, 0, [0, 1, 2, 5, 6, 7]].any()


def test_held_out_episodes_are_never_trained_on(store_2s3z: EpisodeStore) -> None:
    seen = {}
    for split in ("train", "held_out"):
        origins = WindowSource([store_2s3z], split).sample(500, 4, stream(0, "test")).origins
        seen[split] = set(origins[:, 1].tolist())
    assert seen["held_out"] == {HELD_OUT_EVERY - 1, 2 * HELD_OUT_EVERY - 1}
    assert seen["train"] == set(range(20)) - seen["held_out"]


def test_every_step_is_drawn_equally_often(store_2s3z: EpisodeStore, store_3m: EpisodeStore) -> None:
    stores = [store_2s3z, store_3m]
    origins = WindowSource(stores, "all").sample(20_000, 1, stream(0, "test")).origins
    share = np.bincount(origins[:, 0] * 20 + origins[:, 1], minlength=40) / 20_000
    lengths = np.concatenate([store.lengths for store in stores])
    np.testing.assert_allclose(share, lengths / lengths.sum(), atol=0.005)


def test_windows_show_how_battles_begin_and_end(store_2s3z: EpisodeStore) -> None:
    rows = 11
    origins = WindowSource([store_2s3z], "all").sample(20_000, rows, stream(0, "test")).origins
    seen = [np.zeros(length - 1) for length in store_2s3z.lengths]  # how often each step's outcome is in a window
    for _, episode, row in origins.tolist():
        seen[episode][row : row + rows - 1] += 1
    usual = np.mean([steps[rows:-rows].mean() for steps in seen])
    assert 0.9 < np.mean([steps[-1] for steps in seen]) / usual < 1.1
    assert 0.4 < np.mean([steps[0] for steps in seen]) / usual < 0.7
    assert 0.8 < np.mean([steps[:rows].mean() for steps in seen]) / usual < 1.3


@pytest.mark.parametrize("parts", [2, 3, 8])
def test_pools_keep_to_the_budget_and_hold_every_episode_once_an_epoch(
    store_2s3z: EpisodeStore, store_3m: EpisodeStore, parts: int
) -> None:
    stores = [store_2s3z, store_3m]
    rows = sum(store.n_rows for store in stores) // parts
    wanted = [np.arange(20) % 10 != 9] * 2
    blocks = Blocks(stores, wanted, 5, rows)
    assert [blocks.of(update) for update in (0, BLOCK_UPDATES - 1, BLOCK_UPDATES)] == [0, 0, 1]
    for epoch in range(2):
        held = [np.stack(blocks.wanted(epoch * blocks.parts + part)) for part in range(blocks.parts)]
        np.testing.assert_array_equal(np.sum(held, axis=0), np.stack(wanted))
        for mask in held:
            assert sum(int(store.lengths[kept].sum()) for store, kept in zip(stores, mask, strict=True)) <= rows // 2
    assert any(
        not np.array_equal(blocks.wanted(part), blocks.wanted(blocks.parts + part)) for part in range(blocks.parts)
    )


def test_stores_that_fit_are_one_pool(store_2s3z: EpisodeStore, store_3m: EpisodeStore) -> None:
    wanted = [np.ones(20, dtype=np.bool_)] * 2
    blocks = Blocks([store_2s3z, store_3m], wanted, 5, store_2s3z.n_rows + store_3m.n_rows)
    assert blocks.of(10**6) == 0
    assert np.stack(blocks.wanted(0)).all()


def test_seed_stream_and_update_decide_a_batch(store_2s3z: EpisodeStore, store_3m: EpisodeStore) -> None:
    stores = [store_2s3z, store_3m]
    for budget in (1 << 30, tight(stores)):
        source = WindowSource(stores, "train", 3, budget)
        first, second = (source.sample(8, 4, stream(3, "batch", 1), 1) for _ in range(2))
        assert equal(first, second)
        assert not torch.equal(first.origins, source.sample(8, 4, stream(3, "batch", 2), 2).origins)
    other = WindowSource(stores, "train", 4, tight(stores))
    mine, others = ({*map(tuple, s.sample(500, 1, stream(0, "test")).origins[:, :2].tolist())} for s in (source, other))
    assert mine != others


def test_a_resumed_training_sees_what_an_uninterrupted_one_does(
    store_2s3z: EpisodeStore, store_3m: EpisodeStore
) -> None:
    """From any update on, also where the next pool was being read when the first training ended."""
    stores = [store_2s3z, store_3m]

    def batch(source: WindowSource, update: int) -> Windows:
        return source.sample(4, 5, stream(7, "batch", update), update, symmetric=True)

    whole = WindowSource(stores, "train", 7, tight(stores))
    updates = range(0, 3 * BLOCK_UPDATES, 250)
    uninterrupted = {update: batch(whole, update) for update in updates}
    for begun in (1000, 1500, 2750):
        resumed = WindowSource(stores, "train", 7, tight(stores))
        for update in range(begun, 3 * BLOCK_UPDATES, 250):
            assert equal(batch(resumed, update), uninterrupted[update])


def test_a_batch_may_be_drawn_again_after_later_ones(store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "train", 0, tight([store_2s3z]))
    before = source.sample(4, 5, stream(0, "batch"), 600)
    source.sample(4, 5, stream(0, "batch"), 5600)
    assert equal(source.sample(4, 5, stream(0, "batch"), 600), before)


@pytest.mark.parametrize("end", ["close", "drop"])
def test_no_thread_outlives_its_source(store_2s3z: EpisodeStore, end: str) -> None:
    before = set(threading.enumerate())
    source = WindowSource([store_2s3z], "train", 0, tight([store_2s3z]))
    for update in range(0, 3 * BLOCK_UPDATES, 500):
        source.sample(1, 2, stream(0, "batch"), update)
        assert len(reading(before)) <= 1
    ahead = reading(before)
    if end == "close":
        source.close()
    else:
        del source
        gc.collect()
        for thread in ahead:
            thread.join(timeout=10)
    assert not reading(before)


def reading(before: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in set(threading.enumerate()) - before if thread.name == THREAD]


def test_a_program_may_end_while_a_pool_is_read(store_2s3z: EpisodeStore) -> None:
    code = f"""
from pathlib import Path
from s2rm_sc2.seeds import stream
from s2rm_sc2.store import EpisodeStore
from worldmodel.windows import WindowSource
source = WindowSource([EpisodeStore.open(Path({str(store_2s3z.path)!r}))], "train", 0, {tight([store_2s3z])})
source.sample(1, 2, stream(0, "batch"), {BLOCK_UPDATES - 1})
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def copy(store_2s3z: EpisodeStore, tmp_path: Path) -> EpisodeStore:
    shutil.copytree(store_2s3z.path, tmp_path / "copy.zarr")
    return EpisodeStore.open(tmp_path / "copy.zarr")


def cut(store: EpisodeStore, name: str) -> None:
    for file in (store.path / name).glob("c.*"):
        file.write_bytes(file.read_bytes()[:-7])


def test_what_breaks_in_the_background_is_said_when_it_is_needed(copy: EpisodeStore) -> None:
    source = WindowSource([copy], "train", 0, tight([copy]))
    first = source.sample(4, 5, stream(0, "batch"), 0)
    cut(copy, "units/x")
    assert equal(source.sample(4, 5, stream(0, "batch"), BLOCK_UPDATES - 1), first)  # begins to read the next pool
    for _ in range(2):
        with pytest.raises(StoreBroken, match=r"Array 'units/x' .*copy.zarr is damaged"):
            source.sample(4, 5, stream(0, "batch"), BLOCK_UPDATES)


def test_only_what_windows_hold_is_read(copy: EpisodeStore, store_2s3z: EpisodeStore) -> None:
    for name in ("observation", "state", "available_actions", "position", "truncated"):
        cut(copy, name)
    for source in (WindowSource([copy], "all"), WindowSource([copy], "all", 0, tight([copy]))):
        assert_rows_of_episodes(source.sample(4, 5, stream(0, "test")), [store_2s3z])


def test_places_are_where_living_units_stand(store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "all")
    places = source.places(stream(0, "test"), 500)
    units = [store_2s3z.episode(index).units for index in range(20)]
    living = {
        (float(x), float(y))
        for table in units
        for x, y in zip(table["x"][table["alive"]] / 16 - 1, table["y"][table["alive"]] / 16 - 1, strict=True)
    }
    assert places.shape == (500, 2)
    assert {*map(tuple, places.tolist())} <= living
    turned = source.places(stream(0, "test"), 500, symmetric=True)
    assert places[:, 0].median() < 0 < turned[:, 0].quantile(0.75)  # battles are fought left of the middle


def test_no_stores_is_said() -> None:
    with pytest.raises(StoreMissing, match=r"No episode store was given.*s2rm-sc2 collect"):
        WindowSource([], "train")


Fill = Callable[[int], EpisodeStore]


@pytest.fixture
def some(store_3m: EpisodeStore, tmp_path: Path) -> Fill:
    def fill(episodes: int) -> EpisodeStore:
        with StoreWriter.open(tmp_path / "some.zarr", store_3m.settings) as writer:
            writer.append([store_3m.episode(index) for index in range(episodes)])
        return EpisodeStore.open(tmp_path / "some.zarr")

    return fill


def test_an_empty_store_is_said(some: Fill) -> None:
    with pytest.raises(StoreMissing, match=r"No episode .* yet in .*some.zarr; .*s2rm-sc2 collect --map 3m"):
        WindowSource([some(0)], "train")


def test_too_few_episodes_to_hold_any_out_is_said(some: Fill, store_2s3z: EpisodeStore) -> None:
    few = some(HELD_OUT_EVERY - 1)
    with pytest.raises(StoreMissing, match=r"No episode in .*some.zarr is held out.*at least 10.*--episodes 10"):
        WindowSource([few], "held_out")
    assert WindowSource([few], "train").sample(2, 3, stream(0, "test")).valid[:, 0].all()
    mixed = WindowSource([few, store_2s3z], "held_out").sample(50, 3, stream(0, "test"))
    assert (mixed.origins[:, 0] == 1).all()
