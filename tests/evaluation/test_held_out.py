import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from collectors.policies import policy
from collectors.rollout import settings_of
from evaluation.held_out import (
    HORIZON,
    NEEDED,
    POLICY,
    PURPOSE,
    WARMUP,
    WINDOWS_PER_EPISODE,
    HeldOut,
    held_out,
    refuse_peeking,
    window_origins,
)
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import get
from s2rm_sc2.store import EpisodeStore, StoreWriter

ROWS = WARMUP + HORIZON
SHORTEST = WARMUP + NEEDED


@pytest.fixture(scope="module")
def test_2s3z(tmp_path_factory: pytest.TempPathFactory) -> HeldOut:
    return held_out(get("2s3z"), tmp_path_factory.mktemp("tests"), episodes=4, seed=1, progress=False)


def whole(keep: Tensor) -> Tensor:
    """Whose views are kept throughout, ``[N, A]``: these do not blink."""
    assert keep.shape[1] == ROWS
    assert (keep == keep[:, :1]).all()
    return keep[:, 0]


@given(st.lists(st.integers(1, 200), min_size=1, max_size=8), st.integers(0, 3))
def test_windows_fit_their_episodes_and_spread_over_them(lengths: list[int], seed: int) -> None:
    origins = window_origins(np.array(lengths), "2s3z", seed)
    assert len(set(origins)) == len(origins)
    assert all(0 <= row <= lengths[episode] - SHORTEST for episode, row in origins)
    for episode, length in enumerate(lengths):
        rows = [row for of, row in origins if of == episode]
        places = max(0, length - SHORTEST + 1)
        assert len(rows) == min(places, WINDOWS_PER_EPISODE)
        if places >= 8:
            assert min(rows) <= places / 4
            assert max(rows) >= places * 3 / 4 - 1


@pytest.mark.parametrize(("share", "agents"), [(0.2, 1), (0.4, 2), (0.6, 3), (0.8, 4), (1.0, 5)])
def test_a_share_keeps_that_many_agents_and_always_a_living_one(test_2s3z: HeldOut, share: float, agents: int) -> None:
    keep = whole(test_2s3z.kept(share))
    living = test_2s3z.windows.units.alive[:, WARMUP - 1, :5]
    watched = living.any(1)
    assert (keep & living).any(1)[watched].all()
    assert ((keep.sum(1) == agents) | (keep.sum(1) == agents + 1)).all()
    untouched = living.all(1)
    assert untouched.any()
    assert (keep.sum(1)[untouched] == agents).all()


def test_fewer_views_are_a_part_of_more_views_and_the_same_every_time(test_2s3z: HeldOut) -> None:
    few, many = whole(test_2s3z.kept(0.4)), whole(test_2s3z.kept(0.8))
    untouched = test_2s3z.windows.units.alive[:, WARMUP - 1, :5].all(1)
    assert (many | ~few)[untouched].all()
    assert (few == whole(test_2s3z.kept(0.4))).all()
    for episode in set(test_2s3z.episodes.tolist()):
        assert few[torch.from_numpy(test_2s3z.episodes == episode)].all(0).sum() == 2  # in all windows the same agents
    assert few.all(0).sum() < 2  # in another episode others


def test_blinking_views_are_those_of_the_share_on_a_third_of_the_time(test_2s3z: HeldOut) -> None:
    few, many = test_2s3z.blinking(0.4), test_2s3z.blinking(1.0)
    assert (many | ~few).all()
    assert (few == test_2s3z.blinking(0.4)).all()
    assert few.any(1).sum(1).max() <= 2
    assert 0.2 < many.float().mean() < 0.47
    assert (many[:, 1:] != many[:, :-1]).any()
    assert not (many == many[:1]).all()  # windows blink each in their own way


def test_views_by_step_are_the_share_at_every_row_and_other_agents_at_the_next(test_2s3z: HeldOut) -> None:
    keep = test_2s3z.stepwise(0.4)
    assert (keep.sum(-1) == 2).all()
    assert (keep == test_2s3z.stepwise(0.4)).all()
    assert (test_2s3z.stepwise(0.8) | ~keep).all()
    assert keep.float().mean((0, 1)).min() > 0.3
    assert (keep[:, 1:] != keep[:, :-1]).any(-1).float().mean() > 0.7
    assert test_2s3z.stepwise(1.0).all()
    assert (test_2s3z.stepwise(0.05).sum(-1) == 1).all()


