"""From belief tables to what models read: observations (what views show, with places) and queries."""

from dataclasses import replace

import torch
from torch import Tensor

from s2rm_sc2.views.entity import (
    ACTION_COLUMNS,
    BLOW_SCALE,
    DISTANCE_SCALE,
    PAIR_COLUMNS,
    POINT_SCALE,
    UNIT_COLUMNS,
    action_features,
    action_targets,
    chases,
    intents,
    pair_features,
    places,
    unit_features,
)
from worldmodel.belief import Belief
from worldmodel.contract import Observation, UnitQueries

TOKEN_COLUMNS = (*UNIT_COLUMNS, "sight", *ACTION_COLUMNS)
ROW_COLUMNS = (
    *UNIT_COLUMNS,
    *ACTION_COLUMNS,
    *("vx", "vy", "speed", "visible", "log_age"),
    *("target_reached", "target_closing", "intent_dx", "intent_dy", "chase_dx", "chase_dy", "foe_reached"),
)
TOKEN_WIDTH, ROW_WIDTH, PAIR_WIDTH = len(TOKEN_COLUMNS), len(ROW_COLUMNS), len(PAIR_COLUMNS)

_INTENT, _CHASE = ROW_COLUMNS.index("intent_dx"), ROW_COLUMNS.index("chase_dx")
_AIM = ACTION_COLUMNS.index("target_dx")
_HEALTH, _SHIELD = UNIT_COLUMNS.index("health"), UNIT_COLUMNS.index("shield")
_STRUCK, _AIMED = PAIR_COLUMNS.index("struck_by_other"), PAIR_COLUMNS.index("targets_other")
_OF_TARGET = [PAIR_COLUMNS.index("reaches_other"), PAIR_COLUMNS.index("closing")]


def observe(belief: Belief, actions: Tensor, keep: Tensor, sight: Tensor) -> Observation:
    """What the kept views show.

    Args:
        belief: ``[..., U]``, with ``[...]`` ``[B]`` or ``[B, T]``; only its visible rows are read.
        actions: int64 ``[..., A]``; those of agents that are not kept are never read.
        keep: bool ``[..., A]``, whose views are available.
        sight: float32 ``[..., A]``, how far each agent sees, cells.
    """
    looks = _looks(belief, keep)
    hidden = ~belief.visible.unsqueeze(-1)
    acts = _padded(_acts(belief, actions, looks, belief.visible), belief)
    sight = _padded((sight * looks).unsqueeze(-1), belief).masked_fill(hidden, 0.0)
    features = torch.cat([unit_features(belief.units), sight / DISTANCE_SCALE, acts], dim=-1)
    return Observation(
        place=places(belief.units).masked_fill(hidden, 0.0),
        features=features.masked_fill(hidden, 0.0),
        sight=sight.squeeze(-1),
        present=belief.visible,
    )


def _acts(belief: Belief, actions: Tensor, looks: Tensor, told: Tensor) -> Tensor:
    """Agents' actions, ``[..., A, len(ACTION_COLUMNS)]``; where a target stands only if its row is ``told``."""
    acts = action_features(belief.units, actions, looks)
    row = action_targets(belief.units, actions).clamp(min=0)
    acts[..., _AIM:] *= told.gather(-1, row).unsqueeze(-1)
    return acts


def ask(belief: Belief, actions: Tensor, keep: Tensor) -> UnitQueries:
    """The units seen so far, as queries; arguments as :func:`observe`."""
    looks = _looks(belief, keep)
    standing = replace(belief.units, alive=belief.known)  # nobody strikes at a unit that is known to be dead
    acts = _padded(_acts(belief, actions, looks, belief.known), belief)
    vx, vy = belief.vx, belief.vy
    speed = torch.sqrt(vx * vx + vy * vy + 1e-6)
    state = torch.stack([vx, vy, speed, belief.visible.to(vx.dtype), torch.log1p(belief.age)], dim=-1)
    pairs = pair_features(standing, actions, looks, vx, vy)
    aimed = _aimed(belief, actions, looks)
    target = (pairs[..., _AIMED, None] * pairs[..., _OF_TARGET]).sum(-2) * _padded(aimed.unsqueeze(-1), belief)
    intent = intents(belief.units, actions, aimed, vx, vy)
    return UnitQueries(
        place=places(belief.units),
        rows=torch.cat([unit_features(belief.units), acts, state, target, intent, chases(standing)], dim=-1),
        pairs=pairs,
        present=belief.known,
        age=belief.age,
    )


def blows_on(queries: UnitQueries, dealt: Tensor) -> Tensor:
    """Points of the blows that fall on each unit within the step, ``[..., U]`` (``struck_by_other``).

    Args:
        queries: who is asked about.
        dealt: float32 ``[..., U]``, how much of its blows each unit brings home.
    """
    return (queries.pairs[..., _STRUCK] * (queries.present * dealt).unsqueeze(-2)).sum(-1) * BLOW_SCALE


def intent_of(queries: UnitQueries) -> Tensor:
    """How far each unit gets within the step if nothing is in its way, cells ``[..., U, 2]``."""
    return queries.rows[..., _INTENT : _INTENT + 2]


def chase_of(queries: UnitQueries) -> Tensor:
    """How far each unit gets within the step towards its nearest foe, cells ``[..., U, 2]``."""
    return queries.rows[..., _CHASE : _CHASE + 2]


def points_of(queries: UnitQueries) -> Tensor:
    """Points of health and shield that each unit is believed to have, ``[..., U]``."""
    return (queries.rows[..., _HEALTH] + queries.rows[..., _SHIELD]) * POINT_SCALE


def _looks(belief: Belief, keep: Tensor) -> Tensor:
    """Agents whose views are there: kept, and known to live."""
    return keep & belief.known[..., : keep.shape[-1]]


def _aimed(belief: Belief, actions: Tensor, looks: Tensor) -> Tensor:
    """Agents ``[..., A]`` whose action is known and leads somewhere: who was never seen is nowhere."""
    target = action_targets(belief.units, actions)
    return looks & ((target < 0) | belief.known.gather(-1, target.clamp(min=0)))


def _padded(agents: Tensor, belief: Belief) -> Tensor:
    """Features of agents ``[..., A, F]`` as features of all units, zero for the rest."""
    return torch.nn.functional.pad(agents, (0, 0, 0, belief.vx.shape[-1] - agents.shape[-2]))
