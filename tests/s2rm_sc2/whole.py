"""What every episode of a store must be, however often the game failed: one battle from its start to its end."""

import numpy as np

from s2rm_sc2.store import EpisodeStore


def check_whole(store: EpisodeStore) -> None:
    for index in range(store.n_episodes):
        episode = store.episode(index)
        alive, health = episode.units["alive"].astype(np.bool_), episode.units["health"]
        full = [unit.health for unit in store.scenario.unit_types]
        assert alive[0].all()
        assert (health[0] == full).all()
        assert not (alive[1:] & ~alive[:-1]).any(), "somebody rose from the dead"
        over = episode.terminated | episode.truncated
        assert not over[:-2].any()
        assert over[-2:].all()
        walked = np.hypot(*(np.diff(episode.units[axis], axis=0) for axis in "xy"))
        assert walked.max() < 2.0
