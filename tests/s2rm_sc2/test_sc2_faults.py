"""Games that crash, hang or answer nonsense: battles are lost whole, games restarted, and in the end given up."""

from collections.abc import Iterable
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
import torch

from collectors.collect import CollectReport, collect
from collectors.venue import Venue
from s2rm_sc2 import scenarios
from s2rm_sc2.backends.sc2 import Sc2Backend
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument, BattleLost, GameFailed
from s2rm_sc2.standin import server
from s2rm_sc2.standin.battle import Battles
from s2rm_sc2.standin.faults import KINDS, Fault, take
from s2rm_sc2.standin.server import serving
from s2rm_sc2.standin.session import Session, sc
from s2rm_sc2.starcraft.faults import FAILURES_IN_A_ROW
from s2rm_sc2.starcraft.game import GameSettings
from s2rm_sc2.store import EpisodeStore
from tests.s2rm_sc2.whole import check_whole

MAP = scenarios.get("3m,limit=12")
REQUESTS = ("ping", "create_game", "join_game", "observation", "action", "step", "debug")
SAID = {
    "crash": "Connection already closed|Socket error",
    "hang": "timed out",
    "error": "a fault on purpose",
    "wrong-id": "different id",
    "garbage": "DecodeError",
    "empty": "empty response",
    "no-status": "without a status",
}


@pytest.fixture(scope="module", autouse=True)
def _engine_is_compiled() -> None:
    Battles(MAP, 0).advance(1)  # the time limit below is for answers, not for loading machine code


def settings(port: int) -> GameSettings:
    return GameSettings(attach=f"127.0.0.1:{port}", timeout=1)


def stop(battles: BatchedBattles) -> None:
    battles.step(torch.ones((1, MAP.n_agents), dtype=torch.int64))


