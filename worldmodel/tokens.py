"""From belief tables to what models read: observations (views with positions) and queries."""

import torch
from torch import Tensor

from s2rm_sc2.views.entity import (
    ACTION_COLUMNS,
    PAIR_COLUMNS,
    UNIT_COLUMNS,
    action_features,
    pair_features,
    places,
    unit_features,
)
from worldmodel.belief import Belief
from worldmodel.contract import Observation, Queries

VIEWER_WIDTH = len(UNIT_COLUMNS) + len(ACTION_COLUMNS)
ENTITY_WIDTH = len(UNIT_COLUMNS)
PAIR_WIDTH = len(PAIR_COLUMNS)
ROW_WIDTH = len(UNIT_COLUMNS) + len(ACTION_COLUMNS) + 4

_TARGETED_BY_OTHER = PAIR_COLUMNS.index("targeted_by_other")


def observation_and_queries(belief: Belief, sees: Tensor, actions: Tensor, keep: Tensor) -> tuple[Observation, Queries]:
    """What the kept views show at a step, and the units to ask about.

    Args:
        belief: ``[..., U]``, with ``[...]`` ``[B]`` or ``[B, T]``.
        sees: bool ``[..., A, U]``, what each kept living agent sees.
        actions: int64 ``[..., A]``; those of agents that are not kept are never read.
        keep: bool ``[..., A]``.
    """
    n_agents = actions.shape[-1]
    present = keep & belief.known[..., :n_agents]
    units = belief.units
    place, entities = places(units), unit_features(units)
    acts = action_features(units, actions, present)
    pairs = pair_features(units, actions, present)
    view_pairs = pairs[..., :n_agents, :, :].clone()
    view_pairs[..., _TARGETED_BY_OTHER] = 0.0  # a view does not show whom other agents aim at
    observation = Observation(
        place=place[..., :n_agents, :],
        viewer=torch.cat([entities[..., :n_agents, :], acts], dim=-1),
        entities=entities,
        pairs=view_pairs,
        sees=sees,
        present=present,
    )
    acts = torch.nn.functional.pad(acts, (0, 0, 0, entities.shape[-2] - n_agents))
    state = torch.stack([belief.vx, belief.vy, belief.visible.to(belief.vx.dtype), torch.log1p(belief.age)], dim=-1)
    queries = Queries(
        place=place,
        rows=torch.cat([entities, acts, state], dim=-1),
        pairs=pairs,
        present=belief.known,
        age=belief.age,
    )
    return observation, queries
