"""The one rollout that training, evaluation and the simulator use: views first, then the model alone."""

from dataclasses import dataclass

import torch
from torch import Tensor

from s2rm_sc2.actions import NO_OP, STOP
from s2rm_sc2.table import UnitTable
from worldmodel import belief as beliefs
from worldmodel.belief import Belief
from worldmodel.contract import Change, Encoded, LocalMap, Memory, Outcome, Predictor
from worldmodel.losses import outcome_loss, place_loss, unit_loss
from worldmodel.model import WorldModel
from worldmodel.places import true_maps, world
from worldmodel.tokens import ask, observe
from worldmodel.windows import Windows


@dataclass(frozen=True)
class Guided:
    """What a model holds after W steps with views.

    Attributes:
        belief: the belief tables ``[N, W, U]``.
        encoded, memory: the encoded views, and the memory after each step, for the readouts.
        last: the memory that the dream goes on from.
    """

    belief: Belief
    encoded: Encoded
    memory: Memory
    last: Memory


@dataclass(frozen=True)
class Dreamed:
    """One step that a model imagined: the belief ``[N, U]`` it starts from, and what it then says comes next."""

    belief: Belief
    change: Change
    outcome: Outcome


def watch(model: Predictor, windows: Windows, keep: Tensor, steps: int) -> Guided:
    """See the first ``steps`` rows through the kept views.

    Args:
        model: who watches.
        windows: N windows of at least ``steps`` rows.
        keep: bool ``[N, R, A]``, whose views and actions are available at each row.
    """
    keep = keep & windows.agents[:, None]
    seen = windows.sees & keep[..., None]
    belief = beliefs.nothing(windows.units.at(0))
    history = []
    for t in range(steps):
        belief = beliefs.see(belief, windows.units.at(t), seen[:, t], keep[:, t], windows.sight)
        history.append(belief)
    stacked = beliefs.stack(history)
    observation = observe(stacked, windows.actions[:, :steps], keep[:, :steps], windows.sight[:, None])
    encoded = model.encode(observation)
    memory, last = model.window(model.start(observation), encoded)
    return Guided(stacked, encoded, memory, last)


def say(model: Predictor, guided: Guided, windows: Windows, keep: Tensor) -> tuple[Change, Outcome]:
    """What the model says of all units known at each guided step, ``[N, W, U]``, and of the battle, ``[N, W]``."""
    steps = guided.belief.vx.shape[1]
    keep = keep[:, :steps] & windows.agents[:, None]
    queries = ask(guided.belief, windows.actions[:, :steps], keep)
    return model.read_units(guided.memory, guided.encoded, queries)


def dream(
    model: Predictor, guided: Guided, change: Change, windows: Windows, keep: Tensor, steps: int
) -> list[Dreamed]:
    """Go on for ``steps`` steps without views.

    The model's own prediction becomes the belief table (:func:`foresee`); agents whose views are kept act as recorded.
    One that has died in the record goes on with its last order: a stop, like a no-op, would give its death away.

    Args:
        model, guided, windows, keep: as in :func:`watch`.
        change: what the model said at the last guided step, ``[N, U]``.
        steps: how far.
    """
    warmup = guided.belief.vx.shape[1]
    keep, orders = keep & windows.agents[:, None], last_orders(windows.actions)
    belief, memory, dreamed = beliefs.at(guided.belief, -1), guided.last, []
    for t in range(warmup, warmup + steps):
        belief = beliefs.imagine(belief, change, keep[:, t], windows.sight)
        step, memory = foresee(model, belief, memory, orders[:, t], keep[:, t], windows.sight)
        change = step.change
        dreamed.append(step)
    return dreamed


def last_orders(actions: Tensor) -> Tensor:
    """Actions ``[N, R, A]`` in which a no-op, which SMAC allows to the dead only, is the agent's last other one."""
    row = torch.arange(actions.shape[1], device=actions.device)[:, None]
    given = torch.where(actions > NO_OP, row, 0).cummax(dim=1).values
    return actions.gather(1, given)


def foresee(
    model: Predictor, belief: Belief, memory: Memory, actions: Tensor, keep: Tensor, sight: Tensor
) -> tuple[Dreamed, Memory]:
    """What a model says comes after a belief ``[N, U]``, and its memory with the views of that belief.

    Views are rendered from the belief, as a simulator's are. A no-op of an agent that is not dead in it is a stop.

    Args:
        model: who is asked.
        belief: how things stand.
        memory: what it remembers of earlier steps.
        actions: int64 ``[N, A]``, what the agents do now.
        keep: bool ``[N, A]``, whose views and actions the model gets.
        sight: float32 ``[N, A]``, how far each agent sees, cells.
    """
    now, actions, keep = beliefs.stack([belief]), actions[:, None].clamp(min=STOP), keep[:, None]
    encoded = model.encode(observe(now, actions, keep, sight[:, None]))
    reading, memory = model.window(memory, encoded)
    said, outcome = model.read_units(reading, encoded, ask(now, actions, keep))
    return Dreamed(belief, said.at(0), Outcome(outcome.reward[:, 0], outcome.terminated[:, 0])), memory


