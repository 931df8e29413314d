"""The compiled bookkeeping against tensor operations, bit for bit, over random steps, scenarios and options."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch

from s2rm_sc2 import scenarios
from s2rm_sc2.envs.bookkeeping import Ledger, TensorBook
from s2rm_sc2.envs.compiled import CompiledBook
from s2rm_sc2.table import UnitTable
from s2rm_sc2.views import SmacOptions
from tests.s2rm_sc2.teams import drawn
from tests.s2rm_sc2.test_views_compiled import random_table, same

OPTION_SETS: tuple[dict[str, Any], ...] = (
    {},
    {"reward_only_positive": False, "reward_death_value": 7.3, "reward_negative_scale": 0.3, "reward_defeat": -5},
    {"reward_sparse": True},
    {"reward_sparse": True, "reward_scale": False},
    {"reward_only_positive": False, "reward_scale": False, "reward_win": 100},
    {"reward_scale_rate": 3.0, "reward_death_value": 0},
)
SCENARIOS = {
    **{name: scenarios.get(name) for name in ("3m", "MMM2", "3s5z", "2c_vs_64zg", "1m", "1md_vs_2md")},
    **{scenario.name: scenario for scenario in (drawn("T", 5, 5), drawn("P", 3, 4), drawn("Z", 4, 2))},
}
B = 64


def later(before: UnitTable, after: UnitTable, rng: np.random.Generator) -> UnitTable:
    """A table that may follow: units keep their types, some die, sometimes all of a side or all but medivacs."""
    spared = torch.tensor(rng.random(before.alive.shape) < rng.choice([0.05, 0.5, 1.0], (B, 1)))
    sides = torch.tensor(rng.random((B, 2)) < 0.8)
    alive = before.alive & spared & torch.where(before.team == 0, sides[:, :1], sides[:, 1:])
    return UnitTable(
        *(before.type, before.team, after.x, after.y, after.health * alive, after.shield * alive),
        *(after.energy, after.cooldown, alive),
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_compiled_bookkeeping_equals_the_tensor_operations(name: str) -> None:
    scenario = SCENARIOS[name]
    n_actions = 6 + scenario.n_enemies
    for number, keywords in enumerate(OPTION_SETS):
        rng, options = np.random.default_rng([number, *name.encode()]), SmacOptions(**keywords)
        compiled, tensors = CompiledBook(scenario, options), TensorBook(scenario, options)
        ours = theirs = Ledger.unstarted(B, scenario.n_agents, torch.device("cpu")).restarted(torch.arange(B))
        for _ in range(3):
            before = random_table(scenario, rng, B)
            after = later(before, random_table(scenario, rng, B), rng)
            active = torch.tensor(rng.random(B) < 0.8)
            actions = torch.tensor(rng.integers(0, n_actions, (B, scenario.n_agents)))
            steps = torch.tensor(rng.integers(scenario.limit - 2, scenario.limit, B))
            step = actions, active, before, after
            ours = compiled.settle(replace(ours, steps=steps), *step)
            theirs = tensors.settle(replace(theirs, steps=steps), *step)
            for field in fields(Ledger):
                assert same(getattr(ours, field.name), getattr(theirs, field.name)), field.name


def test_both_find_the_first_order_that_is_not_allowed() -> None:
    scenario, rng = scenarios.get("3m"), np.random.default_rng(0)
    books = CompiledBook(scenario, SmacOptions()), TensorBook(scenario, SmacOptions())
    found = set()
    for _ in range(50):
        available = torch.tensor(rng.random((4, 3, 9)) < 0.9)
        actions, active = torch.tensor(rng.integers(-1, 11, (4, 3))), torch.tensor(rng.random(4) < 0.6)
        (orders, wrong), (expected, same_wrong) = (book.orders(actions, available, active) for book in books)
        assert same(orders, expected)
        assert wrong == same_wrong
        found.add(wrong)
    assert len(found) > 4
