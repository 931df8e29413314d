"""The contract of every world model here: start, observe step by step, answer questions about the next step.

What a step brings is split so that everything that needs no memory is done for a whole window at once:
:meth:`Predictor.encode` before the time loop, :meth:`Predictor.advance` inside it, the readouts after it.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor, nn

from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import LOOPS_PER_STEP, UNIT_TYPES

Memory = tuple[Tensor, ...]
"""What a model remembers, tensors ``[B, ...]``; over a window, as :meth:`Predictor.window` gives it."""

Encoded = tuple[Tensor, ...]
"""Tensors ``[B, T, ...]``: a window's views as a model's :meth:`Predictor.encode` prepared them."""


@dataclass(frozen=True)
class Observation:
    """What the kept views of a step or of a window show, ``[...]`` being ``[B]`` or ``[B, T]``.

    The views of a step are handed over together: one token for each unit that any of them shows, at its place. The
    agent that looks is a token of its own view, and the only one whose action is known.

    Attributes:
        place: ``[..., N, 2]``, world coordinates.
        features: ``[..., N, F]``, columns of :data:`worldmodel.tokens.TOKEN_COLUMNS`.
        sight: ``[..., N]``, how far the token's unit sees for us, cells; 0 for units that do not look.
        present: bool ``[..., N]``; other rows are not there, and nothing of them is read.
    """

    place: Tensor
    features: Tensor
    sight: Tensor
    present: Tensor


@dataclass(frozen=True)
class UnitQueries:
    """The units asked about, one per row of the belief table; row u of a query is row u of the tokens.

    Attributes:
        place: ``[..., U, 2]``, world coordinates where each was last seen.
        rows: ``[..., U, F]``, what is believed of it: last-seen state, age, velocity, known action.
        pairs: ``[..., U, U, P]``, how the others are believed to stand to it.
        present: bool ``[..., U]``; other rows are not asked about and nobody may read them.
        age: ``[..., U]``, steps since it was seen.
    """

    place: Tensor
    rows: Tensor
    pairs: Tensor
    present: Tensor
    age: Tensor


@dataclass(frozen=True)
class Change:
    """A model's answer for units: what happens to each over one step; tensors ``[..., U]``.

    Attributes:
        dx, dy: median displacement in cells.
        spread: scale of the Laplace distribution of both, cells.
        walks: logit of going further than :data:`WALK`.
        walk_x, walk_y: median displacement in cells if it does.
        hit: logit of losing points of health or shield.
        damage: mean of the points lost if hit, from the shield first.
        damage_spread: their standard deviation; they follow a gamma distribution.
        health, shield: points gained (healed, regenerated) if not hit.
        energy: change in points.
        fires: logit of firing its weapon, which sets the cooldown anew; else it runs down.
        cooldown: game loops that the weapon then still needs.
        alive: logit of being alive after the step, given what is believed before it.
    """

    dx: Tensor
    dy: Tensor
    spread: Tensor
    walks: Tensor
    walk_x: Tensor
    walk_y: Tensor
    hit: Tensor
    damage: Tensor
    damage_spread: Tensor
    health: Tensor
    shield: Tensor
    energy: Tensor
    fires: Tensor
    cooldown: Tensor
    alive: Tensor

    def at(self, step: int) -> "Change":
        """The change of one step of a window: ``[B, T, U]`` to ``[B, U]``."""
        return Change(*(getattr(self, name)[:, step] for name in CHANGE_FIELDS))

    def expected(self, units: UnitTable) -> UnitTable:
        """The table after the change, with the points that a unit loses on average: what a dream goes on from."""
        limits, after = _limits(units.x.device), self.unbounded(units)
        return replace(
            after,
            health=torch.minimum(after.health.clamp(min=0.0), limits[0][units.type]),
            shield=torch.minimum(after.shield, limits[1][units.type]),
            energy=torch.minimum(after.energy.clamp(min=0.0), limits[2][units.type]),
        )

    def likeliest(self, units: UnitTable) -> UnitTable:
        """The table after the change, in which units lose points, the median, only if that is likelier than not."""
        course = replace(self, hit=_certain(self.hit > 0), damage=self._lost(0.0))
        return course.expected(units)

    def drawn(self, draws: Tensor) -> "Change":
        """One of the courses that the step may take: a change whose logits are plus or minus infinity.

        Whoever dies was hit, so survivors are hit with the odds that remain. A unit walks or stands, and does so as the
        median: between the two is where no unit goes, and of who stands there the model would say that it fights.

        Args:
            draws: uniform numbers between 0 and 1, ``[..., U, DRAWS]``.
        """
        death, blow, amount, shot, step = draws.unbind(dim=-1)
        walks = step < torch.sigmoid(self.walks)
        share = (WALK / torch.hypot(self.dx, self.dy).clamp(min=1e-6)).clamp(max=1.0)
        lives = torch.sigmoid(self.alive)
        odds = (torch.sigmoid(self.hit) + lives - 1.0).clamp(min=0.0) / lives
        return replace(
            self,
            dx=torch.where(walks, self.walk_x, share * self.dx),
            dy=torch.where(walks, self.walk_y, share * self.dy),
            walks=_certain(walks),
            damage=self._lost(torch.special.ndtri(amount)),
            hit=_certain(blow < odds),
            fires=_certain(shot < torch.sigmoid(self.fires)),
            alive=_certain(death < lives),
        )

    def unbounded(self, units: UnitTable) -> UnitTable:
        """The table after the change as an average over who is hit, possible or not.

        A weapon fires if that is likelier than not: one that had half fired would be ready when no weapon is.
        """
        hit = torch.sigmoid(self.hit)
        shield = units.shield + (1.0 - hit) * self.shield - hit * self.damage
        return UnitTable(
            type=units.type,
            team=units.team,
            x=units.x + self.dx,
            y=units.y + self.dy,
            health=units.health + (1.0 - hit) * self.health + shield.clamp(max=0.0),
            shield=shield.clamp(min=0.0),
            energy=units.energy + self.energy,
            cooldown=torch.where(self.fires > 0, self.cooldown, cooled(units.cooldown)),
            alive=units.alive & (self.alive > 0),
        )

    def _lost(self, normal: Tensor | float) -> Tensor:
        """Points lost where a standard normal number falls: the gamma's quantile by Wilson and Hilferty (1931)."""
        ninth = (self.damage_spread / self.damage.clamp(min=1e-6)) ** 2 / 9.0
        return self.damage * (1.0 - ninth + normal * ninth.sqrt()).clamp(min=0.0) ** 3


