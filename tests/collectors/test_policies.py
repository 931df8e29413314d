import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.plan import remaining
from collectors.policies import POLICIES, choose, policy
from collectors.rollout import play, settings_of
from collectors.scripts import SCRIPTS
from evaluation.strength import Strength, strength
from s2rm_sc2 import scenarios
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.episode import Episode
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.units import unit_type

STOP, NORTH, SOUTH, EAST, WEST, ATTACK = range(1, 7)


def decide(battles: BatchedBattles, script: str, epsilon: float = 0.0, draws: torch.Tensor | None = None) -> list[int]:
    """What the agents of the first battle do; the masks are made anew from the table."""
    battles._available = None
    B, A = battles.n_battles, battles.scenario.n_agents
    draws = torch.zeros(B, 2, A, dtype=torch.float64) if draws is None else draws
    scripts = torch.full((B,), SCRIPTS.index(script))
    chosen: list[int] = choose(battles, scripts, torch.full((B,), epsilon, dtype=torch.float64), draws)[0].tolist()
    return chosen


def line_up(name: str, x: list[float], y: list[float] | None = None) -> BatchedBattles:
    """A battle whose units, allies first, stand at these places."""
    battles = BatchedBattles(scenarios.get(name), 1)
    battles.reset([1])
    battles.units.x[0] = torch.tensor(x)
    battles.units.y[0] = torch.tensor(y or [16.0] * len(x))
    return battles


@pytest.mark.parametrize("script", ["nearest", "focus", "kite"])
def test_scripts_walk_towards_the_nearest_enemy(script: str) -> None:
    assert decide(line_up("3m", [5, 6, 7, 25, 26, 27]), script) == [EAST] * 3


def test_scripted_shooters_await_their_attackers_but_not_for_ever() -> None:
    battles = line_up("3m", [5, 6, 7, 25, 26, 27])
    assert decide(battles, "scripted") == [STOP] * 3
    battles.steps.add_(40)
    assert decide(battles, "scripted") == [EAST] * 3


def test_nearest_attacks_the_nearest_and_focus_the_weakest_in_reach() -> None:
    battles = line_up("3m", [5, 6, 7, 9, 10, 11])
    battles.units.health[0, 4] = 20.0
    assert decide(battles, "nearest") == [ATTACK] * 3
    assert decide(battles, "focus") == [ATTACK + 1] * 3


@pytest.mark.parametrize("script", ["nearest", "focus", "kite"])
def test_nobody_goes_after_what_its_weapon_cannot_hit(script: str) -> None:
    assert decide(line_up("1M_vs_1m1md@flat", [16, 5, 18]), script) == [WEST]  # the medivac is nearer and may be chosen


def test_who_goes_by_the_list_attacks_and_follows_by_number() -> None:
    battles = line_up("3m", [5, 6, 7, 11, 10, 9])
    assert decide(battles, "listed") == [ATTACK] * 3
    assert decide(battles, "paired") == [ATTACK, ATTACK + 1, ATTACK + 2]
    battles.units.alive[0, 4] = False
    assert decide(battles, "listed") == [ATTACK] * 3
    assert decide(battles, "paired") == [ATTACK, ATTACK + 2, ATTACK + 2]
    apart = line_up("3m", [10, 11, 12, 2, 24, 11], [16, 16, 16, 16, 16, 28])
    assert decide(apart, "listed") == [WEST] * 3
    assert decide(apart, "paired") == [WEST, EAST, NORTH]


def test_focus_does_not_shoot_at_those_whom_the_ones_before_kill() -> None:
    battles = line_up("3m", [5, 6, 7, 9, 10, 11])
    battles.units.health[0, 4] = 6.0  # one hit of a marine
    assert decide(battles, "focus") == [ATTACK + 1, ATTACK, ATTACK]
    battles.units.cooldown[0, 0] = 13.0  # the first will not fire in this step
    assert decide(battles, "focus") == [ATTACK + 1, ATTACK + 1, ATTACK]


