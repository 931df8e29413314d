import dataclasses
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from collectors.collect import collect
from s2rm_sc2 import scenarios
from s2rm_sc2.episode import Episode
from s2rm_sc2.errors import S2rmError, StoreBroken, StoreBusy, StoreMismatch, StoreMissing
from s2rm_sc2.store import EpisodeStore, StoreSettings, StoreWriter, find_stores

Make = Callable[[int, int], Episode]
Tree = Callable[[Path], dict[str, bytes]]


@pytest.fixture
def store(tmp_path: Path, settings: StoreSettings, make_episode: Make) -> Path:
    path = tmp_path / "four.zarr"
    with StoreWriter.open(path, settings) as writer:
        writer.append([make_episode(index, steps) for index, steps in enumerate((5, 1, 30, 7))])
    return path


def assert_equal(one: Episode, other: Episode) -> None:
    for name in ("index", "seed", "policy", "epsilon", "battle_won"):
        assert getattr(one, name) == getattr(other, name)
    assert one.rows().keys() == other.rows().keys()
    for name, array in one.rows().items():
        assert array.dtype == other.rows()[name].dtype
        np.testing.assert_array_equal(array, other.rows()[name], err_msg=name)


def test_an_episode_comes_back_as_it_went_in(store: Path, settings: StoreSettings, make_episode: Make) -> None:
    opened = EpisodeStore.open(store)
    assert (opened.n_episodes, opened.n_steps, opened.n_rows) == (4, 43, 47)
    assert opened.starts.tolist() == [0, 6, 8, 39]
    assert opened.lengths.tolist() == [6, 2, 31, 8]
    assert opened.settings == settings
    for index, steps in enumerate((5, 1, 30, 7)):
        assert_equal(opened.episode(index), make_episode(index, steps))
    np.testing.assert_array_equal(opened.read("units/x", 7, 9)[1], make_episode(2, 30).units["x"][0])
    assert opened.per_episode("return")[2] == make_episode(2, 30).total_reward


@hypothesis_settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(1, 20), max_size=3), max_size=3))
def test_files_depend_on_the_episodes_not_on_how_they_were_appended(
    settings: StoreSettings, make_episode: Make, tree: Tree, groups: list[list[int]]
) -> None:
    lengths = [steps for group in groups for steps in group]
    episodes = [make_episode(index, steps) for index, steps in enumerate(lengths)]
    with tempfile.TemporaryDirectory() as folder:
        grouped, single = Path(folder, "grouped.zarr"), Path(folder, "elsewhere", "single.zarr")
        done = 0
        for group in groups:
            with StoreWriter.open(grouped, settings) as writer:
                assert writer.n_episodes == done
                writer.append(episodes[done : done + len(group)])
            done += len(group)
        for path, appended in ((grouped, []), (single, episodes)):
            with StoreWriter.open(path, settings) as writer:
                writer.append(appended)
        assert tree(grouped) == tree(single)
        opened = EpisodeStore.open(grouped)
        assert opened.lengths.tolist() == [steps + 1 for steps in lengths]
        for index, episode in enumerate(episodes):
            assert_equal(opened.episode(index), episode)


def test_a_reader_keeps_seeing_what_was_committed_when_it_opened(
    store: Path, settings: StoreSettings, make_episode: Make
) -> None:
    before = EpisodeStore.open(store)
    with StoreWriter.open(store, settings) as writer:
        writer.append([make_episode(4, 9)])
        assert before.n_episodes == 4
        assert_equal(before.episode(3), make_episode(3, 7))
        with pytest.raises(IndexError):
            before.read("reward", 40, 48)
        assert_equal(EpisodeStore.open(store).episode(4), make_episode(4, 9))


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        ({"seed": 4}, "seed 3", "4"),
        ({"policy": "scripted"}, "policy random", "scripted"),
        ({"purpose": "heldout"}, "purpose collect", "heldout"),
        ({"scenario": scenarios.get("2m_vs_1z@flat")}, "scenario 2m_vs_1z", "2m_vs_1z@flat"),
        ({"backend": {"backend": "none", "engine_version": "2"}}, "engine_version 1", "not 2"),
        ({"state_columns": ("d", "f")}, "columns", "--out"),
    ],
)
def test_other_settings_are_refused_and_nothing_changes(
    store: Path, settings: StoreSettings, tree: Tree, change: dict[str, object], old: str, new: str
) -> None:
    files = tree(store)
    with pytest.raises(StoreMismatch) as caught:
        StoreWriter.open(store, dataclasses.replace(settings, **change))  # type: ignore[arg-type]
    assert old in str(caught.value)
    assert new in str(caught.value)
    assert "--out" in str(caught.value)
    assert tree(store) == files


def test_one_writer_at_a_time(store: Path, settings: StoreSettings) -> None:
    with StoreWriter.open(store, settings):
        with pytest.raises(StoreBusy, match="Another process is collecting"):
            StoreWriter.open(store, settings)
        assert EpisodeStore.open(store).n_episodes == 4
    StoreWriter.open(store, settings).close()


def test_an_episode_of_another_shape_is_refused(store: Path, settings: StoreSettings, make_episode: Make) -> None:
    wrong = dataclasses.replace(make_episode(4, 5), reward=np.zeros((6, 1), np.float32))
    with StoreWriter.open(store, settings) as writer, pytest.raises(ValueError, match="reward"):
        writer.append([wrong])
    assert EpisodeStore.open(store).n_episodes == 4


