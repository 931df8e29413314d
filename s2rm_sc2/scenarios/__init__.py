"""Scenarios as data: SMAC's 23 maps, SMACv2's families, and any composition or field of fights by name."""

from s2rm_sc2.scenarios.families import family_names
from s2rm_sc2.scenarios.registry import get, smac_names
from s2rm_sc2.scenarios.scenario import ANY, EnemyOrder, Group, Opponent, Scenario, TeamDraw
from s2rm_sc2.scenarios.terrain import Terrain, terrain, terrain_names

__all__ = [
    "ANY",
    "EnemyOrder",
    "Group",
    "Opponent",
    "Scenario",
    "TeamDraw",
    "Terrain",
    "family_names",
    "get",
    "smac_names",
    "terrain",
    "terrain_names",
]
