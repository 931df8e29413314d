"""Going on with a finished training on more episodes than it was begun with."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from s2rm_sc2.store import EpisodeStore
from worldmodel.checkpoint import LAST, RunInfo, load, redescribed


def carry_on(run: Path, stores: Sequence[EpisodeStore], updates: int, out: Path) -> RunInfo:
    """Make ``out`` a training on these stores that has the weights of ``run`` and so many updates before it.

    :func:`worldmodel.train.train` with the model, training and seed that are returned then does them, or goes on with
    them; its learning rate is that of the end of a training of so many updates in all.

    Raises:
        CheckpointMissing, CheckpointBroken: as :func:`worldmodel.checkpoint.load`.
    """
    info, _ = load(run / LAST)
    wanted = replace(
        info,
        training=replace(info.training, updates=info.update + updates, minutes=None),
        scenarios=tuple(store.scenario.name for store in stores),
        stores=tuple((store.scenario.name, store.fingerprint()) for store in stores),
        metrics={},
    )
    if not (out / LAST).exists():
        out.mkdir(parents=True, exist_ok=True)
        redescribed(run / LAST, out / LAST, wanted)
    return wanted
