"""Carrying out a collection: play what the store lacks, commit it group by group, show how far it is."""

import os
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from collectors.plan import EpisodePlan, remaining
from collectors.policies import Policy, policy
from collectors.rollout import play, settings_of
from collectors.venue import EMBEDDED, Incidents, Venue
from collectors.workers import play_in_processes
from s2rm_sc2.episode import Episode
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.screen import size
from s2rm_sc2.store import EpisodeStore, StoreSettings, StoreWriter
from s2rm_sc2.words import counted

COMMIT_BYTES = 64 << 20
"""Uncompressed bytes that are committed together: every commit compresses the last, unfilled chunks again."""

COMMIT_SECONDS = 5.0
"""How soon after a commit finished episodes get the next one: where battles take longer, each is committed as it ends.
It decides no byte of the store."""

EPISODES_PER_WORKER = 1000
"""How many episodes repay the start of a process, which costs seconds."""


@dataclass(frozen=True)
class CollectReport:
    """What a store holds after a collection.

    Attributes:
        path: the store's folder.
        episodes, steps: all that is committed.
        new_episodes, new_steps: what this call added.
        seconds: how long it took to play and write, the start of the workers included.
        win_rate: share of battles won, 0 to 1.
        mean_return: mean of the episodes' returns (a clean win of SMAC's default reward is 20).
        raw_bytes, disk_bytes: the arrays in memory and on disk.
        incidents: failures of the game, and the episodes that were played again for them.
    """

    path: Path
    episodes: int
    steps: int
    new_episodes: int
    new_steps: int
    seconds: float
    win_rate: float
    mean_return: float
    raw_bytes: int
    disk_bytes: int
    incidents: Incidents

    def facts(self) -> dict[str, str]:
        """The report in words, for the terminal."""
        told = {
            "episodes": f"{self.episodes:,} ({self.new_episodes:,} new)",
            "steps": f"{self.steps:,} ({self.new_steps:,} new)",
            "win rate": f"{self.win_rate:.1%}",
            "mean return": f"{self.mean_return:.2f}",
            "steps/s": f"{self.new_steps / self.seconds:,.0f}" if self.new_steps else "-",
            "on disk": f"{size(self.disk_bytes)} ({self.raw_bytes / self.disk_bytes:.1f}x compressed)",
        }
        failures = self.incidents.failures.most_common()
        told |= {f"game failed, {cause}": f"{count} x" for cause, count in failures}
        if failures:
            told["played again"] = f"{counted(self.incidents.discarded, 'episode')} that the game failed in"
        return told


def collect(
    scenario: Scenario,
    out: Path,
    episodes: int,
    policy_name: str | Policy = "mixture",
    seed: int = 0,
    workers: int = 1,
    purpose: str = "collect",
    progress: bool = True,
    venue: Venue = EMBEDDED,
    display: Progress | None = None,
) -> CollectReport:
    """Fill the store ``out`` up to ``episodes`` episodes in all; what is there already stays.

    An episode's bytes depend on seed, purpose, scenario, policy and its index only: not on how many workers play, nor
    on interruptions. (StarCraft II does not repeat a battle: there they depend on what it played before, too.) The
    policy is one of :data:`collectors.policies.POLICIES`, by its name, or any other. A ``display`` whose lines have a
    ``note`` shows how far it is instead of one of its own.

    Raises:
        BadArgument: fewer than one episode or worker, or an unknown policy.
        ScenarioUnsupported: the scenario cannot be played there.
        StarCraftMissing, GameFailed: there is no game, or it keeps failing.
        StoreMismatch: ``out`` was collected with other settings.
        StoreBusy, StoreBroken, StoreMissing, DiskFull: as :class:`s2rm_sc2.store.StoreWriter` raises them.
        WorkerDied: a worker process was killed.
    """
    for name, number in (("--episodes", episodes), ("--workers", workers)):
        if number < 1:
            raise BadArgument(f"{name} is {number}; give at least 1.")
    player = policy(policy_name) if isinstance(policy_name, str) else policy_name
    incidents = Incidents()
    settings = settings_of(scenario, player, seed, purpose, venue, incidents)
    with StoreWriter.open(out, settings) as writer:
        before = writer.n_episodes, writer.n_steps
        plans = remaining(writer.n_episodes, episodes, seed, purpose, scenario.name)
        started = time.perf_counter()
        with closing(_played(settings, player, plans, venue, incidents, workers)) as played:
            _write(writer, played, len(plans), progress, display)
        seconds = time.perf_counter() - started
    return _report(out, before, seconds, incidents)


def fitting_workers(episodes: int) -> int:
    """As many processes as pay for this many episodes, and no more than there are cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, episodes // EPISODES_PER_WORKER))


def _played(
    settings: StoreSettings,
    player: Policy,
    plans: list[EpisodePlan],
    venue: Venue,
    incidents: Incidents,
    workers: int,
) -> Generator[Episode, None, None]:
    if workers > 1:
        return play_in_processes(settings, player, plans, venue, incidents, workers)
    return play(settings, player, plans, venue, incidents)


def _write(
    writer: StoreWriter, played: Iterator[Episode], total: int, progress: bool, display: Progress | None
) -> None:
    """Commit the episodes as they come, in groups; whatever ends the playing, what was played is kept."""
    group: list[Episode] = []
    waiting, due = 0, time.monotonic()
    with _Display(writer.settings.scenario.name, total, progress, display) as line:
        try:
            for episode in played:
                group.append(episode)
                waiting += episode.nbytes
                line.show(episode)
                if waiting >= COMMIT_BYTES or time.monotonic() >= due:
                    ready, group, waiting = group, [], 0
                    writer.append(ready)
                    due = time.monotonic() + COMMIT_SECONDS
        finally:
            if group:  # what ended the writing closed the writer
                writer.append(group)


def _report(out: Path, before: tuple[int, int], seconds: float, incidents: Incidents) -> CollectReport:
    store = EpisodeStore.open(out)
    arrays = store.arrays()
    return CollectReport(
        path=out,
        episodes=store.n_episodes,
        steps=store.n_steps,
        new_episodes=store.n_episodes - before[0],
        new_steps=store.n_steps - before[1],
        seconds=seconds,
        win_rate=float(store.per_episode("battle_won").mean()),
        mean_return=float(store.per_episode("return").mean()),
        raw_bytes=sum(array.raw_bytes for array in arrays),
        disk_bytes=sum(array.disk_bytes for array in arrays),
        incidents=incidents,
    )


class _Display:
    """A progress line on stderr: episodes, steps per second, win rate, time left."""

    def __init__(self, title: str, total: int, shown: bool, display: Progress | None) -> None:
        self._lent = display is not None
        self._progress = display or Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not shown or total == 0,
        )
        self._task = self._progress.add_task(title, total=total, note="", visible=total > 0)
        self._episodes = self._steps = self._won = 0
        self._started = time.perf_counter()

    def __enter__(self) -> "_Display":
        if not self._lent:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._lent:
            self._progress.update(self._task, visible=False)
        else:
            self._progress.stop()

    def show(self, episode: Episode) -> None:
        """Count one more episode."""
        self._episodes += 1
        self._steps += episode.n_steps
        self._won += episode.battle_won
        speed = self._steps / max(time.perf_counter() - self._started, 1e-9)
        note = f"{speed:,.0f} steps/s, {self._won / self._episodes:.0%} won"
        self._progress.update(self._task, completed=self._episodes, note=note)
