"""A battle beside its dream: the same start and the same actions, played by the engine and imagined by a model."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.box import SIMPLE_HEAD
from rich.table import Table
from torch import Tensor

from collectors.plan import remaining
from collectors.policies import policy
from collectors.rollout import play, settings_of
from evaluation.figures import drift as drift_figure
from evaluation.watch import tables_of
from s2rm_sc2.actions import FIRST_TARGET, NO_OP, STOP
from s2rm_sc2.backends.bounds import BOUNDS
from s2rm_sc2.backends.learned import LearnedBackend, Report
from s2rm_sc2.backends.starts import WATCH, Start
from s2rm_sc2.draw import write_comparison, write_comparison_gif
from s2rm_sc2.episode import Episode
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.seeds import number
from s2rm_sc2.table import FIELDS, UnitTable
from s2rm_sc2.words import counted
from worldmodel.dream import last_orders
from worldmodel.simulator import Simulator, load

PURPOSE = "imagine"
"""Names the seeds of these battles; training's have another, so no battle was trained on."""

SHOWN_STEPS = (1, 2, 5, 10, 20, 30, 50, 100)
"""Steps of the printed table, as far as the dream goes."""


@dataclass(frozen=True)
class Drift:
    """How far dreams have left the battles they began with, a figure a step; only steps before a battle's real end.

    Attributes:
        position: cells between where units are and where they are imagined, of those alive in both.
        standing: the same if everyone had stayed where the dream began.
        points: health and shield, mean absolute difference per unit.
        unhurt: the same if everyone had kept all points that he had where the dream began.
        alive: share of the units that are alive in one of the two alone.
        battles: how many were still going on.
    """

    position: list[float]
    standing: list[float]
    points: list[float]
    unhurt: list[float]
    alive: list[float]
    battles: list[int]


@dataclass(frozen=True)
class Imagined:
    """What :func:`imagine` found.

    Attributes:
        drift: step by step.
        bounds: how often the known rules corrected the model.
        pictures: the files that were written.
        title: what was compared.
    """

    drift: Drift
    bounds: Report
    pictures: list[Path]
    title: str

    def tables(self) -> list[Table]:
        """The drift, and the bounds that acted, for the terminal."""
        d, columns = self.drift, ("position", "if all stood", "points", "if none hurt", "alive differs")
        drift = _table(self.title, "steps", *columns, "battles")
        for k in (step - 1 for step in SHOWN_STEPS if step <= len(d.position)):
            places = (f"{values[k]:.2f}" for values in (d.position, d.standing))
            points = (f"{values[k]:.1f}" for values in (d.points, d.unhurt))
            drift.add_row(str(k + 1), *places, *points, f"{d.alive[k]:.1%}", str(d.battles[k]))
        bounds = _table(f"bounds, {self.bounds.unit_steps:,} unit steps", "bound", "acted", "by, on average", "what")
        for name, share in self.bounds.acted.items():
            if share:
                bounds.add_row(name, f"{share:.2%}", f"{self.bounds.mean[name]:.2f}", BOUNDS[name])
        return [drift, bounds]


def imagine(
    run: Path,
    scenario: Scenario,
    policy_name: str,
    seed: int,
    out: Path,
    battles: int = 32,
    steps: int = 30,
    begin: int = 0,
    sampled: bool = True,
) -> Imagined:
    """Plays fresh battles, dreams them again from the same start under the same actions, and draws the first.

    Args:
        run: a training's folder, or a checkpoint file.
        scenario: what is fought; its unit types must be known to the model.
        policy_name: who plays, a name of :data:`collectors.policies.POLICIES`.
        seed: of battles and dreams.
        out: gets ``imagined.gif``, ``imagined.png`` and ``drift.png``.
        battles: how many the drift is measured on.
        steps: how far the dreams go.
        begin: the step of a battle at which its dream begins; the model watches up to eight steps before it.
        sampled: draw what happens; otherwise the average happens.

    Raises:
        BadArgument: a number out of range, an unknown policy, or every battle is over before ``begin``.
        CheckpointMissing, CheckpointBroken: the run cannot be read.
        ScenarioUnsupported: the model does not know the units, or the engine cannot play them.
    """
    for option, given, least in (("--battles", battles, 1), ("--steps", steps, 1), ("--begin", begin, 0)):
        if given < least:
            raise BadArgument(f"{option} must be at least {least}, not {given}.")
    model, player = load(run), policy(policy_name)
    LearnedBackend(scenario, 1, model)  # refuses unknown unit types before anything is played
    settings = settings_of(scenario, player, seed, PURPOSE)
    played = list(play(settings, player, remaining(0, battles, seed, PURPOSE, scenario.name)))
    episodes = [episode for episode in played if episode.n_steps > begin]
    if not episodes:
        raise BadArgument(f"No battle of {scenario.name} (of {battles}) lasts until --begin {begin}; give a lower one.")
    real, goes_on = _real(episodes, begin, steps)
    dreamed, bounds = _dreamed(model, scenario, episodes, begin, int(goes_on.sum(1).max()), seed, sampled)
    drift = _drift(real, dreamed, goes_on)
    shown = int(goes_on[0].sum()) + 1
    first, same = (tables.map(lambda field: field[0, :shown]) for tables in (real, dreamed))
    series = {
        "position error (cells)": {"imagined": drift.position, "if all stood": drift.standing},
        "error of health + shield (points)": {"imagined": drift.points, "if none were hurt": drift.unhurt},
        "alive in one of the two alone": {"imagined": drift.alive},
    }
    pictures = [
        write_comparison_gif(out / "imagined.gif", scenario, first, same),
        write_comparison(out / "imagined.png", scenario, first, same),
        drift_figure.draw(range(1, len(drift.position) + 1), series, out / "drift.png"),
    ]
    name = model.describe()["model"]
    title = (
        f"{scenario.name}, {policy_name}: {counted(len(episodes), 'battle')} as imagined by {name} from step {begin}"
    )
    return Imagined(drift, bounds, pictures, title)


