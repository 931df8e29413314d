"""TorchRL's interface to a batch of battles, in the layout that TorchRL's multi-agent tools and BenchMARL read.

Needs the extra ``marl`` (``pip install 's2rm-sc2[marl]'``). All agents are one group, ``agents``; battles that end are
started anew by whoever collects, as TorchRL does with every batched environment.
"""

from typing import Any

import torch
from tensordict import TensorDict, TensorDictBase
from torch import Tensor
from torchrl.data import Binary, Categorical, Composite, Unbounded
from torchrl.envs import EnvBase

from s2rm_sc2 import seeds
from s2rm_sc2.envs.batched import BatchedBattles

GROUP = "agents"
"""The name of the agents' group in every TensorDict."""


class BattlesEnv(EnvBase):  # type: ignore[misc] # TorchRL has no types
    """B battles as a batched :class:`torchrl.envs.EnvBase` of batch size ``[B]``.

    ============================  ==========================  ==================================================
    entry                         shape                       what it is
    ============================  ==========================  ==================================================
    ``agents/observation``        float32 ``[B, A, obs]``     what each agent sees, zeros for the dead
    ``agents/action_mask``        bool ``[B, A, actions]``    what each agent may do
    ``agents/action``             int64 ``[B, A]``            SMAC's action numbers
    ``agents/reward``             float32 ``[B, A, 1]``       the team's reward, the same for all
    ``state``                     float32 ``[B, state]``      the global state, for centralised critics
    ``battle_won``                bool ``[B, 1]``             whether the battle was won
    ``terminated, truncated``     bool ``[B, 1]``             decided; at the scenario's limit undecided
    ============================  ==========================  ==================================================

    Agents act until their battle is over; the dead have no choice but no-op. ``rand_action`` keeps to the masks.

    Args:
        battles: the battles, on any backend; tensors are where its table is.
        seed: episodes are played with seeds drawn from this one.

    Attributes:
        battles: as given.
        group_map: which agents are in which group.
    """

    def __init__(self, battles: BatchedBattles, seed: int = 0) -> None:
        super().__init__(device=battles.backend.units.x.device, batch_size=torch.Size([battles.n_battles]))
        self.battles = battles
        A, views = battles.scenario.n_agents, battles.views
        self.group_map = {GROUP: [f"agent_{agent}" for agent in range(A)]}
        self._make_specs(A, views.obs_size, views.state_size, views.n_actions)
        self._set_seed(seed)

    def _make_specs(self, n_agents: int, obs_size: int, state_size: int, n_actions: int) -> None:
        B, device = self.battles.n_battles, self.device
        agents, one = (B, n_agents), (B, 1)
        choice = Categorical(n_actions, shape=agents, device=device, dtype=torch.int64)
        seen = {
            "observation": Unbounded((*agents, obs_size), device=device),
            "action_mask": Binary(n_actions, shape=(*agents, n_actions), dtype=torch.bool, device=device),
        }
        self.action_spec = _group({"action": choice}, agents, B, device)
        self.reward_spec = _group({"reward": Unbounded((*agents, 1), device=device)}, agents, B, device)
        self.observation_spec = Composite(
            {
                GROUP: Composite(seen, shape=agents, device=device),
                "state": Unbounded((B, state_size), device=device),
                "battle_won": Binary(1, shape=one, dtype=torch.bool, device=device),
            },
            shape=(B,),
            device=device,
        )
        ends = {
            name: Binary(1, shape=one, dtype=torch.bool, device=device) for name in ("done", "terminated", "truncated")
        }
        self.done_spec = Composite(ends, shape=(B,), device=device)

    def _reset(self, tensordict: TensorDictBase | None = None, **_: Any) -> TensorDictBase:  # noqa: ANN401 - TorchRL's
        chosen = None if tensordict is None else tensordict.get("_reset", None)
        which = torch.arange(self.battles.n_battles) if chosen is None else chosen.flatten().nonzero()[:, 0]
        numbers = self._seeds.integers(2**63, size=len(which)).tolist()
        self.battles.reset(numbers, which.tolist())
        return TensorDict({**self._view(), **self._ends()}, self.batch_size, device=self.device)

    def _step(self, tensordict: TensorDictBase) -> TensorDictBase:
        result = self.battles.step(tensordict[GROUP, "action"])
        view = self._view()
        reward = result.reward[:, None, None].expand(-1, self.battles.scenario.n_agents, 1)
        view[GROUP]["reward"] = reward.clone()
        return TensorDict({**view, **self._ends()}, self.batch_size, device=self.device)

    def _set_seed(self, seed: int | None) -> None:
        self._seeds = seeds.stream(0 if seed is None else seed, "torchrl")

    def _view(self) -> dict[str, Any]:
        """What is seen now; random actions are drawn by its masks."""
        battles = self.battles
        masks = battles.available_actions()
        self.full_action_spec[GROUP, "action"].update_mask(masks)
        seen = {"observation": battles.observation(), "action_mask": masks.clone()}
        agents = TensorDict(seen, masks.shape[:2], device=self.device)
        return {GROUP: agents, "state": battles.state(), "battle_won": battles.won[:, None].clone()}

    def _ends(self) -> dict[str, Tensor]:
        ledger = self.battles.ledger
        ends = {"done": self.battles.done, "terminated": ledger.terminated, "truncated": ledger.truncated}
        return {name: flag[:, None].clone() for name, flag in ends.items()}


def _group(specs: dict[str, Any], agents: tuple[int, int], battles: int, device: torch.device) -> Composite:
    return Composite({GROUP: Composite(specs, shape=agents, device=device)}, shape=(battles,), device=device)
