"""The battles of this version of the engine: whoever changes a rule raises the version.

What is compared hardly depends on the processor: numbers of the living, points to within a half, and two sums of places
to within 1/64 of a cell. Code without fused multiplication and addition left points and numbers equal in these battles
and moved no unit by more than 1/20,000 of a cell.
"""

import pytest
import torch

from s2rm_sc2 import scenarios
from s2rm_sc2.backends.embedded import ENGINE_VERSION, EmbeddedBackend

VERSION = "3"
SEED = 5
MOMENTS = (12, 40)
CLOSE = (0.0, 0.5, 1 / 64, 1 / 64)

BATTLES: dict[str, tuple[tuple[float, ...], ...]] = {
    "1c3s5z": ((17.0, 2524.0, 273.375, 398.558), (9.0, 718.125, 287.526, 420.742)),
    "MMM2": ((19.0, 1242.5, 327.494, 483.669), (12.0, 816.25, 316.275, 477.039)),
    "bane_vs_bane": ((37.0, 1177.683, 779.58, 989.824), (4.0, 66.333, 775.469, 973.271)),
    "corridor": ((30.0, 1548.427, 636.392, 882.14), (19.0, 665.0, 576.774, 812.969)),
    "6h_vs_8z": ((12.0, 1166.718, 215.27, 258.734), (8.0, 794.0, 233.148, 268.944)),
    "2c_vs_64zg": ((64.0, 2793.008, 1119.318, 1434.373), (63.0, 2152.318, 1280.204, 1676.432)),
    "2s_vs_1sc": ((3.0, 512.684, 44.618, 65.02), (2.0, 125.512, 48.234, 68.643)),
    "2m_vs_1z": ((2.0, 137.0, 53.384, 64.726), (1.0, 72.0, 50.07, 61.402)),
    "3s5z,opponent=kite": ((16.0, 2137.0, 264.306, 367.567), (9.0, 582.875, 299.378, 398.898)),
    "3x2s3z,opponent=focus": ((30.0, 4137.0, 721.664, 1148.786), (24.0, 2800.75, 790.907, 1141.08)),
    "protoss_5_vs_8": ((12.0, 1735.0, 215.955, 327.246), (8.0, 1218.0, 235.272, 337.565)),
    "10gen_zerg": ((8.0, 457.085, 314.054, 439.938), (5.0, 263.614, 329.929, 455.345)),
}
"""Living units, their health and shield, the sum of all x, of all distances from the origin, at both moments."""


def played(name: str) -> tuple[tuple[float, ...], ...]:
    """A battle whose agents wait for four steps, then attack one enemy each, and take a step east now and then."""
    scenario = scenarios.get(name)
    backend, found = EmbeddedBackend(scenario, 1), []
    backend.reset([SEED])
    attack = 6 + torch.arange(scenario.n_agents) % scenario.n_enemies
    for step in range(1, MOMENTS[-1] + 1):
        orders = torch.ones_like(attack) if step <= 4 else torch.full_like(attack, 4) if step % 8 == 0 else attack
        backend.step(orders[None])
        if step in MOMENTS:
            units = backend.units
            x, y = units.x.double(), units.y.double()
            sums = units.alive.sum(), (units.health + units.shield).sum(), x.sum(), torch.hypot(x, y).sum()
            found.append(tuple(round(float(number), 3) for number in sums))
    return tuple(found)


@pytest.mark.parametrize("name", BATTLES)
def test_a_change_of_battles_is_a_new_version(name: str) -> None:
    assert ENGINE_VERSION == VERSION, "write the battles of the new version here, and its number"
    found = played(name)
    same = all(
        abs(number - pinned) <= close
        for numbers, row in zip(found, BATTLES[name], strict=True)
        for number, pinned, close in zip(numbers, row, CLOSE, strict=True)
    )
    assert same, (
        f"{name} is no longer played as by engine version {VERSION}: raise ENGINE_VERSION in "
        f"s2rm_sc2/backends/embedded.py and VERSION here, and write down {found}"
    )
