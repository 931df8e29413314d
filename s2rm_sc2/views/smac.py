"""SMAC's vectors: what its agents see, may do, and its global state, column for column and bit for bit.

A vector is a function of the unit table alone (and of last actions and the clock where options ask for them), so the
engine, StarCraft II and a learned simulator share it. SMAC's oddities are kept where a learner sees them:
inverted enemy type bits on stalker-and-zealot maps (:class:`s2rm_sc2.scenarios.Scenario` holds the orders),
maximal cooldowns that do not match the weapons, and the doubled slot of ``obs_timestep_number``.
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from s2rm_sc2.actions import FIRST_TARGET, NO_OP, NORTH
from s2rm_sc2.scenarios import Scenario, Terrain
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_TYPES
from s2rm_sc2.views.options import SmacOptions
from s2rm_sc2.views.sight import offsets, sees, within_sight

MOVES: tuple[tuple[str, int, int], ...] = (("north", 0, 1), ("south", 0, -1), ("east", 1, 0), ("west", -1, 0))
"""Moves in the order of their action numbers, with the direction of their step."""

# The eight points whose ground an agent may see, in SMAC's order, in units of move_amount.
_AROUND = (
    *(("north", 0, 2), ("south", 0, -2), ("east", 2, 0), ("west", -2, 0)),
    *(("northeast", 1, 1), ("southwest", -1, -1), ("southeast", 1, -1), ("northwest", -1, 1)),
)


def elevation(ground: Terrain) -> npt.NDArray[np.float64]:
    """SMAC's ``terrain_height [x, y]``: StarCraft II sends -16 to 16 as bytes, SMAC divides those by 255."""
    levels: npt.NDArray[np.float64] = np.round((ground.height.astype(np.float64) + 16.0) * 255.0 / 32.0) / 255.0
    return levels


# What an agent may know of a unit, one plane [A, U] each; type bits and last actions follow.
_PLANES = {"available": 0, "visible": 0, "distance": 1, "dx": 2, "dy": 3, "health": 4, "shield": 5}
_BITS = 6

# What the state tells of a unit; type bits follow.
_STATE_PLANES = {"health": 0, "shield": 1, "energy/cooldown": 2, "rel_x": 3, "rel_y": 4}


@dataclass(frozen=True)
class _Constants:
    """What the vectors are made with, as tensors of one device. Grids have a border of one cell."""

    side: Tensor  # [U] where the row's team begins in ``kinds``
    kinds: Tensor  # [3 + bits, 2 * types] full health and shield, SMAC's maximal cooldown, type bits
    heals: Tensor  # [types] bool
    open: Tensor  # [width + 2, height + 2] bool, outside is closed
    pathing: Tensor  # the same as float32, outside counts as 1
    elevation: Tensor  # terrain height, outside counts as 1
    moves: Tensor  # [4, 2] where the availability of a move is looked up
    around: Tensor  # [9, 2] the points around an agent, itself last
    observation: Tensor  # [A * columns] which agent, plane and unit a column shows
    state: Tensor  # [columns]

    def to(self, device: torch.device) -> "_Constants":
        return _Constants(*(getattr(self, field.name).to(device) for field in fields(self)))