def test_windows_that_outlast_their_battle_say_so(test_2s3z: HeldOut) -> None:
    valid = test_2s3z.windows.valid
    assert valid[:, :SHORTEST].all()
    assert not valid.all()
    ends = test_2s3z.windows.terminated & valid
    assert not ends[:, 1:][valid[:, 1:] & ~valid[:, :-1]].any()
    assert (valid.sum(1) >= SHORTEST).all()


def test_a_model_trained_on_test_battles_is_refused(tmp_path: Path, store_2s3z: EpisodeStore) -> None:
    test = held_out(get("3m"), tmp_path, episodes=3, seed=0, progress=False)
    store = EpisodeStore.open(next(tmp_path.glob("*.zarr")))
    seen = [("3m", store.fingerprint())]
    with pytest.raises(BadArgument, match=r"oracle in runs/o was trained on test battles of 3m .*--seed"):
        refuse_peeking(seen, "oracle in runs/o", [test])
    longer = held_out(get("3m"), tmp_path, episodes=5, seed=0, progress=False)
    with pytest.raises(BadArgument, match="has seen the answers"):
        refuse_peeking(seen, "oracle", [longer])  # the store has grown since
    refuse_peeking([("2s3z", store_2s3z.fingerprint())], "honest", [test, longer])


def test_an_empty_store_of_test_battles_is_filled(tmp_path: Path) -> None:
    path = tmp_path / f"3m-{PURPOSE}-seed0.zarr"
    player = policy(POLICY)
    with StoreWriter.open(path, settings_of(get("3m"), player, 0, PURPOSE)):
        pass
    assert EpisodeStore.open(path).n_episodes == 0
    assert len(held_out(get("3m"), tmp_path, episodes=2, seed=0, progress=False).episodes) > 0


def test_test_battles_share_no_seed_with_training_battles(store_2s3z: EpisodeStore, tmp_path: Path) -> None:
    held_out(get("2s3z"), tmp_path, episodes=3, seed=1, progress=False)  # the training store's seed is 1 too
    (path,) = tmp_path.glob("*.zarr")
    tests = EpisodeStore.open(path)
    assert tests.settings.purpose == PURPOSE
    assert not set(tests.per_episode("seed").tolist()) & set(store_2s3z.per_episode("seed").tolist())


def test_battles_already_there_are_used_again_and_more_are_not_used(tmp_path: Path) -> None:
    four = held_out(get("3m"), tmp_path, episodes=4, seed=0, progress=False)
    again = held_out(get("3m"), tmp_path, episodes=2, seed=0, progress=False)
    assert EpisodeStore.open(next(tmp_path.glob("*.zarr"))).n_episodes == 4
    first = four.episodes < 2
    assert (again.windows.origins == four.windows.origins[first]).all()
    assert (again.windows.units.x == four.windows.units.x[first]).all()


def test_battles_of_another_kind_are_not_taken_for_those_of_the_test(tmp_path: Path, store_2s3z: EpisodeStore) -> None:
    path = tmp_path / f"2s3z-{PURPOSE}-seed1.zarr"
    shutil.copytree(store_2s3z.path, path)  # battles to train on
    with pytest.raises(BadArgument, match=r"2s3z-evaluation-seed1.zarr holds battles of another .*move it away"):
        held_out(get("2s3z"), tmp_path, episodes=3, seed=1, progress=False)
    shutil.rmtree(path)
    held_out(get("2s3z"), tmp_path, episodes=3, seed=1, progress=False)
    header = path / "zarr.json"
    attributes = json.loads(header.read_text())
    attributes["attributes"]["backend"]["engine_version"] = "0"
    header.write_text(json.dumps(attributes))
    with pytest.raises(BadArgument, match="another version of the engine"):
        held_out(get("2s3z"), tmp_path, episodes=3, seed=1, progress=False)


def test_battles_that_are_all_too_short_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match=r"3m lasts the 1000 steps"):
        held_out(get("3m"), tmp_path, episodes=1, seed=0, progress=False, needed=1000)
