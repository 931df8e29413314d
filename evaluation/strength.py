"""How often each policy wins each scenario: battles from fixed seeds, played side by side, nothing recorded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

from collectors.plan import EpisodePlan, remaining
from collectors.policies import POLICIES, Policy, policy
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.errors import BadArgument, ScenarioUnsupported
from s2rm_sc2.scenarios import Scenario, get

PURPOSE = "strength"
"""Names the seeds of these battles; no collected episode shares them."""

SIDE_BY_SIDE = 256
"""Battles played at once at most: what they hold together stays in the CPU's caches and in memory."""

Z = 1.96
"""Standard deviations either side of a mean that hold 95 % of a normal distribution."""


@dataclass(frozen=True)
class Strength:
    """How a policy does on a scenario.

    Attributes:
        scenario, policy: who played what.
        episodes, won: battles played and won.
        length: mean steps of a battle.
        mean_return: mean sum of a battle's rewards (a clean win of SMAC's default reward is 20).
        refused: why the scenario cannot be played; empty where it can.
    """

    scenario: str
    policy: str
    episodes: int
    won: int
    length: float
    mean_return: float = 0.0
    refused: str = ""

    @property
    def rate(self) -> float:
        """Share of battles won."""
        return self.won / max(self.episodes, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the win rate."""
        return wilson(self.rate, max(self.episodes, 1))

    def __str__(self) -> str:
        """``94±4 25``: won, half of the interval (both %), mean steps."""
        low, high = self.interval
        return "refused" if self.refused else f"{self.rate * 100:.0f}±{(high - low) * 50:.0f} {self.length:.0f}"


def wilson(rate: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share that was found in ``n`` trials."""
    middle = (rate + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(rate * (1 - rate) / n + Z * Z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def strengths(scenarios: Sequence[Scenario], policies: Sequence[str], episodes: int, seed: int) -> Iterator[Strength]:
    """Let every policy play every scenario; all policies meet the same battles.

    Raises:
        BadArgument: fewer than one episode, or an unknown policy.
    """
    if episodes < 1:
        raise BadArgument(f"--episodes is {episodes}; give at least 1.")
    players = [policy(name) for name in policies]
    return (strength(scenario, player, episodes, seed) for scenario in scenarios for player in players)


def table(names: Sequence[str], policies: Sequence[str] | None, episodes: int, seed: int) -> Table:
    """What :func:`strengths` finds, a row per scenario and a column per policy (all by default); progress on stderr."""
    chosen = policies or list(POLICIES)
    played = strengths([get(name) for name in names], chosen, episodes, seed)
    shown = Table(title=f"Battles won of {episodes}", title_justify="left", box=SIMPLE_HEAD, padding=0)
    for column in ("name", *chosen):
        shown.add_column(column, no_wrap=column == "name")
    rows: dict[str, list[str]] = {}
    refusals: dict[str, str] = {}
    for found in track(played, "playing", len(names) * len(chosen), console=Console(stderr=True)):
        rows.setdefault(found.scenario, []).append(str(found))
        if found.refused:
            refusals[found.scenario] = found.refused
    for scenario, cells in rows.items():
        shown.add_row(scenario, *cells)
    meaning = "% won ± half of the 95 % interval, then a battle's mean steps."
    shown.caption = "\n".join([meaning, *refusals.values()])
    return shown


def strength(scenario: Scenario, player: Policy, episodes: int, seed: int, purpose: str = PURPOSE) -> Strength:
    """Let a policy play ``episodes`` battles of a scenario; equal seeds and purposes, equal battles."""
    plans = remaining(0, episodes, seed, purpose, scenario.name)
    won, steps, returns = 0, 0, 0.0
    for first in range(0, episodes, SIDE_BY_SIDE):
        try:
            battles, returned = _played(scenario, player, plans[first : first + SIDE_BY_SIDE])
        except ScenarioUnsupported as error:
            return Strength(scenario.name, player.name, 0, 0, 0.0, refused=str(error))
        won, steps = won + int(battles.won.sum()), steps + int(battles.steps.sum())
        returns += returned
        battles.close()
    return Strength(scenario.name, player.name, episodes, won, steps / episodes, returns / episodes)


def _played(scenario: Scenario, player: Policy, plans: Sequence[EpisodePlan]) -> tuple[BatchedBattles, float]:
    """The planned battles, at their end, and the sum of all their rewards."""
    battles = BatchedBattles(scenario, len(plans))
    streams = [np.random.default_rng(plan.policy_seed) for plan in plans]
    scripts, shares = zip(*(player.draw(stream) for stream in streams), strict=True)
    epsilon = torch.tensor(shares, dtype=torch.float64)
    battles.reset([plan.battle_seed for plan in plans])
    returns = 0.0
    while not battles.done.all():
        draws = np.stack([stream.random((2, scenario.n_agents)) for stream in streams])
        result = battles.step(player.act(battles, scripts, epsilon, torch.from_numpy(draws)))
        returns += float(result.reward.double().sum())
    return battles, returns
