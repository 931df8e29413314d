"""Writes ``smac_vectors.npz``: random unit tables, and what SMAC's own code makes of them.

Run from the repository's root where oxwhirl's SMAC is installed: ``python -m tests.s2rm_sc2.record_smac``.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from s2rm_sc2 import scenarios
from s2rm_sc2.views import SmacOptions, SmacViews
from tests.s2rm_sc2.oxwhirl import OPTION_SETS
from tests.s2rm_sc2.test_views_against_smac import random_table, smac_env, smac_step, stand_ins

FILE = Path(__file__).with_name("smac_vectors.npz")
MAPS = ("3m", "2m_vs_1z", "2s3z", "1c3s5z", "6h_vs_8z", "MMM")
N_TABLES = 2
REALS = ("x", "y", "health", "shield", "energy", "cooldown")


def record(name: str, keywords: dict[str, Any], seed: int) -> dict[str, npt.NDArray[Any]]:
    """Tables before and after a step, last actions and clocks; masks, vectors and rewards of SMAC."""
    scenario, rng = scenarios.get(name), np.random.default_rng([seed, *name.encode()])
    env, views = smac_env(scenario, keywords), SmacViews(scenario, SmacOptions(**keywords))
    before, after = (random_table(scenario, rng, N_TABLES) for _ in range(2))
    alive = before.alive & after.alive
    health, shield = after.health.clamp(min=0.01) * alive, after.shield * alive
    last = (
        rng.integers(1, views.n_actions, (N_TABLES, scenario.n_agents)) * before.alive[:, : scenario.n_agents].numpy()
    )
    steps = rng.integers(0, scenario.limit + 1, N_TABLES)
    after = replace(after, alive=alive, health=health, shield=shield)
    rows: dict[str, list[Any]] = {key: [] for key in ("available", "observation", "state", "visible", "reward")}
    for battle in range(N_TABLES):
        env.agents, env.enemies = stand_ins(before, battle, scenario)
        env.last_action = np.eye(views.n_actions)[last[battle]]
        env._episode_steps = int(steps[battle])
        rows["available"].append(env.get_avail_actions())
        rows["observation"].append(env.get_obs())
        rows["state"].append(env.get_state())
        rows["visible"].append(env.get_visibility_matrix())
        rows["reward"].append(smac_step(env, scenario, before, after, battle)[0])
    kinds = {"available": np.bool_, "visible": np.bool_}
    vectors = {key: np.array(values, kinds.get(key, np.float32)) for key, values in rows.items()}
    reals = [getattr(before, field) for field in REALS] + [after.health, after.shield]
    wholes = [before.type, before.team, before.alive, after.alive]
    return {
        "real": np.stack([field.numpy() for field in reals], 1),
        "whole": np.stack([field.numpy().astype(np.int8) for field in wholes], 1),
        "last": last.astype(np.int8),
        "steps": steps.astype(np.int16),
        **vectors,
    }


def main() -> None:
    """Record all maps with all sets of options."""
    cases = [(name, keywords) for name in MAPS for keywords in OPTION_SETS]
    arrays: dict[str, Any] = {"cases": np.array(json.dumps(cases))}
    for number, (name, keywords) in enumerate(cases):
        arrays |= {f"{number}/{key}": value for key, value in record(name, keywords, number).items()}
    np.savez_compressed(FILE, **arrays)


if __name__ == "__main__":
    main()
