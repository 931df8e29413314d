"""What a unit's answer is made of, by a readout whose network says what the test says."""

from dataclasses import replace

import pytest
import torch

from worldmodel.contract import CHANGE_FIELDS, Change, UnitQueries
from worldmodel.readout import _SHARES, UnitReadout
from worldmodel.tokens import PAIR_WIDTH, ROW_COLUMNS, ROW_WIDTH

SAYS = (*CHANGE_FIELDS, *_SHARES)
INTENT, CHASE = (1.0, 0.25), (-0.5, 2.0)
NONE, ALL = -50.0, 50.0


def asked(age: float = 0.0) -> UnitQueries:
    """One unit that means to go one way and whose nearest foe is another."""
    rows = torch.zeros(1, 1, 1, ROW_WIDTH)
    rows[..., ROW_COLUMNS.index("intent_dx") :][..., :2] = torch.tensor(INTENT)
    rows[..., ROW_COLUMNS.index("chase_dx") :][..., :2] = torch.tensor(CHASE)
    here = torch.ones(1, 1, 1, dtype=torch.bool)
    return UnitQueries(torch.zeros(1, 1, 1, 2), rows, torch.zeros(1, 1, 1, 1, PAIR_WIDTH), here, here * age)


def answer(queries: UnitQueries, **says: float) -> Change:
    readout = UnitReadout(3, 4)
    last = list(readout.net.children())[-1]
    assert isinstance(last, torch.nn.Linear)
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([says.get(name, 0.0) for name in SAYS]))
        said: Change = readout(torch.randn(1, 1, 1, 3), torch.randn(1, 1, 1, 4), queries)
    return said


@pytest.mark.parametrize(
    ("goes", "chases", "expected"),
    [(ALL, NONE, INTENT), (NONE, ALL, CHASE), (NONE, NONE, (0.0, 0.0)), (ALL, ALL, (0.5, 2.25))],
)
def test_a_unit_goes_a_share_of_its_intended_way_and_a_share_of_that_to_its_nearest_foe(
    goes: float, chases: float, expected: tuple[float, float]
) -> None:
    for dx, dy, on, to in (("dx", "dy", "goes", "chases"), ("walk_x", "walk_y", "walks_on", "walks_to_foe")):
        said = answer(asked(), **{on: goes, to: chases})
        assert (float(getattr(said, dx)), float(getattr(said, dy))) == pytest.approx(expected, abs=1e-5)
        beside = answer(asked(), **{on: goes, to: chases, dx: 0.3, dy: -0.4})
        assert float(getattr(beside, dx)) == pytest.approx(expected[0] + 0.3, abs=1e-5)
        assert float(getattr(beside, dy)) == pytest.approx(expected[1] - 0.4, abs=1e-5)


def test_a_network_that_says_nothing_lets_units_go_mostly_where_they_mean_to() -> None:
    said = answer(asked())
    for x, y in ((said.dx, said.dy), (said.walk_x, said.walk_y)):
        assert float(x) == pytest.approx(0.731 * INTENT[0] + 0.269 * CHASE[0], abs=1e-3)
        assert float(y) == pytest.approx(0.731 * INTENT[1] + 0.269 * CHASE[1], abs=1e-3)
    assert float(said.walks) == 0.0
    assert float(answer(asked(), walks=1.5).walks) == 1.5


def test_what_moves_a_unit_beside_its_ways_grows_with_the_time_that_nobody_has_seen_it() -> None:
    still = replace(asked(age=8.0), rows=torch.zeros(1, 1, 1, ROW_WIDTH))
    fresh = replace(still, age=torch.zeros(1, 1, 1))
    for name in ("dx", "dy", "walk_x", "walk_y"):
        grown = float(getattr(answer(still, **{name: 0.2}), name)) / float(getattr(answer(fresh, **{name: 0.2}), name))
        assert grown > 1.5
