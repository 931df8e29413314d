"""The StarCraft II backend: orders and observations through the raw interface, the map's units as our unit table."""

from collections import Counter
from collections.abc import Sequence

from s2rm_sc2.actions import EAST, FIRST_TARGET, MOVE_AMOUNT, NO_OP, NORTH, SOUTH, STOP, WEST
from s2rm_sc2.backends.starcraft import BIRTH_LOOPS, StarCraftBackend
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.starcraft import numbers
from s2rm_sc2.starcraft.game import Game, GameSettings
from s2rm_sc2.starcraft.messages import Message
from s2rm_sc2.starcraft.numbers import THEM, US
from s2rm_sc2.starcraft.seen import in_smacs_order
from s2rm_sc2.units import LOOPS_PER_STEP, UNIT_TYPES

RESPAWN_LOOPS = 2
"""Loops after everyone was removed, in which the map creates the next battle's units (SMAC's number)."""

_WAYS = {NORTH: (0, 1), SOUTH: (0, -1), EAST: (1, 0), WEST: (-1, 0)}


class Sc2Backend(StarCraftBackend):
    """One battle of one of SMAC's maps in StarCraft II, talked to by us.

    Args:
        scenario: what is fought: a SMAC map, perhaps with another sight or limit.
        n_battles: 1, as a game plays one at a time.
        settings: how the game is reached.
        move_amount: cells that a move action leads away.
        loops: game loops that pass in a step.
        failures: where failures of the game are counted, by cause.

    Raises:
        BadArgument: more than one battle.
        ScenarioUnsupported: StarCraft II has no such map.
        StarCraftMissing: the game, the map or pysc2 is not installed.
    """

    name = "sc2"

    def __init__(
        self,
        scenario: Scenario,
        n_battles: int = 1,
        *,
        settings: GameSettings | None = None,
        move_amount: int = MOVE_AMOUNT,
        loops: int = LOOPS_PER_STEP,
        failures: Counter[str] | None = None,
    ) -> None:
        super().__init__(scenario, n_battles, settings, loops, failures)
        self._move_amount = move_amount
        self._game: Game | None = None
        self._shown: Sequence[Message] = ()

    def _begin(self, seed: int) -> None:
        game = self._running()
        if self._seen.tags:
            game.kill([unit.tag for unit in self._shown])
            game.step(RESPAWN_LOOPS)
        else:
            game.create(self._map, (self.scenario.ally_race, self.scenario.enemy_race), seed)
        self._muster(game)

    def _play(self, actions: Sequence[int]) -> None:
        game = self._running()
        game.command(self._orders(actions))
        game.step(self._loops)
        self._shown = game.observe()
        self._seen.write(self._shown)

    def _versions(self) -> dict[str, str]:
        return self._running().versions()

    def _end(self) -> None:
        game, self._game = self._game, None
        self._seen.tags.clear()
        if game is not None:
            game.close()

    def _running(self) -> Game:
        """The game, started if need be."""
        if self._game is None:
            self._game = Game(self.settings)
        return self._game

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
