"""QMIX (Rashid et al. 2018): TorchRL's mixer and loss over shared action values, with a memory of the stage."""

import torch
from tensordict import TensorDict
from tensordict.nn import TensorDictModule, TensorDictSequential
from torch import Tensor, nn
from torchrl.modules import QMixer, QValueModule
from torchrl.objectives import SoftUpdate, ValueEstimators
from torchrl.objectives.multiagent import QMixerLoss

from evaluation.control.experience import Experience, Rollout
from evaluation.control.networks import AgentNetwork, drawn, masked
from evaluation.control.settings import Settings
from s2rm_sc2.envs.batched import BatchedBattles


class Qmix:
    """A learner; see :class:`evaluation.control.learner.Learner`. Its memory holds what was played in the stage."""

    def __init__(self, battles: BatchedBattles, settings: Settings) -> None:
        self.settings = settings
        self.agents = AgentNetwork(battles, settings.width)
        self.optimizer: torch.optim.Optimizer
        self._loss = _loss(self.agents, battles, settings)
        self._target = SoftUpdate(self._loss, tau=settings.follow)
        self.modules: dict[str, nn.Module] = {"agents": self.agents, "loss": self._loss}
        self._parameters = [p for p in self._loss.parameters() if p.requires_grad]
        self.optimizer = torch.optim.Adam(self._parameters, lr=settings.rate, eps=1e-5)
        self._memory: list[TensorDict] = []

    def begin(self) -> None:
        """Documented at :meth:`evaluation.control.learner.Learner.begin`."""
        self._memory = []

    def learn(self, experience: Experience, generator: torch.Generator, done: float) -> Rollout:
        """Documented at :meth:`evaluation.control.learner.Learner.learn`."""
        settings = self.settings
        random = max(settings.least, 1.0 - (1.0 - settings.least) * done / settings.explore)

        def choose(observation: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
            best = masked(self.agents(observation), mask).argmax(-1)
            numbers = torch.rand(2, *best.shape, generator=generator)
            action = torch.where(numbers[0] < random, drawn(mask / mask.sum(-1, keepdim=True), numbers[1]), best)
            return action, torch.zeros(best.shape)

        played = experience.play(settings.rollout, choose)
        self._memory.append(_transitions(played, settings.reward_scale))
        for _ in range(settings.draws):
            self._update(self._drawn(generator))
        return played

    def _drawn(self, generator: torch.Generator) -> TensorDict:
        """Remembered battles, the steps of a rollout each, every rollout of the stage with an equal share."""
        share = -(-self.settings.batch // (self.settings.rollout * len(self._memory)))
        rows = torch.randint(len(self._memory[0]), (len(self._memory), share), generator=generator)
        return torch.cat([part[picked] for part, picked in zip(self._memory, rows, strict=True)])

    def _update(self, batch: TensorDict) -> None:
        loss = self._loss(batch)["loss"]
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._parameters, self.settings.clip_gradient)
        self.optimizer.step()
        self._target.step()


def _transitions(played: Rollout, scale: float) -> TensorDict:
    """The rollout as the loss reads it, ``[B, T]``; a step that reached the limit is followed by the values beyond."""
    over = played.terminated | played.truncated
    then = {
        "observation": played.after_observation,
        "mask": played.after_mask,
        "state": played.after,
        "reward": scale * played.reward[..., None],
        "done": over[..., None],
        "terminated": played.terminated[..., None],
    }
    now = {"observation": played.observation, "mask": played.mask, "state": played.state, "action": played.action}
    shape = played.reward.shape
    return TensorDict({**now, "next": TensorDict(then, shape)}, shape).transpose(0, 1).contiguous()


def _loss(agents: AgentNetwork, battles: BatchedBattles, settings: Settings) -> QMixerLoss:
    values = TensorDictSequential(
        TensorDictModule(agents, in_keys=["observation"], out_keys=["action_value"]),
        QValueModule(
            action_value_key="action_value",
            action_mask_key="mask",
            out_keys=["action", "action_value", "chosen_action_value"],
            action_space="categorical",
        ),
    )
    mixer = TensorDictModule(
        QMixer((battles.views.state_size,), settings.mixing, battles.scenario.n_agents, torch.device("cpu")),
        in_keys=["chosen_action_value", "state"],
        out_keys=["team_value"],
    )
    loss = QMixerLoss(values, mixer, action_space="categorical", delay_value=True)
    loss.set_keys(
        action_value="action_value",
        local_value="chosen_action_value",
        global_value="team_value",
        action="action",
        reward="reward",
        done="done",
        terminated="terminated",
    )
    loss.make_value_estimator(ValueEstimators.TDLambda, gamma=settings.discount, lmbda=settings.returns)
    return loss
