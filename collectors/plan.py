"""What to play: which episodes of a collection are still missing, and the seeds of each."""

from dataclasses import dataclass

from s2rm_sc2 import seeds


@dataclass(frozen=True)
class EpisodePlan:
    """One episode to play; its seeds depend on the collection's seed, purpose and scenario, and on ``index``.

    Attributes:
        index: the episode's number in the collection.
        battle_seed: 64-bit seed of the battle.
        policy_seed: 64-bit seed of the policy's generator.
    """

    index: int
    battle_seed: int
    policy_seed: int


def remaining(n_committed: int, n_wanted: int, seed: int, purpose: str, scenario: str) -> list[EpisodePlan]:
    """The episodes ``n_committed`` to ``n_wanted - 1`` of a collection; none where they are all there."""
    return [
        EpisodePlan(
            index=index,
            battle_seed=seeds.number(seed, purpose, scenario, index, "battle"),
            policy_seed=seeds.number(seed, purpose, scenario, index, "policy"),
        )
        for index in range(n_committed, n_wanted)
    ]


def share(plans: list[EpisodePlan], worker: int, workers: int, block: int) -> list[EpisodePlan]:
    """The plans of one worker: every ``workers``-th block of ``block`` plans, beginning with block ``worker``."""
    return [plan for place, plan in enumerate(plans) if place // block % workers == worker]
