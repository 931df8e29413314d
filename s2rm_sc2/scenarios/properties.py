"""Properties in names: ``3s5z,sight=6,limit=200`` is 3s5z seen, or played, in another way.

One scenario has one name: properties stand in the order of :data:`PROPERTIES`, and one that changes nothing is left
out.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

from s2rm_sc2.errors import ScenarioUnknown
from s2rm_sc2.scenarios.scenario import Opponent, Scenario

PROPERTIES = {"sight": "sight_range", "opponent": "opponent", "limit": "limit"}
"""What a name may set, in the order of names, and the scenario's attribute that it sets."""

_FORMS = {
    "sight": re.compile(r"(?=.*[1-9])\d{1,3}(\.\d{1,2})?"),
    "opponent": re.compile("|".join(get_args(Opponent))),
    "limit": re.compile(r"[1-9]\d{0,5}"),
}
_READ: dict[str, Any] = {"sight": float, "opponent": str, "limit": int}


def with_properties(scenario: Scenario, pairs: Sequence[str]) -> Scenario:
    """The scenario with properties ``key=value``; its name says them.

    Raises:
        ScenarioUnknown: a property that does not exist, is given twice, or has a value that it cannot have.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        if key in found or key not in PROPERTIES or not _FORMS[key].fullmatch(value):
            raise ScenarioUnknown(
                f"Scenario {scenario.name!r} cannot have the property {pair!r}; properties are sight=CELLS (above 0), "
                f"opponent={'|'.join(get_args(Opponent))} and limit=STEPS (at least 1), each at most once."
            )
        found[key] = _READ[key](value)
    if "sight" in found and scenario.smac_version == 2:
        raise ScenarioUnknown(
            f"Units of {scenario.name!r} see as far as their types do, as in SMACv2; leave out the property sight."
        )
    name, changed = scenario.name, {}
    for key, attribute in PROPERTIES.items():
        if key in found and found[key] != getattr(scenario, attribute):
            changed[attribute] = found[key]
            name += f",{key}={found[key]:g}" if key == "sight" else f",{key}={found[key]}"
    return replace(scenario, name=name, **changed)
