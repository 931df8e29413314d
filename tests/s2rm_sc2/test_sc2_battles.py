"""Battles through the real protocol, on the stand-in, are the engine's own: everything on every step, exactly."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from s2rm_sc2 import scenarios
from s2rm_sc2.backends.sc2 import Sc2Backend
from s2rm_sc2.cli import app
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario, smac_names
from s2rm_sc2.standin.battle import battle_seed
from s2rm_sc2.standin.server import serving
from s2rm_sc2.starcraft.game import GameSettings
from s2rm_sc2.starcraft.installed import VARIABLE
from s2rm_sc2.table import FIELDS
from s2rm_sc2.views import SmacOptions

SEED = 7
TWICE = ("3m", "MMM", "2c_vs_64zg")  # a second battle in the same game
OPTIONS = SmacOptions(obs_last_action=True, obs_pathing_grid=True, obs_terrain_height=True, reward_only_positive=False)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as port:
        yield port


def through_the_protocol(scenario: Scenario, port: int, options: SmacOptions | None = None) -> BatchedBattles:
    game = GameSettings(attach=f"127.0.0.1:{port}", timeout=60)
    return BatchedBattles(scenario, 1, Sc2Backend(scenario, settings=game), options)


def assert_same(ours: BatchedBattles, engines: BatchedBattles) -> None:
    alive = engines.units.alive
    for name in FIELDS:
        found, wanted = getattr(ours.units, name), getattr(engines.units, name)
        if name in ("x", "y"):  # the dead lie where they were last seen
            found, wanted = found[alive], wanted[alive]
        assert torch.equal(found, wanted), name
    for view in ("available_actions", "observation", "state", "visible"):
        assert torch.equal(getattr(ours, view)(), getattr(engines, view)()), view


@pytest.mark.parametrize("name", smac_names())
def test_whole_episodes_equal_the_engines(name: str, port: int) -> None:
    scenario = scenarios.get(name)
    ours, engines = through_the_protocol(scenario, port, OPTIONS), BatchedBattles(scenario, 1, options=OPTIONS)
    for number in range(2 if name in TWICE else 1):
        ours.reset([SEED])
        engines.reset([battle_seed(SEED, number)])
        draw = torch.Generator().manual_seed(number)
        while not ours.done.all():
            assert_same(ours, engines)
            actions = torch.multinomial(ours.available_actions()[0].float(), 1, generator=draw).T
            found, wanted = ours.step(actions), engines.step(actions)
            for field in ("reward", "terminated", "truncated", "won"):
                assert torch.equal(getattr(found, field), getattr(wanted, field)), field
        assert_same(ours, engines)
    ours.close()


def test_a_game_goes_on_after_its_first_battle_whatever_the_seed(port: int) -> None:
    scenario = scenarios.get("3m")
    ours = through_the_protocol(scenario, port)
    places = []
    for seed in (SEED, SEED):
        ours.reset([seed])
        places.append(ours.units.x.clone())
    assert not torch.equal(*places)
    assert ours.backend.describe()["game_version"].endswith("not StarCraft II")
    ours.close()


def test_after_a_draw_the_next_battle_is_a_new_one(port: int) -> None:
    """The map creates everyone anew within the very step in which the last two fall."""
    ours = through_the_protocol(scenarios.get("3m"), port)
    engines = BatchedBattles(ours.scenario, 1)
    ours.reset([SEED])
    game, everyone = ours.backend._game, list(ours.backend._seen.tags)  # type: ignore[attr-defined]
    game.kill(everyone)
    result = ours.step(torch.ones((1, 3), dtype=torch.int64))
    assert (result.terminated.item(), result.won.item()) == (True, False)
    ours.reset([SEED])
    engines.reset([battle_seed(SEED, 2)])  # battle 1 was begun by the map in the midst of that step
    assert_same(ours, engines)
    assert not set(ours.backend._seen.tags) & set(everyone)  # type: ignore[attr-defined]
    ours.close()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("5s3z", "has no map for 5s3z;"),
        ("3m@flat", "has no map for 3m@flat;"),
        ("10gen_protoss", "10gen_protoss is one of SMACv2's families, whose teams"),
        ("10gen_terran_5v5", "terran_5_vs_5 is one of SMACv2's families"),
        ("3m,opponent=focus", "in StarCraft II they are the game's own"),
    ],
)
@pytest.mark.parametrize("backend", ["sc2", "smac"])
def test_what_the_game_cannot_play_is_refused_before_one_is_looked_for(backend: str, name: str, said: str) -> None:
    done = CliRunner().invoke(app, ["collect", "--backend", backend, "--map", name])
    assert done.exit_code == 2
    assert said in done.stderr
    assert "--backend embedded" in done.stderr
    assert done.stderr.count("\n") == 1


def test_sight_and_limit_are_ours_so_the_game_plays_them(port: int) -> None:
    ours = through_the_protocol(scenarios.get("3m,sight=5,limit=2"), port)
    ours.reset([SEED])
    for _ in range(2):
        result = ours.step(torch.ones((1, 3), dtype=torch.int64))
    assert result.truncated
    ours.close()


def test_a_game_attached_to_has_its_own_maps_whatever_is_installed_here(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installation without SMAC's maps; another where the map cannot be read."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    (tmp_path / "Versions/Base69232").mkdir(parents=True)
    for _ in range(2):
        ours = through_the_protocol(scenarios.get("3m"), port)
        ours.reset([SEED])
        assert ours.units.alive.all()
        assert not ours.backend.failures  # type: ignore[attr-defined]
        ours.close()
        (tmp_path / "Maps/SMAC_Maps/3m.SC2Map").mkdir(parents=True, exist_ok=True)


@pytest.mark.parametrize(
    "values",
    [
        {"difficulty": "11"},
        {"timeout": 0},
        *(
            {"attach": address}
            for address in (
                *(
                    "localhost",
                    "localhost:",
                    "localhost:ssh",
                    "localhost:0",
                    "localhost:99999",
                    "localhost:-5",
                    ":5000",
                ),
                *(
                    "::1:5000",
                    "[::1]",
                    "[::1]:",
                    "[localhost]:5000",
                    "[]:5000",
                    "ws://localhost:5000",
                    "localhost:\u00b25",
                ),
            )
        ),
    ],
)
def test_settings_without_meaning_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(BadArgument, match=r"; give .*|are"):
        GameSettings(**values)  # type: ignore[arg-type]


def test_an_address_may_be_ipv6s(port: int) -> None:
    """The stand-in listens at IPv4 only, so what comes in at the one is handed on to the other."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
        threading.Thread(target=hand_on, args=(listening, port), daemon=True).start()
        game = GameSettings(attach=f"[::1]:{listening.getsockname()[1]}", timeout=60)
        backend = Sc2Backend(scenarios.get("3m"), settings=game)
        assert "not StarCraft II" in backend.describe()["game_version"]
        backend.close()


def hand_on(listening: socket.socket, port: int) -> None:
    listening.accept()[0].close()  # only to see whether somebody is there
    client, there = listening.accept()[0], socket.create_connection(("127.0.0.1", port))
    for source, sink in ((client, there), (there, client)):
        threading.Thread(target=pour, args=(source, sink), daemon=True).start()


def pour(source: socket.socket, sink: socket.socket) -> None:
    with sink, suppress(OSError):  # the other direction has ended, and closed both
        while data := source.recv(1 << 16):
            sink.sendall(data)
