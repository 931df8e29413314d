"""The belief table: what the kept views have shown of each unit so far, and what a model imagines of it next."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from s2rm_sc2.table import UnitTable
from worldmodel.contract import Change


@dataclass(frozen=True)
class Belief:
    """Last-seen states; every tensor is ``[..., U]``.

    Attributes:
        units: the state each unit was last seen (or imagined) in.
        vx, vy: its last displacement over one step while in sight, cells; 0 where it was seen only once.
        age: steps since its state was as the table says, float32: since it was last in sight; 0 for every
            unit of a dream, whose table goes on step by step, seen or not.
        visible: in sight of a kept view now.
        known: seen at least once and not known to be dead. Only these rows are queried.
    """

    units: UnitTable
    vx: Tensor
    vy: Tensor
    age: Tensor
    visible: Tensor
    known: Tensor


def nothing(units: UnitTable) -> Belief:
    """The belief before the first view, shaped like ``units`` ``[B, U]``; types and teams are copied."""
    zero, false = torch.zeros_like(units.x), torch.zeros_like(units.alive)
    blank = UnitTable(units.type, units.team, zero, zero, zero, zero, zero, zero, false)
    return Belief(blank, zero, zero, zero, false, false)


def see(belief: Belief, units: UnitTable, sees: Tensor, keep: Tensor, sight: Tensor) -> Belief:
    """The belief after one step's views.

    A unit that dies in sight is known to be dead, and an agent whose own view is there; any other that dies out of
    sight stays in the table, as nobody could tell.

    Args:
        belief: what was known a step ago, ``[B, U]``.
        units: the true table ``[B, U]``; only what a kept view shows of it is used.
        sees: bool ``[B, A, U]``, what each *kept* living agent sees (itself included).
        keep: bool ``[B, A]``, whose views are available.
        sight: float32 ``[B, A]``, how far each agent sees, cells.
    """
    visible = sees.any(dim=1)
    tracked = visible & belief.known & (belief.age == 0)
    dead = belief.known & ~units.alive
    n_agents = keep.shape[-1]
    watched = within(belief.units, units, keep & units.alive[:, :n_agents], sight) & (belief.age == 0)
    own = torch.zeros_like(dead)
    own[:, :n_agents] = keep
    last = UnitTable(
        units.type,
        units.team,
        *(
            torch.where(visible, getattr(units, name), getattr(belief.units, name))
            for name in ("x", "y", "health", "shield", "energy", "cooldown", "alive")
        ),
    )
    moved = visible & ~tracked
    return Belief(
        units=last,
        vx=torch.where(tracked, units.x - belief.units.x, torch.where(moved, 0.0, belief.vx)),
        vy=torch.where(tracked, units.y - belief.units.y, torch.where(moved, 0.0, belief.vy)),
        age=torch.where(visible, 0.0, belief.age + 1.0),
        visible=visible,
        known=(belief.known | visible) & ~(dead & (watched | own)),
    )


def imagine(belief: Belief, change: Change, keep: Tensor, sight: Tensor) -> Belief:
    """The belief after one imagined step: the model's prediction takes the place of views.

    A unit counts as dead once its predicted probability of being alive falls below one half.
    """
    return follow(belief, change.expected(belief.units), keep, sight)


def follow(belief: Belief, units: UnitTable, keep: Tensor, sight: Tensor) -> Belief:
    """The belief after a step that is held to have led to the table ``units`` ``[B, U]``; ``keep`` ``[B, A]``."""
    n_agents = keep.shape[-1]
    known = belief.known & units.alive
    visible = known & within(units, units, keep & known[:, :n_agents], sight)
    return Belief(
        units=units,
        vx=units.x - belief.units.x,
        vy=units.y - belief.units.y,
        age=torch.zeros_like(belief.age),
        visible=visible,
        known=known,
    )


def within(places: UnitTable, observers: UnitTable, watching: Tensor, sight: Tensor) -> Tensor:
    """Bool ``[B, U]``: the unit's place lies within sight of a watching agent (``watching`` is ``[B, A]``)."""
    return (_in_range(places, observers, watching.shape[-1], sight) & watching[:, :, None]).any(dim=1)


def _in_range(places: UnitTable, observers: UnitTable, n_agents: int, sight: Tensor) -> Tensor:
    dx = places.x[:, None, :] - observers.x[:, :n_agents, None]
    dy = places.y[:, None, :] - observers.y[:, :n_agents, None]
    return dx * dx + dy * dy < (sight * sight)[:, :, None]


def stack(beliefs: list[Belief]) -> Belief:
    """Beliefs of consecutive steps as one, ``[B, T, U]``."""
    tables = [belief.units for belief in beliefs]
    units = UnitTable(*(torch.stack([getattr(t, f.name) for t in tables], dim=1) for f in fields(UnitTable)))
    names = ("vx", "vy", "age", "visible", "known")
    return Belief(units, *(torch.stack([getattr(b, name) for b in beliefs], dim=1) for name in names))


def at(belief: Belief, step: int) -> Belief:
    """The belief of one step of a window: ``[B, T, U]`` to ``[B, U]``."""
    columns = (getattr(belief, name)[:, step] for name in ("vx", "vy", "age", "visible", "known"))
    return Belief(belief.units.at(step), *columns)
