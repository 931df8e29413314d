"""A trained model as a simulator: what the learned backend asks of it, in terms of the one rollout of dreams.

The table is the backend's; kept here is what a model adds to it from step to step: its memory, and of each unit how it
moved and for how long nobody has seen it.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import get
from s2rm_sc2.sides import ALLY
from s2rm_sc2.table import UnitTable
from worldmodel.belief import Belief, follow, nothing, within
from worldmodel.checkpoint import RunInfo, load_checkpoint
from worldmodel.contract import DRAWS, Change, Memory, Predictor
from worldmodel.dream import foresee
from worldmodel.tokens import observe
from worldmodel.train import choose_device

Mind = tuple[Tensor, ...]
"""Sight, kept views, the belief's columns beside the table, then the model's memory; tensors ``[B, ...]``."""

_BELIEF = ("vx", "vy", "age", "visible", "known")
_COLUMNS = 2 + len(_BELIEF)


@dataclass(frozen=True)
class Foreseen:
    """What a model says that a step brings; units it is not asked about stay as they are.

    Attributes:
        change: what it says.
        asked: bool ``[B, U]``, of whom: the living that some kept view has shown, and the agents.
    """

    change: Change
    asked: Tensor

    def expected(self, units: UnitTable) -> UnitTable:
        """The table with the points lost on average, possible or not; who is likelier to live lives."""
        return self.change.unbounded(units).where(self.asked, units)

    def drawn(self, units: UnitTable, draws: Tensor) -> UnitTable:
        """One of the tables that may follow, possible or not, by uniform numbers ``[B, U, DRAWS]``."""
        return self.change.drawn(draws).unbounded(units).where(self.asked, units)


class Simulator:
    """A model that plays battles: it fits :class:`s2rm_sc2.backends.contract.WorldModel`.

    Args:
        model: a trained one.
        unit_types: the types it has learned about.
        description: name and origin, for :meth:`describe`.

    Attributes:
        unit_types: as given.
        device: where the model is.
        draws: uniform numbers that :meth:`Foreseen.drawn` takes for each unit.
    """

    draws = DRAWS

    def __init__(self, model: Predictor, unit_types: frozenset[str], description: dict[str, str]) -> None:
        self.model, self.unit_types, self._description = model.eval(), unit_types, description
        self.device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))

    @torch.no_grad()
    def begin(self, units: UnitTable, sight: Tensor, keep: Tensor) -> Mind:
        """Documented at :meth:`s2rm_sc2.backends.contract.WorldModel.begin`."""
        unseen = nothing(units)
        agents = units.alive & (units.team == ALLY)
        belief = _looked(Belief(units, unseen.vx, unseen.vy, unseen.age, agents, agents), units, keep, sight)
        actions = torch.zeros_like(keep, dtype=torch.int64)
        return sight, keep, *_columns(belief), *self.model.start(observe(belief, actions, keep, sight))

    @torch.no_grad()
    def foresee(self, mind: Mind, units: UnitTable, actions: Tensor) -> tuple[Foreseen, Mind]:
        """Documented at :meth:`s2rm_sc2.backends.contract.WorldModel.foresee`."""
        belief, memory = _belief(mind, units)
        dreamed, memory = foresee(self.model, belief, memory, actions, mind[1], mind[0])
        return Foreseen(dreamed.change, belief.known), (*mind[:_COLUMNS], *memory)

    @torch.no_grad()
    def follow(self, mind: Mind, before: UnitTable, after: UnitTable) -> Mind:
        """Documented at :meth:`s2rm_sc2.backends.contract.WorldModel.follow`."""
        belief, memory = _belief(mind, before)
        return *mind[:2], *_columns(_looked(belief, after, mind[1], mind[0])), *memory

    def describe(self) -> dict[str, str]:
        """Name and origin."""
        return dict(self._description)


def load(run: Path | str, device: str = "cpu") -> Simulator:
    """The best model of a run (or of a checkpoint file) as a simulator: give it to a ``LearnedBackend``.

    Args:
        run: the run's folder, or a checkpoint file.
        device: ``cpu``, ``cuda``, or ``auto``: a GPU if there is one.

    Raises:
        CheckpointMissing, CheckpointBroken: as :func:`worldmodel.checkpoint.load`.
        BadArgument: no such device here, or the model was never asked about units.
    """
    model, info = load_checkpoint(Path(run))
    if info.training.task == "places":
        raise BadArgument(
            f"Run {run} was trained on places alone, so it does not say what happens to units; choose a run of "
            "s2rm-sc2 train --task units or --task both."
        )
    return Simulator(model.to(choose_device(device)), unit_types_of(info), _described(info))


def unit_types_of(info: RunInfo) -> frozenset[str]:
    """Names of the unit types in the scenarios that a model was trained on."""
    return frozenset(unit.name for name in info.scenarios for unit in get(name).kinds)


def _described(info: RunInfo) -> dict[str, str]:
    return {
        "model": info.model.name,
        "trained_on": info.trained_on,
        "updates": str(info.update),
        "seed": str(info.seed),
    }


def _columns(belief: Belief) -> tuple[Tensor, ...]:
    return tuple(getattr(belief, name) for name in _BELIEF)


def _belief(mind: Mind, units: UnitTable) -> tuple[Belief, Memory]:
    """The belief in which everything that was ever seen is as the table says, and the memory."""
    return Belief(units, *mind[2:_COLUMNS]), mind[_COLUMNS:]


def _looked(belief: Belief, units: UnitTable, keep: Tensor, sight: Tensor) -> Belief:
    """The belief once ``units`` has followed; who is seen for the first time has no velocity yet, as in training."""
    agents = keep & units.alive[:, : keep.shape[-1]]
    new = units.alive & ~belief.known & within(units, units, agents, sight)
    after = follow(replace(belief, known=belief.known | new), units, keep, sight)
    return replace(after, vx=torch.where(new, 0.0, after.vx), vy=torch.where(new, 0.0, after.vy))