DRAWS = 5
"""Uniform numbers that decide what a step brings to a unit: death, a hit, its damage, a shot, a walk."""

WALK = 0.1
"""Cells beyond which a unit that moves walks; less is being jostled."""

CHANGE_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Change))


@dataclass(frozen=True)
class Outcome:
    """A model's answer for the battle: what the step brings to the team, tensors ``[...]``.

    Attributes:
        reward: in SMAC's scale (a clean win is 20).
        terminated: logit of the battle being decided by this step.
    """

    reward: Tensor
    terminated: Tensor


@dataclass(frozen=True)
class LocalMap:
    """A model's answer for places: the local map around each after the step (``views/local_map.py``).

    Attributes:
        log_rates: ``[..., Q, K, n, n]``, logarithm of the expected number of units (Poisson) by team and type.
        points: ``[..., Q, 2, n, n]``, expected health and shield, sums of shares of full.
    """

    log_rates: Tensor
    points: Tensor


def cooled(cooldown: Tensor) -> Tensor:
    """Game loops that weapons still need a step later if they are not fired."""
    return (cooldown - LOOPS_PER_STEP).clamp(min=0.0)


def _certain(event: Tensor) -> Tensor:
    """The logit of what is certain to happen, or not to."""
    return torch.where(event, torch.inf, -torch.inf)


def _limits(device: torch.device) -> Tensor:
    """Greatest health, shield and energy by unit type, float32 ``[3, n_types]``."""
    rows = [[unit.health, unit.shield, unit.energy] for unit in UNIT_TYPES]
    return torch.tensor(rows, dtype=torch.float32, device=device).T


class Predictor(nn.Module, ABC):
    """A world model: any number of battles, steps, tokens and queries.

    What absent rows hold changes nothing, to the bit; nor, in S2RMs and the LSTM, does whether they are there at all.
    Others gather tokens in one product, whose rounding depends on how many rows it has.
    """

    name: str
    """How the command line and the reports call it."""

    @abstractmethod
    def start(self, observation: Observation) -> Memory:
        """The memory before the first view, for as many battles and token rows as the observation has."""

    @abstractmethod
    def encode(self, observation: Observation) -> Encoded:
        """Everything about a window's views ``[B, T, ...]`` that needs no memory."""

    @abstractmethod
    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """The memory after one step's views; ``encoded`` holds that step only, ``[B, ...]``."""

    def window(self, memory: Memory, encoded: Encoded) -> tuple[Memory, Memory]:
        """The memory after each step of a window, tensors ``[B, T, ...]``, for the readouts; and the last of them."""
        memories = []
        for step in zip(*(part.unbind(dim=1) for part in encoded), strict=True):
            memory = self.advance(memory, step)
            memories.append(memory)
        return tuple(torch.stack(parts, dim=1) for parts in zip(*memories, strict=True)), memory

    @abstractmethod
    def read_units(self, memory: Memory, encoded: Encoded, queries: UnitQueries) -> tuple[Change, Outcome]:
        """What happens next to the queried units ``[B, T, U]``, and to the battle ``[B, T]``.

        Args:
            memory: over the window, as :meth:`window` gives it.
            encoded: the same window's views.
            queries: as many steps of them.
        """

    def topology(self) -> dict[str, Any] | None:
        """Where the model's modules sit, for drawing: ``places`` [M, 2] cells, ``reach`` [M] cells, ``dead`` [M]."""
        return None
