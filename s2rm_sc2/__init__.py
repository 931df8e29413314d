"""s2rm-sc2: the battlefield (units, scenarios, views, engine, environments, store) and the command line."""

from s2rm_sc2.envs.registration import register_when_possible

__version__ = "0.1.0"

register_when_possible()
