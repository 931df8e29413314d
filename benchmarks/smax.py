"""Speed of SMAX, JaxMARL's battles, under random available actions against its scripted enemies; needs jaxmarl.

The whole loop is compiled, as its users run it; battles that end start anew by themselves.
Run: ``python benchmarks/smax.py NAME BATTLES SECONDS`` for one line of JSON.
"""

import json
import sys
import time
from typing import Any, cast

import jax
import jax.numpy as jnp
from jaxmarl import make
from jaxmarl.environments.smax import map_name_to_scenario

Carry = tuple[Any, Any, Any]
"""Random key, state of the battle, observations."""

STEPS = 64
"""Env steps of one compiled call."""


def measure(name: str, n_battles: int, seconds: float) -> dict[str, float]:
    """Env steps a second of battles side by side."""
    env = make("HeuristicEnemySMAX", scenario=map_name_to_scenario(name))

    def step(carry: Carry, _: None) -> tuple[Carry, object]:
        key, state, _ = carry
        key, choice, game = jax.random.split(key, 3)
        masks = env.get_avail_actions(state)
        actions = {
            agent: jax.random.categorical(jax.random.fold_in(choice, number), jnp.where(masks[agent], 0.0, -1e9))
            for number, agent in enumerate(env.agents)
        }
        observations, state, rewards, _, _ = env.step(game, state, actions)
        return (key, state, observations), rewards[env.agents[0]]

    def play(carry: Carry) -> Carry:
        last, _ = jax.lax.scan(step, carry, None, STEPS)
        return cast(Carry, last)

    def start(keys: jax.Array) -> Carry:
        key, first = jax.random.split(keys)
        observations, state = env.reset(first)
        return key, state, observations

    carry = jax.jit(jax.vmap(start))(jax.random.split(jax.random.PRNGKey(0), n_battles))
    run = jax.jit(jax.vmap(play))
    for _ in range(2):  # the types of what a reset returns differ a little, so a second call compiles once more
        carry = jax.block_until_ready(run(carry))
    calls, begun = 0, time.perf_counter()
    while calls < 1 or time.perf_counter() - begun < seconds:
        carry = jax.block_until_ready(run(carry))
        calls += 1
    total = time.perf_counter() - begun
    return {"steps/s": calls * STEPS * n_battles / total}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))
