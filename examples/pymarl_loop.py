"""PyMARL's loop over episodes, as its runners have it, in a dream instead of the game.

``python examples/pymarl_loop.py runs/mine 3s5z``
"""

import sys
from functools import partial

import numpy as np

from s2rm_sc2.backends.learned import LearnedBackend
from s2rm_sc2.envs.multi_agent import StarCraft2Env
from worldmodel.simulator import load


def play(run: str, scenario: str, episodes: int) -> list[float]:
    """Play episodes with random available actions; returns what they returned."""
    env = StarCraft2Env(map_name=scenario, seed=0, backend=partial(LearnedBackend, model=load(run)))
    rng, returns = np.random.default_rng(0), []
    for _ in range(episodes):
        env.reset()
        terminated, episode_return = False, 0.0
        while not terminated:
            _, _, avail = env.get_obs(), env.get_state(), env.get_avail_actions()
            reward, terminated, _ = env.step([rng.choice(np.flatnonzero(mask)) for mask in avail])
            episode_return += reward
        returns.append(episode_return)
    env.close()
    return returns


if __name__ == "__main__":
    number = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    found = play(sys.argv[1], sys.argv[2], number)
    print("returns of dreamt episodes:", [round(value, 3) for value in found])
