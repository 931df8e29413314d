"""What every model is asked about: windows of fresh battles, and which views are kept, drawn once for all models.

Test battles are played for a purpose of their own, so that no training battle shares their seed; what a checkpoint says
about the stores that it was trained on is compared with them besides.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from collectors.collect import collect
from collectors.policies import policy
from collectors.rollout import settings_of
from evaluation.maps import rendered
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.seeds import stream
from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.table import UnitTable
from s2rm_sc2.words import counted
from worldmodel.places import draw_places
from worldmodel.windows import Windows, load_windows
from worldmodel.windows.views import blinking

PURPOSE = "evaluation"
"""Names the seeds of test episodes; training episodes are collected for another purpose, so no seed is shared."""

PRIVATE = "private"
"""Names the seeds of test episodes that nobody looks at but once, for a published table."""

Mask = npt.NDArray[np.bool_]

POLICY = "mixture"

WARMUP, HORIZON, NEEDED, WINDOWS_PER_EPISODE = 8, 20, 10, 4
"""Rows with views, steps ahead at most, those that the episode must go on for at least, windows of an episode."""

PLACES = 24
"""Places around which the local maps of a step are compared."""


@dataclass(frozen=True)
class HeldOut:
    """Windows of a scenario's test episodes.

    Attributes:
        scenario: what is fought.
        windows: N windows of R rows, ``WARMUP + HORIZON`` unless asked for otherwise; those after an episode's end are
            not ``valid``.
        episodes: int64 ``[N]``, the episode of each window.
        seed: decides windows and views.
        fingerprints: of the store of the test battles, whatever number of its first episodes it may have held before.
    """

    scenario: Scenario
    windows: Windows
    episodes: npt.NDArray[np.int64]
    seed: int
    fingerprints: frozenset[str] = frozenset()

    def kept(self, share: float) -> Tensor:
        """Whose views are kept, bool ``[N, R, A]``: in each episode the same ``share`` of its agents, at least one.

        Agents are ranked at random once per episode, so the agents of a smaller share are among those of a larger
        one. Where all of them have fallen, the first living agent of the ranking is kept too.
        """
        living = self.windows.units.alive[:, WARMUP - 1].numpy()
        keep, rankings = self._ranked(share)
        for n, ranking in enumerate(rankings):
            if not keep[n, ranking][living[n, ranking]].any():
                keep[n, [agent for agent in ranking if living[n, agent]][:1]] = True
        return self._through(keep)

    def blinking(self, share: float) -> Tensor:
        """Whose views are kept, bool ``[N, R, A]``: a share of the agents as in :meth:`kept`, going dark and back."""
        rows, agents = self.windows.actions.shape[1:]
        lit = [
            blinking((1, rows, agents), stream(self.seed, "blinking", self.scenario.name, episode, row))
            for _, episode, row in self.windows.origins.tolist()
        ]
        return self._through(self._ranked(share)[0]) & torch.cat(lit)

    def stepwise(self, share: float) -> Tensor:
        """Whose views are kept, bool ``[N, R, A]``: at each row another ``share`` of the agents, at least one."""
        rows, agents = self.windows.actions.shape[1], self.scenario.n_agents
        keep = torch.zeros(self.windows.actions.shape, dtype=torch.bool)
        for n, (_, episode, row) in enumerate(self.windows.origins.tolist()):
            rng = stream(self.seed, "views by step", self.scenario.name, episode, row)
            ranks = rng.random((rows, agents)).argsort(axis=1).argsort(axis=1)
            keep[n, :, :agents] = torch.from_numpy(ranks < max(1, round(share * agents)))
        return keep

    @cached_property
    def apart(self) -> "HeldOut":
        """Windows that share no step after their warm-up: asked step by step, they count each step once."""
        chosen, last = [], (-1, 0)
        for n, (_, episode, row) in enumerate(self.windows.origins.tolist()):
            if episode != last[0] or row >= last[1] + HORIZON:
                chosen.append(n)
                last = episode, row
        which = torch.tensor(chosen)
        return replace(self, windows=some(self.windows, which), episodes=self.episodes[chosen])

    @cached_property
    def after(self) -> UnitTable:
        """The true tables after the warm-up, ``[N, R - WARMUP, U]``."""
        return self.windows.units.map(lambda column: column[:, WARMUP:])

    @cached_property
    def places(self) -> Tensor:
        """Where local maps are compared at each row after the warm-up, map cells ``[N, R - WARMUP, PLACES, 2]``.

        Three in four lie around units, as those of place queries (:func:`worldmodel.places.draw_places`).
        """
        rng = stream(self.seed, "maps", self.scenario.name)
        return draw_places(replace(self.windows, units=self.after), self.after.x.shape[1], PLACES, rng)

    def map_after(self, steps: int) -> Tensor:
        """What truly stands around the places so many rows after the warm-up; see :func:`evaluation.maps.rendered`."""
        if steps not in self._maps:
            at = slice(steps - 1, steps)
            self._maps[steps] = rendered(self.after.map(lambda column: column[:, at]), self.places[:, at])
        return self._maps[steps]

    @cached_property
    def _maps(self) -> dict[int, Tensor]:
        return {}

    def _ranked(self, share: float) -> tuple[Mask, list[npt.NDArray[np.int64]]]:
        """The first ``share`` of each window's ranking of agents, bool ``[N, A]``, and the rankings."""
        agents, name = self.scenario.n_agents, self.scenario.name
        rankings = [stream(self.seed, "views", name, int(episode)).permutation(agents) for episode in self.episodes]
        keep = np.zeros((len(rankings), self.windows.agents.shape[1]), dtype=np.bool_)
        for n, ranking in enumerate(rankings):
            keep[n, ranking[: max(1, round(share * agents))]] = True
        return keep, rankings

    def _through(self, keep: Mask) -> Tensor:
        """The same agents at every row."""
        return torch.from_numpy(keep)[:, None].expand(-1, self.windows.actions.shape[1], -1)


