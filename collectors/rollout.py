"""Playing many battles side by side into whole episodes, in order.

A battle that ends makes place for the next episode at once. What an episode holds depends on its plan alone, never
on the battles beside it.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from collectors.plan import EpisodePlan
from collectors.policies import Policy
from collectors.venue import EMBEDDED, Incidents, Venue
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.episode import ROW_FIELDS, Episode
from s2rm_sc2.errors import BattleLost, StoreMismatch
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.store import StoreSettings
from s2rm_sc2.table import FIELDS

MOST_BATTLES = 128
"""Battles side by side at most: enough to hide the cost of calling torch, few enough for the CPU's caches."""

RECORD_BYTES = 256 << 20
"""Memory for the episodes in progress; large scenarios play fewer battles side by side."""


def settings_of(
    scenario: Scenario,
    policy: Policy,
    seed: int,
    purpose: str,
    venue: Venue = EMBEDDED,
    incidents: Incidents | None = None,
) -> StoreSettings:
    """What a store of these episodes writes down; a game is started to say what it is.

    Raises:
        ScenarioUnsupported: the scenario cannot be played there.
        StarCraftMissing, GameFailed: there is no game, or it does not start.
    """
    battles = venue.open(scenario, 1, 0, Incidents() if incidents is None else incidents)
    with closing(battles):
        backend = battles.backend.describe()
    return StoreSettings(
        scenario=scenario,
        backend=backend,
        policy=policy.name,
        scripts=policy.scripts,
        seed=seed,
        purpose=purpose,
        observation_columns=battles.views.observation_columns,
        state_columns=battles.views.state_columns,
        action_names=battles.views.action_names,
    )


def play(
    settings: StoreSettings,
    policy: Policy,
    plans: Sequence[EpisodePlan],
    venue: Venue = EMBEDDED,
    incidents: Incidents | None = None,
    worker: int = 0,
) -> Generator[Episode, None, None]:
    """Play the planned episodes; they come in the order of the plans. What goes wrong is added to ``incidents``.

    Torch uses one thread meanwhile: on tensors as small as these, several are many times slower.

    Raises:
        StoreMismatch: the game is not the one that the settings describe.
        StarCraftMissing, GameFailed: there is no game, or it keeps failing.
    """
    if not plans:
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    incidents = Incidents() if incidents is None else incidents
    battles = venue.open(settings.scenario, _side_by_side(settings, len(plans)), worker, incidents)
    finished: dict[int, Episode] = {}
    try:
        _check(battles, settings)
        rollout = _Rollout(battles, settings, policy, plans, incidents)
        for plan in plans:
            while plan.index not in finished:
                finished |= {episode.index: episode for episode in rollout.step()}
            yield finished.pop(plan.index)
    finally:
        battles.close()
        torch.set_num_threads(threads)


