"""The entity view: units as scenario-agnostic feature rows, and how two of them stand to each other.

Nothing here has a width that depends on a scenario. This is what the world model reads; the columns are named
once, here, and :data:`ENTITY_VIEW_VERSION` rises whenever one of them changes its meaning.
"""

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from s2rm_sc2.actions import FIRST_TARGET
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_NAMES, UNIT_TYPES, unit_type
from s2rm_sc2.views.blows import blows, can_strike

ENTITY_VIEW_VERSION = 4

DISTANCE_SCALE = 9.0
"""Map cells that count as 1 in offsets between units: SMAC's sight range, the same in every scenario."""

WORLD_SCALE = 16.0
"""Map cells that count as 1 in places, measured from the middle of SMAC's 32 x 32 maps."""

POINT_SCALE = 100.0
"""Points of health, shield and energy that count as 1."""

COOLDOWN_SCALE = 16.0
"""Game loops of weapon cooldown that count as 1: a second of normal speed."""

UNIT_COLUMNS: tuple[str, ...] = (*UNIT_NAMES, "enemy", "health", "shield", "energy", "cooldown")

ACTION_COLUMNS: tuple[str, ...] = (
    *("no_op", "stop", "north", "south", "east", "west", "attack", "heal"),
    *("target_dx", "target_dy", "target_direction_x", "target_direction_y"),
)

PAIR_COLUMNS: tuple[str, ...] = (
    *("dx", "dy", "distance", "nearness", "direction_x", "direction_y"),
    *("reaches_other", "reached_by_other", "targets_other", "targeted_by_other"),
    *("strikes_other", "struck_by_other", "closing"),
)

REACH_SCALE = 2.0
"""Cells inside or outside weapon range at which ``reaches_other`` is cut off, at 1 and -1."""

BLOW_SCALE = 10.0
"""Points of a blow that count as 1."""

_LEAST_WALK = 0.1
"""Cells that two units are taken to come nearer in a step at least: a crawler does not walk, and divides nothing."""

_WAYS = torch.tensor([(0.0, 0.0), (0.0, 0.0), (0.0, 1.0), (0.0, -1.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 0.0)])
"""Which way each action leads; attacks lead to their target."""

_ATTACK, _HEAL = FIRST_TARGET, FIRST_TARGET + 1
_MEDIVAC = unit_type("medivac").index
_BODIES = torch.tensor(
    [
        [unit.radius for unit in UNIT_TYPES],
        [unit.weapon.range if unit.weapon else unit.heal.range if unit.heal else 0.0 for unit in UNIT_TYPES],
        [unit.stride for unit in UNIT_TYPES],
    ]
)


def unit_features(units: UnitTable) -> Tensor:
    """What a view shows of each unit besides its place, float32 ``[..., U, len(UNIT_COLUMNS)]``."""
    kind = one_hot(units.type, len(UNIT_NAMES)).to(units.x.dtype)
    numbers = (
        units.team.to(units.x.dtype),
        units.health / POINT_SCALE,
        units.shield / POINT_SCALE,
        units.energy / POINT_SCALE,
        units.cooldown / COOLDOWN_SCALE,
    )
    return torch.cat([kind, torch.stack(numbers, dim=-1)], dim=-1)


def places(units: UnitTable) -> Tensor:
    """Places in world coordinates, float32 ``[..., U, 2]``: 0 in the middle of the map, 1 at its edge."""
    return torch.stack([units.x, units.y], dim=-1) / WORLD_SCALE - 1.0


def action_targets(units: UnitTable, actions: Tensor) -> Tensor:
    """The row that each agent's action is aimed at, int64 ``[..., A]``; -1 where it has no target.

    Args:
        units: the table ``[..., U]``; its first A rows are the agents, enemies start at row A.
        actions: int64 ``[..., A]``, SMAC's action numbers.
    """
    n_agents = actions.shape[-1]
    heals = units.type[..., :n_agents] == _MEDIVAC
    row = actions - FIRST_TARGET + torch.where(heals, 0, n_agents)
    return torch.where(actions >= FIRST_TARGET, row, -1)


def action_features(units: UnitTable, actions: Tensor, known: Tensor) -> Tensor:
    """Each agent's action without reference to enemy numbers, float32 ``[..., A, len(ACTION_COLUMNS)]``.

    Args:
        units: the table ``[..., U]``.
        actions: int64 ``[..., A]``.
        known: bool ``[..., A]``; rows of agents whose action is not known are zero.
    """
    n_agents = actions.shape[-1]
    target, dx, dy = _to_target(units, actions)
    heals = units.type[..., :n_agents] == _MEDIVAC
    kind = torch.where(target < 0, actions, torch.where(heals, _HEAL, _ATTACK))
    aimed = (target >= 0).to(units.x.dtype)
    distance = _length(dx, dy)
    aim = torch.stack([dx / DISTANCE_SCALE, dy / DISTANCE_SCALE, dx / distance, dy / distance], dim=-1)
    features = torch.cat([one_hot(kind, _HEAL + 1).to(units.x.dtype), aim * aimed[..., None]], dim=-1)
    return torch.where(known[..., None], features, 0.0)