def units_loss(model: Predictor, windows: Windows, keep: Tensor, warmup: int, dreamed: int) -> Tensor:
    """Loss of unit queries, reward and ending: the steps guided by views count as one, then every dreamed one."""
    guided = watch(model, windows, keep, warmup)
    change, outcome = say(model, guided, windows, keep)
    belief = guided.belief
    after = windows.units.map(lambda field: field[:, 1 : warmup + 1])
    taken = windows.valid[:, 1 : warmup + 1]
    counted = belief.known & taken[..., None]
    loss = unit_loss(change, belief.units, belief.units, after, counted, belief.visible)
    loss = loss + outcome_loss(outcome, windows.reward[:, :warmup], windows.terminated[:, :warmup], taken)
    if not dreamed:
        return loss
    asked, visible = belief.known[:, -1], belief.visible[:, -1]
    for k, step in enumerate(dream(model, guided, change.at(warmup - 1), windows, keep, dreamed)):
        t = warmup + k
        before, after = windows.units.at(t), windows.units.at(t + 1)
        counted = asked & step.belief.known & before.alive & windows.valid[:, t + 1, None]
        loss = loss + unit_loss(step.change, step.belief.units, before, after, counted, visible)
        reward, terminated = windows.reward[:, t], windows.terminated[:, t]
        loss = loss + outcome_loss(step.outcome, reward, terminated, windows.valid[:, t + 1])
    return loss / (1 + dreamed)


def places_loss(model: WorldModel, windows: Windows, keep: Tensor, places: Tensor) -> Tensor:
    """Loss of place queries at places ``[N, W, Q, 2]`` (map cells), asked after each of W steps about the next one."""
    steps = places.shape[1]
    answer = at_places(model, watch(model, windows, keep, steps), places)
    after = windows.units.map(lambda field: field[:, 1 : steps + 1])
    counted = windows.valid[:, 1 : steps + 1, None].expand(places.shape[:3])
    return place_loss(answer, true_maps(after, places), counted)


def at_places(model: WorldModel, guided: Guided, places: Tensor) -> LocalMap:
    """What the model says will stand around places ``[N, W, Q, 2]`` (map cells)."""
    return model.read_places(guided.memory, guided.encoded, world(places))


@dataclass(frozen=True)
class Forecast:
    """A model's open-loop prediction from the end of the warm-up, beside the truth.

    Attributes:
        x, y, health, shield: float32 ``[N, H, U]``, predicted states 1 to H steps ahead: the likeliest last step
            after the expected ones before it.
        alive: float32 ``[N, H, U]``, predicted probability of being alive.
        queried: bool ``[N, U]``, units the kept views have shown and that are not known to be dead at the start.
        visible: bool ``[N, U]``, units in sight of a kept view at the start.
        targets: the true tables, ``[N, H, U]``.
        valid: bool ``[N, H]``, steps before the episode's end.
    """

    x: Tensor
    y: Tensor
    health: Tensor
    shield: Tensor
    alive: Tensor
    queried: Tensor
    visible: Tensor
    targets: UnitTable
    valid: Tensor


@torch.no_grad()
def forecast(model: Predictor, windows: Windows, keep: Tensor, warmup: int, horizon: int) -> Forecast:
    """Predict ``horizon`` steps ahead of the last of ``warmup`` rows, for windows of ``warmup + horizon`` rows."""
    guided = watch(model, windows, keep, warmup)
    start = beliefs.at(guided.belief, -1)
    change = say(model, guided, windows, keep)[0].at(warmup - 1)
    tables, alive = [change.likeliest(start.units)], [torch.sigmoid(change.alive)]
    for step in dream(model, guided, change, windows, keep, horizon - 1):
        lives = step.belief.known
        tables.append(step.change.likeliest(step.belief.units).where(lives, step.belief.units))
        alive.append(alive[-1] * torch.where(lives, torch.sigmoid(step.change.alive), 1.0))
    rows = slice(warmup, warmup + horizon)
    return Forecast(
        **{name: torch.stack([getattr(t, name) for t in tables], dim=1) for name in ("x", "y", "health", "shield")},
        alive=torch.stack(alive, dim=1),
        queried=start.known,
        visible=start.visible,
        targets=windows.units.map(lambda field: field[:, rows]),
        valid=windows.valid[:, rows],
    )