def test_focus_does_not_leave_reach_for_a_weaker_enemy() -> None:
    # A marine's weapon reaches 5 + 0.375 + 0.375 between centres, and half a cell counts still; SMAC allows 6.
    battles = line_up("3m", [5, 6, 7, 12.5, 12.9, 25], [16, 16, 16, 16, 16, 16])
    battles.units.health[0, 4] = 1.0
    assert decide(battles, "focus")[2] == ATTACK + 1
    battles.units.x[0, 3:5] = torch.tensor([9.0, 12.9])
    battles.units.type[0, 2] = unit_type("zealot").index
    assert decide(battles, "focus")[2] == ATTACK


def test_the_more_dangerous_of_two_equals_is_attacked_first() -> None:
    battles = line_up("2s3z", [5, 5, 5, 5, 5, 10, 25, 10, 25, 25], [16, 15, 17, 14, 18, 16, 16, 16, 16, 16])
    battles.units.shield[0] = 0.0
    battles.units.health[0, 5:] = 50.0  # a zealot hits for 13 points a second, a stalker for 8
    kinds = battles.scenario.unit_types
    target = decide(battles, "focus")[0] - ATTACK
    assert {kinds[5].name, kinds[7].name} == {"stalker", "zealot"}
    assert kinds[5 + target].name == "zealot"


def test_kite_steps_back_while_the_weapon_cools_down_and_fires_when_it_is_ready() -> None:
    battles = line_up("3s_vs_3z", [10, 10, 10, 14, 25, 25], [16, 5, 27, 16, 16, 16])
    assert decide(battles, "kite")[0] == ATTACK
    battles.units.cooldown[0, 0] = 15.0
    assert decide(battles, "kite")[0] == WEST
    assert decide(battles, "focus")[0] == ATTACK


def test_kite_runs_from_a_blow_that_is_due_though_the_weapon_is_ready() -> None:
    battles = line_up("3s_vs_3z", [10, 10, 10, 12, 25, 25], [16, 5, 27, 16, 16, 16])
    assert decide(battles, "kite")[0] == WEST


def test_kite_never_steps_into_a_wall() -> None:
    battles = line_up("3s_vs_3z", [0, 10, 10, 3, 25, 25], [16, 5, 27, 16, 16, 16])
    battles.units.cooldown[0, 0] = 15.0
    assert not battles.available_actions()[0, 0, WEST]
    assert decide(battles, "kite")[0] != WEST


def test_kite_stands_against_shooters() -> None:
    battles = line_up("3m", [5, 6, 7, 9, 10, 11])
    battles.units.cooldown[0] = 10.0
    assert decide(battles, "kite") == decide(battles, "focus")


def test_scripted_pulls_the_wounded_out_while_others_stand() -> None:
    battles = line_up("3m", [10, 10, 10, 15, 15, 15], [16, 14, 18, 16, 14, 18])
    battles.units.health[0, 0] = 12.0
    battles.units.cooldown[0, 0] = 10.0
    assert decide(battles, "scripted")[0] == WEST
    assert decide(battles, "focus")[0] >= ATTACK
    battles.units.health[0, 1:3] = 12.0
    assert decide(battles, "scripted")[0] >= ATTACK


def test_healers_heal_the_weakest_in_reach_and_go_to_the_wounded() -> None:
    battles = line_up("3m", [10, 11, 12, 25, 25, 25])
    battles.units.type[0, 0] = unit_type("medivac").index
    available = torch.zeros(1, 3, 9, dtype=torch.bool)
    available[..., 1:6] = True
    available[0, 0, ATTACK + 1 : ATTACK + 3] = True
    battles._available = available
    scripts, epsilon = torch.tensor([SCRIPTS.index("focus")]), torch.zeros(1, dtype=torch.float64)
    draws = torch.zeros(1, 2, 3, dtype=torch.float64)
    assert choose(battles, scripts, epsilon, draws)[0, 0] == EAST  # nobody is wounded: keep with the fighters
    battles.units.health[0, 1:3] = torch.tensor([30.0, 20.0])
    assert choose(battles, scripts, epsilon, draws)[0, 0] == ATTACK + 2
    available[0, 0, ATTACK:] = False
    battles.units.x[0, 1:3] = torch.tensor([2.0, 25.0])
    assert choose(battles, scripts, epsilon, draws)[0, 0] == WEST


