"""Scenarios and stores in words, as the command line shows them."""

from collections import Counter
from collections.abc import Sequence

from s2rm_sc2.backends.embedded import EmbeddedBackend
from s2rm_sc2.errors import ScenarioUnsupported
from s2rm_sc2.scenarios import Group, Scenario
from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.units import unit_type
from s2rm_sc2.views.smac import SmacViews

_ORDERS = {
    "point": "attack-move to {}",
    "segment": "attack-move to a point between {}",
    "groups": "attack-move, each group to its own of {}",
    "units": "hunt the allies",
    "none": "none",
}
"""Enemies' orders in words."""


def scenario_facts(scenario: Scenario) -> dict[str, str]:
    """A scenario, fact by fact."""
    views, places = SmacViews(scenario), dict.fromkeys(scenario.order.points)
    ranges = f"{scenario.sight_range:g}, {scenario.shoot_range:g} cells"
    if scenario.smac_version == 2:
        ranges = "each unit type's own"
    teams = "always the same"
    if scenario.draw is not None:
        odds = zip(scenario.draw.units, scenario.draw.weights, strict=True)
        teams = "drawn anew: " + ", ".join(f"{weight:.0%} {unit}" for unit, weight in odds)
    try:
        EmbeddedBackend(scenario, 1).close()
        engine = "yes"
    except ScenarioUnsupported as error:
        engine = f"no: {error}"
    return {
        "name": scenario.name,
        "agents": str(scenario.n_agents),
        "allies": _team(scenario, scenario.allies),
        "enemies": _team(scenario, scenario.enemies),
        "teams": teams,
        "terrain": scenario.terrain_name,
        "limit": str(scenario.limit),
        "actions": str(views.n_actions),
        "obs": str(views.obs_size),
        "state": str(views.state_size),
        "sight, shoot range": ranges,
        "enemy order": _ORDERS[scenario.order.kind].format(" ".join(f"({x:g}, {y:g})" for x, y in places)),
        "opponent": scenario.opponent,
        "engine": engine,
    }


def _team(scenario: Scenario, groups: Sequence[Group]) -> str:
    """``3s5z``; for drawn teams the number of units and the types they may have, ``10(s|z|c)``."""
    count: Counter[str] = Counter()
    for group in groups:
        count[group.unit] += group.count
    if scenario.draw is None:
        return "".join(f"{number}{unit_type(name).letter}" for name, number in count.items())
    return f"{count.total()}({'|'.join(unit_type(name).letter for name in scenario.draw.units)})"


def store_facts(store: EpisodeStore) -> dict[str, str]:
    """A store, fact by fact."""
    attributes = store.attributes
    won = f"{store.per_episode('battle_won').mean():.1%}" if store.n_episodes else "-"
    return {
        "scenario": store.scenario.name,
        "episodes": f"{store.n_episodes:,}",
        "steps": f"{store.n_steps:,}",
        "win rate": won,
        "policy": f"{attributes['policy']}: {', '.join(attributes['policies'])}",
        "seed": f"{attributes['seed']} ({attributes['purpose']})",
        "backend": ", ".join(f"{key} {value}" for key, value in attributes["backend"].items()),
        "versions": f"format {attributes['format_version']}, package {attributes['package_version']}",
        "fingerprint": store.fingerprint(),
    }
