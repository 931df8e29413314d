"""What units can regain in a step, by hand: SC2's rates times half a second."""

from dataclasses import replace

import pytest
import torch

from s2rm_sc2 import scenarios
from s2rm_sc2.actions import STOP
from s2rm_sc2.backends.bounds import BOUNDS, Bounds, Corrected
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import unit_type
from tests.arena import meeting
from tests.s2rm_sc2.test_backend_blows import table

MARINE, MEDIVAC, ZEALOT, ZERGLING = "marine", "medivac", "zealot", "zergling"
FAR = [(4.0, 4.0), (28.0, 28.0)]


def alone(name: str, **columns: float) -> UnitTable:
    units = table(meeting(name, MARINE, FAR))
    return replace(units, **{key: torch.full((1, 2), value) for key, value in columns.items()})


def hold(before: UnitTable, after: UnitTable) -> Corrected:
    actions = torch.full((1, 1), STOP)
    return Bounds(scenarios.get("MMM"), torch.device("cpu")).hold(before, after, actions)


@pytest.mark.parametrize(
    ("name", "health", "shield", "energy"),
    [
        (MARINE, 0.0, 0.0, 0.0),
        (ZEALOT, 0.0, 1.0, 0.0),
        (ZERGLING, 0.2734 / 2, 0.0, 0.0),
        (MEDIVAC, 0.0, 0.0, 0.5625 / 2),
    ],
)
def test_who_regains_what_alone(name: str, health: float, shield: float, energy: float) -> None:
    before = alone(name, health=10.0, shield=0.0, energy=0.0)
    more = replace(before, health=before.health + 9.0, shield=before.shield + 9.0, energy=before.energy + 9.0)
    held = hold(before, more)
    units = held.units
    gained = [float(field[0, 0]) for field in (units.health - 10.0, units.shield, units.energy)]
    assert gained == pytest.approx([health, shield, energy], abs=1e-3)
    assert float(held.by[list(BOUNDS).index("gains"), 0, 0]) == pytest.approx(9.0)


def healed(patient: str, gap: float, energy: float) -> float:
    """Points that one unit is given at most by a medivac whose edge is so far from its own."""
    apart = unit_type(MEDIVAC).radius + gap + unit_type(patient).radius
    units = table(meeting(MEDIVAC, patient, [(10.0, 16.0), (10.0 + apart, 16.0)]))
    both = replace(units, team=torch.zeros_like(units.team), energy=torch.tensor([[energy, 0.0]]))
    before = replace(both, health=torch.full_like(both.health, 10.0), shield=0.0 * both.shield)
    return float(hold(before, replace(before, health=before.health + 30.0)).units.health[0, 1]) - 10.0


def test_a_medivac_heals_whom_it_can() -> None:
    heal = unit_type(MEDIVAC).heal
    assert heal is not None
    assert healed(MARINE, 0.9 * heal.range, 50.0) == pytest.approx(heal.rate / 2, abs=1e-3)
    assert healed(MARINE, heal.range + 0.5, 50.0) == 0.0
    assert healed("stalker", 0.5 * heal.range, 50.0) == 0.0  # no living body
    assert healed(MEDIVAC, 0.5 * heal.range, 50.0) == 0.0
    spent = (0.2 + unit_type(MEDIVAC).energy_regeneration / 2) / heal.energy_per_health
    assert healed(MARINE, 0.9 * heal.range, 0.2) == pytest.approx(spent, abs=1e-3)
