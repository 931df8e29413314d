"""Collecting through SMAC's own client: its vectors are recorded, games that fail are not.

SMAC (github.com/oxwhirl/smac) is not on the package index; where it is not installed these tests are skipped.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
import torch

from collectors.collect import CollectReport, collect
from collectors.venue import Venue
from s2rm_sc2 import scenarios
from s2rm_sc2.backends.smac import SmacBackend
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.envs.through_smac import SmacBattles
from s2rm_sc2.errors import BadArgument, BattleLost, GameFailed, ScenarioUnsupported
from s2rm_sc2.standin.faults import KINDS, Fault
from s2rm_sc2.standin.install import write_install
from s2rm_sc2.starcraft.faults import FAILURES_IN_A_ROW
from s2rm_sc2.starcraft.game import GameSettings
from s2rm_sc2.starcraft.installed import VARIABLE
from s2rm_sc2.store import EpisodeStore
from tests.s2rm_sc2.oxwhirl import at_hand, needs_smac
from tests.s2rm_sc2.whole import check_whole

pytestmark = needs_smac

MAP = scenarios.get("3m,limit=12")
SETTINGS = GameSettings(timeout=2)
PATIENT = GameSettings(timeout=60)  # nothing hangs


@pytest.fixture(scope="module", autouse=True)
def _standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(write_install(tmp_path_factory.mktemp("sc2"))))
        yield


def collected(name: str, folder: Path, episodes: int, smac: bool, faults: Iterable[Fault | None] = ()) -> CollectReport:
    where = Venue((PATIENT,), smac)
    with at_hand(faults):
        return collect(scenarios.get(name), folder, episodes, "mixture", progress=False, venue=where)


def wait(battles: BatchedBattles) -> None:
    """The living stop, the dead do nothing."""
    battles.step(battles.available_actions()[..., 1].long())


@pytest.mark.parametrize("name", ["3m", "MMM,limit=40", "2c_vs_64zg,limit=20"])
def test_its_store_is_ours_but_for_the_name_of_who_played(name: str, tmp_path: Path) -> None:
    smacs, ours = (
        EpisodeStore.open(collected(name, tmp_path / f"{smac}.zarr", 5, smac).path) for smac in (True, False)
    )
    assert (smacs.attributes["backend"].pop("backend"), ours.attributes["backend"].pop("backend")) == (
        "smac",
        "sc2",
    )
    assert smacs.attributes == ours.attributes
    for number in range(5):
        theirs, own = smacs.episode(number), ours.episode(number)
        assert theirs.battle_won == own.battle_won
        for field, rows in own.rows().items():
            assert np.array_equal(theirs.rows()[field], rows), field


@pytest.mark.parametrize("kind", KINDS)
def test_a_battle_is_lost_whole_and_rewards_keep_their_scale(kind: str) -> None:
    backend = SmacBackend(MAP, settings=SETTINGS)
    ours, smacs = BatchedBattles(MAP, 1, backend), SmacBattles(MAP, backend)
    with at_hand([Fault(kind, "step", 2)]):
        ours.reset([1])
        wait(ours)
        with pytest.raises(BattleLost, match="StarCraft II failed in the middle of a battle"):
            wait(ours)
        with pytest.raises(BattleLost, match="reset"):
            smacs.observation()
        for _ in range(2):
            ours.reset([2])
            while not ours.done.all():
                best = ours.available_actions().long() * torch.arange(1, ours.views.n_actions + 1)
                result = ours.step(best.argmax(-1))
                assert torch.tensor(backend.said.reward, dtype=torch.float32) == result.reward
        ours.close()
    assert backend.failures.total() == 1


@pytest.mark.parametrize("request_name", ["ping", "create_game", "game_info", "observation", "action", "debug"])
def test_a_collection_gets_its_episodes_whatever_request_fails(request_name: str, tmp_path: Path) -> None:
    first = [] if request_name == "ping" else [None, None]  # two games only say what they are
    faults = first + [Fault(kind, request_name) for kind in ("crash", "error", "garbage")]
    report = collected(MAP.name, tmp_path / "3m.zarr", 4, True, faults)
    store = EpisodeStore.open(report.path)
    assert store.n_episodes == 4
    check_whole(store)
    assert report.incidents.failures.total() == 3


def test_a_game_that_always_fails_is_given_up_in_one_sentence() -> None:
    battles = SmacBattles(MAP, SmacBackend(MAP, settings=SETTINGS))
    with at_hand([Fault("error", "observation")] * 9), pytest.raises(GameFailed, match=r"failed 6 times.*embedded"):
        battles.reset([1])
    battles.close()


def test_a_map_with_other_units_than_smacs_table_says_is_given_up_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SMAC waits without end for the fourth enemy."""
    from smac.env.starcraft2.maps import smac_maps  # type: ignore[import-not-found,import-untyped,unused-ignore]

    monkeypatch.setitem(smac_maps.map_param_registry["3m"], "n_enemies", 4)
    battles = SmacBattles(MAP, SmacBackend(MAP, settings=PATIENT))
    said = r"failed 6 times.*has not created the 3 allies and 4 enemies that SMAC waits for"
    with at_hand(), pytest.raises(GameFailed, match=said):
        battles.reset([1])
    battles.close()


