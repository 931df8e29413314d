"""MAPPO (Yu et al. 2022): TorchRL's clipped PPO loss, shared actors, one critic that sees the global state."""

import torch
from tensordict import TensorDict
from tensordict.nn import TensorDictModule
from torch import Tensor, nn
from torchrl.modules import MaskedCategorical, ProbabilisticActor
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value.functional import vec_generalized_advantage_estimate

from evaluation.control.experience import Experience, Rollout
from evaluation.control.networks import AgentNetwork, Critic, drawn, masked
from evaluation.control.settings import Settings
from s2rm_sc2.envs.batched import BatchedBattles


class Mappo:
    """A learner; see :class:`evaluation.control.learner.Learner`."""

    def __init__(self, battles: BatchedBattles, settings: Settings) -> None:
        self.settings = settings
        self.agents, self.critic = AgentNetwork(battles, settings.width), Critic(battles, settings.width)
        self.optimizer: torch.optim.Optimizer
        self._loss = _loss(self.agents, self.critic, settings)
        self.modules: dict[str, nn.Module] = {"agents": self.agents, "critic": self.critic}
        self._parameters = [*self.agents.parameters(), *self.critic.parameters()]
        self.optimizer = torch.optim.Adam(self._parameters, lr=settings.rate, eps=1e-5)

    def begin(self) -> None:
        """Documented at :meth:`evaluation.control.learner.Learner.begin`; nothing is kept anyway."""

    def learn(self, experience: Experience, generator: torch.Generator, done: float) -> Rollout:
        """Documented at :meth:`evaluation.control.learner.Learner.learn`."""

        def choose(observation: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
            likely = masked(self.agents(observation), mask).log_softmax(-1)
            action = drawn(likely.exp(), torch.rand(mask.shape[:-1], generator=generator))
            return action, likely.gather(-1, action[..., None])[..., 0]

        played = experience.play(self.settings.rollout, choose)
        batch = self._batch(played)
        for _ in range(self.settings.epochs):
            order = torch.randperm(len(batch), generator=generator)
            for part in order.chunk(self.settings.parts):
                self._update(batch[part] if self.settings.parts > 1 else batch)
        return played

    @torch.no_grad()
    def _batch(self, played: Rollout) -> TensorDict:
        """What the loss reads, T * B rows."""
        T, B, A = played.action.shape
        ends = [(played.terminated | played.truncated)[..., None], played.terminated[..., None]]
        advantage, target = vec_generalized_advantage_estimate(
            self.settings.discount, self.settings.trace, self.critic(played.state), self.critic(played.after),
            self.settings.reward_scale * played.reward[..., None], *ends, time_dim=0,
        )  # fmt: skip
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-5)
        rows = {
            "observation": played.observation.flatten(0, 1),
            "mask": played.mask.flatten(0, 1),
            "action": played.action.flatten(0, 1),
            "log_probability": played.log_probability.flatten(0, 1),
            "state": played.state.flatten(0, 1),
            "advantage": advantage.reshape(-1, 1, 1).expand(-1, A, 1),
            "target": target.reshape(-1, 1),
        }
        return TensorDict(rows, [T * B])

    def _update(self, batch: TensorDict) -> None:
        losses = self._loss(batch)
        self.optimizer.zero_grad()
        (losses["loss_objective"] + losses["loss_entropy"] + losses["loss_critic"]).backward()
        nn.utils.clip_grad_norm_(self._parameters, self.settings.clip_gradient)
        self.optimizer.step()


def _loss(agents: AgentNetwork, critic: Critic, settings: Settings) -> ClipPPOLoss:
    actor = ProbabilisticActor(
        TensorDictModule(agents, in_keys=["observation"], out_keys=["logits"]),
        in_keys={"logits": "logits", "mask": "mask"},
        out_keys=["action"],
        distribution_class=MaskedCategorical,
        return_log_prob=True,
        log_prob_key="log_probability",
    )
    loss = ClipPPOLoss(
        actor,
        TensorDictModule(critic, in_keys=["state"], out_keys=["value"]),
        clip_epsilon=settings.clip,
        entropy_coeff=settings.entropy,
        critic_coeff=1.0,
        loss_critic_type="smooth_l1",
    )
    loss.set_keys(
        action="action", sample_log_prob="log_probability", advantage="advantage", value_target="target", value="value"
    )
    return loss
