"""Trained runs, loaded to be compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.rows import Split
from s2rm_sc2.scenarios import get
from worldmodel.checkpoint import RunInfo, load_checkpoint
from worldmodel.model import WorldModel


@dataclass(frozen=True)
class Run:
    """A trained model and what its checkpoint says about it.

    Attributes:
        folder: where its checkpoint and log lie.
        name: what rows call the model; the folder is named too where model and seed do not tell two runs apart.
    """

    folder: Path
    model: WorldModel
    info: RunInfo
    name: str

    @property
    def label(self) -> str:
        """What pictures call it."""
        return f"{self.name} seed {self.info.seed}"

    def split(self, scenario: str) -> Split:
        """Whether the model was trained on a scenario."""
        return "train" if content(scenario) in map(content, self.info.scenarios) else "unseen"


def content(scenario: str) -> tuple[object, ...]:
    """What a scenario is whatever it is called: ``3s5z`` and ``3s5z_vs_3s5z@band`` are the same battle."""
    found = get(scenario)
    teams = frozenset(found.allies), frozenset(found.enemies), found.draw
    return *teams, found.terrain_name, found.order, found.sight_range, found.opponent


def load_runs(paths: Sequence[Path]) -> list[Run]:
    """The best models of runs (folders or checkpoint files), each run once.

    Raises:
        CheckpointMissing, CheckpointBroken: a run cannot be read.
    """
    loaded = [(path, *load_checkpoint(path)) for path in dict.fromkeys(path.resolve() for path in paths)]
    keys = [(model.name, info.seed) for _, model, info in loaded]
    runs = []
    for path, model, info in loaded:
        folder = path if path.is_dir() else path.parent
        alone = keys.count((model.name, info.seed)) == 1
        runs.append(Run(folder, model, info, model.name if alone else f"{model.name} ({folder.name})"))
    return runs
