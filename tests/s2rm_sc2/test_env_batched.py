from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from s2rm_sc2 import scenarios
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument, UnavailableAction
from s2rm_sc2.reward import outcome
from s2rm_sc2.views import SmacOptions


def choose(masks: Tensor, rngs: list[np.random.Generator]) -> Tensor:
    """A random available action per agent, each battle with its own numbers."""
    rows = [[int(rng.choice(np.flatnonzero(mask))) for mask in masks[b].numpy()] for b, rng in enumerate(rngs)]
    return torch.tensor(rows)


def test_a_batch_plays_what_its_battles_play_alone() -> None:
    scenario, seeds = scenarios.get("2s3z"), [11, 12, 13]
    together = BatchedBattles(scenario, 3)
    together.reset(seeds)
    alone = [BatchedBattles(scenario, 1) for _ in seeds]
    for battle, seed in zip(alone, seeds, strict=True):
        battle.reset([seed])
    rngs = [np.random.default_rng(seed) for seed in seeds]
    for _ in range(40):
        actions = choose(together.available_actions(), rngs)
        result = together.step(actions)
        for b, battle in enumerate(alone):
            single = battle.step(actions[b : b + 1])
            assert torch.equal(single.reward[0], result.reward[b])
            assert torch.equal(battle.observation()[0], together.observation()[b])
            assert torch.equal(battle.state()[0], together.state()[b])
            assert torch.equal(battle.visible()[0], together.visible()[b])


def test_finished_battles_stand_still_until_they_are_reset() -> None:
    scenario = scenarios.get("3m")
    battles = BatchedBattles(scenario, 4)
    battles.reset([1, 2, 3, 4])
    rngs = [np.random.default_rng(b) for b in range(4)]
    endings = torch.zeros(4, dtype=torch.int64)
    while not battles.done.all():
        before, was_done = battles.units.clone(), battles.done.clone()
        result = battles.step(choose(battles.available_actions(), rngs))
        endings += (result.terminated | result.truncated) & ~was_done
        after = battles.units
        for name in ("x", "y", "health", "cooldown"):
            assert torch.equal(getattr(after, name)[was_done], getattr(before, name)[was_done])
        assert (result.reward[was_done] == 0).all()
        assert torch.equal(result.won, outcome(after, scenario).won)
        assert not (result.terminated & result.truncated).any()
    assert endings.tolist() == [1, 1, 1, 1]
    steps = battles.steps.clone()
    battles.step(torch.zeros(4, 3, dtype=torch.int64))  # whatever finished battles are told is ignored
    assert torch.equal(battles.steps, steps)
    battles.reset([9], battles=[2])
    assert battles.done.tolist() == [True, True, False, True]
    assert battles.steps[2] == 0
    assert battles.last_action[2].tolist() == [0, 0, 0]
    assert battles.units.alive[2].all()
    assert (result.terminated | result.truncated).all()  # results handed out before do not change


def test_a_battle_undecided_at_the_limit_is_truncated() -> None:
    scenario = replace(scenarios.get("3m"), limit=4)
    battles = BatchedBattles(scenario, 2)
    battles.reset([1, 2])
    stop = torch.ones(2, 3, dtype=torch.int64)
    ends = [battles.step(stop) for _ in range(4)]
    assert [end.truncated.tolist() for end in ends] == [[False] * 2] * 3 + [[True] * 2]
    assert not ends[-1].terminated.any()
    assert battles.done.all()


def test_illegal_actions_name_battle_agent_and_action() -> None:
    battles = BatchedBattles(scenarios.get("3m"), 2)
    battles.reset([1, 2])
    before = battles.units.clone()
    actions = torch.ones(2, 3, dtype=torch.int64)
    actions[1, 2] = 8
    with pytest.raises(UnavailableAction, match=r"Agent 2 of battle 1 .* action 8"):
        battles.step(actions)
    assert torch.equal(battles.units.x, before.x)
    assert battles.steps.tolist() == [0, 0]
    for wrong in (torch.ones(2, 3), torch.ones(3, 2, dtype=torch.int64)):
        with pytest.raises(BadArgument, match="give integers of shape"):
            battles.step(wrong)


def test_misuse_is_refused_in_a_sentence() -> None:
    scenario = scenarios.get("3m")
    with pytest.raises(BadArgument, match="at least 1"):
        BatchedBattles(scenario, 0)
    battles = BatchedBattles(scenario, 2)
    with pytest.raises(BadArgument, match=r"reset\(\) first"):
        battles.step(torch.ones(2, 3, dtype=torch.int64))
    with pytest.raises(BadArgument, match="one seed each"):
        battles.reset([1])
    with pytest.raises(BadArgument, match="numbered 0 to 1"):
        battles.reset([1], battles=[2])
    with pytest.raises(BadArgument, match="twice"):
        battles.reset([1, 2], battles=[0, 0])
    with pytest.raises(BadArgument, match="not 2 of 8m"):
        BatchedBattles(scenarios.get("8m"), 2, backend=battles.backend)


def test_positions_and_masks_are_those_of_the_table() -> None:
    battles = BatchedBattles(scenarios.get("3s5z"), 2)
    battles.reset([1, 2])
    assert torch.equal(battles.positions()[..., 0], battles.units.x[:, :8])
    assert torch.equal(battles.available_actions(), battles.views.available_actions(battles.units))
    assert battles.visible().diagonal(dim1=1, dim2=2).all()


@pytest.mark.parametrize(("cells", "steps"), [(1, 1), (2, 2), (4, 4)])
def test_a_move_leads_as_far_as_the_option_says(cells: int, steps: int) -> None:
    battles = BatchedBattles(scenarios.get("1m_vs_1m@flat"), 1, options=SmacOptions(move_amount=cells))
    battles.reset([1])
    start = battles.units.y.clone()
    battles.backend.step(torch.tensor([[2]]))
    for _ in range(steps + 2):
        battles.backend.step(torch.tensor([[0]]))  # no-op: the marine walks on, 1.125 cells a step
    assert (battles.units.y - start)[0, 0].item() == pytest.approx(cells, abs=1e-4)
