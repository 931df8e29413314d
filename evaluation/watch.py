"""A battle to look at: played now, or taken from a store, and drawn as an animation and a strip of moments."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from collectors.plan import remaining
from collectors.policies import policy
from collectors.rollout import play, settings_of
from s2rm_sc2.draw import write_gif, write_strip
from s2rm_sc2.draw.field import whole_map
from s2rm_sc2.episode import Episode
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import Scenario
from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.table import FIELDS, UnitTable

MOMENTS = 5
"""Moments of a strip unless it is said which."""


def watch(
    scenario: Scenario,
    policy_name: str,
    seed: int,
    out: Path,
    agent: int | None = None,
    steps: Sequence[int] = (),
    overview: bool = False,
) -> list[Path]:
    """Plays one battle and draws it into ``out/battle.gif`` and ``out/strip.png``.

    Args:
        scenario: what is fought.
        policy_name: who plays, a name of :data:`collectors.policies.POLICIES`.
        seed: of the battle; the same seed gives the same pictures.
        out: the folder, made if need be.
        agent: whose sight is shown; by default the one that lives longest, in an overview nobody's.
        steps: the moments of the strip; by default five, evenly spread.
        overview: draw the whole map instead of where the units go.

    Raises:
        BadArgument: unknown policy, agent or step, or ``out`` is the name of a picture.
        ScenarioUnsupported: the engine cannot play the scenario.
    """
    player, out = policy(policy_name), _folder(out)
    settings = settings_of(scenario, player, seed, "watch")
    (episode,) = play(settings, player, remaining(0, 1, seed, "watch", scenario.name))
    return draw_episode(scenario, episode, out, agent, steps, overview)


def watch_recorded(
    path: Path,
    number: int,
    out: Path,
    agent: int | None = None,
    steps: Sequence[int] = (),
    overview: bool = False,
) -> list[Path]:
    """Draws episode ``number`` of the store at ``path`` as :func:`watch` draws a battle.

    Raises:
        BadArgument: the store has no such episode, the scenario no such agent, the episode no such step, or ``out`` is
            the name of a picture.
        StoreMissing, StoreBroken: the store cannot be read.
    """
    store, out = EpisodeStore.open(path), _folder(out)
    if not 0 <= number < store.n_episodes:
        raise BadArgument(f"--episode {number} is not in {path}, which holds episodes 0 to {store.n_episodes - 1}.")
    return draw_episode(store.scenario, store.episode(number), out, agent, steps, overview)


def draw_episode(
    scenario: Scenario, episode: Episode, out: Path, agent: int | None, steps: Sequence[int], overview: bool
) -> list[Path]:
    """Draws an episode into ``out/battle.gif`` and ``out/strip.png``; see :func:`watch`.

    Raises:
        BadArgument: the scenario has no such agent, the episode no such step.
    """
    tables = tables_of(episode)
    for step in steps:
        if not 0 <= step < len(tables.x):
            raise BadArgument(f"--step {step} is not in this battle, whose steps are 0 to {len(tables.x) - 1}.")
    if agent is None and not overview:
        agent = int(tables.alive[:, : scenario.n_agents].sum(0).argmax())
    if agent is not None and not 0 <= agent < scenario.n_agents:
        raise BadArgument(f"--agent {agent} is not in {scenario.name}, whose agents are 0 to {scenario.n_agents - 1}.")
    window = whole_map(scenario) if overview else None
    return [
        write_gif(out / "battle.gif", scenario, tables, agent, window),
        write_strip(out / "strip.png", scenario, tables, sorted(set(steps)) or MOMENTS, agent, window),
    ]


def _folder(out: Path) -> Path:
    if out.suffix.lower() in (".gif", ".png"):
        raise BadArgument(f"--out {out} is the name of a picture; give a folder, which gets battle.gif and strip.png.")
    return out


def tables_of(episode: Episode) -> UnitTable:
    """An episode's unit tables, fields ``[T + 1, U]``."""
    whole = {"type": np.int64, "team": np.int64, "alive": np.bool_}
    return UnitTable(*(torch.from_numpy(episode.units[name].astype(whole.get(name, np.float32))) for name in FIELDS))
