"""No side is favoured: two equal teams that both fight on their own win equally often."""

import numpy as np
import pytest

from s2rm_sc2 import scenarios
from s2rm_sc2.backends.embedded import EmbeddedBackend
from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.loop import advance
from s2rm_sc2.battle.orders import ATTACK_MOVE


@pytest.mark.parametrize("name", ["5m", "2s3z", "8zg", "1c3s5z", "1md2M4m", "2b8zg"])
def test_mirrored_battles_are_won_by_either_side_equally_often(name: str) -> None:
    scenario, n = scenarios.get(f"{name}@flat"), 400
    backend = EmbeddedBackend(scenario, n)
    field, allies = backend.field, scenario.n_agents
    field.whole[:, r.ACTIVE] = 1
    field.whole[:, r.ORDER] = ATTACK_MOVE
    field.real[:, r.GOAL_X, :allies], field.real[:, r.GOAL_Y, :allies] = scenario.terrain.spawns[1]
    field.real[:, r.GOAL_X, allies:], field.real[:, r.GOAL_Y, allies:] = scenario.terrain.spawns[0]
    for _ in range(60):
        advance(field, 16)
    armed = field.alive & [unit.weapon is not None for unit in scenario.unit_types]
    left, right = armed[:, :allies].any(1), armed[:, allies:].any(1)
    wins, losses = int((left & ~right).sum()), int((right & ~left).sum())
    assert (left & right).sum() < 0.1 * n  # battles are fought to the end
    assert wins + losses > 0.5 * n
    assert abs(wins - losses) < 3.5 * np.sqrt(wins + losses)  # three and a half standard deviations of a fair coin
