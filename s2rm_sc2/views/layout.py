"""The layout of SMAC's vectors: the name of every column, and the constants that the columns are made with.

What a column shows follows from its name alone: :data:`PLANES` and :data:`STATE_PLANES` number the quantities that the
two makers of vectors, :mod:`s2rm_sc2.views.tensors` and :mod:`s2rm_sc2.views.compiled`, compute.
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from s2rm_sc2.actions import FIRST_TARGET
from s2rm_sc2.scenarios import Scenario, Terrain
from s2rm_sc2.units import UNIT_TYPES
from s2rm_sc2.views.options import SmacOptions
from s2rm_sc2.views.sight import shoot_ranges, sight_ranges

MOVES: tuple[tuple[str, int, int], ...] = (("north", 0, 1), ("south", 0, -1), ("east", 1, 0), ("west", -1, 0))
"""Moves in the order of their action numbers, with the direction of their step."""

AROUND = (
    *(("north", 0, 2), ("south", 0, -2), ("east", 2, 0), ("west", -2, 0)),
    *(("northeast", 1, 1), ("southwest", -1, -1), ("southeast", 1, -1), ("northwest", -1, 1)),
)
"""The eight points whose ground an agent may see, in SMAC's order, in units of move_amount."""

PLANES = {"available": 0, "visible": 0, "distance": 1, "dx": 2, "dy": 3, "health": 4, "shield": 5, "x": 6, "y": 7}
"""What an agent may know of a unit; type bits follow, then last actions."""

N_PLANES = max(PLANES.values()) + 1

RELATIVE = 4
"""The planes before this one differ from observer to observer; they open a unit's columns in an observation."""

STATE_PLANES = {"health": 0, "shield": 1, "energy/cooldown": 2, "rel_x": 3, "rel_y": 4}
"""What the state tells of a unit; type bits follow."""

NOTHING = -1
"""Stands for the plane of a column that is always 0."""


def elevation(ground: Terrain) -> npt.NDArray[np.float64]:
    """SMAC's ``terrain_height [x, y]``: StarCraft II sends -16 to 16 as bytes, SMAC divides those by 255."""
    levels: npt.NDArray[np.float64] = np.round((ground.height.astype(np.float64) + 16.0) * 255.0 / 32.0) / 255.0
    return levels


@dataclass(frozen=True)
class Constants:
    """What the vectors are made with, as tensors of one device. Grids have a border of one cell.

    Attributes:
        side: int64 ``[U]``, where the row's team begins in ``kinds``.
        kinds: float32 ``[3 + bits, 2 * types]``: full health and shield, SMAC's maximal cooldown, type bits.
        heals: bool ``[types]``.
        shoot, sight: float64 ``[types]``, cells.
        open: bool ``[width + 2, height + 2]``, outside is closed.
        pathing, elevation: float32 of the same shape, outside counts as 1.
        moves: float64 ``[4, 2]``, where the availability of a move is looked up.
        around: int64 ``[9, 2]``, the points around an agent, itself last.
    """

    side: Tensor
    kinds: Tensor
    heals: Tensor
    shoot: Tensor
    sight: Tensor
    open: Tensor
    pathing: Tensor
    elevation: Tensor
    moves: Tensor
    around: Tensor

    def to(self, device: torch.device) -> "Constants":
        """The same on another device."""
        return Constants(*(getattr(self, field.name).to(device) for field in fields(self)))


