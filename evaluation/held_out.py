"""What every model is asked about: windows of fresh battles, and which views are kept, drawn once for all models."""

from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from collectors.collect import collect
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.seeds import stream
from s2rm_sc2.store import EpisodeStore
from worldmodel.windows import Windows, load_windows

PURPOSE = "evaluation"
"""Names the seeds of test episodes; training episodes are collected for another purpose, so no seed is shared."""

POLICY = "mixture"
WARMUP, HORIZON, WINDOWS_PER_EPISODE = 8, 5, 4


@dataclass(frozen=True)
class HeldOut:
    """Windows of a scenario's test episodes.

    Attributes:
        scenario: what is fought.
        windows: N windows of ``WARMUP + HORIZON`` rows.
        episodes: int64 ``[N]``, the episode of each window.
        seed: decides windows and views.
    """

    scenario: Scenario
    windows: Windows
    episodes: npt.NDArray[np.int64]
    seed: int

    def kept(self, share: float) -> Tensor:
        """Whose views are kept, bool ``[N, A]``: in each episode the same ``share`` of its agents, at least one.

        Agents are ranked at random once per episode, so the agents of a smaller share are among those of a larger
        one. Where all of them have fallen, the first living agent of the ranking is kept too.
        """
        agents = self.scenario.n_agents
        living = self.windows.units.alive[:, WARMUP - 1, :agents].numpy()
        keep = np.zeros((len(self.episodes), self.windows.agents.shape[1]), dtype=np.bool_)
        for n, episode in enumerate(self.episodes):
            ranking = stream(self.seed, "views", self.scenario.name, int(episode)).permutation(agents)
            keep[n, ranking[: max(1, round(share * agents))]] = True
            if not (keep[n, :agents] & living[n]).any():
                keep[n, [agent for agent in ranking if living[n, agent]][:1]] = True
        return torch.from_numpy(keep)


def held_out(scenario: Scenario, folder: Path, episodes: int, seed: int, progress: bool) -> HeldOut:
    """Fresh battles of a scenario and windows spread over each; battles already in the folder are used again.

    Raises:
        BadArgument: no battle is long enough for a window.
        ScenarioUnsupported: the engine cannot play the scenario.
    """
    path = folder / f"{scenario.name}-seed{seed}.zarr"
    collect(scenario, path, episodes, POLICY, seed, workers=1, purpose=PURPOSE, progress=progress)
    store = EpisodeStore.open(path)
    origins = window_origins(store.lengths[:episodes], scenario.name, seed)
    if not origins:
        raise BadArgument(
            f"None of {episodes} battles of {scenario.name} lasts the {WARMUP + HORIZON} steps that an evaluation "
            "needs; ask for more episodes or another scenario."
        )
    windows = load_windows(store, origins, WARMUP + HORIZON)
    return HeldOut(scenario, windows, np.array([episode for episode, _ in origins], dtype=np.int64), seed)


def some(windows: Windows, rows: slice) -> Windows:
    """Those windows."""
    return Windows(**{field.name: getattr(windows, field.name)[rows] for field in fields(Windows)})


def window_origins(lengths: npt.NDArray[np.int64], scenario: str, seed: int) -> list[tuple[int, int]]:
    """Where windows start, as (episode, row): one at random in each of equal parts of an episode.

    Args:
        lengths: rows of each episode; those too short for a window have none.
    """
    origins = []
    for episode, length in enumerate(lengths):
        places = int(length) - (WARMUP + HORIZON) + 1
        rng = stream(seed, "windows", scenario, episode)
        edges = np.linspace(0, max(places, 0), WINDOWS_PER_EPISODE + 1).astype(int)
        for low, high in pairwise(edges.tolist()):
            if high > low:
                origins.append((episode, int(rng.integers(low, high))))
    return origins
