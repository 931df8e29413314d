"""What is seen of a battle: every view is a function of the unit table, batched, on any device."""

from s2rm_sc2.views.local_map import LOCAL_MAP_CHANNELS, local_map
from s2rm_sc2.views.options import SmacOptions
from s2rm_sc2.views.sight import sees
from s2rm_sc2.views.smac import SmacViews

__all__ = ["LOCAL_MAP_CHANNELS", "SmacOptions", "SmacViews", "local_map", "sees"]