def test_pysc2s_flags_are_a_users_own_again_after_a_start() -> None:
    from pysc2.lib.remote_controller import FLAGS

    before = FLAGS.sc2_timeout, FLAGS.sc2_run_config
    with at_hand():
        battles = SmacBattles(MAP, SmacBackend(MAP, settings=GameSettings(timeout=57)))
        battles.reset([1])
        battles.close()
    assert (FLAGS.sc2_timeout, FLAGS.sc2_run_config) == before


def test_a_battle_given_up_half_way_leaves_no_second_game_and_no_second_count() -> None:
    failures = Counter[str]()
    battles = SmacBattles(MAP, SmacBackend(MAP, settings=SETTINGS, failures=failures))
    with at_hand():
        worth = []
        for seed in range(3):
            battles.reset([seed])
            worth.append(battles.backend._client.max_reward)  # type: ignore[attr-defined]
            wait(battles)
        battles.close()
    assert worth == [365.0] * 3
    assert not failures


def test_what_smac_cannot_do_is_refused() -> None:
    with pytest.raises(ScenarioUnsupported, match="see 9 cells, not 6"):
        SmacBackend(scenarios.get("3m,sight=6"))
    with pytest.raises(BadArgument, match="--backend sc2"):
        SmacBackend(MAP, settings=GameSettings(attach="localhost:1"))


def test_after_a_draw_it_plays_on_with_those_that_the_map_has_created() -> None:
    from s2clientprotocol import debug_pb2

    with at_hand():
        battles = SmacBattles(MAP, backend := SmacBackend(MAP, settings=SETTINGS))
        battles.reset([1])
        everyone = list(backend._seen.tags)
        kill = debug_pb2.DebugKillUnit(tag=everyone)
        backend._client._controller.debug([debug_pb2.DebugCommand(kill_unit=kill)])
        result = battles.step(torch.ones((1, MAP.n_agents), dtype=torch.int64))
        assert (result.terminated.item(), result.won.item()) == (True, False)
        battles.reset([2])
        assert battles.units.alive.all()
        assert not set(backend._seen.tags) & set(everyone)
        while not battles.done.all():
            wait(battles)
        battles.close()
    assert not backend.failures


def test_failures_between_whole_battles_are_forgiven() -> None:
    battles = SmacBattles(MAP, backend := SmacBackend(MAP, settings=SETTINGS))
    with at_hand(repeat(Fault("error", "debug"))):  # every second reset meets it
        for seed in range(2 * FAILURES_IN_A_ROW + 4):
            battles.reset([seed])
            while not battles.done.all():
                wait(battles)
        battles.close()
    assert backend.failures.total() > FAILURES_IN_A_ROW