def _real(episodes: list[Episode], begin: int, steps: int) -> tuple[UnitTable, Tensor]:
    """The tables ``[N, T + 1, U]`` from the start on, and which of the T steps after it were played, ``[N, T]``."""
    ends = [episode.n_steps for episode in episodes]
    length = min(steps, max(ends) - begin)
    tables = [_rows(episode, np.minimum(np.arange(begin, begin + length + 1), episode.n_steps)) for episode in episodes]
    goes_on = torch.tensor(ends)[:, None] >= begin + torch.arange(1, length + 1)
    return UnitTable(*(torch.stack([getattr(table, name) for table in tables]) for name in FIELDS)), goes_on


def _rows(episode: Episode, rows: npt.NDArray[np.int64]) -> UnitTable:
    return tables_of(episode).map(lambda field: field[rows])


def orders_of(actions: Tensor) -> Tensor:
    """What agents are told in a dream, int64 ``[T, A]``: as in the battle; who has died there stops, or attacks on.

    Nobody walks on: a last step to the left, again and again, would end at the edge of the map.
    """
    told = last_orders(actions[None])[0]
    walks = (actions == NO_OP) & (told > STOP) & (told < FIRST_TARGET)
    return torch.where(walks, STOP, told)


def _dreamed(
    model: Simulator, scenario: Scenario, episodes: list[Episode], begin: int, steps: int, seed: int, sampled: bool
) -> tuple[UnitTable, Report]:
    """The dreams' tables ``[N, steps + 1, U]``, and how often they had to be bounded."""
    watched = min(begin, WATCH)
    before = [_rows(episode, np.arange(begin - watched, begin + 1)) for episode in episodes]
    units = UnitTable(*(torch.stack([getattr(table, name) for table in before]) for name in FIELDS))
    actions = [torch.from_numpy(episode.action.astype(np.int64)) for episode in episodes]
    orders = [orders_of(done) for done in actions]
    past = torch.stack([done[begin - watched : begin] for done in actions])
    backend = LearnedBackend(scenario, len(episodes), model, sampled)
    start = Start(units, past, torch.ones(past.shape[:2], dtype=torch.bool))
    backend.begin(start, [number(seed, PURPOSE, battle) for battle in range(len(episodes))])
    tables = [backend.units]
    for step in range(begin, begin + steps):
        playing = torch.tensor([step < episode.n_steps for episode in episodes])
        backend.step(torch.stack([done[min(step, len(done) - 1)] for done in orders]), playing)
        tables.append(backend.units)
    found = UnitTable(*(torch.stack([getattr(table, name) for table in tables], dim=1) for name in FIELDS))
    return found.map(Tensor.cpu), backend.report()


def _drift(real: UnitTable, dreamed: UnitTable, goes_on: Tensor) -> Drift:
    counted = goes_on[..., None].expand_as(real.x[:, 1:])
    after, said = (tables.map(lambda field: field[:, 1:]) for tables in (real, dreamed))
    both = counted & after.alive & said.alive
    left = after.health + after.shield
    return Drift(
        position=_means(torch.hypot(after.x - said.x, after.y - said.y), both),
        standing=_means(torch.hypot(after.x - real.x[:, :1], after.y - real.y[:, :1]), both),
        points=_means((left - said.health - said.shield).abs(), counted),
        unhurt=_means((left - real.health[:, :1] - real.shield[:, :1]).abs(), counted),
        alive=_means((after.alive ^ said.alive).float(), counted),
        battles=goes_on.sum(0).tolist(),
    )


def _means(values: Tensor, counted: Tensor) -> list[float]:
    """The mean of what counts, step by step; 0 where nothing does."""
    sums = torch.where(counted, values, 0.0).sum((0, 2))
    means: list[float] = (sums / counted.sum((0, 2)).clamp(min=1)).tolist()
    return means


def _table(title: str, *columns: str) -> Table:
    table = Table(*columns, title=title, title_justify="left", box=SIMPLE_HEAD, padding=0)
    for column in table.columns[1:]:
        column.justify = "right" if column.header != "what" else "left"
    return table
