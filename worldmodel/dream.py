"""The one rollout that training, evaluation and the simulator use: views first, then the model alone."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from s2rm_sc2.actions import STOP
from s2rm_sc2.table import UnitTable
from worldmodel import belief as beliefs
from worldmodel.belief import Belief
from worldmodel.contract import Change, Predictor
from worldmodel.readout import step_loss
from worldmodel.tokens import observation_and_queries
from worldmodel.windows import Windows


@dataclass(frozen=True)
class Rollout:
    """What a model said over a window.

    Attributes:
        guided: beliefs ``[N, W, U]`` after each of the W steps with views, and the changes predicted from them.
        dreamed: beliefs ``[N, U]`` that the model imagined itself, one a step, and the changes predicted from them.
    """

    guided: tuple[Belief, Change]
    dreamed: list[tuple[Belief, Change]]


def rollout(model: Predictor, windows: Windows, keep: Tensor, warmup: int, dreamed: int) -> Rollout:
    """See ``warmup`` rows through the kept views, then dream ``dreamed`` more steps.

    In the dream views are rendered from the imagined table, as a simulator's are, and agents whose views are kept
    act as recorded; a no-op, which SMAC allows to the dead only, would give their death away and becomes a stop.

    Args:
        model: who predicts.
        windows: N windows of at least ``warmup + dreamed`` rows.
        keep: bool ``[N, A]``, whose views and actions are available.
    """
    keep = keep & windows.agents
    seen = windows.sees & keep[:, None, :, None]
    belief = beliefs.nothing(windows.units.at(0))
    history = []
    for t in range(warmup):
        units = windows.units.at(t)
        belief = beliefs.see(belief, units, seen[:, t], keep, windows.sight)
        history.append(belief)
    stacked = beliefs.stack(history)
    steps = keep[:, None].expand(-1, warmup, -1)
    observation, queries = observation_and_queries(stacked, seen[:, :warmup], windows.actions[:, :warmup], steps)
    encoded = model.encode(observation)
    memory = model.start(keep.shape[0])
    memories = []
    for t in range(warmup):
        memory = model.advance(memory, tuple(part[:, t] for part in encoded))
        memories.append(memory)
    change = model.read(torch.stack(memories, dim=1), queries)
    guided = (stacked, change)
    last, steps_dreamed = change.at(warmup - 1), []
    for t in range(warmup, warmup + dreamed):
        belief = beliefs.imagine(belief, last, keep, windows.sight)
        actions = windows.actions[:, t].clamp(min=STOP)
        memory, last = _dream_step(model, memory, belief, actions, keep, windows.sight)
        steps_dreamed.append((belief, last))
    return Rollout(guided, steps_dreamed)


def _dream_step(
    model: Predictor, memory: Tensor, belief: Belief, actions: Tensor, keep: Tensor, sight: Tensor
) -> tuple[Tensor, Change]:
    sees = beliefs.imagined_sight(belief, keep, sight)
    now = beliefs.stack([belief])
    observation, queries = observation_and_queries(now, sees[:, None], actions[:, None], keep[:, None])
    memory = model.advance(memory, tuple(part[:, 0] for part in model.encode(observation)))
    return memory, model.read(memory[:, None], queries).at(0)


def window_loss(model: Predictor, windows: Windows, keep: Tensor, warmup: int, dreamed: int) -> Tensor:
    """Mean loss of a window's steps: those guided by views count as one, then every dreamed one."""
    said = rollout(model, windows, keep, warmup, dreamed)
    belief, change = said.guided
    target = windows.units.map(lambda field: field[:, 1 : warmup + 1])
    counted = belief.known & windows.valid[:, 1 : warmup + 1, None]
    loss = step_loss(change, belief.units, target, counted, belief.visible)
    if not said.dreamed:
        return loss
    further = []
    asked = belief.known[:, -1]
    for k, (imagined, change) in enumerate(said.dreamed):
        target = windows.units.at(warmup + k + 1)
        alive_before = windows.units.alive[:, warmup + k]
        counted = asked & imagined.known & alive_before & windows.valid[:, warmup + k + 1, None]
        further.append(step_loss(change, imagined.units, target, counted, belief.visible[:, -1]))
    return (loss + torch.stack(further).sum()) / (1 + len(further))


@dataclass(frozen=True)
class Forecast:
    """A model's open-loop prediction from the end of the warm-up, beside the truth.

    Attributes:
        x, y, health, shield: float32 ``[N, H, U]``, predicted states 1 to H steps ahead.
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
    said = rollout(model, windows, keep, warmup, horizon - 1)
    belief, change = said.guided
    start = replace(belief, units=belief.units.at(-1))
    tables, alive = [change.at(warmup - 1).apply(start.units)], [torch.sigmoid(change.at(warmup - 1).alive)]
    for imagined, step in said.dreamed:
        moved = step.apply(imagined.units)
        lives = imagined.known
        tables.append(moved.where(lives, imagined.units))
        alive.append(alive[-1] * torch.where(lives, torch.sigmoid(step.alive), 1.0))
    rows = slice(warmup, warmup + horizon)
    return Forecast(
        **{name: torch.stack([getattr(t, name) for t in tables], dim=1) for name in ("x", "y", "health", "shield")},
        alive=torch.stack(alive, dim=1),
        queried=belief.known[:, -1],
        visible=belief.visible[:, -1],
        targets=windows.units.map(lambda field: field[:, rows]),
        valid=windows.valid[:, rows],
    )