def collected(faults: Iterable[Fault | None], episodes: int, folder: Path) -> tuple[CollectReport, EpisodeStore]:
    """A collection in games with these faults; the first game only says what it is."""
    with serving(faults) as port:
        venue = Venue((settings(port),))
        report = collect(MAP, folder / "3m.zarr", episodes, "random", progress=False, venue=venue)
    return report, EpisodeStore.open(report.path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_battle_is_lost_whole_and_the_next_one_plays(kind: str) -> None:
    with serving([Fault(kind, "step", 2), None]) as port:
        battles = BatchedBattles(MAP, 1, backend := Sc2Backend(MAP, settings=settings(port)))
        battles.reset([1])
        stop(battles)
        with pytest.raises(BattleLost, match=SAID[kind]):
            stop(battles)
        with pytest.raises(BattleLost, match="reset"):
            stop(battles)
        battles.reset([2])
        while not battles.done.all():
            stop(battles)
        battles.close()
    assert backend.failures.total() == 1


@pytest.mark.parametrize("request_name", REQUESTS)
def test_a_collection_gets_its_episodes_whatever_request_fails(request_name: str, tmp_path: Path) -> None:
    number = 2 if request_name in ("ping", "step", "action", "observation") else 1
    faults = [None, Fault("crash", request_name, number), Fault("error", request_name, number)]
    report, store = collected(faults, 3, tmp_path)
    assert store.n_episodes == 3
    check_whole(store)
    assert report.incidents.failures.total() == 2
    mid_battle = request_name in ("action", "step", "observation")
    assert report.incidents.discarded == (2 if mid_battle else 0)


@pytest.mark.parametrize("request_name", ["create_game", "join_game", "debug", "step"])
@pytest.mark.parametrize("kind", ["crash", "error", "garbage"])
def test_a_game_attached_to_is_won_back_from_what_it_still_plays(
    kind: str, request_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A game has one state, which does not end with a client's connection: it may be created already, or played."""
    game = Session()
    monkeypatch.setattr(server, "Session", lambda: game)
    with serving([Fault(kind, request_name)]) as port:
        battles = BatchedBattles(MAP, 1, backend := Sc2Backend(MAP, settings=settings(port)))
        for seed in range(2):
            battles.reset([seed])
        assert battles.units.alive.all()
        battles.close()
    assert backend.failures.total() == 1


@pytest.mark.parametrize("status", ["init_game", "in_game"])
def test_a_game_that_another_client_left_as_it_was_is_attached_to(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    game = Session()
    monkeypatch.setattr(server, "Session", lambda: game)
    game.answer(sc.Request(create_game=sc.RequestCreateGame(local_map=sc.LocalMap(map_path="8m.SC2Map"))))
    if status == "in_game":
        game.answer(sc.Request(join_game=sc.RequestJoinGame(race=1)))
    assert game.status == getattr(sc, status)
    with serving() as port:
        battles = BatchedBattles(MAP, 1, backend := Sc2Backend(MAP, settings=settings(port)))
        assert "not StarCraft II" in backend.describe()["game_version"]
        battles.reset([1])
        while not battles.done.all():
            stop(battles)
        battles.close()
    assert not backend.failures


def test_random_faults_leave_nothing_behind_in_a_store(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    kinds = [kind for kind in KINDS if kind != "hang"]
    faults = [
        Fault(str(rng.choice(kinds)), str(rng.choice(["step", "observation", "action"])), int(rng.integers(2, 30)))
        for _ in range(20)
    ]
    report, store = collected([None, *faults], 12, tmp_path)
    assert store.n_episodes == 12
    check_whole(store)
    assert 5 < report.incidents.discarded <= report.incidents.failures.total()


def test_a_game_that_always_fails_is_given_up_in_one_sentence() -> None:
    with serving(repeat(Fault("error", "step", 1))) as port:
        battles = BatchedBattles(MAP, 1, backend := Sc2Backend(MAP, settings=settings(port)))
        for _ in range(FAILURES_IN_A_ROW):
            battles.reset([1])
            with pytest.raises(BattleLost):
                stop(battles)
        battles.reset([1])
        with pytest.raises(GameFailed, match=r"failed 6 times in a row, the last time at step: .*embedded"):
            stop(battles)
        battles.close()
    assert backend.failures.total() == FAILURES_IN_A_ROW + 1


def test_whatever_ends_a_collection_every_battle_that_each_game_ended_before_is_kept(tmp_path: Path) -> None:
    """Each game plays one battle and never starts another."""
    dies = [Fault("crash", "debug"), *repeat(Fault("error", "create_game"), FAILURES_IN_A_ROW + 1)]
    path = tmp_path / "3m.zarr"
    with serving([None, *dies]) as first, serving(dies) as second:
        where = Venue((settings(first), settings(second)))
        with pytest.raises(GameFailed, match="6 times"):
            collect(MAP, path, 40, "random", workers=2, progress=False, venue=where)
    store = EpisodeStore.open(path)
    assert store.n_episodes == 2
    check_whole(store)


def test_failures_between_whole_battles_are_forgiven() -> None:
    with serving(repeat(Fault("error", "debug", 1))) as port:  # every second reset meets it
        battles = BatchedBattles(MAP, 1, backend := Sc2Backend(MAP, settings=settings(port)))
        for seed in range(2 * FAILURES_IN_A_ROW + 4):
            battles.reset([seed])
        battles.close()
    assert backend.failures.total() > FAILURES_IN_A_ROW


def test_nobody_listening_is_given_up_at_once() -> None:
    with serving() as port:
        pass
    with pytest.raises(GameFailed, match=f"Nobody answers at 127.0.0.1:{port} .*refused.*; start a game there"):
        Sc2Backend(MAP, settings=settings(port)).describe()


def test_faults_are_taken_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "faults"
    file.write_text("crash step 3\n\nhang start\n")
    assert [take(file) for _ in range(5)] == [Fault("crash", "step", 3), None, Fault("hang", "start"), None, None]
    file.write_text("explode step 3\n")
    with pytest.raises(BadArgument, match="is no fault"):
        take(file)
