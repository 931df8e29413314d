"""Games that are slow, late, or call themselves ended: what they play is the same, or counted as lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from s2rm_sc2 import scenarios
from s2rm_sc2.backends.sc2 import Sc2Backend
from s2rm_sc2.backends.smac import SmacBackend
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BattleLost
from s2rm_sc2.standin import faults
from s2rm_sc2.standin.faults import Fault
from s2rm_sc2.standin.install import write_install
from s2rm_sc2.starcraft.game import Game, GameSettings
from s2rm_sc2.starcraft.installed import VARIABLE
from tests.s2rm_sc2.oxwhirl import at_hand, needs_smac

MAP = scenarios.get("3m,limit=6")


@pytest.fixture(scope="module", autouse=True)
def _standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(write_install(tmp_path_factory.mktemp("sc2"))))
        yield


@pytest.fixture(params=[Sc2Backend, pytest.param(SmacBackend, marks=needs_smac)])
def backend(request: pytest.FixtureRequest) -> Sc2Backend | SmacBackend:
    made: Sc2Backend | SmacBackend = request.param(MAP, settings=GameSettings(timeout=20))
    return made


def outlive(battles: BatchedBattles) -> list[torch.Tensor]:
    """A battle to its end: who lives stops, the dead do nothing. Every state of it is returned."""
    battles.reset([1])
    states = [battles.state().clone()]
    while not battles.done.all():
        battles.step(battles.available_actions()[..., 1].long())
        states.append(battles.state().clone())
    return states


@pytest.mark.parametrize("fault", [Fault("slow", "step", 2), Fault("slow", "create_game"), Fault("ended", "step", 2)])
def test_a_slow_answer_and_a_wrong_status_that_is_put_right_change_nothing(
    fault: Fault, backend: Sc2Backend | SmacBackend
) -> None:
    expected = outlive(BatchedBattles(MAP, 1))
    with at_hand([fault]):
        battles = BatchedBattles(MAP, 1, backend)
        assert all(map(torch.equal, expected, outlive(battles)))
        battles.close()
    assert not backend.failures


def test_a_game_that_calls_itself_ended_is_a_failure(backend: Sc2Backend | SmacBackend) -> None:
    with at_hand([Fault("ended", "observation", 3)]):
        battles = BatchedBattles(MAP, 1, backend)
        with pytest.raises(BattleLost, match=r"Status\.ended"):
            outlive(battles)
        assert len(outlive(battles)) == MAP.limit + 1
        battles.close()
    assert backend.failures.total() == 1


def test_a_game_may_listen_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "faults"
    file.write_text(f"slow {faults.START}\n")
    monkeypatch.setenv(faults.VARIABLE, str(file))
    game = Game(GameSettings(timeout=60))
    assert "not StarCraft II" in game.versions()["game_version"]
    game.close()
    assert not file.read_text()