def test_random_actions_are_uniform_over_what_is_available() -> None:
    battles = BatchedBattles(scenarios.get("2m_vs_1z"), 30_000)
    battles.reset([0] * 30_000)
    available = torch.zeros(30_000, 2, 7, dtype=torch.bool)
    available[:, 0, [1, 3, 4]] = available[:, 1, 6] = True
    battles._available = available
    draws = torch.from_numpy(np.random.default_rng(0).random((30_000, 2, 2)))
    chosen = choose(battles, torch.zeros(30_000, dtype=torch.int64), torch.ones(30_000, dtype=torch.float64), draws)
    counts = torch.bincount(chosen[:, 0], minlength=7)
    assert counts[[0, 2, 5, 6]].sum() == 0
    chi_square = ((counts[[1, 3, 4]] - 10_000.0) ** 2 / 10_000).sum()
    assert chi_square < 13.8  # 2 degrees of freedom: exceeded once in a thousand seeds
    assert (chosen[:, 1] == 6).all()


@settings(max_examples=12, deadline=None)
@given(name=st.sampled_from(["3m", "2s3z", "3s_vs_5z", "1c3s5z", "2m_vs_1z", "5m_vs_6m"]), seed=st.integers(0, 2**32))
def test_only_available_actions_are_chosen_and_each_battle_for_itself(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    battles, U = BatchedBattles(scenarios.get(name), 12), scenarios.get(name).n_units
    battles.reset(range(12))
    battles.units.x[:] = torch.from_numpy(rng.uniform(8, 24, (12, U)))
    battles.units.y[:] = torch.from_numpy(rng.uniform(8, 24, (12, U)))
    battles.units.health[:] = torch.from_numpy(rng.uniform(1, 45, (12, U)))
    battles.units.cooldown[:] = torch.from_numpy(rng.uniform(0, 20, (12, U)))
    battles.units.alive[:] = torch.from_numpy(rng.random((12, U)) < 0.8)
    battles._available = None
    scripts = torch.arange(12) % len(SCRIPTS)
    epsilon = torch.from_numpy(rng.random(12))
    draws = torch.from_numpy(rng.random((12, 2, battles.scenario.n_agents)))
    chosen = choose(battles, scripts, epsilon, draws)
    assert battles.available_actions().gather(-1, chosen[..., None]).all()
    turned = BatchedBattles(scenarios.get(name), 12)
    turned.reset(range(12))
    for field in ("x", "y", "health", "shield", "cooldown", "alive"):
        getattr(turned.units, field)[:] = getattr(battles.units, field).flip(0)
    again = choose(turned, scripts.flip(0), epsilon.flip(0), draws.flip(0))
    assert torch.equal(again.flip(0), chosen)


def played(name: str, scenario: str, count: int = 32) -> Strength:
    return strength(scenarios.get(scenario), policy(name), count, seed=3)


def test_each_script_wins_where_it_should() -> None:
    assert played("focus", "3m").won > played("random", "3m").won == 0
    assert played("scripted", "3m").won > played("nearest", "3m").won + 8
    assert played("kite", "3s_vs_3z").won > played("focus", "3s_vs_3z").won + 16
    assert played("scripted", "2s3z").won > played("nearest", "2s3z").won


def episodes(name: str, count: int) -> list[Episode]:
    player = policy(name)
    settings = settings_of(scenarios.get("3m"), player, seed=5, purpose="test")
    return list(play(settings, player, remaining(0, count, 5, "test", "3m")))


def test_episodes_say_which_script_played_with_what_share_of_random_actions() -> None:
    assert {(e.policy, e.epsilon) for e in episodes("random", 4)} == {("random", 1.0)}
    assert {(e.policy, e.epsilon) for e in episodes("kite", 4)} == {("kite", 0.0)}
    mixed = episodes("mixture", 48)
    assert {e.policy for e in mixed} == {"nearest", "focus", "kite", "scripted", "listed", "paired"}
    shares = [e.epsilon for e in mixed]
    assert len(set(shares)) == 48
    assert min(shares) < 0.1
    assert max(shares) > 0.7


def test_an_interval_of_a_win_rate() -> None:
    # Wilson's interval of 9 in 10, from the closed formula: (0.596, 0.982).
    assert Strength("3m", "focus", 10, 9, 20.0).interval == pytest.approx((0.596, 0.982), abs=5e-4)


def test_an_unknown_policy_is_named_with_those_there_are() -> None:
    with pytest.raises(BadArgument, match=f"'clever' is unknown.*{', '.join(POLICIES)}"):
        policy("clever")
