from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation.watch import tables_of, watch, watch_recorded
from s2rm_sc2.errors import BadArgument, StoreMissing
from s2rm_sc2.scenarios import get
from s2rm_sc2.store import EpisodeStore


def test_a_battle_is_played_and_drawn_the_same_for_the_same_seed(tmp_path: Path) -> None:
    first = watch(get("3m"), "scripted", 0, tmp_path / "a")
    second = watch(get("3m"), "scripted", 0, tmp_path / "b")
    assert [path.name for path in first] == ["battle.gif", "strip.png"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_moments_and_an_overview_are_drawn_as_asked(tmp_path: Path) -> None:
    def size(name: str, steps: list[int], overview: bool = False) -> tuple[int, int]:
        _, path = watch(get("3m"), "scripted", 0, tmp_path / name, steps=steps, overview=overview)
        with Image.open(path) as strip:
            return strip.size

    one, two = size("one", steps=[3]), size("two", steps=[9, 3, 9])
    assert 1.8 * one[0] < two[0] < 2.2 * one[0]
    assert size("whole", steps=[3], overview=True)[1] > one[1]  # the whole map is square, the battle wide


def test_a_recorded_battle_has_a_frame_for_every_row(store_3m: EpisodeStore, tmp_path: Path) -> None:
    gif, _ = watch_recorded(store_3m.path, 2, tmp_path)
    with Image.open(gif) as animation:
        assert getattr(animation, "n_frames", 1) == store_3m.lengths[2]


def test_tables_of_an_episode_are_what_was_stored(store_3m: EpisodeStore) -> None:
    episode = store_3m.episode(0)
    tables = tables_of(episode)
    assert np.array_equal(tables.x.numpy(), episode.units["x"])
    assert np.array_equal(tables.type.numpy(), episode.units["type"])


def test_bad_input_is_named(store_3m: EpisodeStore, tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="agents are 0 to 2"):
        watch(get("3m"), "scripted", 0, tmp_path, agent=3)
    with pytest.raises(BadArgument, match="--step 9000"):
        watch(get("3m"), "scripted", 0, tmp_path, steps=[9000])
    with pytest.raises(BadArgument, match="drunk"):
        watch(get("3m"), "drunk", 0, tmp_path)
    with pytest.raises(BadArgument, match="0 to 19"):
        watch_recorded(store_3m.path, 20, tmp_path)
    gif = tmp_path / "x" / "y.gif"
    with pytest.raises(BadArgument, match=r"y\.gif is the name of a picture; give a folder"):
        watch(get("3m"), "scripted", 0, gif)
    with pytest.raises(BadArgument, match=r"y\.gif is the name of a picture; give a folder"):
        watch_recorded(store_3m.path, 0, gif)
    assert not (tmp_path / "x").exists()
    with pytest.raises(StoreMissing):
        watch_recorded(tmp_path / "nowhere.zarr", 0, tmp_path)
