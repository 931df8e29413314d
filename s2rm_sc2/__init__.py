"""s2rm-sc2: the battlefield (units, scenarios, views, engine, environments, store) and the command line."""

__version__ = "0.1.0"
