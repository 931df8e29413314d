"""TorchRL's checks, and its own multi-agent networks and loss on what the environment gives them."""

from dataclasses import replace

import pytest
import torch

from s2rm_sc2 import scenarios
from s2rm_sc2.backends.learned import LearnedBackend
from s2rm_sc2.envs.batched import BatchedBattles
from tests.dreams import simulator

pytest.importorskip("torchrl", reason="TorchRL, of the extra `marl`, is not installed", exc_type=ImportError)
from tensordict.nn import TensorDictModule, TensorDictSequential
from torchrl.envs.utils import check_env_specs
from torchrl.modules import MaskedCategorical, MultiAgentMLP, ProbabilisticActor
from torchrl.objectives import ClipPPOLoss, ValueEstimators

from s2rm_sc2.envs.torchrl import GROUP, BattlesEnv


def made(backend: str, name: str = "2s3z", battles: int = 3, seed: int = 0) -> BattlesEnv:
    scenario = scenarios.get(name)
    dream = LearnedBackend(scenario, battles, simulator()) if backend == "learned" else None
    return BattlesEnv(BatchedBattles(scenario, battles, dream), seed)


@pytest.mark.parametrize("name", ["2s3z", "MMM", "protoss_5_vs_5"])
@pytest.mark.parametrize("backend", ["embedded", "learned"])
def test_it_conforms_to_torchrl(backend: str, name: str) -> None:
    check_env_specs(made(backend, name), seed=0)


def test_it_gives_what_the_batch_gives() -> None:
    env, twin = made("embedded"), made("embedded")
    twin.reset()
    battles, now = twin.battles, env.reset()
    for _ in range(20):
        assert torch.equal(now[GROUP, "action_mask"], battles.available_actions())
        assert torch.equal(now[GROUP, "observation"], battles.observation())
        assert torch.equal(now["state"], battles.state())
        acted = env.rand_action(now)
        result, now = battles.step(acted[GROUP, "action"]), env.step(acted)["next"]
        assert torch.equal(now[GROUP, "reward"], result.reward[:, None, None].expand(3, 5, 1))
        assert torch.equal(now["terminated"][:, 0], result.terminated)


@pytest.mark.parametrize("backend", ["embedded", "learned"])
def test_battles_that_end_begin_anew_alone(backend: str) -> None:
    env = made(backend, "3m", battles=4)
    env.battles.reset(range(4))
    seen = env.rollout(80, break_when_any_done=False)
    done = seen["next", "done"][..., 0]
    assert done.any(1).all()
    battle, step = (int(number) for number in done[:, :-1].nonzero()[0])
    fresh, last = seen[battle, step + 1], seen["next"][battle, step]
    assert (fresh[GROUP, "observation"] != last[GROUP, "observation"]).any()
    assert not fresh["done"].any()
    assert fresh[GROUP, "action_mask"][:, 1].all()  # everyone lives again
    before, begun = seen["next", "state"][:, :-1], seen["state"][:, 1:]
    same = (before == begun).all(-1)
    assert torch.equal(same, ~done[:, :-1])  # the others go on
    legal = seen[GROUP, "action_mask"].gather(-1, seen[GROUP, "action"][..., None])
    assert legal.all()


def test_the_limit_truncates() -> None:
    scenario = replace(scenarios.get("2s3z"), limit=3)
    seen = BattlesEnv(BatchedBattles(scenario, 2), 0).rollout(4, break_when_any_done=False)["next"]
    assert seen["truncated"][..., 0].tolist() == [[False, False, True, False]] * 2
    assert torch.equal(seen["done"], seen["truncated"])
    assert not seen["terminated"].any()


def test_torchrls_own_multi_agent_networks_and_loss_take_it() -> None:
    env = made("learned")
    views, (A, n_actions) = env.battles.views, env.observation_spec[GROUP, "action_mask"].shape[1:]
    sizes = {"depth": 1, "num_cells": 16, "share_params": True}
    actor = ProbabilisticActor(
        TensorDictModule(
            MultiAgentMLP(views.obs_size, n_actions, A, centralized=False, **sizes),
            in_keys=[(GROUP, "observation")],
            out_keys=[(GROUP, "logits")],
        ),
        in_keys={"logits": (GROUP, "logits"), "mask": (GROUP, "action_mask")},
        out_keys=[(GROUP, "action")],
        distribution_class=MaskedCategorical,
        return_log_prob=True,
        log_prob_key=(GROUP, "sample_log_prob"),
    )
    critic = TensorDictModule(
        MultiAgentMLP(views.obs_size, 1, A, centralized=True, **sizes),
        in_keys=[(GROUP, "observation")],
        out_keys=[(GROUP, "state_value")],
    )
    TensorDictSequential(actor, critic)(env.reset())
    loss = ClipPPOLoss(actor, critic)
    loss.set_keys(
        reward=(GROUP, "reward"), action=(GROUP, "action"), value=(GROUP, "state_value"),
        sample_log_prob=(GROUP, "sample_log_prob"), done=(GROUP, "done"), terminated=(GROUP, "terminated"),
    )  # fmt: skip
    loss.make_value_estimator(ValueEstimators.GAE, gamma=0.99, lmbda=0.95)
    with torch.no_grad():
        played = env.rollout(6, actor, break_when_any_done=False)
    for key in ("done", "terminated"):
        ends = played["next", key].unsqueeze(-1).expand_as(played["next", GROUP, "reward"])
        played["next", GROUP, key] = ends.clone()
    losses = loss(played)
    total = losses["loss_objective"] + losses["loss_critic"]
    total.backward()
    assert torch.isfinite(total)
    assert all(parameter.grad is not None for parameter in actor.parameters())
