"""Every interface plays StarCraft II as it plays the engine: the real conformance suites, on the stand-in."""

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import api_test, parallel_api_test
from PIL import Image

from s2rm_sc2 import scenarios
from s2rm_sc2.backends.contract import BackendMaker
from s2rm_sc2.backends.embedded import EmbeddedBackend
from s2rm_sc2.backends.sc2 import Sc2Backend
from s2rm_sc2.backends.smac import SmacBackend
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.envs.multi_agent import StarCraft2Env
from s2rm_sc2.envs.parallel import env as one_by_one
from s2rm_sc2.envs.parallel import parallel_env
from s2rm_sc2.errors import BadArgument, BattleLost
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.standin.faults import Fault
from s2rm_sc2.standin.install import write_install
from s2rm_sc2.standin.server import serving
from s2rm_sc2.starcraft.game import GameSettings
from s2rm_sc2.starcraft.installed import VARIABLE
from tests.s2rm_sc2.oxwhirl import at_hand, needs_smac

PAGE = Path(__file__).parent.parent.parent / "docs" / "starcraft.md"
SHORT = "3m,limit=8"


@pytest.fixture(scope="module")
def game() -> Iterator[BackendMaker]:
    with serving() as port:
        yield at(port)


def at(port: int) -> BackendMaker:
    return partial(Sc2Backend, settings=GameSettings(attach=f"127.0.0.1:{port}", timeout=60))


def play(env: StarCraft2Env) -> list[float]:
    """An episode of SMAC's loop with random available actions: its rewards."""
    env.reset()
    rng, over, rewards = np.random.default_rng(0), False, list[float]()
    while not over:
        masks = env.get_avail_actions()
        reward, over, info = env.step([int(rng.choice(np.flatnonzero(mask))) for mask in masks])
        assert {"battle_won", "dead_allies", "dead_enemies"} <= info.keys()
        rewards.append(reward)
    return rewards


def test_smacs_loop_plays_battle_after_battle_in_one_game(game: BackendMaker) -> None:
    env = StarCraft2Env("3m,limit=40", seed=1, backend=game)
    lengths = [len(play(env)) for _ in range(3)]
    assert max(lengths) <= 40
    assert env.get_stats()["battles_game"] == 3
    assert max(enemy.health for enemy in env.enemies.values()) < 45  # somebody was hit
    assert env.battles.backend.describe()["game_version"].endswith("not StarCraft II")
    env.close()


@pytest.mark.parametrize("backend", [Sc2Backend, pytest.param(SmacBackend, marks=needs_smac)])
def test_the_class_itself_makes_the_backend_of_an_installed_game(
    backend: BackendMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(write_install(tmp_path)))
    with at_hand():
        env = StarCraft2Env(SHORT, backend=backend)
        assert len(play(env)) == len(play(env)) == 8
        env.close()


def test_the_pages_example_plays_in_an_installed_game(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, str(write_install(tmp_path)))
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)[:1]
    with at_hand():
        exec(compile(example, PAGE.name, "exec"), {})
    assert capsys.readouterr().out.rstrip().endswith("not StarCraft II")


def test_a_replay_shows_the_battle_that_was_played_in_the_game(game: BackendMaker, tmp_path: Path) -> None:
    made = []

    def counted(scenario: Scenario, n_battles: int) -> Sc2Backend:
        made.append(scenario)
        backend = game(scenario, n_battles)
        assert isinstance(backend, Sc2Backend)
        return backend

    env = StarCraft2Env(SHORT, seed=1, backend=counted, replay_dir=str(tmp_path))
    play(env)
    play(env)
    stood = env.battles.units.clone()
    with Image.open(env.save_replay()) as film:
        assert getattr(film, "n_frames", 1) > 1
    assert env._replay
    shown = env._replay.tables()
    assert len(shown.x) == 8 + 1
    assert not torch.equal(shown.x[0], shown.x[-1])
    assert torch.equal(shown.x[-1:], stood.x)
    assert torch.equal(shown.health[-1:], stood.health)
    assert len(made) == 1
    env.close()


def test_the_engine_that_plays_a_replay_again_is_closed(tmp_path: Path) -> None:
    opened, closed = [], []

    class Noting(EmbeddedBackend):
        def __init__(self, scenario: Scenario, n_battles: int) -> None:
            super().__init__(scenario, n_battles)
            opened.append(self)

        def close(self) -> None:
            closed.append(self)

    env = StarCraft2Env(SHORT, backend=Noting, replay_dir=str(tmp_path))
    play(env)
    env.save_replay()
    assert len(opened) == 2
    assert closed == opened[1:]


@pytest.mark.filterwarnings("ignore:Observation:UserWarning")
def test_it_conforms_to_pettingzoo(game: BackendMaker) -> None:
    env = parallel_env(SHORT, backend=game)
    parallel_api_test(env, num_cycles=20)
    env.close()
    turns = one_by_one(SHORT, backend=game)
    api_test(turns, num_cycles=30)
    turns.close()


def test_it_conforms_to_gymnasium(game: BackendMaker) -> None:
    """But for the seed, which does not decide the battles of a game that runs."""
    spec = replace(gymnasium.spec("s2rm_sc2/battle-v0"), nondeterministic=True)
    env = gymnasium.make(spec, map_name=SHORT, backend=game)
    check_env(env.unwrapped, skip_close_check=True)
    env.close()
    known = gymnasium.make("s2rm_sc2:3m-v0", backend=game)
    observations, _ = known.reset(seed=0)
    known.step([1, 1, 1])
    assert observations in known.observation_space
    known.close()


def test_a_batch_holds_one_game(game: BackendMaker) -> None:
    scenario = scenarios.get(SHORT)
    battles = BatchedBattles(scenario, 1, game(scenario, 1))
    battles.reset([0])
    while not battles.done.all():
        battles.step(battles.available_actions().to(torch.int8).argmax(-1))
    assert battles.steps.tolist() == [8]
    battles.close()
    for backend in (Sc2Backend, SmacBackend):
        with pytest.raises(BadArgument, match=r"one battle at a time, not 4 of 3m,limit=8; make a backend for each"):
            backend(scenario, 4)


def test_it_conforms_to_torchrl(game: BackendMaker) -> None:
    pytest.importorskip("torchrl", reason="TorchRL, of the extra `marl`, is not installed", exc_type=ImportError)
    from torchrl.envs.utils import check_env_specs

    from s2rm_sc2.envs.torchrl import GROUP, BattlesEnv

    scenario = scenarios.get(SHORT)
    env = BattlesEnv(BatchedBattles(scenario, 1, game(scenario, 1)))
    check_env_specs(env, seed=0)
    seen = env.rollout(20, break_when_any_done=False)
    assert seen["next", "done"].flatten().nonzero().flatten().tolist() == [7, 15]
    assert seen[GROUP, "action_mask"].any(-1).all()
    env.battles.close()


def test_a_battle_that_is_lost_with_its_game_is_followed_by_another() -> None:
    with serving([Fault("crash", "step", 3)]) as port:
        env = StarCraft2Env(SHORT, backend=at(port))
        with pytest.raises(BattleLost, match=r"call reset\(\)"):
            play(env)
        assert len(play(env)) == 8
        env.close()


def test_a_battle_in_the_game_cannot_be_copied(game: BackendMaker) -> None:
    env = StarCraft2Env(SHORT, backend=game)
    env.reset()
    with pytest.raises(BadArgument, match="cannot be copied; make another environment"):
        copy.deepcopy(env)
    env.close()
