from dataclasses import replace

import torch

from s2rm_sc2.table import UnitTable
from worldmodel.contract import CHANGE_FIELDS, Change
from worldmodel.losses import unit_loss

FREE = ("walks", "walk_x", "walk_y", "hit", "damage", "damage_spread", "fires", "cooldown", "alive")


def table(health: torch.Tensor, cooldown: torch.Tensor) -> UnitTable:
    zero, whole = torch.zeros_like(health), torch.zeros_like(health, dtype=torch.int64)
    return UnitTable(whole, whole, zero, zero, health, zero, zero, cooldown, health > 0.0)


def fitted(before: UnitTable, after: UnitTable, believed: UnitTable | None = None) -> dict[str, float]:
    """The one answer for all units that the loss likes best."""
    start = before if believed is None else believed
    raw = {name: torch.zeros((), requires_grad=True) for name in FREE}
    optimiser = torch.optim.LBFGS(raw.values(), max_iter=200, line_search_fn="strong_wolfe")
    everyone = torch.ones_like(before.alive)

    def said() -> dict[str, torch.Tensor]:
        positive = ("damage", "damage_spread", "cooldown")
        return {name: 10.0 * value.exp() if name in positive else value for name, value in raw.items()}

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        fixed = {"spread": 1.0}
        fields = {name: said().get(name, torch.tensor(fixed.get(name, 0.0))) for name in CHANGE_FIELDS}
        change = Change(**{name: value.expand_as(before.x) for name, value in fields.items()})
        total = unit_loss(change, start, before, after, everyone, everyone)
        total.backward()  # type: ignore[no-untyped-call]
        return total

    for _ in range(5):
        optimiser.step(loss)  # type: ignore[no-untyped-call]
    return {name: float(value.detach()) for name, value in said().items()}


def test_an_answer_learns_how_often_and_how_much_on_average() -> None:
    lost = torch.tensor([[0.0, 0.0, 0.0, 0.0, 8.0, 8.0, 8.0, 32.0, 100.0, 0.0]])  # the last but one dies
    needed = torch.tensor([[22.0, 22.0, 22.0, 22.0, 22.0, 9.0, 9.0, 9.0, 0.0, 0.0]])
    before = table(torch.full((1, 10), 100.0), torch.full((1, 10), 17.0))
    said = fitted(before, table(before.health - lost, needed))
    assert abs(torch.sigmoid(torch.tensor(said["alive"])) - 0.9) < 0.01
    assert abs(torch.sigmoid(torch.tensor(said["hit"])) - 0.5) < 0.01
    assert abs(said["damage"] - 14.0) < 0.1  # the mean of 8, 8, 8 and 32; their median is 8
    assert abs(said["damage_spread"] - 10.4) < 0.1
    # Nine live; five have fired, the others' 17 loops have run down to 9.
    assert abs(torch.sigmoid(torch.tensor(said["fires"])) - 5.0 / 9.0) < 0.01
    assert abs(said["cooldown"] - 22.0) < 0.1


def test_an_answer_learns_how_often_units_walk_and_where_to() -> None:
    before = table(torch.full((1, 10), 100.0), torch.zeros(1, 10))
    x = torch.tensor([[0.0, 0.05, 0.0, 0.0, 0.0, 0.12, 1.2, 1.2, 1.2, 0.0]])  # four of nine survivors walk
    after = replace(table(torch.tensor([[100.0] * 9 + [0.0]]), torch.zeros(1, 10)), x=x, y=-0.5 * x)
    said = fitted(before, after)
    assert abs(torch.sigmoid(torch.tensor(said["walks"])) - 4.0 / 9.0) < 0.01
    assert abs(said["walk_x"] - 1.2) < 0.06  # about the median of those who walk
    assert abs(said["walk_y"] + 0.6) < 0.06


def test_what_is_imagined_in_the_wrong_place_does_not_count_as_a_walk() -> None:
    before = table(torch.full((1, 10), 100.0), torch.zeros(1, 10))
    went = torch.tensor([[0.0] * 6 + [1.0] * 4])
    after, believed = replace(before, x=went), replace(before, x=torch.full((1, 10), -0.7))
    said = fitted(before, after, believed)
    assert abs(torch.sigmoid(torch.tensor(said["walks"])) - 0.4) < 0.01
    assert abs(said["walk_x"] - 1.7) < 0.01  # who walks gets to where it truly is
