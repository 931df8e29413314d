"""Trained runs, loaded to be compared."""

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

from evaluation.rows import Split
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import get
from worldmodel.checkpoint import SEED_FOLDER, RunInfo, load_checkpoint
from worldmodel.model import WorldModel
from worldmodel.s2rm import Ablation, Modules


@dataclass(frozen=True)
class Run:
    """A trained model and what its checkpoint says about it.

    Attributes:
        folder: where its checkpoint and log lie.
        name: what rows call the model; the folder is named too where runs of it are not seeds of one training, and
            what was taken away from it.
        ablation: what was taken away.
    """

    folder: Path
    model: WorldModel
    info: RunInfo
    name: str
    ablation: Ablation = "none"

    @property
    def label(self) -> str:
        """What pictures call it."""
        return f"{self.name} seed {self.info.seed}"

    def split(self, scenario: str) -> Split:
        """Whether the model was trained on a scenario."""
        return split(scenario, self.info.scenarios)


def split(scenario: str, trained: Sequence[str]) -> Split:
    """Whether a scenario is among those trained on, whatever they are called."""
    return "train" if content(scenario) in map(content, trained) else "unseen"


def ablated(run: Run, ablation: str) -> Run:
    """The run with something taken away from its model; the run itself stays as it is.

    Raises:
        BadArgument: a model that has no modules, or not what shall be taken away.
    """
    if not isinstance(run.model, Modules):
        raise BadArgument(
            f"{run.model.name} in {run.folder} has no modules that --ablate could take anything from; give a run of an "
            "S2RM model, such as s2gru, or leave --ablate out."
        )
    if ablation not in run.model.ablations:
        raise BadArgument(
            f"--ablate {ablation} takes nothing from {run.model.name} in {run.folder}; choose one of "
            f"{', '.join(run.model.ablations)}."
        )
    model = deepcopy(run.model)
    model.ablate(ablation)
    return replace(run, model=model, name=f"{run.name} ({ablation})", ablation=ablation)


def content(scenario: str) -> tuple[object, ...]:
    """What a scenario is whatever it is called: ``3s5z`` and ``3s5z_vs_3s5z@band`` are the same battle."""
    found = get(scenario)
    teams = frozenset(found.allies), frozenset(found.enemies), found.draw
    return *teams, found.terrain_name, found.order, found.sight_range, found.opponent


def load_runs(paths: Sequence[Path]) -> list[Run]:
    """The best models of runs (folders, of one seed or of several, or checkpoint files), each run once.

    Runs of one model go by its name if they are one training with several seeds; else each training's folder is named
    too, so that no report takes different trainings for seeds of one.

    Raises:
        CheckpointMissing, CheckpointBroken: a run cannot be read.
    """
    each = (seed.resolve() for path in paths for seed in (sorted(path.glob(f"{SEED_FOLDER}*/")) or [path]))
    loaded = [(path, *load_checkpoint(path)) for path in dict.fromkeys(each)]
    runs = []
    for path, model, info in loaded:
        alike = [(other, found) for other, kind, found in loaded if kind.name == model.name]
        one_training = len({(found.model, found.training, found.stores) for _, found in alike}) == 1
        alone = one_training and len({found.seed for _, found in alike}) == len(alike)
        name = model.name if alone else f"{model.name} ({_place(path, [other for other, _ in alike])})"
        runs.append(Run(path if path.is_dir() else path.parent, model, info, name))
    return runs


def _place(path: Path, others: Sequence[Path]) -> str:
    """The end of a training's path that tells it from the others."""
    own = _training(path)
    rest = {_training(other) for other in others} - {own}
    ends = (number for number in range(1, len(own)) if all(other[-number:] != own[-number:] for other in rest))
    return "/".join(own[-next(ends, len(own)) :])


def _training(path: Path) -> tuple[str, ...]:
    """Where a run's training lies, part by part: the folder of its seeds, if it has several."""
    return (path.parent if re.fullmatch(rf"{SEED_FOLDER}\d+", path.name) else path).parts
