"""The stand-in seen with pysc2's own client: statuses, grids, units, orders, debug commands, refusals."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np
import pytest
from websockets.sync.client import connect

from s2rm_sc2 import scenarios
from s2rm_sc2.standin.server import serving
from s2rm_sc2.standin.tell import FIRST_ALLY_TYPE
from s2rm_sc2.starcraft import messages, numbers
from s2rm_sc2.starcraft.faults import GameFault
from s2rm_sc2.starcraft.game import Game, GameSettings
from s2rm_sc2.starcraft.messages import Message
from tests.commands import foreground

sc = messages.load()


@pytest.fixture
def game() -> Iterator[Game]:
    with serving() as port:
        game = Game(GameSettings(attach=f"127.0.0.1:{port}", timeout=30))
        yield game
        game.close()


def client(game: Game) -> Message:
    """pysc2's RemoteController."""
    return game._controller


def begin(game: Game, name: str, seed: int = 3) -> list[Message]:
    game.create(name, (scenarios.get(name).ally_race, scenarios.get(name).enemy_race), seed)
    return list(game.observe())


def of(units: Sequence[Message], owner: int) -> list[Message]:
    return [unit for unit in units if unit.owner == owner]


def test_it_says_what_it_is_and_never_that_it_is_the_game(game: Game) -> None:
    said = game.versions()
    assert "not StarCraft II" in said["game_version"]
    assert said["data_build"] == "75689"


def test_statuses_follow_the_protocol(game: Game) -> None:
    status = [client(game).status.name]
    begin(game, "3m")
    status.append(client(game).status.name)
    client(game).leave()
    status.append(client(game).status.name)
    assert status == ["launched", "in_game", "launched"]


def test_grids_are_those_that_smac_reads(game: Game) -> None:
    begin(game, "corridor")
    info, ground = client(game).game_info().start_raw, scenarios.get("corridor").terrain
    paths = np.unpackbits(np.frombuffer(info.pathing_grid.data, np.uint8)).reshape(32, 32).T.astype(bool)
    heights = np.flip(np.frombuffer(info.terrain_height.data, np.uint8).reshape(32, 32).T, 1)
    assert np.array_equal(paths, ground.walkable)
    assert np.array_equal(heights, np.round((ground.height + 16) * 255 / 32))
    assert (info.map_size.x, info.playable_area.p1.y, info.pathing_grid.bits_per_pixel) == (32, 32, 1)


def test_allies_have_the_maps_own_types_by_name_and_enemies_stock_ones(game: Game) -> None:
    units = begin(game, "MMM")
    base = FIRST_ALLY_TYPE
    assert sorted(unit.unit_type for unit in of(units, 1)) == [base] * 2 + [base + 1] * 7 + [base + 2]
    assert sorted(unit.unit_type for unit in of(units, 2)) == [48] * 7 + [51] * 2 + [54]
    assert [unit.energy for unit in units if unit.unit_type in (54, base + 2)] == [50, 50]
    known = {row.unit_id for row in client(game).data_raw().units}
    assert known >= {unit.unit_type for unit in units}


def test_a_marine_walks_where_it_is_sent(game: Game) -> None:
    unit = of(begin(game, "3m"), 1)[0]
    game.command([(unit.tag, numbers.MOVE, (unit.pos.x, unit.pos.y + 1.0))])
    game.step(16)
    (moved,) = (other for other in game.observe() if other.tag == unit.tag)
    assert moved.pos.y == pytest.approx(unit.pos.y + 1.0, abs=1e-5)


def test_nobody_commands_the_enemy_or_the_dead(game: Game) -> None:
    enemy = of(begin(game, "3m"), 2)[0]
    request = sc.RequestAction()
    for tag in (enemy.tag, 12345):
        command = request.actions.add().action_raw.unit_command
        command.ability_id = numbers.STOP
        command.unit_tags.append(tag)
    assert list(client(game).actions(request).result) == [2, 2]