def held_out(
    scenario: Scenario,
    folder: Path,
    episodes: int,
    seed: int,
    progress: bool,
    rows: int = WARMUP + HORIZON,
    per_episode: int = WINDOWS_PER_EPISODE,
    purpose: str = PURPOSE,
    needed: int = WARMUP + NEEDED,
) -> HeldOut:
    """Fresh battles of a scenario and windows spread over each; battles already in the folder are used again.

    Args:
        scenario: what is fought.
        folder: gets the battles' store.
        episodes: battles.
        seed: of battles, windows and views.
        progress: show the collecting.
        rows: of each window.
        per_episode: windows from each battle that is long enough.
        purpose: names the battles' seeds; not ``collect``, the training's.
        needed: rows that must lie before an episode's end.

    Raises:
        BadArgument: no battle is long enough for a window, or other battles lie where these belong.
        ScenarioUnsupported: the engine cannot play the scenario.
    """
    path = folder / f"{scenario.name}-{purpose}-seed{seed}.zarr"
    store = collected(scenario, path, episodes, seed, purpose, progress)
    if store.settings != settings_of(scenario, policy(POLICY), seed, purpose):
        raise BadArgument(
            f"{path} holds battles of another scenario, seed, purpose or policy, or of another version of the engine, "
            "whose figures would be comparable with no others; move it away, and the test battles are played anew."
        )
    origins = window_origins(store.lengths[:episodes], scenario.name, seed, needed, per_episode)
    if not origins:
        raise BadArgument(
            f"None of {counted(episodes, 'battle')} of {scenario.name} lasts the {needed} steps that an evaluation "
            "needs; ask for more episodes or another scenario."
        )
    windows = load_windows(store, origins, rows)
    numbers = np.array([episode for episode, _ in origins], dtype=np.int64)
    fingerprints = frozenset(store.fingerprint(count) for count in range(1, store.n_episodes + 1))
    return HeldOut(scenario, windows, numbers, seed, fingerprints)


def refuse_peeking(trained: Iterable[tuple[str, str]], who: str, tests: Iterable[HeldOut]) -> None:
    """Refuse a model that was trained on test battles.

    A store is known by its fingerprint, which names its settings, purpose, seeds and results. It tells apart neither a
    store that holds these battles and more, nor what was trained by other means than from a store.

    Args:
        trained: scenario and fingerprint of each store trained on, as a checkpoint has them.
        who: what the message calls the model.
        tests: what it shall be tested on.

    Raises:
        BadArgument: it has seen the answers.
    """
    for test in tests:
        for scenario, fingerprint in trained:
            if fingerprint in test.fingerprints:
                raise BadArgument(
                    f"{who} was trained on test battles of {scenario} (store {fingerprint}), so it has seen the "
                    "answers; test it on others with another --seed, or train it on a store of s2rm-sc2 collect."
                )


def collected(
    scenario: Scenario, path: Path, episodes: int, seed: int, purpose: str, progress: bool, workers: int = 1
) -> EpisodeStore:
    """The store at ``path``, filled up to ``episodes``; one that holds them already is only read."""
    if not path.exists() or EpisodeStore.open(path).n_episodes < episodes:
        collect(scenario, path, episodes, POLICY, seed, workers=workers, purpose=purpose, progress=progress)
    return EpisodeStore.open(path)


def some(windows: Windows, which: slice | Tensor) -> Windows:
    """Those windows; a slice or their numbers."""
    return Windows(**{field.name: getattr(windows, field.name)[which] for field in fields(Windows)})


def window_origins(
    lengths: npt.NDArray[np.int64],
    scenario: str,
    seed: int,
    rows: int = WARMUP + NEEDED,
    per_episode: int = WINDOWS_PER_EPISODE,
) -> list[tuple[int, int]]:
    """Where windows start, as (episode, row): one at random in each of equal parts of an episode.

    Args:
        lengths: rows of each episode; those too short for a window have none.
        scenario, seed: name the stream that draws.
        rows: of a window.
        per_episode: the parts.
    """
    origins = []
    for episode, length in enumerate(lengths):
        places = int(length) - rows + 1
        rng = stream(seed, "windows", scenario, episode)
        edges = np.linspace(0, max(places, 0), per_episode + 1).astype(int)
        for low, high in pairwise(edges.tolist()):
            if high > low:
                origins.append((episode, int(rng.integers(low, high))))
    return origins
