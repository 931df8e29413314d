"""The learned backend: battles that a world model plays, the table it predicts bounded by the known rules.

Nothing here knows the model's kind or how it was trained: it needs a :class:`s2rm_sc2.backends.contract.WorldModel`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from s2rm_sc2.backends import chance
from s2rm_sc2.backends.bounds import BOUNDS, SMALLEST, Bounds
from s2rm_sc2.backends.contract import Foretold, Mind, WorldModel
from s2rm_sc2.backends.march import March
from s2rm_sc2.backends.starts import Spawns, Start, Starts
from s2rm_sc2.errors import BadArgument, ScenarioUnsupported
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.table import FIELDS, UnitTable
from s2rm_sc2.views.sight import sight_ranges
from s2rm_sc2.words import counted

_DREAMS = 0x5DEECE66D
"""What sets a dream's random numbers apart from those that its seed has drawn for the start."""


@dataclass(frozen=True)
class Report:
    """How often each bound had to correct the model.

    Attributes:
        unit_steps: steps of living units so far.
        acted: by bound, the share of them that it corrected.
        mean: by bound, how large a correction was on average: cells, points or game loops.
    """

    unit_steps: int
    acted: dict[str, float]
    mean: dict[str, float]


class LearnedBackend:
    """B battles of one scenario as a model imagines them; see :class:`s2rm_sc2.backends.contract.Backend`.

    The model sees the views of its own table and is told what the agents do; the enemies act through it alone once an
    agent has seen them, and by their order (:mod:`march`) before. Any scenario will do whose unit types it knows.

    Args:
        scenario: what is fought.
        n_battles: B, at least 1.
        model: who imagines, e.g. ``worldmodel.simulator.load("runs/mine")``.
        sampled: draw what happens, seeded battle by battle; otherwise the average happens.
        starts: where battles begin: the scenario's spawns by default, or moments of a store (:class:`Recorded`).
        keep: bool ``[A]``, whose views and actions the model gets; everyone's by default.

    Attributes:
        model, sampled: as given.
        repeatable: seeds and orders decide dreams.
        bounds: what its predictions are held to.

    Raises:
        ScenarioUnsupported: the scenario has unit types that the model never learned about.
        BadArgument: fewer than one battle, starts of another scenario, or not one view per agent.
    """

    repeatable = True

    def __init__(
        self,
        scenario: Scenario,
        n_battles: int,
        model: WorldModel,
        sampled: bool = True,
        starts: Starts | None = None,
        keep: Tensor | None = None,
    ) -> None:
        if n_battles < 1:
            raise BadArgument(f"The number of battles must be at least 1, not {n_battles}.")
        _check_types(scenario, model)
        self.scenario, self.n_battles, self.model, self.sampled = scenario, n_battles, model, sampled
        self._starts: Starts = Spawns(scenario) if starts is None else starts
        if self._starts.scenario != scenario:
            raise BadArgument(
                f"The starts are of {self._starts.scenario.name}, not of {scenario.name}; take them from a store of "
                "the scenario that is played."
            )
        self._keep = torch.ones(scenario.n_agents, dtype=torch.bool) if keep is None else keep.bool()
        if self._keep.shape != (scenario.n_agents,):
            raise BadArgument(f"{list(keep.shape if keep is not None else ())} views were given; give one per agent.")
        self._sight = sight_ranges(scenario).float()
        self.bounds, self._march = Bounds(scenario, model.device), March(scenario, model.device)
        self._acted = torch.zeros(2, len(BOUNDS), dtype=torch.float64, device=model.device)
        self._unit_steps = torch.zeros((), dtype=torch.int64, device=model.device)
        self._smallest = torch.tensor([SMALLEST.get(name, 0.0) for name in BOUNDS], device=model.device)[:, None, None]
        self._units: UnitTable
        self._mind: Mind
        self.reset(range(n_battles))

    @property
    def units(self) -> UnitTable:
        """The table ``[B, U]`` as it stands."""
        return self._units

    def reset(self, seeds: Sequence[int], battles: Sequence[int] | None = None) -> None:
        """Start battles anew, each from its 64-bit seed; equal seeds dream equal dreams in any batch."""
        wanted = self.n_battles if battles is None else len(battles)
        if len(seeds) != wanted:
            raise BadArgument(f"A reset of {counted(wanted, 'battle')} takes as many seeds, not {len(seeds)}.")
        if wanted:
            self.begin(self._starts.draw(seeds), seeds, battles)

    def begin(self, start: Start, seeds: Sequence[int], battles: Sequence[int] | None = None) -> None:
        """Start battles where ``start`` says, after the model has watched what led there.

        Args:
            start: as many as seeds.
            seeds: decide what is drawn from then on.
            battles: their indices, all by default.
        """
        device = self.model.device
        tables = start.units.map(lambda field: field.to(device))
        units, mind = tables.at(-1), self._watched(tables, start)
        steps = torch.zeros(len(seeds), dtype=torch.int64, device=device)
        drawn = chance.as_tensor([_DREAMS ^ int(seed) for seed in seeds]).to(device)
        if battles is None:
            self._units, self._mind, self._seeds, self._steps = units, mind, drawn, steps
            return
        rows = torch.tensor(list(battles), dtype=torch.int64, device=device)
        self._units = UnitTable(
            *(getattr(self._units, name).index_copy(0, rows, getattr(units, name)) for name in FIELDS)
        )
        self._mind = tuple(old.index_copy(0, rows, new) for old, new in zip(self._mind, mind, strict=True))
        self._seeds, self._steps = self._seeds.index_copy(0, rows, drawn), self._steps.index_copy(0, rows, steps)

    def step(self, actions: Tensor, active: Tensor | None = None) -> None:
        """Imagine one step with these orders, int64 ``[B, A]``."""
        before = self._units
        playing = torch.ones_like(self._seeds, dtype=torch.bool) if active is None else active.to(self.model.device)
        actions = actions.to(self.model.device)
        told, mind = self.model.foresee(self._mind, before, actions)
        marched = self._march.step(before, self._outcome(told, before), told.asked)
        corrected = self.bounds.hold(before, marched, actions)
        mind = self.model.follow(mind, before, corrected.units)
        self._units = corrected.units.where(playing[:, None], before)
        self._mind = _where(playing, mind, self._mind)
        self._steps = self._steps + playing
        counted = before.alive & playing[:, None]
        acted = (corrected.by > self._smallest) & playing[:, None]
        self._acted += torch.stack([acted, torch.where(acted, corrected.by, 0.0)]).double().sum((-1, -2))
        self._unit_steps += counted.sum()

    def report(self) -> Report:
        """How often each bound has acted since the backend was made."""
        (times, size), steps = self._acted.tolist(), int(self._unit_steps)
        return Report(
            unit_steps=steps,
            acted={name: count / max(steps, 1) for name, count in zip(BOUNDS, times, strict=True)},
            mean={name: total / max(count, 1.0) for name, count, total in zip(BOUNDS, times, size, strict=True)},
        )

    def describe(self) -> dict[str, str]:
        """Name, the model's origin, and how outcomes are taken."""
        return {"backend": "learned", **self.model.describe(), "outcomes": "sampled" if self.sampled else "mean"}

    def close(self) -> None:
        """Nothing to release."""

    def _outcome(self, told: Foretold, before: UnitTable) -> UnitTable:
        if not self.sampled:
            return told.expected(before)
        count = before.x.shape[1] * self.model.draws
        draws = chance.uniform(self._seeds, self._steps, count)
        return told.drawn(before, draws.view(*before.x.shape, self.model.draws))

    def _watched(self, tables: UnitTable, start: Start) -> Mind:
        """The mind at the start, after the steps before it."""
        device, A = self.model.device, self.scenario.n_agents
        watched, actions = start.watched.to(device), start.actions.to(device)
        sight = self._sight.to(device)[tables.type[:, 0, :A]]
        mind = self.model.begin(tables.at(0), sight, self._keep.to(device).expand_as(sight).clone())
        for step in watched.any(0).nonzero().flatten().tolist():
            before, after = tables.at(step), tables.at(step + 1)
            _, then = self.model.foresee(mind, before, actions[:, step])
            mind = _where(watched[:, step], self.model.follow(then, before, after), mind)
        return mind


def _where(mask: Tensor, chosen: Mind, otherwise: Mind) -> Mind:
    """One mind in battles where the mask ``[B]`` is true, the other in the rest."""
    return tuple(
        torch.where(mask.view(-1, *(1,) * (new.dim() - 1)), new, old)
        for new, old in zip(chosen, otherwise, strict=True)
    )


def _check_types(scenario: Scenario, model: WorldModel) -> None:
    unknown = [unit.name for unit in scenario.kinds if unit.name not in model.unit_types]
    if unknown:
        raise ScenarioUnsupported(
            f"Scenario {scenario.name!r} has {', '.join(unknown)}, which this model never learned about (it knows "
            f"{', '.join(sorted(model.unit_types))}); train one on a scenario with them, or choose another scenario."
        )
