"""The StarCraft II backend: one battle after another in a running game, its raw observations as our unit table.

A battle that the game fails in is lost: :class:`BattleLost` says so, and the next ``reset`` starts the game anew.
Failures at a reset are mended at once. A game that keeps failing ends in one :class:`GameFailed`.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter

import numpy as np
import torch
from torch import Tensor

from s2rm_sc2.actions import EAST, FIRST_TARGET, MOVE_AMOUNT, NO_OP, NORTH, SOUTH, STOP, WEST
from s2rm_sc2.errors import BadArgument, BattleLost, GameFailed, ScenarioUnsupported
from s2rm_sc2.scenarios import Scenario, smac_names
from s2rm_sc2.sides import ENEMY
from s2rm_sc2.starcraft import installed, numbers
from s2rm_sc2.starcraft.game import Game, GameFault, GameSettings
from s2rm_sc2.starcraft.messages import Message
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import LOOPS_PER_STEP, UNIT_TYPES

log = logging.getLogger(__name__)

FAILURES_IN_A_ROW = 5
"""Times that the game may fail, without a battle played to its end between, before that is an error."""

RESPAWN_LOOPS = 2
"""Loops after everyone was removed, in which the map creates the next battle's units (SMAC's number)."""

BIRTH_LOOPS = 160
"""Loops that units may take to appear, after which it counts as a failure; SMAC waits for ever."""

_WAYS = {NORTH: (0, 1), SOUTH: (0, -1), EAST: (1, 0), WEST: (-1, 0)}
_STOCK = {kind.smac_id: kind.index for kind in UNIT_TYPES}


class Sc2Backend:
    """One battle of one of SMAC's maps in StarCraft II; see :class:`s2rm_sc2.backends.contract.Backend`.

    Args:
        scenario: what is fought: a SMAC map, perhaps with another sight or limit.
        settings: how the game is reached.
        move_amount: cells that a move action leads away.
        loops: game loops that pass in a step.
        failures: where failures of the game are counted, by cause.

    Attributes:
        failures: how often the game failed, by cause.

    Raises:
        ScenarioUnsupported: StarCraft II has no such map.
        StarCraftMissing: the game, the map or pysc2 is not installed.
    """

    n_battles = 1

    def __init__(
        self,
        scenario: Scenario,
        settings: GameSettings | None = None,
        move_amount: int = MOVE_AMOUNT,
        loops: int = LOOPS_PER_STEP,
        failures: Counter[str] | None = None,
    ) -> None:
        self.scenario, self.settings = scenario, settings or GameSettings()
        self.failures: Counter[str] = Counter() if failures is None else failures
        self._map = scenario.name.partition(",")[0]
        if self._map not in smac_names() or scenario.opponent != "smac":
            raise ScenarioUnsupported(
                f"StarCraft II has no map for scenario {scenario.name!r}; it plays SMAC's 23 maps with their own "
                "enemies (s2rm-sc2 scenarios lists them), and the embedded engine plays every scenario."
            )
        if self.settings.attach is None:
            installed.require(self._map)
        self._move_amount, self._loops = move_amount, loops
        self._game: Game | None = None
        self._in_a_row = 0
        self._rows: dict[int, int] = {}  # of the battle's units, by tag
        self._shown: Sequence[Message] = ()
        U = scenario.n_units
        self._real = np.zeros((6, 1, U), np.float32)
        self._whole = np.zeros((2, 1, U), np.int64)
        self._whole[0], self._whole[1, :, scenario.n_agents :] = scenario.type_indices, ENEMY
        self._alive = np.zeros((1, U), np.bool_)
        kind, team = torch.from_numpy(self._whole)
        x, y, health, shield, energy, cooldown = torch.from_numpy(self._real)
        alive = torch.from_numpy(self._alive)
        self._units = UnitTable(kind, team, x, y, health, shield, energy, cooldown, alive)

    @property
    def units(self) -> UnitTable:
        """The live table ``[1, U]``."""
        return self._units

    def reset(self, seeds: Sequence[int], battles: Sequence[int] | None = None) -> None:
        """Start the next battle: in a new game, seeded, if none is running, else in the game that is.

        In a running game everyone is removed, upon which the map creates its units anew, as in SMAC; the game's own
        random numbers go on, so the seed has no effect then.

        Raises:
            GameFailed: the game keeps failing.
        """
        if len(seeds) != 1 or list(battles or [0]) != [0]:
            raise BadArgument(f"StarCraft II plays one battle at a time; {len(seeds)} seeds for {battles} were given.")
        if self._game is not None:
            self._in_a_row = 0  # the battle before this one was not lost
        while True:
            game, fresh = self._running()
            try:
                if fresh:
                    game.create(self._map, (self.scenario.ally_race, self.scenario.enemy_race), seeds[0])
                else:
                    game.kill([unit.tag for unit in self._shown])
                    game.step(RESPAWN_LOOPS)
                self._muster(game)
            except GameFault as fault:
                self._mourn(fault)
            else:
                return

    def step(self, actions: Tensor, active: Tensor | None = None) -> None:
        """Send one step's orders, int64 ``[1, A]``, let its loops pass, and look.

        Raises:
            BattleLost: the game failed; ``reset`` starts it anew.
            GameFailed: it keeps failing.
        """
        if active is not None and not active.any():
            return
        game = self._game
        if game is None:
            raise BattleLost("The battle was lost with its game; call reset() to start another.")
        try:
            game.command(self._orders(actions[0].tolist()))
            game.step(self._loops)
            self._write(game.observe())
        except GameFault as fault:
            self._mourn(fault)
            raise BattleLost(f"StarCraft II failed in the middle of a battle ({fault}); call reset().") from fault

    def describe(self) -> dict[str, str]:
        """The game's versions as it says them (a stand-in says that it is one), difficulty and loops per step.

        Raises:
            GameFailed: the game does not start.
        """
        while True:
            game, _ = self._running()
            try:
                versions = game.versions()
            except GameFault as fault:
                self._mourn(fault)
            else:
                return {
                    "backend": "sc2",
                    **versions,
                    "difficulty": self.settings.difficulty,
                    "step_mul": str(self._loops),
                }

    def close(self) -> None:
        """End the game that was started, or leave the one attached to; closing twice is allowed."""
        game, self._game = self._game, None
        self._rows.clear()
        if game is not None:
            game.close()

    def _running(self) -> tuple[Game, bool]:
        """The game, started if need be, and whether no battle was begun in it yet."""
        while self._game is None:
            try:
                self._game = Game(self.settings)
            except GameFault as fault:
                self._mourn(fault)
        return self._game, not self._rows

    def _mourn(self, fault: GameFault) -> None:
        """Note a failure and close what is left of the game; too many in a row are the end."""
        self.failures[str(fault)] += 1
        self._in_a_row += 1
        log.warning("StarCraft II failed (%s); it is started anew.", fault)
        self.close()
        if self._in_a_row > FAILURES_IN_A_ROW:
            raise GameFailed(
                f"StarCraft II failed {self._in_a_row} times in a row, the last time at {fault}; "
                f"see what it printed, and s2rm-sc2 doctor, or {installed.INSTEAD}."
            ) from fault

    def _muster(self, game: Game) -> None:
        """Wait until all units are there, and give each its row: agents by type, x and y, enemies as they come."""
        A, M = self.scenario.n_agents, self.scenario.n_enemies
        for _ in range(BIRTH_LOOPS):
            units = game.observe()
            allies = sorted(_of(units, numbers.US), key=attrgetter("unit_type", "pos.x", "pos.y"))
            enemies = _of(units, numbers.THEM)
            if len(allies) == A and len(enemies) == M:
                break
            game.step(1)
        else:
            raise GameFault(f"units: {len(allies)} allies and {len(enemies)} enemies appeared instead of {A} and {M}")
        self._rows = {unit.tag: row for row, unit in enumerate([*allies, *enemies])}
        self._check_types(allies, enemies)
        self._write(units)

    def _check_types(self, allies: Sequence[Message], enemies: Sequence[Message]) -> None:
        """Compare the types with the scenario's. Allies' ids are the map's own, ascending with the types' names."""
        own = sorted({unit.unit_type for unit in allies})
        names = sorted(kind.name for kind in self.scenario.ally_kinds)
        kinds = [names[own.index(unit.unit_type)] if len(own) == len(names) else None for unit in allies]
        kinds += [UNIT_TYPES[_STOCK[unit.unit_type]].name if unit.unit_type in _STOCK else None for unit in enemies]
        if kinds != [kind.name for kind in self.scenario.unit_types]:
            ids = [unit.unit_type for unit in [*allies, *enemies]]
            raise GameFault(f"units: the types {ids} are not those of the map {self._map}")

    def _write(self, units: Sequence[Message]) -> None:
        """Bring the table up to date; who is no longer told of is dead, and lies where it was last seen."""
        self._shown = units
        self._alive[:], self._real[2:] = False, 0.0
        for unit in units:
            row = self._rows.get(unit.tag)
            if row is not None and unit.health > 0:
                self._alive[0, row] = True
                self._real[:, 0, row] = (
                    unit.pos.x, unit.pos.y, unit.health, unit.shield, unit.energy, unit.weapon_cooldown
                )  # fmt: skip

    def _orders(self, actions: Sequence[int]) -> list[tuple[int, int, tuple[float, float] | int | None]]:
        """SMAC's action numbers as orders to units; no-op is none."""
        tags, A, orders = list(self._rows), self.scenario.n_agents, []
        for agent, action in enumerate(actions):
            target: tuple[float, float] | int | None = None
            if action == NO_OP:
                continue
            if action == STOP:
                ability = numbers.STOP
            elif action < FIRST_TARGET:
                ability = numbers.MOVE
                (x, y), (dx, dy) = self._real[:2, 0, agent].tolist(), _WAYS[action]
                target = x + self._move_amount * dx, y + self._move_amount * dy
            elif UNIT_TYPES[self._whole[0, 0, agent]].heal:
                ability, target = numbers.HEAL, tags[action - FIRST_TARGET]
            else:
                ability, target = numbers.ATTACK, tags[A + action - FIRST_TARGET]
            orders.append((tags[agent], ability, target))
        return orders


def _of(units: Sequence[Message], owner: int) -> list[Message]:
    return [unit for unit in units if unit.owner == owner]
