"""Many battles of one scenario side by side: what collectors and simulators play."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from s2rm_sc2.backends.contract import Backend
from s2rm_sc2.errors import BadArgument, UnavailableAction
from s2rm_sc2.reward import outcome, step_reward
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable
from s2rm_sc2.views.options import SmacOptions
from s2rm_sc2.views.sight import sees
from s2rm_sc2.views.smac import SmacViews


@dataclass(frozen=True)
class StepResult:
    """What one step brought, ``[B]`` each; a battle that was over before keeps its ending, with reward 0.

    Attributes:
        reward: float32.
        terminated: bool, the battle is decided: won, lost, or a draw.
        truncated: bool, the limit was reached undecided.
        won: bool.
    """

    reward: Tensor
    terminated: Tensor
    truncated: Tensor
    won: Tensor


class BatchedBattles:
    """B battles of one scenario with SMAC's views, masks, rewards and endings.

    Finished battles stand still until they are reset; nothing is reset by itself.

    Args:
        scenario: what is fought.
        n_battles: B.
        backend: who changes the unit table; the embedded engine where not given.
        options: SMAC's options for vectors and rewards.

    Attributes:
        views: the vectors' layout and names.
        steps: int64 ``[B]``, steps played.
        done: bool ``[B]``; True until a battle's first reset.
        last_action: int64 ``[B, A]``; 0 for the living means none yet.

    Raises:
        BadArgument: fewer than one battle, or a backend made for other battles.
        ScenarioUnsupported: the embedded engine cannot play the scenario.
    """

    def __init__(
        self,
        scenario: Scenario,
        n_battles: int,
        backend: Backend | None = None,
        options: SmacOptions | None = None,
    ) -> None:
        if n_battles < 1:
            raise BadArgument(f"{n_battles} battles were asked for; give at least 1.")
        if options is not None and options.move_amount < 2:
            raise BadArgument("Units walk up to 1.5 cells a step, so move_amount=1 cannot be played; give 2 or more.")
        if backend is None:
            from s2rm_sc2.backends.embedded import EmbeddedBackend

            backend = EmbeddedBackend(scenario, n_battles)
        if backend.scenario != scenario or backend.n_battles != n_battles:
            raise BadArgument(
                f"The backend plays {backend.n_battles} battles of {backend.scenario.name}, "
                f"not {n_battles} of {scenario.name}; make it for the same battles."
            )
        self.scenario, self.n_battles, self.backend = scenario, n_battles, backend
        self.options = options or SmacOptions()
        self.views = SmacViews(scenario, self.options)
        device = backend.units.x.device
        self.steps = torch.zeros(n_battles, dtype=torch.int64, device=device)
        self.last_action = torch.zeros((n_battles, scenario.n_agents), dtype=torch.int64, device=device)
        self._terminated = torch.ones(n_battles, dtype=torch.bool, device=device)
        self._truncated = torch.zeros_like(self._terminated)
        self._won = torch.zeros_like(self._terminated)
        self._started = False
        self._available: Tensor | None = None

    @property
    def units(self) -> UnitTable:
        """The live table ``[B, U]``; ``clone()`` what must survive the next step.

        Raises:
            BadArgument: no battle was started yet.
        """
        if not self._started:
            raise BadArgument("No battle was started yet; call reset() first.")
        return self.backend.units

    @property
    def done(self) -> Tensor:
        """Battles that are over, bool ``[B]``."""
        return self._terminated | self._truncated

    def reset(self, seeds: Sequence[int], battles: Sequence[int] | None = None) -> None:
        """Start battles anew, all by default, one seed each.

        Raises:
            BadArgument: not one seed per battle, or no such battle.
        """
        chosen = list(range(self.n_battles)) if battles is None else list(battles)
        if len(seeds) != len(chosen):
            raise BadArgument(f"{len(seeds)} seeds were given for {len(chosen)} battles; give one seed each.")
        if any(not 0 <= battle < self.n_battles for battle in chosen):
            raise BadArgument(f"Battles {chosen} were to be reset, but they are numbered 0 to {self.n_battles - 1}.")
        self.backend.reset(seeds, chosen)
        # New tensors: results handed out before must not change.
        rows = torch.tensor(chosen, dtype=torch.int64, device=self.steps.device)
        self.steps = self.steps.index_fill(0, rows, 0)
        self.last_action = self.last_action.index_fill(0, rows, 0)
        self._terminated = self._terminated.index_fill(0, rows, False)
        self._truncated = self._truncated.index_fill(0, rows, False)
        self._won = self._won.index_fill(0, rows, False)
        self._started, self._available = True, None

    def step(self, actions: Tensor, instead: Tensor | None = None) -> StepResult:
        """Play one step (8 game loops) in every battle that is not over.

        Args:
            actions: integers ``[B, A]``; those of finished battles are ignored.
            instead: int64 ``[B, A]``, what the agents do instead, whatever the masks say: an attack out of range
                sends them there (SMAC's heuristic does so). ``actions`` are only noted as the last ones then.

        Raises:
            UnavailableAction: an agent cannot do what it is told; nothing has moved then.
            BadArgument: actions of another shape or kind, or no battle was ever started.
        """
        active = ~self.done
        orders = self._checked(actions, active) if instead is None else instead
        noted = orders if instead is None else actions
        before = self.units.clone()
        self.backend.step(orders, active)
        self._available = None
        self.steps = self.steps + active
        self.last_action = torch.where(active[:, None], noted, self.last_action)
        result = outcome(self.units, self.scenario)
        reward = step_reward(before, self.units, result, self.scenario, self.options)
        self._terminated = self._terminated | (result.decided & active)
        self._truncated = self._truncated | (active & ~result.decided & (self.steps >= self.scenario.limit))
        self._won = self._won | (result.won & active)
        return StepResult(reward.masked_fill(~active, 0.0), self._terminated, self._truncated, self._won)

    def available_actions(self) -> Tensor:
        """Masks, bool ``[B, A, n_actions]``; see :meth:`SmacViews.available_actions`. Do not write into it."""
        if self._available is None:
            self._available = self.views.available_actions(self.units)
        return self._available

    def observation(self) -> Tensor:
        """Observations, float32 ``[B, A, obs]``."""
        return self.views.observation(self.units, self.available_actions(), self.last_action, self.steps)

    def state(self) -> Tensor:
        """Global states, float32 ``[B, state]``."""
        return self.views.state(self.units, self.last_action, self.steps)

    def visible(self) -> Tensor:
        """Which units each agent sees, itself included: bool ``[B, A, U]``."""
        return sees(self.units, self.scenario.sight_range, self.scenario.n_agents)

    def positions(self) -> Tensor:
        """Where each agent stands, float32 ``[B, A, 2]``, map cells."""
        n_agents = self.scenario.n_agents
        return torch.stack([self.units.x[:, :n_agents], self.units.y[:, :n_agents]], -1)

    def close(self) -> None:
        """Release the backend; closing twice is allowed."""
        self.backend.close()

    def _checked(self, actions: Tensor, active: Tensor) -> Tensor:
        available = self.available_actions()
        if actions.shape != self.last_action.shape or actions.is_floating_point():
            raise BadArgument(
                f"Actions are {actions.dtype} of shape {tuple(actions.shape)}; "
                f"give integers of shape {tuple(self.last_action.shape)}, one per battle and agent."
            )
        actions = actions.to(device=available.device, dtype=torch.int64)
        known = (actions >= 0) & (actions < self.views.n_actions)
        chosen = actions.clamp(0, self.views.n_actions - 1)
        legal = known & available.gather(-1, chosen[..., None])[..., 0]
        wrong = active[:, None] & ~legal
        if wrong.any():
            battle, agent = wrong.nonzero()[0].tolist()
            action = int(actions[battle, agent])
            names = [name for name, may in zip(self.views.action_names, available[battle, agent], strict=True) if may]
            raise UnavailableAction(
                f"Agent {agent} of battle {battle} cannot take action {action} now; "
                f"available to it: {', '.join(names)} (see available_actions)."
            )
        return torch.where(active[:, None], actions, 0)