class SmacLayout:
    """Names and sizes of SMAC's vectors of one scenario.

    Attributes:
        n_agents, n_enemies: A and the number of enemies.
        n_actions: 6 plus one per enemy; where a medivac could heal more allies than there are enemies, plus one
            per ally (no SMAC map is such; SMACv2's Terran teams are).
        action_names: names of the actions; for a medivac, action 6 + k heals ally k.
        observation_features: names of the features per part of an observation: ``move``, each ``enemy``, each other
            ``ally`` (the agent itself is left out of their count), ``own``.
        observation_columns, state_columns: names of the columns of an observation and of the state.
        ally_columns, enemy_columns: SMAC's names of the state's columns per unit.
    """

    def __init__(self, scenario: Scenario, options: SmacOptions | None = None) -> None:
        self.scenario = scenario
        self.options = options or SmacOptions()
        self.n_agents, self.n_enemies = scenario.n_agents, scenario.n_enemies
        self.has_healers = any(unit.heal is not None for unit in scenario.ally_kinds)
        self.n_targets = max(self.n_enemies, self.n_agents if self.has_healers else 0)
        self.n_actions = FIRST_TARGET + self.n_targets
        self.action_names = self._name_actions()
        self._shields = tuple(("shield",) if race == "P" else () for race in (scenario.ally_race, scenario.enemy_race))
        bits = tuple(f"type_{bit}" for bit in range(scenario.type_bits))
        self.ally_columns = ("health", "energy/cooldown", "rel_x", "rel_y", *self._shields[0], *bits)
        self.enemy_columns = ("health", "rel_x", "rel_y", *self._shields[1], *bits)
        self.observation_features = self._name_features()
        self.observation_columns = self._name_observation()
        self.state_columns = self._name_state()

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

        SMAC reserves a slot for the time step among the agent's own features, leaves it 0, and appends the value;
        SMACv2 only appends it.
        """
        return self.obs_size - ("reserved" in self.observation_features["own"])

    @property
    def declared_state_size(self) -> int:
        """Width that SMAC's ``get_state_size`` names; differs only where the state is made of observations."""
        return self.n_agents * self.declared_obs_size if self.options.obs_instead_of_state else self.state_size

    def planes(self) -> dict[str, list[int]]:
        """The plane that each feature shows, in the order of the columns, per part of an observation about units.

        ``enemy`` and ``ally`` begin with the :data:`RELATIVE` planes; a column that is always 0 shows
        :data:`NOTHING`.
        """
        first_action = N_PLANES + self.scenario.type_bits
        shared = {**PLANES, "reserved": NOTHING}
        shared |= {f"last_{name}": first_action + action for action, name in enumerate(self.action_names)}
        orders = {"enemy": self.scenario.enemy_type_order, "ally": self.scenario.ally_type_order}
        orders["own"] = orders["ally"]
        return {
            part: [
                {**shared, **{f"is_{unit}": N_PLANES + bit for bit, unit in enumerate(order)}}[name]
                for name in self.observation_features[part]
            ]
            for part, order in orders.items()
        }

    def state_planes(self) -> tuple[list[int], list[int]]:
        """The plane of :data:`STATE_PLANES` that each column of an ally, and of an enemy, shows in the state."""
        bits = {f"type_{bit}": len(STATE_PLANES) + bit for bit in range(self.scenario.type_bits)}
        planes = {**STATE_PLANES, **bits}
        return [planes[name] for name in self.ally_columns], [planes[name] for name in self.enemy_columns]

    def constants(self) -> Constants:
        """The constants on the CPU."""
        scenario, ground, step = self.scenario, self.scenario.terrain, self.options.move_amount
        rows = [[unit.health, unit.shield or 1.0, unit.smac_max_cooldown] for unit in UNIT_TYPES]
        kinds = [
            [*row, *(float(unit.name == bit) for bit in order)]
            for order in (scenario.ally_type_order, scenario.enemy_type_order)
            for row, unit in zip(rows, UNIT_TYPES, strict=True)
        ]
        return Constants(
            side=torch.tensor([0] * self.n_agents + [len(UNIT_TYPES)] * self.n_enemies),
            kinds=torch.tensor(kinds).T.contiguous(),
            heals=torch.tensor([unit.heal is not None for unit in UNIT_TYPES]),
            shoot=shoot_ranges(scenario),
            sight=sight_ranges(scenario),
            open=_bordered(torch.tensor(ground.walkable), False),
            pathing=_bordered(torch.tensor(ground.walkable).float(), 1.0),
            elevation=_bordered(torch.tensor(elevation(ground)).float(), 1.0),
            moves=torch.tensor([[x, y] for _, x, y in MOVES]).double() * (step / 2),
            around=torch.tensor([[x, y] for _, x, y in AROUND] + [[0, 0]]) * int(step),
        )

    def _name_actions(self) -> tuple[str, ...]:
        targets = [f"attack_{k}" if k < self.n_enemies else f"heal_{k}" for k in range(self.n_targets)]
        return ("no_op", "stop", *(name for name, _, _ in MOVES), *targets)

    def _name_features(self) -> dict[str, tuple[str, ...]]:
        options, around = self.options, [name for name, _, _ in AROUND]
        bits_ally = tuple(f"is_{name}" for name in self.scenario.ally_type_order)
        bits_enemy = tuple(f"is_{name}" for name in self.scenario.enemy_type_order)
        ally, enemy = (("health", *shield) if options.obs_all_health else () for shield in self._shields)
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
                *(("health", *self._shields[0]) if options.own_health else ()),
                *(("x", "y") if self.scenario.smac_version == 2 else ()),
                *bits_ally,
                *(("reserved",) if options.obs_timestep_number and self.scenario.smac_version == 1 else ()),
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
