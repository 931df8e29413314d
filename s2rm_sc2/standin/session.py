"""What one client of the stand-in is told: each request, the state of its game, and the response to it."""

import json
import secrets
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from s2rm_sc2 import __version__, scenarios
from s2rm_sc2.errors import S2rmError
from s2rm_sc2.sides import ALLY, ENEMY
from s2rm_sc2.standin import tell
from s2rm_sc2.starcraft import messages, numbers
from s2rm_sc2.starcraft.messages import Message

sc = messages.load()

BUILD = 75689
"""The build that the stand-in is addressed as: 4.10.0, the one that SMAC's users have on Linux."""

VERSION = f"stand-in of s2rm-sc2 {__version__}: not StarCraft II"
"""What it says its game version is."""

_IN_GAME = ("game_info", "observation", "action", "step", "debug", "data", "save_replay", "leave_game", "restart_game")


class Refused(Exception):
    """Raised for a request that cannot be answered now; the client gets the text as the response's error."""


class Session:
    """One client's game.

    Attributes:
        status: the protocol's: launched, init_game, in_game, quit.
    """

    def __init__(self) -> None:
        self.status: int = sc.launched
        self._battles: Any = None
        self._asked: Message = None
        self._options: Message = None
        self._loop = 0
        self._commands: list[list[Any]] = []

    def answer(self, request: Message) -> Message:
        """The response to a request, with its id and the game's status."""
        response = sc.Response(id=request.id)
        kind = request.WhichOneof("request")
        answers: dict[str, Callable[[Message, Message], None]] = {
            "ping": self._ping, "create_game": self._create, "join_game": self._join, "game_info": self._game_info,
            "observation": self._observe, "action": self._act, "step": self._step, "debug": self._debug,
            "data": self._data, "save_replay": self._save_replay, "leave_game": self._leave, "quit": self._quit,
            "restart_game": self._restart, "available_maps": self._maps,
        }  # fmt: skip
        try:
            if kind not in answers:
                raise Refused(f"The stand-in does not know the request {kind}.")
            if kind in _IN_GAME and self.status != sc.in_game:
                raise Refused(f"The request {kind} needs a game; create and join one first.")
            part = getattr(response, kind)
            part.SetInParent()
            answers[kind](getattr(request, kind), part)
        except Refused as refusal:
            response.error.append(str(refusal))
        response.status = self.status
        return response

    def _ping(self, _: Message, response: Message) -> None:
        response.game_version, response.data_version = VERSION, "stand-in"
        response.data_build = response.base_build = BUILD

    def _create(self, request: Message, response: Message) -> None:
        from s2rm_sc2.standin.battle import Battles

        try:
            scenario = scenarios.get(PurePosixPath(request.local_map.map_path).stem)
            seed = request.random_seed if request.HasField("random_seed") else secrets.randbits(32)
            self._battles = Battles(scenario, seed)
        except S2rmError as error:
            response.error = response.InvalidMapPath
            response.error_details = str(error)
            return
        self._asked, self._loop, self._commands = request, 0, []
        self.status = sc.init_game

    def _join(self, request: Message, response: Message) -> None:
        if self.status != sc.init_game:
            raise Refused("There is no game to join; create one first.")
        self._options = request.options
        response.player_id = numbers.US
        self.status = sc.in_game

    def _game_info(self, _: Message, response: Message) -> None:
        tell.game_info(response, self._battles.scenario, self._asked, self._options)

    def _observe(self, _: Message, response: Message) -> None:
        tell.observation(response.observation, self._battles.seen(), self._battles.scenario, self._loop)

    def _act(self, request: Message, response: Message) -> None:
        for action in request.actions:
            command = action.action_raw.unit_command
            place, target = command.target_world_space_pos, command.target_unit_tag
            done = [
                self._battles.command(tag, command.ability_id, place.x, place.y, target) for tag in command.unit_tags
            ]
            self._commands.append([self._loop, command.ability_id, *command.unit_tags])
            response.result.append(1 if all(done) else 2)  # Success, NotSupported

    def _step(self, request: Message, response: Message) -> None:
        loops = max(1, request.count)
        self._battles.advance(loops)
        self._loop += loops
        response.simulation_loop = self._loop

    def _debug(self, request: Message, _: Message) -> None:
        for command in request.debug:
            self._battles.kill(command.kill_unit.tag)
            made = command.create_unit
            if made.quantity:
                kind = tell.kind_of(made.unit_type, self._battles.scenario)
                if kind is None:
                    raise Refused(f"The stand-in has no units of type {made.unit_type} on this map.")
                team = ALLY if made.owner == numbers.US else ENEMY
                self._battles.create([kind] * made.quantity, team, made.pos.x, made.pos.y)

    def _data(self, _: Message, response: Message) -> None:
        tell.data(response, self._battles.scenario)

    def _save_replay(self, _: Message, response: Message) -> None:
        battles = self._battles
        facts = {"version": VERSION, "map": battles.scenario.name, "seed": battles.random_seed, "loops": self._loop}
        response.data = json.dumps({**facts, "commands": self._commands}).encode()

    def _leave(self, *_: Message) -> None:
        self._battles, self.status = None, sc.launched

    def _restart(self, _: Message, response: Message) -> None:
        self._create(self._asked, sc.ResponseCreateGame())
        self.status = sc.in_game

    def _maps(self, _: Message, response: Message) -> None:
        response.local_map_paths.extend(f"{numbers.MAPS}/{name}.SC2Map" for name in scenarios.smac_names())

    def _quit(self, *_: Message) -> None:
        self._battles, self.status = None, sc.quit