def test_places_that_are_no_store(tmp_path: Path, settings: StoreSettings) -> None:
    with pytest.raises(StoreMissing, match="does not exist"):
        EpisodeStore.open(tmp_path / "nowhere.zarr")
    other = tmp_path / "photos"
    other.mkdir()
    (other / "cat.png").write_bytes(b"cat")
    group = tmp_path / "group.zarr"
    zarr.create_group(group)
    file = tmp_path / "file.zarr"
    file.write_text("not a folder")
    for place in (other, group, file):
        with pytest.raises(StoreMissing):
            EpisodeStore.open(place)
        with pytest.raises(StoreMissing):
            StoreWriter.open(place, settings)
    assert (other / "cat.png").read_bytes() == b"cat"


def edit_attributes(store: Path, **changes: object) -> None:
    document = json.loads((store / "zarr.json").read_text())
    document["attributes"] |= changes
    (store / "zarr.json").write_text(json.dumps(document))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-7])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-9] ^= 1
    file.write_bytes(bytes(content))


def read_all(store: Path) -> list[Episode]:
    opened = EpisodeStore.open(store)
    return [opened.episode(index) for index in range(opened.n_episodes)]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda store: cut(store / "zarr.json"), "damaged"),
        (lambda store: edit_attributes(store, format_version=99), "format version 99"),
        (lambda store: edit_attributes(store, scenario=None), "damaged"),
        (lambda store: edit_attributes(store, episodes=3), "commit record"),
        (lambda store: edit_attributes(store, steps="many"), "damaged"),
        (lambda store: (store / "units/x/c.3.0").unlink(), "units/x"),
        (lambda store: (store / "episode/policy/c.0").unlink(), "episode/policy"),
        (lambda store: cut(store / "units/x/c.3.0"), "units/x"),
        (lambda store: flip(store / "observation/c.2.0.0"), "observation"),
        (lambda store: cut(store / "episode/start/c.0"), "episode/start"),
        (lambda store: (store / "reward/zarr.json").unlink(), "reward"),
        (lambda store: cut(store / "reward/zarr.json"), "reward"),
    ],
)
def test_damage_is_named_never_read_as_zeros(store: Path, damage: Callable[[Path], None], words: str) -> None:
    damage(store)
    with pytest.raises(StoreBroken) as caught:
        read_all(store)
    assert words in str(caught.value)
    assert str(store) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["units/x/c.5.0", "units/x/zarr.json"])
def test_a_damaged_tail_stops_the_writer_too(
    store: Path, settings: StoreSettings, make_episode: Make, name: str
) -> None:
    cut(store / name)
    with pytest.raises(StoreBroken, match="units/x"), StoreWriter.open(store, settings) as writer:
        writer.append([make_episode(4, 3)])


def test_a_new_store_holds_nothing_and_says_so(tmp_path: Path, settings: StoreSettings) -> None:
    StoreWriter.open(tmp_path / "new.zarr", settings).close()
    opened = EpisodeStore.open(tmp_path / "new.zarr")
    assert opened.n_episodes == opened.n_rows == 0
    assert opened.read("observation", 0, 0).shape == (0, 2, 3)
    with pytest.raises(IndexError):
        opened.episode(0)


def test_the_fingerprint_names_content_not_place(
    store: Path, tmp_path: Path, settings: StoreSettings, make_episode: Make
) -> None:
    copy = tmp_path / "copy.zarr"
    with StoreWriter.open(copy, settings) as writer:
        writer.append([make_episode(index, steps) for index, steps in enumerate((5, 1, 30, 7))])
        first = EpisodeStore.open(copy).fingerprint()
        assert first == EpisodeStore.open(store).fingerprint()
        writer.append([make_episode(4, 2)])
    assert EpisodeStore.open(copy).fingerprint() != first


def test_a_store_prints_shapes_not_numbers(store: Path) -> None:
    assert "observation float32[47, 2, 3]" in repr(EpisodeStore.open(store))
    assert len(repr(EpisodeStore.open(store).episode(2))) < 1000


def test_stores_are_found_in_a_folder_by_name(store: Path, tmp_path: Path, settings: StoreSettings) -> None:
    StoreWriter.open(tmp_path / "another.zarr", settings).close()
    (tmp_path / "empty.zarr").mkdir()
    assert find_stores(tmp_path) == [tmp_path / "another.zarr", store]
    assert find_stores(store) == [store]
    assert find_stores(tmp_path / "nowhere") == []


def test_other_zarr_readers_understand_a_store(store: Path, make_episode: Make) -> None:
    group = zarr.open_group(store, mode="r")
    assert group.attrs["episodes"] == 4
    assert group.attrs["observation_columns"] == ["a", "b", "c"]
    units = group["units/health"]
    assert isinstance(units, zarr.Array)
    np.testing.assert_array_equal(units[8:39], make_episode(2, 30).units["health"])


def test_a_folder_that_is_no_store_is_left_as_it_is(tmp_path: Path) -> None:
    names = ("photo.jpg", "big.partial", "zarr.partial")
    for name in names:
        (tmp_path / name).write_text("mine")
    with pytest.raises(S2rmError):
        collect(scenarios.get("3m"), tmp_path, episodes=1, progress=False)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names)
