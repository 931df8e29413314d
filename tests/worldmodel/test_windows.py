import numpy as np
import pytest
import torch

from s2rm_sc2.errors import StoreMissing
from s2rm_sc2.seeds import stream
from s2rm_sc2.store import EpisodeStore
from worldmodel.windows import HELD_OUT_EVERY, WindowSource, load_windows


def test_a_window_is_the_rows_of_its_episode(store_2s3z: EpisodeStore) -> None:
    windows = load_windows(store_2s3z, [(0, 0), (7, 3)], 6)
    for n, (number, row) in enumerate([(0, 0), (7, 3)]):
        episode, rows = store_2s3z.episode(number), slice(row, row + 6)
        np.testing.assert_array_equal(windows.actions[n], episode.action[rows])
        np.testing.assert_array_equal(windows.sees[n], episode.visible[rows])
        for field in ("type", "team", "x", "y", "health", "shield", "cooldown", "alive"):
            np.testing.assert_array_equal(getattr(windows.units, field)[n], episode.units[field][rows])
    assert windows.valid.all()
    assert windows.origins.tolist() == [[0, 0, 0], [0, 7, 3]]


def test_rows_after_the_end_of_an_episode_are_marked(store_2s3z: EpisodeStore) -> None:
    length = int(store_2s3z.lengths[4])
    windows = load_windows(store_2s3z, [(4, length - 2)], 5)
    assert windows.valid.tolist() == [[True, True, False, False, False]]


def test_scenarios_of_different_size_share_a_batch(store_2s3z: EpisodeStore, store_3m: EpisodeStore) -> None:
    source = WindowSource([store_2s3z, store_3m], "all")
    windows = source.sample(64, 4, stream(0, "test"))
    small = windows.origins[:, 0] == 1
    assert 0 < small.sum() < 64
    assert windows.agents.sum(1).tolist() == torch.where(small, 3, 5).tolist()
    assert (windows.sight[windows.agents] == 9).all()
    missing = [3, 4, 8, 9]
    assert not windows.units.alive[small][..., missing].any()
    assert not windows.sees[small][..., missing].any()
    assert windows.units.alive[small][:, 0, [0, 1, 2, 5, 6, 7]].any()


def test_held_out_episodes_are_never_trained_on(store_2s3z: EpisodeStore) -> None:
    seen = {}
    for split in ("train", "held_out"):
        origins = WindowSource([store_2s3z], split).sample(500, 4, stream(0, "test")).origins
        seen[split] = set(origins[:, 1].tolist())
    assert seen["held_out"] == {HELD_OUT_EVERY - 1, 2 * HELD_OUT_EVERY - 1}
    assert seen["train"] == set(range(20)) - seen["held_out"]


def test_the_same_stream_draws_the_same_windows(store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "train")
    first, second = (source.sample(8, 4, stream(3, "batch", 1)) for _ in range(2))
    assert torch.equal(first.origins, second.origins)
    assert not torch.equal(first.origins, source.sample(8, 4, stream(3, "batch", 2)).origins)


def test_every_step_is_drawn_equally_often(store_2s3z: EpisodeStore) -> None:
    origins = WindowSource([store_2s3z], "all").sample(20_000, 1, stream(0, "test")).origins
    share = np.bincount(origins[:, 1], minlength=20) / 20_000
    np.testing.assert_allclose(share, store_2s3z.lengths / store_2s3z.lengths.sum(), atol=0.01)


def test_no_stores_is_said(store_3m: EpisodeStore) -> None:
    with pytest.raises(StoreMissing, match="s2rm-sc2 collect"):
        WindowSource([], "train")