class SmacViews:
    """SMAC's observation, state and masks of one scenario, for batches ``[B, ...]`` on any device.

    Attributes:
        n_agents, n_enemies: A and the number of enemies.
        n_actions: 6 plus one per enemy; where a medivac could heal more allies than there are enemies, plus one
            per ally (no SMAC map is such).
        action_names: names of the actions; for a medivac, action 6 + k heals ally k.
        observation_features: names of the features per part of an observation: ``move``, each ``enemy``, each other
            ``ally`` (the agent itself is left out of their count), ``own``.
        observation_columns, state_columns: names of the columns of :meth:`observation` and :meth:`state`.
        ally_columns, enemy_columns: SMAC's names of the state's columns per unit.
    """

    def __init__(self, scenario: Scenario, options: SmacOptions | None = None) -> None:
        self.scenario = scenario
        self.options = options or SmacOptions()
        self.n_agents, self.n_enemies = scenario.n_agents, scenario.n_enemies
        self._healers = any(unit.heal is not None for unit in scenario.ally_kinds)
        self._n_targets = max(self.n_enemies, self.n_agents if self._healers else 0)
        self.n_actions = FIRST_TARGET + self._n_targets
        self.action_names = self._name_actions()
        self._shields = (scenario.ally_race == "P", scenario.enemy_race == "P")
        bits = tuple(f"type_{bit}" for bit in range(scenario.type_bits))
        shield_ally, shield_enemy = (("shield",) if shown else () for shown in self._shields)
        self.ally_columns = ("health", "energy/cooldown", "rel_x", "rel_y", *shield_ally, *bits)
        self.enemy_columns = ("health", "rel_x", "rel_y", *shield_enemy, *bits)
        self.observation_features = self._name_features()
        self.observation_columns = self._name_observation()
        self.state_columns = self._name_state()
        self._constants = {torch.device("cpu"): self._make_constants()}

    @property
    def obs_size(self) -> int:
        """Width of an observation as it is; see :attr:`declared_obs_size`."""
        return len(self.observation_columns)

    @property
    def state_size(self) -> int:
        """Width of the state as it is."""
        return len(self.state_columns)

    @property
    def declared_obs_size(self) -> int:
        """Width that SMAC's ``get_obs_size`` names: with ``obs_timestep_number`` one less than the vector's own.

        SMAC reserves a slot for the time step among the agent's own features, leaves it 0, and appends the value.
        """
        return self.obs_size - self.options.obs_timestep_number

    @property
    def declared_state_size(self) -> int:
        """Width that SMAC's ``get_state_size`` names; differs only where the state is made of observations."""
        return self.n_agents * self.declared_obs_size if self.options.obs_instead_of_state else self.state_size

    def available_actions(self, units: UnitTable) -> Tensor:
        """Which actions each agent may take: bool ``[B, A, n_actions]``.

        The dead may only do nothing (0), which the living may not; they may always stop (1). A move is available
        when the cell at half its length can be walked; an attack when the enemy lives within
        ``scenario.shoot_range`` between centres, inclusive; a heal likewise for living allies that are no medivacs.
        """
        constants = self._on(units.x.device)
        alive = units.alive[:, : self.n_agents, None]
        *_, distance = offsets(units, self.n_agents)
        in_range = (distance <= self.scenario.shoot_range) & units.alive[:, None]
        targets = self._with_heals(units, in_range) if self._healers else in_range[:, :, self.n_agents :]
        moves = self._ground(units, constants.moves, constants.open)
        living = torch.cat([torch.ones_like(alive), moves, targets], -1) & alive
        return torch.cat([~alive, living], -1)

    def observation(
        self, units: UnitTable, available: Tensor, last_action: Tensor | None = None, step: Tensor | None = None
    ) -> Tensor:
        """What each agent sees: float32 ``[B, A, obs_size]``; zeros for the dead (their clock runs on).

        Args:
            units: the table ``[B, U]``.
            available: :meth:`available_actions` of the same table.
            last_action: int64 ``[B, A]``, read with ``obs_last_action``; 0 is no-op for the dead, and none yet for
                the living; all none where not given.
            step: int64 ``[B]``, read with ``obs_timestep_number``; 0 where not given.
        """
        A, constants = self.n_agents, self._on(units.x.device)
        dx, dy, distance = offsets(units, A)
        seen = within_sight(units, distance, self.scenario.sight_range)
        where = (torch.stack([distance, dx, dy], 2) / self.scenario.sight_range).float()
        targets = available[:, :, FIRST_TARGET : FIRST_TARGET + self.n_enemies].float()
        flags = torch.nn.functional.pad(targets, (A, 0), value=1.0)
        points, _, bits = self._kinds(units)
        body = torch.cat([points, bits])
        if self.options.obs_last_action:
            last = self.last_action_bits(units, last_action).permute(2, 0, 1)
            body = torch.cat([body, torch.nn.functional.pad(last, (0, self.n_enemies))])
        known = body.transpose(0, 1)[:, None].expand(-1, A, -1, -1)
        # Adding 0 turns the -0 that a masked negative offset leaves into the 0 that SMAC has.
        planes = torch.cat([flags[:, :, None], where, known], 2).mul_(seen[:, :, None].float()).add_(0.0)
        columns = planes.flatten(1).index_select(1, constants.observation)
        parts = [*self._surroundings(units, available), columns.reshape(columns.shape[0], A, -1)]
        if self.options.obs_timestep_number:
            clock = self._clock(units, step)[:, None, None].expand(-1, A, 1)
            parts += [torch.zeros_like(clock), clock]
        return torch.cat(parts, -1)

    def state(self, units: UnitTable, last_action: Tensor, step: Tensor) -> Tensor:
        """The global state: float32 ``[B, state_size]``.

        Args:
            units: the table ``[B, U]``.
            last_action: int64 ``[B, A]`` as in :meth:`observation`.
            step: int64 ``[B]``, steps played.
        """
        if self.options.obs_instead_of_state:
            return self.observation(units, self.available_actions(units), last_action, step).flatten(1)
        parts = [self.unit_state(units)]
        if self.options.state_last_action:
            parts.append(self.last_action_bits(units, last_action).flatten(1))
        if self.options.state_timestep_number:
            parts.append(self._clock(units, step)[:, None])
        return torch.cat(parts, -1)

    def unit_state(self, units: UnitTable) -> Tensor:
        """The state's part about units, float32 ``[B, A * ally columns + enemies * enemy columns]``."""
        constants, (width, height) = self._on(units.x.device), self.scenario.terrain.size
        x = ((units.x.double() - width / 2) / width).float()
        y = ((units.y.double() - height / 2) / height).float()
        points, cooldown, bits = self._kinds(units)
        charge = units.cooldown
        if self._healers:
            charge = torch.where(constants.heals[units.type], units.energy, charge)
        planes = torch.cat([points, torch.stack([charge / cooldown, x, y]), bits])
        planes = planes.masked_fill_(~units.alive, 0.0).transpose(0, 1)
        return planes.flatten(1).index_select(1, constants.state)

    def visibility(self, units: UnitTable) -> Tensor:
        """SMAC's visibility matrix: bool ``[B, A, U]``, as :func:`sees` but nobody sees itself."""
        itself = torch.eye(self.n_agents, self.scenario.n_units, dtype=torch.bool, device=units.x.device)
        return sees(units, self.scenario.sight_range, self.n_agents) & ~itself

    def last_action_bits(self, units: UnitTable, last_action: Tensor | None) -> Tensor:
        """SMAC's ``last_action``: float32 ``[B, A, n_actions]`` one-hots, zeros before the first action."""
        alive = units.alive[:, : self.n_agents]
        bits = torch.zeros((*alive.shape, self.n_actions), device=alive.device)
        if last_action is None:
            return bits
        # Only the dead do nothing: 0 for the living means that they have not acted yet.
        acted = (last_action > NO_OP) | ~alive
        return bits.scatter_(-1, last_action[..., None], acted[..., None].float())

    def _on(self, device: torch.device) -> _Constants:
        if device not in self._constants:
            self._constants[device] = self._constants[torch.device("cpu")].to(device)
        return self._constants[device]

    def _kinds(self, units: UnitTable) -> tuple[Tensor, Tensor, Tensor]:
        """Fractions of health and shield ``[2, B, U]``, SMAC's maximal cooldown ``[B, U]``, bits ``[bits, B, U]``."""
        constants = self._on(units.x.device)
        kinds = constants.kinds[:, units.type + constants.side]
        return torch.stack([units.health, units.shield]) / kinds[:2], kinds[2], kinds[3:]

    def _with_heals(self, units: UnitTable, in_range: Tensor) -> Tensor:
        """Targets bool ``[B, A, n_targets]``: enemies for most, allies for agents that heal."""
        A = self.n_agents
        heals = self._on(units.x.device).heals[units.type[:, :A]]
        attack = in_range.new_zeros((*in_range.shape[:2], self._n_targets))
        heal = attack.clone()
        attack[:, :, : self.n_enemies] = in_range[:, :, A:]
        heal[:, :, :A] = in_range[:, :, :A] & ~heals[:, None]
        return torch.where(heals[..., None], heal, attack)

    def _ground(self, units: UnitTable, points: Tensor, grid: Tensor) -> Tensor:
        """The grid at points ``[P, 2]`` relative to each agent: ``[B, A, P]``.

        Coordinates are truncated towards zero as Python's ``int`` does: whole points are relative to the
        truncated position, others are added before truncation, as SMAC has it in one case and the other.
        """
        place = torch.stack([units.x[:, : self.n_agents], units.y[:, : self.n_agents]], -1)
        place = place.double() if points.is_floating_point() else place.long()
        cell = (place[:, :, None] + points).long()
        column = cell[..., 0].clamp(-1, grid.shape[0] - 2) + 1
        row = cell[..., 1].clamp(-1, grid.shape[1] - 2) + 1
        return grid.take(column * grid.shape[1] + row)

    def _surroundings(self, units: UnitTable, available: Tensor) -> list[Tensor]:
        """The movement features: moves, then pathing and height where options ask for them."""
        constants, options = self._on(units.x.device), self.options
        dead = ~units.alive[:, : self.n_agents, None]
        parts = [available[:, :, NORTH:FIRST_TARGET].float()]
        if options.obs_pathing_grid:
            parts.append(self._ground(units, constants.around[:-1], constants.pathing).masked_fill(dead, 0.0))
        if options.obs_terrain_height:
            parts.append(self._ground(units, constants.around, constants.elevation).masked_fill(dead, 0.0))
        return parts

    def _clock(self, units: UnitTable, step: Tensor | None) -> Tensor:
        """Elapsed share of the limit, float32 ``[B]``."""
        if step is None:
            return units.x.new_zeros(units.x.shape[0])
        return (step.double() / self.scenario.limit).float()

    def _make_constants(self) -> _Constants:
        scenario, ground, step = self.scenario, self.scenario.terrain, self.options.move_amount
        rows = [[unit.health, unit.shield or 1.0, unit.smac_max_cooldown] for unit in UNIT_TYPES]
        kinds = [
            [*row, *(float(unit.name == bit) for bit in order)]
            for order in (scenario.ally_type_order, scenario.enemy_type_order)
            for row, unit in zip(rows, UNIT_TYPES, strict=True)
        ]
        return _Constants(
            side=torch.tensor([0] * self.n_agents + [len(UNIT_TYPES)] * self.n_enemies),
            kinds=torch.tensor(kinds).T.contiguous(),
            heals=torch.tensor([unit.heal is not None for unit in UNIT_TYPES]),
            open=_bordered(torch.tensor(ground.walkable), False),
            pathing=_bordered(torch.tensor(ground.walkable).float(), 1.0),
            elevation=_bordered(torch.tensor(elevation(ground)).float(), 1.0),
            moves=torch.tensor([[x, y] for _, x, y in MOVES]).double() * (step / 2),
            around=torch.tensor([[x, y] for _, x, y in _AROUND] + [[0, 0]]) * int(step),
            observation=torch.tensor([i for agent in range(self.n_agents) for i in self._observation_index(agent)]),
            state=torch.tensor(self._state_index()),
        )

    def _observation_index(self, agent: int) -> list[int]:
        """Where one agent's columns about units are found in the planes."""
        U, features = self.scenario.n_units, self.observation_features
        ally_planes, enemy_planes = (
            {**_PLANES, **{f"is_{name}": _BITS + bit for bit, name in enumerate(order)}}
            for order in (self.scenario.ally_type_order, self.scenario.enemy_type_order)
        )
        first_action = _BITS + self.scenario.type_bits
        ally_planes |= {f"last_{name}": first_action + action for action, name in enumerate(self.action_names)}
        others = [ally for ally in range(self.n_agents) if ally != agent]
        enemies = range(self.n_agents, U)
        own = [name for name in features["own"] if name != "reserved"]
        start = agent * (first_action + self.n_actions * self.options.obs_last_action)
        return [
            *((start + enemy_planes[name]) * U + enemy for enemy in enemies for name in features["enemy"]),
            *((start + ally_planes[name]) * U + ally for ally in others for name in features["ally"]),
            *((start + ally_planes[name]) * U + agent for name in own),
        ]

    def _state_index(self) -> list[int]:
        U = self.scenario.n_units
        planes = {
            **_STATE_PLANES,
            **{f"type_{bit}": len(_STATE_PLANES) + bit for bit in range(self.scenario.type_bits)},
        }
        return [
            *(planes[name] * U + ally for ally in range(self.n_agents) for name in self.ally_columns),
            *(planes[name] * U + enemy for enemy in range(self.n_agents, U) for name in self.enemy_columns),
        ]

    def _name_actions(self) -> tuple[str, ...]:
        targets = [f"attack_{k}" if k < self.n_enemies else f"heal_{k}" for k in range(self._n_targets)]
        return ("no_op", "stop", *(name for name, _, _ in MOVES), *targets)

    def _name_features(self) -> dict[str, tuple[str, ...]]:
        options, around = self.options, [name for name, _, _ in _AROUND]
        shield_ally, shield_enemy = (("shield",) if shown else () for shown in self._shields)
        bits_ally = tuple(f"is_{name}" for name in self.scenario.ally_type_order)
        bits_enemy = tuple(f"is_{name}" for name in self.scenario.enemy_type_order)
        ally, enemy = (("health", *shield) if options.obs_all_health else () for shield in (shield_ally, shield_enemy))
        return {
            "move": (
                *(name for name, _, _ in MOVES),
                *(f"pathing_{name}" for name in around if options.obs_pathing_grid),
                *(f"height_{name}" for name in [*around, "here"] if options.obs_terrain_height),
            ),
            "enemy": ("available", "distance", "dx", "dy", *enemy, *bits_enemy),
            "ally": (
                *("visible", "distance", "dx", "dy", *ally, *bits_ally),
                *(f"last_{name}" for name in self.action_names if options.obs_last_action),
            ),
            "own": (
                *(("health", *shield_ally) if options.own_health else ()),
                *bits_ally,
                *(("reserved",) if options.obs_timestep_number else ()),
            ),
        }

    def _name_observation(self) -> tuple[str, ...]:
        features = self.observation_features
        return (
            *(f"move_{name}" for name in features["move"]),
            *(f"enemy_{k}_{name}" for k in range(self.n_enemies) for name in features["enemy"]),
            *(f"ally_{k}_{name}" for k in range(self.n_agents - 1) for name in features["ally"]),
            *(f"own_{name}" for name in features["own"]),
            *(("elapsed",) if self.options.obs_timestep_number else ()),
        )

    def _name_state(self) -> tuple[str, ...]:
        options, agents = self.options, range(self.n_agents)
        if options.obs_instead_of_state:
            return tuple(f"agent_{a}_{name}" for a in agents for name in self.observation_columns)
        return (
            *(f"ally_{a}_{name}" for a in agents for name in self.ally_columns),
            *(f"enemy_{k}_{name}" for k in range(self.n_enemies) for name in self.enemy_columns),
            *(f"ally_{a}_last_{n}" for a in agents for n in self.action_names if options.state_last_action),
            *(("elapsed",) if options.state_timestep_number else ()),
        )


def _bordered(grid: Tensor, value: float | bool) -> Tensor:
    return torch.nn.functional.pad(grid, (1, 1, 1, 1), value=value)
