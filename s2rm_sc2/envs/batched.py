"""Many battles of one scenario side by side: what collectors and simulators play."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from s2rm_sc2.backends.contract import Backend
from s2rm_sc2.envs.bookkeeping import Ledger, TensorBook
from s2rm_sc2.errors import BadArgument, UnavailableAction
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import UnitTable
from s2rm_sc2.views.options import SmacOptions
from s2rm_sc2.views.smac import SmacViews
from s2rm_sc2.words import counted

if TYPE_CHECKING:
    from s2rm_sc2.envs.compiled import CompiledBook


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
        options: the options in use.

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
        self.options = options or SmacOptions()
        if backend is None:
            from s2rm_sc2.backends.embedded import EmbeddedBackend

            backend = EmbeddedBackend(scenario, n_battles, self.options.move_amount)
        if backend.scenario != scenario or backend.n_battles != n_battles:
            raise BadArgument(
                f"The backend plays {counted(backend.n_battles, 'battle')} of {backend.scenario.name}, "
                f"not {n_battles} of {scenario.name}; make it for the same battles."
            )
        self.scenario, self.n_battles, self.backend = scenario, n_battles, backend
        self.views = SmacViews(scenario, self.options)
        self._book = _book(scenario, self.options, backend.units)
        self._ledger = Ledger.unstarted(n_battles, scenario.n_agents, backend.units.x.device)
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
        """Battles that are over, bool ``[B]``; all are before their first reset."""
        return self._ledger.terminated | self._ledger.truncated

    @property
    def ledger(self) -> Ledger:
        """How the battles stand: steps, last actions, rewards, endings."""
        return self._ledger

    @property
    def won(self) -> Tensor:
        """Battles that were won, bool ``[B]``."""
        return self._ledger.won

    @property
    def steps(self) -> Tensor:
        """Steps played, int64 ``[B]``."""
        return self._ledger.steps

    @property
    def last_action(self) -> Tensor:
        """Last actions, int64 ``[B, A]``; 0 for the living means none yet."""
        return self._ledger.last_action

    def reset(self, seeds: Sequence[int], battles: Sequence[int] | None = None) -> None:
        """Start battles anew, all by default, one seed each.

        Raises:
            BadArgument: not one seed per battle, no such battle, or one named twice.
        """
        chosen = list(range(self.n_battles)) if battles is None else list(battles)
        if len(seeds) != len(chosen):
            raise BadArgument(
                f"A reset of {counted(len(chosen), 'battle')} takes as many seeds, not {len(seeds)}; give one seed "
                "each."
            )
        if any(not 0 <= battle < self.n_battles for battle in chosen):
            raise BadArgument(f"Battles {chosen} were to be reset, but they are numbered 0 to {self.n_battles - 1}.")
        if len(set(chosen)) < len(chosen):
            raise BadArgument(f"Battles {chosen} were to be reset, some of them twice; name each once.")
        self.backend.reset(seeds, chosen)
        self._ledger = self._ledger.restarted(torch.tensor(chosen, dtype=torch.int64, device=self.steps.device))
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
        self._book.keep(self.units)
        self.backend.step(orders, active)
        self._available = None
        ledger = self._ledger = self._book.settle(self._ledger, noted, active, self.units)
        return StepResult(ledger.reward, ledger.terminated, ledger.truncated, ledger.won)

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
        return self.views.sees(self.units)

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
        orders, wrong = self._book.orders(actions, available, active)
        if wrong >= 0:
            battle, agent = divmod(wrong, self.scenario.n_agents)
            names = [name for name, may in zip(self.views.action_names, available[battle, agent], strict=True) if may]
            raise UnavailableAction(
                f"Agent {agent} of battle {battle} cannot take action {int(actions[battle, agent])} now; "
                f"available to it: {', '.join(names)} (see available_actions)."
            )
        return orders


def _book(scenario: Scenario, options: SmacOptions, units: UnitTable) -> "TensorBook | CompiledBook":
    if not units.x.is_cpu or units.x.dtype != torch.float32:
        return TensorBook(scenario, options)
    from s2rm_sc2.envs.compiled import CompiledBook

    return CompiledBook(scenario, options)
