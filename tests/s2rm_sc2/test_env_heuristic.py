import numpy as np
import pytest

from s2rm_sc2.envs.heuristic import Heuristic
from s2rm_sc2.envs.multi_agent import StarCraft2Env
from s2rm_sc2.envs.unit import Point, Unit
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.units import unit_type


def unit(name: str, x: float, y: float, health: float | None = None) -> Unit:
    kind = unit_type(name)
    points = kind.health if health is None else health
    return Unit(1, kind.smac_id, 1, Point(x, y), points, kind.health, kind.shield, kind.shield, 50.0, 0.0)


def masks(agents: int, available: int = 0) -> list[list[int]]:
    return [[0, 1, 1, 1, 1, 1, *[available] * 8] for _ in range(agents)]


def test_everybody_attacks_the_nearest_and_stays_with_it_until_it_dies() -> None:
    heuristic, us = Heuristic(rest=False), [unit("marine", 0, 0), unit("marine", 0, 9)]
    assert heuristic.choose(us, [unit("marine", 20, 9), unit("marine", 9, 0)], masks(2)) == [7, 7]
    moved = [unit("marine", 1, 9), unit("marine", 9, 0)]
    assert heuristic.choose(us, moved, masks(2)) == [7, 7]
    moved[1] = unit("marine", 9, 0, health=0)
    assert heuristic.choose(us, moved, masks(2)) == [6, 6]
    assert heuristic.choose([unit("marine", 0, 0, health=0), us[1]], moved, masks(2)) == [0, 6]
    heuristic.reset()
    assert heuristic.choose(us, [unit("marine", 1, 1), unit("marine", 9, 0)], masks(2)) == [6, 6]


def test_with_rest_it_walks_along_the_longer_axis_until_the_target_is_in_range() -> None:
    heuristic, us = Heuristic(rest=True), [unit("marine", 10, 10)]
    for x, y, action in ((20, 11, 4), (0, 11, 5), (11, 20, 2), (11, 0, 3)):
        heuristic.reset()
        assert heuristic.choose(us, [unit("marine", x, y)], masks(1)) == [action]
        assert heuristic.choose(us, [unit("marine", x, y)], masks(1, available=1)) == [6]


def test_medivacs_heal_the_nearest_hurt_ally_that_is_no_medivac() -> None:
    heuristic = Heuristic(rest=False)
    enemies = [unit("marine", 20, 0)]
    well = [unit("marine", 1, 0), unit("marine", 5, 0), unit("medivac", 0, 1, 80), unit("medivac", 0, 0)]
    assert heuristic.choose(well, enemies, masks(4))[2:] == [0, 0]
    hurt = [unit("marine", 1, 0), unit("marine", 5, 0, 20), *well[2:]]
    assert heuristic.choose(hurt, enemies, masks(4))[2:] == [7, 7]
    both = [unit("marine", 1, 0, 20), unit("marine", 5, 0, 30), *well[2:]]
    assert heuristic.choose(both, enemies, masks(4))[2:] == [7, 7]
    healed = [unit("marine", 1, 0, 20), unit("marine", 5, 0), *well[2:]]
    assert heuristic.choose(healed, enemies, masks(4))[2:] == [6, 6]


def wins(name: str, episodes: int, heuristic: bool, rest: bool = False) -> int:
    env = StarCraft2Env(name, seed=0, heuristic_ai=heuristic, heuristic_rest=rest)
    rng = np.random.default_rng(0)
    for _ in range(episodes):
        env.reset()
        terminated = False
        while not terminated:
            if heuristic:
                actions = [1] * env.n_agents
            else:
                actions = [int(rng.choice(np.flatnonzero(mask))) for mask in env.get_avail_actions()]
            _, terminated, _ = env.step(actions)
    return int(env.get_stats()["battles_won"])


@pytest.mark.parametrize("name", ["3m", "2s3z"])
def test_it_wins_more_than_chance(name: str) -> None:
    by_chance = wins(name, 12, heuristic=False)
    assert wins(name, 12, heuristic=True) > by_chance
    assert wins(name, 12, heuristic=True, rest=True) > by_chance


def test_the_agents_actions_are_ignored_noted_and_overwritten() -> None:
    env = StarCraft2Env("3m", seed=0, heuristic_ai=True)
    env.reset()
    distance = env.enemies[0].pos.x - env.agents[0].pos.x
    said = [2, 9 - 1, 1]  # 8 attacks an enemy far out of range
    assert not env.get_avail_actions()[1][8]
    passed = list(said)
    env.step(passed)
    assert env.last_action.argmax(1).tolist() == said
    assert all(action >= 6 for action in passed)
    assert env.enemies[0].pos.x - env.agents[0].pos.x < distance - 1
    for wrong in ([1, 1], [1, 1, 9], [1, -1, 1]):
        with pytest.raises(BadArgument, match=r"give one each|from 0 to 8"):
            env.step(wrong)