def _side_by_side(settings: StoreSettings, episodes: int) -> int:
    """As many battles as are worth playing at once."""
    rows = settings.scenario.limit + 1
    episode_bytes = rows * sum(spec.row_bytes for spec in settings.arrays() if spec.per == "row")
    return max(1, min(MOST_BATTLES, episodes, RECORD_BYTES // episode_bytes))


def _check(battles: BatchedBattles, settings: StoreSettings) -> None:
    found = battles.backend.describe()
    if found != settings.backend:
        raise StoreMismatch(
            f"The game says that it is {found}, but the store's episodes were played in {dict(settings.backend)}; "
            "use the same game, or collect into another store with --out."
        )


class _Rollout:
    """B battles in progress and the rows recorded of each."""

    def __init__(
        self,
        battles: BatchedBattles,
        settings: StoreSettings,
        policy: Policy,
        plans: Sequence[EpisodePlan],
        incidents: Incidents,
    ) -> None:
        scenario, B = settings.scenario, battles.n_battles
        specs = [spec for spec in settings.arrays() if spec.per == "row"]
        self.battles, self.policy, self.incidents = battles, policy, incidents
        self.waiting = iter(plans)
        self.record: dict[str, npt.NDArray[Any]] = {
            spec.name: np.zeros((B, scenario.limit + 1, *spec.tail), spec.dtype) for spec in specs
        }
        self.plans: list[EpisodePlan | None] = [None] * B
        self.draws = np.zeros((B, scenario.limit, 2, scenario.n_agents))
        self.script = [policy.scripts[0]] * B
        self.epsilon = np.zeros(B)
        self.row = np.zeros(B, np.int64)  # the row to be written next
        self.won = np.zeros(B, np.bool_)
        self.due = self._next(range(B))  # episodes to be begun, by slot; where that fails, the finished are handed over

    def step(self) -> list[Episode]:
        """Begin what is due, record what stands, play one step, and hand over the episodes that were over before it."""
        battles, slots = self.battles, np.arange(self.battles.n_battles)
        self._start(self.due)
        self._see(slots)
        over = [slot for slot in torch.where(battles.done)[0].tolist() if self.plans[slot] is not None]
        episodes = [self._take(slot) for slot in over]
        active = np.flatnonzero(~battles.done.numpy())
        if len(active):
            now = np.minimum(self.row, self.draws.shape[1] - 1)  # a finished battle may stand beyond the last
            drawn = (self.epsilon, self.draws[slots, now])
            actions = self.policy.act(battles, self.script, *map(torch.from_numpy, drawn))
            try:
                result = battles.step(actions)
            except BattleLost:
                self.incidents.discarded += len(active)
                again = {slot: plan for slot in active.tolist() if (plan := self.plans[slot]) is not None}
                self.due = again | self._next(over)
                return episodes
            at = (active, self.row[active])
            self.record["action"][at] = actions.numpy()[active]
            for name in ("reward", "terminated", "truncated"):
                self.record[name][at] = getattr(result, name).numpy()[active]
            self.won = result.won.numpy().copy()
            self.row[active] += 1
        self.due = self._next(over)
        return episodes

    def _see(self, slots: npt.NDArray[np.int64]) -> None:
        """Write what is seen and true now into the current row of every battle."""
        battles, at = self.battles, (slots, self.row)
        self.record["observation"][at] = battles.observation().numpy()
        self.record["state"][at] = battles.state().numpy()
        self.record["available_actions"][at] = battles.available_actions().numpy()
        self.record["position"][at] = battles.positions().numpy()
        self.record["visible"][at] = battles.visible().numpy()
        for name in FIELDS:
            self.record[f"units/{name}"][at] = getattr(battles.units, name).numpy()

    def _take(self, slot: int) -> Episode:
        """The finished episode of a slot, its closing row completed."""
        plan, last = self.plans[slot], int(self.row[slot])
        assert plan is not None
        for name in ("action", "reward"):
            self.record[name][slot, last] = 0
        for name in ("terminated", "truncated"):
            self.record[name][slot, last] = self.record[name][slot, last - 1]
        rows = {name: array[slot, : last + 1].copy() for name, array in self.record.items()}
        return Episode(
            index=plan.index,
            seed=plan.battle_seed,
            policy=self.script[slot],
            epsilon=float(self.epsilon[slot]),
            battle_won=bool(self.won[slot]),
            **{name: rows[name] for name in ROW_FIELDS},
            units={name: rows[f"units/{name}"] for name in FIELDS},
        )

    def _next(self, slots: Sequence[int]) -> dict[int, EpisodePlan]:
        """The next plans, for these slots; a slot without one left stands still from now on."""
        for slot in slots:
            self.plans[slot] = next(self.waiting, None)
        return {slot: plan for slot in slots if (plan := self.plans[slot]) is not None}

    def _start(self, plans: Mapping[int, EpisodePlan]) -> None:
        """Begin these episodes, each in its slot."""
        for slot, plan in plans.items():
            rng = np.random.default_rng(plan.policy_seed)
            self.script[slot], self.epsilon[slot] = self.policy.draw(rng)
            self.draws[slot] = rng.random(self.draws.shape[1:])
            self.row[slot] = 0
        if plans:
            self.battles.reset([plan.battle_seed for plan in plans.values()], list(plans))
