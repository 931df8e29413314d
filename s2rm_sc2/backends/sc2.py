"""The StarCraft II backend: one battle after another in a running game, its raw observations as our unit table.

A battle that the game fails in is lost: :class:`BattleLost` says so, and the next ``reset`` starts the game anew.
Failures at a reset are mended at once. A game that keeps failing ends in one :class:`GameFailed`.
"""

from collections import Counter
from collections.abc import Sequence

from torch import Tensor

from s2rm_sc2.actions import EAST, FIRST_TARGET, MOVE_AMOUNT, NO_OP, NORTH, SOUTH, STOP, WEST
from s2rm_sc2.errors import BadArgument, BattleLost, ScenarioUnsupported
from s2rm_sc2.scenarios import Scenario, smac_names
from s2rm_sc2.starcraft import installed, numbers
from s2rm_sc2.starcraft.faults import GameFault, Patience
from s2rm_sc2.starcraft.game import Game, GameSettings
from s2rm_sc2.starcraft.messages import Message
from s2rm_sc2.starcraft.numbers import THEM, US
from s2rm_sc2.starcraft.seen import SeenUnits, in_smacs_order
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import LOOPS_PER_STEP, UNIT_TYPES

RESPAWN_LOOPS = 2
"""Loops after everyone was removed, in which the map creates the next battle's units (SMAC's number)."""

BIRTH_LOOPS = 160
"""Loops that units may take to appear, after which it counts as a failure; SMAC waits for ever."""

_WAYS = {NORTH: (0, 1), SOUTH: (0, -1), EAST: (1, 0), WEST: (-1, 0)}


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
        self._map = map_of(scenario)
        if self.settings.attach is None:
            installed.require(self._map)
        self._move_amount, self._loops = move_amount, loops
        self._game: Game | None = None
        self._patience = Patience(self.failures)
        self._seen = SeenUnits(scenario)
        self._shown: Sequence[Message] = ()

    @property
    def units(self) -> UnitTable:
        """The live table ``[1, U]``."""
        return self._seen.table

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
            self._patience.forgive()  # the battle before this one was not lost
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
            self._shown = game.observe()
            self._seen.write(self._shown)
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
        self._seen.tags.clear()
        if game is not None:
            game.close()

    def _running(self) -> tuple[Game, bool]:
        """The game, started if need be, and whether no battle was begun in it yet."""
        while self._game is None:
            try:
                self._game = Game(self.settings)
            except GameFault as fault:
                self._mourn(fault)
        return self._game, not self._seen.tags

    def _mourn(self, fault: GameFault) -> None:
        """Note a failure and close what is left of the game; too many in a row are the end."""
        self.close()
        self._patience.suffer(fault)

    def _muster(self, game: Game) -> None:
        """Wait until all units are there."""
        for _ in range(BIRTH_LOOPS):
            self._shown = game.observe()
            allies, enemies = ([unit for unit in self._shown if unit.owner == owner] for owner in (US, THEM))
            if (len(allies), len(enemies)) == (self.scenario.n_agents, self.scenario.n_enemies):
                break
            game.step(1)
        self._seen.begin(sorted(allies, key=in_smacs_order), enemies)

    def _orders(self, actions: Sequence[int]) -> list[tuple[int, int, tuple[float, float] | int | None]]:
        """SMAC's action numbers as orders to units; no-op is none."""
        tags, A, orders = self._seen.tags, self.scenario.n_agents, []
        for agent, action in enumerate(actions):
            target: tuple[float, float] | int | None = None
            if action == NO_OP:
                continue
            if action == STOP:
                ability = numbers.STOP
            elif action < FIRST_TARGET:
                ability = numbers.MOVE
                (x, y), (dx, dy) = self._seen.place(agent), _WAYS[action]
                target = x + self._move_amount * dx, y + self._move_amount * dy
            elif UNIT_TYPES[self.scenario.type_indices[agent]].heal:
                ability, target = numbers.HEAL, tags[action - FIRST_TARGET]
            else:
                ability, target = numbers.ATTACK, tags[A + action - FIRST_TARGET]
            orders.append((tags[agent], ability, target))
        return orders


def map_of(scenario: Scenario) -> str:
    """The name of the map that the game plays a scenario on.

    Raises:
        ScenarioUnsupported: it has none.
    """
    name = scenario.name.partition(",")[0]
    if name not in smac_names() or scenario.opponent != "smac":
        raise ScenarioUnsupported(
            f"StarCraft II has no map for scenario {scenario.name!r}; it plays SMAC's 23 maps with their own enemies "
            "(s2rm-sc2 scenarios lists them), no SMACv2 families, and the embedded engine plays every scenario."
        )
    return name