def intents(units: UnitTable, actions: Tensor, known: Tensor, vx: Tensor, vy: Tensor) -> Tensor:
    """How far each unit gets within the step if nothing is in its way, cells ``[..., U, 2]``.

    Agents whose action is known: a step's walk the way they are told, or towards their target until it is in reach.
    All others, and who attacks what its weapon cannot hit (the game refuses that order): on as in the last step. The
    medivac, which alone needs time to gather speed, gets less far. Arguments as in :func:`pair_features`.
    """
    n_agents = actions.shape[-1]
    target, dx, dy = _to_target(units, actions)
    row = target.clamp(min=0)
    radius, reach, stride = _BODIES.to(units.x.device)[:, units.type]
    distance = _length(dx, dy)
    beyond = distance - radius[..., :n_agents] - radius.gather(-1, row) - reach[..., :n_agents]
    chase = torch.minimum(beyond.clamp(min=0.0), stride[..., :n_agents]) / distance * (target >= 0)
    ways = _WAYS.to(units.x.device)[actions.clamp(max=FIRST_TARGET)] * stride[..., :n_agents, None]
    told = torch.stack([chase * dx, chase * dy], dim=-1) + ways
    on = torch.stack([vx, vy], dim=-1)
    types = units.type[..., :n_agents]
    obeyed = (target < 0) | (types == _MEDIVAC) | can_strike(types, units.type.gather(-1, row))
    led = torch.where((known & obeyed)[..., None], told, on[..., :n_agents, :])
    return torch.cat([led, on[..., n_agents:, :]], dim=-2)


def chases(units: UnitTable) -> Tensor:
    """The way to the nearest foe that a unit can strike, float32 ``[..., U, 3]``; zero where there is none.

    How far it gets towards that foe, of those that live, within the step, in x and in y, until its weapon reaches it,
    cells; then by how much the foe is inside weapon range, as ``reaches_other`` of :func:`pair_features`. Nobody is
    told what enemies aim at; as SMAC's opponent gives them the order to attack, it is mostly who is nearest.
    """
    dx = units.x[..., None, :] - units.x[..., :, None]
    dy = units.y[..., None, :] - units.y[..., :, None]
    foes = (units.team[..., None, :] != units.team[..., :, None]) & units.alive[..., None, :]
    foes = foes & can_strike(units.type[..., :, None], units.type[..., None, :])
    distance = _length(dx, dy)
    nearest = torch.where(foes, distance, torch.inf).argmin(-1, keepdim=True)
    radius, reach, stride = _BODIES.to(units.x.device)[:, units.type]
    radius_of_foe = radius.gather(-1, nearest.squeeze(-1))
    dx, dy, distance = (part.gather(-1, nearest).squeeze(-1) for part in (dx, dy, distance))
    beyond = distance - radius - radius_of_foe - reach
    share = torch.minimum(beyond.clamp(min=0.0), stride) / distance
    found = torch.stack([share * dx, share * dy, (-beyond / REACH_SCALE).clamp(-1.0, 1.0)], dim=-1)
    return torch.where(foes.any(-1)[..., None], found, 0.0)


def pair_features(units: UnitTable, actions: Tensor, known: Tensor, vx: Tensor, vy: Tensor) -> Tensor:
    """How unit j stands to unit i, float32 ``[..., U (i), U (j), len(PAIR_COLUMNS)]``.

    Offsets are j minus i; ``nearness`` is 1 / (1 + cells between centres); ``reaches_other`` is by how much j is
    inside i's weapon range, edge to edge; ``strikes_other`` is the blow that i may land on j in this step
    (:mod:`s2rm_sc2.views.blows`); ``closing`` is by how many cells they came nearer to each other in the last step: who
    wants to strike and does not come nearer is held up. Arguments as in :func:`action_features`, and how the units
    moved in the last step, cells ``[..., U]``.
    """
    n_agents = actions.shape[-1]
    dx = units.x[..., None, :] - units.x[..., :, None]
    dy = units.y[..., None, :] - units.y[..., :, None]
    distance = _length(dx, dy)
    radius, reach, stride = _BODIES.to(units.x.device)[:, units.type]
    beyond = distance - radius[..., None, :] - radius[..., :, None] - reach[..., :, None]
    reaches = (-beyond / REACH_SCALE).clamp(-1.0, 1.0)
    own = (dx * vx[..., :, None] + dy * vy[..., :, None]) / distance  # i's way towards j in the last step
    closing = own + own.transpose(-1, -2)
    walk = (stride[..., :, None] + own.transpose(-1, -2).clamp(min=0.0)).clamp(min=_LEAST_WALK)
    near = (1.0 - beyond / walk).clamp(0.0, 1.0)
    target = torch.where(known, action_targets(units, actions), -1)
    rows = torch.arange(units.x.shape[-1], device=units.x.device)
    aims = (target[..., :, None] == rows).to(units.x.dtype)
    others = units.x.shape[-1] - n_agents
    aims = torch.nn.functional.pad(aims, (0, 0, 0, others))
    strikes = blows(units, distance, radius, near, aims, torch.nn.functional.pad(known, (0, others))) / BLOW_SCALE
    columns = (
        dx / DISTANCE_SCALE,
        dy / DISTANCE_SCALE,
        distance / DISTANCE_SCALE,
        1.0 / (1.0 + distance),
        dx / distance,
        dy / distance,
        reaches,
        reaches.transpose(-1, -2),
        aims,
        aims.transpose(-1, -2),
        strikes,
        strikes.transpose(-1, -2),
        closing,
    )
    return torch.stack(columns, dim=-1)


def _to_target(units: UnitTable, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The row that each agent's action is aimed at (-1: none), and the way there in cells, ``[..., A]`` each."""
    target, n_agents = action_targets(units, actions), actions.shape[-1]
    row = target.clamp(min=0)
    dx = units.x.gather(-1, row) - units.x[..., :n_agents]
    dy = units.y.gather(-1, row) - units.y[..., :n_agents]
    return target, dx, dy


def _length(dx: Tensor, dy: Tensor) -> Tensor:
    """Distance, never quite zero so that directions and gradients stay finite."""
    return torch.sqrt(dx * dx + dy * dy + 1e-6)
