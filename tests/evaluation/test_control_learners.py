"""What MAPPO and QMIX learn from: which steps, with what targets, by hand where a formula says it."""

from copy import deepcopy
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import pytest
import torch

pytest.importorskip("torchrl", reason="TorchRL, of the extra `marl`, is not installed", exc_type=ImportError)

from collections.abc import Sequence

from evaluation.control.experience import Experience, Rollout
from evaluation.control.learner import learner
from evaluation.control.mappo import Mappo
from evaluation.control.networks import masked
from evaluation.control.outcome import DREAM
from evaluation.control.player import playing
from evaluation.control.qmix import Qmix, _transitions
from evaluation.control.settings import Settings
from evaluation.control.training import LAST, Task, Training
from s2rm_sc2.actions import FIRST_TARGET, NORTH, STOP
from s2rm_sc2.backends.embedded import EmbeddedBackend
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.scenarios import get

LIMIT = 65  # some of the battles are decided before it, and some are not
SCENARIO = replace(get("2s3z"), limit=LIMIT)
TINY = Settings(battles=8, rollout=16, stage=2, width=8, epochs=2, parts=2, batch=16, draws=2)
STEPS = LIMIT + 20


def chosen(observation: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """To wait, and to fight the last enemy within reach."""
    numbers = torch.arange(mask.shape[-1])
    numbers[NORTH:FIRST_TARGET] = 0
    return (numbers * mask).argmax(-1), torch.zeros(mask.shape[:-1])


@pytest.fixture(scope="module")
def played() -> Rollout:
    return Experience(BatchedBattles(SCENARIO, 8), 0, "test").play(STEPS, chosen)


def rows(rollout: Rollout, steps: slice) -> Rollout:
    return Rollout(*(getattr(rollout, field.name)[steps] for field in fields(Rollout)))


def test_what_follows_a_step_is_the_end_of_its_battle_not_the_beginning_of_the_next(played: Rollout) -> None:
    over = played.terminated | played.truncated
    assert played.terminated.any()
    assert played.truncated.any()
    assert not (played.terminated & played.truncated).any()
    goes_on, ended = ~over[:-1], over[:-1]
    for now, after in (("state", "after"), ("observation", "after_observation"), ("mask", "after_mask")):
        began, became = getattr(played, now)[1:], getattr(played, after)[:-1]
        assert torch.equal(began[goes_on], became[goes_on])
        assert (began[ended] != became[ended]).flatten(1).any(1).all()
    assert played.mask[1:][ended][..., 1].all()  # everyone may stop, so everyone lives again


def test_a_decided_battle_has_no_value_beyond_it_and_one_cut_off_has(played: Rollout) -> None:
    """With one step the target is the reward and, unless the battle is decided, the discounted value after it."""
    mappo = learner(BatchedBattles(SCENARIO, 1), TINY, 0)
    assert isinstance(mappo, Mappo)
    for step in range(STEPS):
        one = rows(played, slice(step, step + 1))
        with torch.no_grad():
            beyond = mappo.critic(one.after)[0, :, 0].where(~one.terminated[0], 0.0)
        expected = TINY.reward_scale * one.reward[0] + TINY.discount * beyond
        assert torch.allclose(mappo._batch(one)["target"][:, 0], expected, atol=1e-6)


def test_advantages_do_not_reach_over_the_end_of_a_battle(played: Rollout) -> None:
    mappo = learner(BatchedBattles(SCENARIO, 1), TINY, 0)
    assert isinstance(mappo, Mappo)
    paid = replace(played, reward=played.reward.index_fill(0, torch.tensor([STEPS - 1]), 1000.0))
    reached = (mappo._batch(paid)["target"] - mappo._batch(played)["target"]).view(STEPS, -1) > 0.1
    same_battle = (played.terminated | played.truncated)[:-1].flip(0).cumsum(0).flip(0) == 0
    assert torch.equal(reached[-4:-1], same_battle[-3:])
    assert not reached[:-1][~same_battle].any()


def test_mappos_loss_holds_the_policy_that_played_for_unchanged() -> None:
    """The probabilities that the loss computes are those by which actions were drawn, masks included."""
    mappo = learner(BatchedBattles(SCENARIO, 1), replace(TINY, epochs=0), 0)
    assert isinstance(mappo, Mappo)
    experience = Experience(BatchedBattles(SCENARIO, 8), 0, "test")
    rollout = mappo.learn(experience, torch.Generator().manual_seed(0), 0.0)
    losses = mappo._loss(mappo._batch(rollout))
    assert float(losses["kl_approx"]) == pytest.approx(0.0, abs=1e-6)
    assert float(losses["clip_fraction"]) == 0.0


def test_mappo_does_more_often_what_is_paid_for() -> None:
    mappo = learner(BatchedBattles(SCENARIO, 1), replace(TINY, epochs=0, rate=0.01), 0)
    assert isinstance(mappo, Mappo)
    experience = Experience(BatchedBattles(SCENARIO, 8), 0, "test")
    rollout = mappo.learn(experience, torch.Generator().manual_seed(0), 0.0)
    batch = mappo._batch(replace(rollout, reward=10.0 * (rollout.action == STOP).float().mean(-1)))

    def stops() -> float:
        with torch.no_grad():
            return float(masked(mappo.agents(rollout.observation), rollout.mask).softmax(-1)[..., STOP].mean())

    before = stops()
    for _ in range(20):
        mappo._update(batch)
    assert stops() > before + 0.02


def test_qmix_learns_towards_rewards_to_come_and_the_best_that_is_possible_after_each(played: Rollout) -> None:
    """Each step's return is its reward and, discounted, a mixture of the value after it and the next step's return."""
    settings = replace(TINY, algorithm="qmix", returns=0.6)
    qmix = learner(BatchedBattles(SCENARIO, 1), settings, 0)
    assert isinstance(qmix, Qmix)
    with torch.no_grad():
        taken = qmix.agents(played.observation).gather(-1, played.action[..., None])
        best = masked(qmix.agents(played.after_observation), played.after_mask).amax(-1, keepdim=True)
        mixer = qmix._loss.mixer_network
        with qmix._loss.mixer_network_params.to_module(mixer):
            said, beyond = (mixer.module(*pair)[..., 0] for pair in ((taken, played.state), (best, played.after)))
        beyond = beyond.where(~played.terminated, 0.0)
        cut = played.terminated | played.truncated
        target = torch.zeros_like(beyond)
        for step in reversed(range(STEPS)):
            after = beyond[step]
            if step < STEPS - 1:
                after = torch.where(cut[step], after, 0.4 * after + 0.6 * target[step + 1])
            target[step] = settings.reward_scale * played.reward[step] + settings.discount * after
        loss = qmix._loss(_transitions(played, settings.reward_scale))["loss"]
    assert float(loss) == pytest.approx(float((said - target).square().mean()), rel=1e-4)


def test_qmixs_target_follows_the_network_slowly() -> None:
    qmix = learner(BatchedBattles(SCENARIO, 1), replace(TINY, algorithm="qmix", draws=1, follow=0.25, rate=0.1), 0)
    assert isinstance(qmix, Qmix)

    def values() -> list[tuple[torch.Tensor, torch.Tensor]]:
        nets, targets = (
            getattr(qmix._loss, f"{name}_params").flatten_keys("/").to_dict()
            for name in ("local_value_network", "target_local_value_network")
        )
        return [(nets[key].detach().clone(), targets[key].detach().clone()) for key in nets]

    before = values()
    qmix.learn(Experience(BatchedBattles(SCENARIO, 8), 0, "test"), torch.Generator().manual_seed(0), 0.5)
    moved = False
    for (old, followed), (new, follows) in zip(before, values(), strict=True):
        assert torch.allclose(follows, followed + 0.25 * (new - followed), atol=1e-6)
        moved |= not torch.equal(old, new)
    assert moved


def test_qmix_explores_less_and_less() -> None:
    shares = []
    for done in (0.0, 0.1, 1.0):
        qmix = learner(BatchedBattles(SCENARIO, 1), replace(TINY, algorithm="qmix", explore=0.2, least=0.0), 0)
        network = deepcopy(qmix.agents)
        rollout = qmix.learn(Experience(BatchedBattles(SCENARIO, 8), 0, "test"), torch.Generator().manual_seed(0), done)
        with torch.no_grad():
            greedy = masked(network(rollout.observation), rollout.mask).argmax(-1)
        shares.append(float((rollout.action == greedy)[rollout.mask[..., 1]].float().mean()))  # of the living
    assert shares[0] < 0.4 < shares[1] < 0.8
    assert shares[2] == 1.0


class Exploring(Qmix):
    """Notes which share of the training it was told lies behind, at every rollout."""

    def learn(self, experience: Experience, generator: torch.Generator, done: float) -> Rollout:
        """As QMIX does."""
        self.noted = [*getattr(self, "noted", []), done]
        return super().learn(experience, generator, done)


def test_exploration_falls_once_over_all_parts_of_a_training(tmp_path: Path) -> None:
    settings, noted = replace(TINY, algorithm="qmix"), []
    battles = partial(BatchedBattles, SCENARIO, TINY.battles)
    for iteration in range(2):
        task = Task(SCENARIO, DREAM, 2 * TINY.steps, 0, settings, looks=1, origin={}, iteration=iteration, parts=2)
        training = Training(task, battles, tmp_path / str(iteration))
        training.learner = exploring = Exploring(BatchedBattles(SCENARIO, 1), settings)
        while not training.over:
            training.step()
        noted += exploring.noted
        assert training.done == (iteration + 1) / 2
    assert noted == [number / 8 for number in range(8)]  # two parts of two stages of two rollouts


class Noting(EmbeddedBackend):
    """The engine, which writes down the seeds of its battles."""

    noted: list[int]

    def reset(self, seeds: Sequence[int], battles: Sequence[int] | None = None) -> None:
        self.noted = [*getattr(self, "noted", []), *seeds]
        super().reset(seeds, battles)


def seeds_of(folder: Path, **changes: object) -> list[int]:
    made: list[Noting] = []

    def battles() -> BatchedBattles:
        backend = Noting(SCENARIO, TINY.battles)
        backend.noted = []
        made.append(backend)
        return BatchedBattles(SCENARIO, TINY.battles, backend)

    task = Task(SCENARIO, DREAM, 2 * TINY.steps, 0, TINY, looks=1, origin={})
    training = Training(replace(task, **changes), battles, folder)  # type: ignore[arg-type]
    while not training.over:
        training.step()
    (backend,) = made
    return backend.noted


def test_no_battle_is_trained_on_twice(tmp_path: Path) -> None:
    variants: tuple[dict[str, object], ...] = ({}, {"seed": 1}, {"arm": "real-same"}, {"iteration": 1})
    found = [seed for number, changes in enumerate(variants) for seed in seeds_of(tmp_path / str(number), **changes)]
    assert len(found) >= 4 * 2 * TINY.battles
    assert len(set(found)) == len(found)


def test_seeds_begin_with_other_weights_and_a_later_part_with_the_earlier_ones(tmp_path: Path) -> None:
    one, other, same = (learner(BatchedBattles(SCENARIO, 1), TINY, seed).agents for seed in (0, 1, 0))
    first, second, third = (list(agents.parameters()) for agents in (one, other, same))
    assert any(not torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(first, third, strict=True))
    task = Task(SCENARIO, DREAM, TINY.steps, 0, TINY, looks=1, origin={})
    battles = partial(BatchedBattles, SCENARIO, TINY.battles)
    earlier = Training(task, battles, tmp_path / "0")
    earlier.step()
    later = Training(replace(task, iteration=1), battles, tmp_path / "1", tmp_path / "0" / LAST)
    pairs = zip(earlier.learner.agents.parameters(), later.learner.agents.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert later.stage == 0


def test_a_policy_that_collects_does_some_things_at_random() -> None:
    battles = BatchedBattles(SCENARIO, 64)
    battles.reset(range(64))
    player = playing(learner(battles, TINY, 0).agents)
    draws = torch.rand(64, 2, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    greedy, half, random = (
        player.act(battles, ["learned"] * 64, torch.full((64,), share, dtype=torch.float64), draws)
        for share in (0.0, 0.5, 1.0)
    )
    best = masked(player.network(battles.observation()), battles.available_actions()).argmax(-1)  # type: ignore[misc]
    assert torch.equal(greedy, best)
    different = [float((acted != best).float().mean()) for acted in (half, random)]
    assert 0.2 < different[0] < 0.6 < different[1]