def test_the_map_creates_everyone_anew_when_none_lives_with_new_tags(game: Game) -> None:
    before = begin(game, "2s3z")
    game.kill([unit.tag for unit in before])
    assert list(game.observe()) == []
    game.step(2)
    after = game.observe()
    assert len(after) == len(before)
    assert not {unit.tag for unit in after} & {unit.tag for unit in before}


def test_the_dead_are_told_of_no_more(game: Game) -> None:
    victim = of(begin(game, "2s3z"), 2)[0]
    game.kill([victim.tag])
    game.step(1)
    assert victim.tag not in {unit.tag for unit in game.observe()}


def test_units_can_be_created_and_fight(game: Game) -> None:
    from s2clientprotocol import debug_pb2

    begin(game, "3m")
    made = debug_pb2.DebugCreateUnit(unit_type=105, owner=2, quantity=4)
    made.pos.x, made.pos.y = 14.0, 16.0
    client(game).debug(debug_pb2.DebugCommand(create_unit=made))
    created = [unit for unit in game.observe() if unit.unit_type == 105]
    game.step(80)
    allies = of(game.observe(), 1)
    assert len(created) == 4
    assert sum(unit.health for unit in allies) < 3 * 45


def test_equal_seeds_are_equal_games_and_a_restart_begins_the_same(game: Game) -> None:
    def places() -> list[tuple[float, float]]:
        return [(unit.pos.x, unit.pos.y) for unit in game.observe()]

    begin(game, "3m", seed=5)
    first = places()
    game.step(40)
    client(game).restart()
    assert places() == first
    begin(game, "3m", seed=5)
    assert places() == first
    begin(game, "3m", seed=6)
    assert places() != first


def test_a_replay_says_that_it_is_none(game: Game) -> None:
    unit = of(begin(game, "3m"), 1)[0]
    game.command([(unit.tag, numbers.STOP, None)])
    facts = json.loads(client(game).save_replay())
    assert "not StarCraft II" in facts["version"]
    assert facts["commands"] == [[0, numbers.STOP, unit.tag]]


def test_an_unknown_map_and_an_unknown_request_are_errors_of_the_protocol(game: Game) -> None:
    with pytest.raises(GameFault, match="InvalidMapPath"):
        game.create("no_such_map", ("T", "T"), 0)
    begin(game, "3m")
    from pysc2.lib import protocol
    from s2clientprotocol import query_pb2

    with pytest.raises(protocol.ProtocolError, match="does not know the request query"):
        client(game).query(query_pb2.RequestQuery())


def test_several_clients_have_games_of_their_own() -> None:
    with serving() as port:
        games = [Game(GameSettings(attach=f"127.0.0.1:{port}", timeout=30)) for _ in range(2)]
        sizes = [len(begin(game, name)) for game, name in zip(games, ("3m", "2s3z"), strict=True)]
        assert sizes == [6, 10]
        for game in games:
            game.step(8)
            game.close()


def test_the_game_is_nowhere_else() -> None:
    with serving() as port, pytest.raises(HTTPError, match="404"):
        urlopen(f"http://127.0.0.1:{port}/other")


def program(*arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    """The stand-in's own program, once it listens, and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "s2rm_sc2.standin", "-port", str(port), *arguments]
    game = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while True:
        try:
            with connect(f"ws://127.0.0.1:{port}/sc2api", compression=None):
                return game, port
        except ConnectionRefusedError:
            assert game.poll() is None


def test_a_game_that_was_started_for_a_client_ends_with_it(tmp_path: Path) -> None:
    game, _ = program("-tempDir", str(tmp_path))  # pysc2 gives one to every game that it starts
    assert game.wait(timeout=60) == 0


def test_a_game_that_was_started_by_hand_stays_for_the_next_client_until_ctrl_c() -> None:
    with foreground():
        game, port = program()
    for seed in range(2):
        attached = Game(GameSettings(attach=f"127.0.0.1:{port}", timeout=60))
        attached.create("3m", ("T", "T"), seed)
        assert len(attached.observe()) == 6
        attached.close()
    game.send_signal(signal.SIGINT)
    assert game.wait(timeout=60) == 0
