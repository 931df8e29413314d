"""Speed of the embedded engine under random available actions: env steps a second, and where the time goes.

An env step is 8 game loops of one battle with masks and observations; battles that end start anew.
Run: ``python -m benchmarks.engine NAME BATTLES SECONDS`` for one line of JSON (BATTLES 0: the one-battle SMAC API).
"""

import json
import sys
import time
from collections import defaultdict

import numpy as np
import torch

from collectors.policies import choose
from collectors.scripts import SCRIPTS
from s2rm_sc2 import scenarios
from s2rm_sc2.envs.batched import BatchedBattles
from s2rm_sc2.envs.multi_agent import StarCraft2Env

WARM_UP = 5
"""Rounds that compile and fill the caches."""


def batched(name: str, n_battles: int, seconds: float) -> dict[str, float]:
    """Play battles side by side; microseconds per env step of each part, of all, and env steps a second."""
    battles = BatchedBattles(scenarios.get(name), n_battles)
    battles.reset(range(n_battles))
    draws, seed = torch.Generator().manual_seed(0), n_battles
    shape = (n_battles, 2, battles.scenario.n_agents)
    script, epsilon = torch.full((n_battles,), SCRIPTS.index("random")), torch.ones(n_battles, dtype=torch.float64)
    spent: defaultdict[str, float] = defaultdict(float)
    rounds, begun = -WARM_UP, time.perf_counter()
    while rounds < 1 or time.perf_counter() - begun < seconds:
        if rounds == 0:
            spent.clear()
            begun = time.perf_counter()
        marks = [time.perf_counter()]
        battles.available_actions()
        marks.append(time.perf_counter())
        battles.observation()
        marks.append(time.perf_counter())
        actions = choose(battles, script, epsilon, torch.rand(shape, generator=draws, dtype=torch.float64))
        marks.append(time.perf_counter())
        battles.step(actions)
        if battles.done.any():
            over = torch.where(battles.done)[0].tolist()
            battles.reset(range(seed, seed + len(over)), over)
            seed += len(over)
        marks.append(time.perf_counter())
        for part, start, end in zip(("masks", "observations", "policy", "battle"), marks, marks[1:], strict=False):
            spent[part] += end - start
        rounds += 1
    total = sum(spent.values())
    per_step = {part: part_time / (rounds * n_battles) * 1e6 for part, part_time in spent.items()}
    return {**per_step, "all": total / (rounds * n_battles) * 1e6, "steps/s": rounds * n_battles / total}


def one_battle(name: str, seconds: float) -> dict[str, float]:
    """Play through SMAC's interface as its learners do: masks, observations and state after every step."""
    env, rng = StarCraft2Env(name, seed=0), np.random.default_rng(0)
    env.reset()
    for _ in range(WARM_UP):
        _one_step(env, rng)
    steps, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        _one_step(env, rng)
        steps += 1
    total = time.perf_counter() - begun
    return {"all": total / steps * 1e6, "steps/s": steps / total}


def _one_step(env: StarCraft2Env, rng: np.random.Generator) -> None:
    env.get_obs()
    env.get_state()
    masks = np.asarray(env.get_avail_actions())
    chosen = (masks * rng.random(masks.shape)).argmax(-1)
    _, terminated, _ = env.step(chosen.tolist())
    if terminated:
        env.reset()


def main() -> None:
    """Measure what the arguments say and print it as JSON."""
    name, n_battles, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    torch.set_num_threads(1)
    print(json.dumps(batched(name, n_battles, seconds) if n_battles else one_battle(name, seconds)))


if __name__ == "__main__":
    main()
