import numpy as np
import pytest
import torch

from collectors.plan import remaining
from collectors.policies import POLICIES, policy, random_actions, scripted_actions
from collectors.rollout import play, settings_of
from s2rm_sc2 import scenarios
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.episode import Episode
from s2rm_sc2.errors import BadArgument

STOP, EAST, ATTACK = 1, 4, 6


def episodes(name: str, scenario: str, count: int) -> list[Episode]:
    player = policy(name)
    settings = settings_of(scenarios.get(scenario), player, seed=5, purpose="test")
    return list(play(settings, player, remaining(0, count, 5, "test", scenario)))


def test_random_actions_are_uniform_over_what_is_available() -> None:
    available = torch.tensor([[False, True, False, True, True, False], [True, False, False, False, False, False]])
    draws = torch.from_numpy(np.random.default_rng(0).random((30_000, 2)))
    chosen = random_actions(available.expand(30_000, 2, 6), draws)
    counts = torch.bincount(chosen[:, 0], minlength=6)
    assert counts[[0, 2, 5]].sum() == 0
    chi_square = ((counts[[1, 3, 4]] - 10_000.0) ** 2 / 10_000).sum()
    assert chi_square < 13.8  # 2 degrees of freedom: exceeded once in a thousand seeds
    assert (chosen[:, 1] == 0).all()


def test_the_largest_draw_still_picks_the_last_available_action() -> None:
    available = torch.ones(1, 1, 70, dtype=torch.bool)
    assert random_actions(available, torch.full((1, 1), float(np.nextafter(1.0, 0.0)), dtype=torch.float64)) == 69


@pytest.fixture
def battles() -> BatchedBattles:
    """Three marines against three, one ally at each of x = 5, 6, 7, the enemies far to the east."""
    battles = BatchedBattles(scenarios.get("3m"), 1)
    battles.reset([1])
    battles.units.x[0] = torch.tensor([5.0, 6.0, 7.0, 25.0, 26.0, 27.0])
    battles.units.y[0] = 16.0
    battles._available = None
    return battles


def test_the_script_walks_towards_the_nearest_enemy(battles: BatchedBattles) -> None:
    assert scripted_actions(battles, battles.available_actions()).tolist() == [[EAST] * 3]


def test_the_script_attacks_the_weakest_in_reach_before_the_nearest(battles: BatchedBattles) -> None:
    battles.units.x[0, 3:] = torch.tensor([9.0, 10.0, 11.0])
    battles.units.health[0, 4] = 20.0
    battles._available = None
    assert scripted_actions(battles, battles.available_actions()).tolist() == [[ATTACK + 1] * 3]


def test_the_script_does_not_leave_reach_for_a_weaker_enemy(battles: BatchedBattles) -> None:
    # A marine's weapon reaches 5 + 0.375 + 0.375 between centres; SMAC allows to attack up to 6.
    battles.units.x[0, 3:] = torch.tensor([12.5, 12.9, 25.0])
    battles.units.health[0, 4] = 1.0
    battles.units.alive[0, :2] = False
    battles.units.health[0, :2] = 0.0
    battles.units.y[0, 4] = 17.2
    battles._available = None
    assert battles.available_actions()[0, 2, ATTACK : ATTACK + 3].tolist() == [True, False, False]
    assert scripted_actions(battles, battles.available_actions()).tolist() == [[0, 0, ATTACK]]


def test_a_melee_fighter_hits_the_one_beside_it_not_the_weakest_in_shooting_range() -> None:
    battles = BatchedBattles(scenarios.get("1z_vs_2z"), 1)
    battles.reset([1])
    battles.units.x[0] = torch.tensor([10.0, 11.0, 15.0])
    battles.units.y[0] = 16.0
    battles.units.health[0, 2] = 1.0
    assert scripted_actions(battles, battles.available_actions()).tolist() == [[ATTACK]]


def test_the_script_wins_more_than_chance() -> None:
    assert sum(episode.battle_won for episode in episodes("scripted", "2s3z", 16)) >= 8
    assert sum(episode.battle_won for episode in episodes("random", "2s3z", 16)) == 0


def test_the_share_of_random_actions_is_recorded_and_spread() -> None:
    assert {episode.epsilon for episode in episodes("random", "3m", 4)} == {1.0}
    assert {episode.epsilon for episode in episodes("scripted", "3m", 4)} == {0.0}
    shares = [episode.epsilon for episode in episodes("mixture", "3m", 24)]
    assert len(set(shares)) == 24
    assert min(shares) < 0.2
    assert max(shares) > 0.8
    assert all(0.0 <= share < 1.0 for share in shares)


def test_an_unknown_policy_is_named_with_those_there_are() -> None:
    with pytest.raises(BadArgument, match=f"'clever' is unknown.*{', '.join(POLICIES)}"):
        policy("clever")
