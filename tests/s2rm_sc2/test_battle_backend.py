"""The embedded backend: determinism, independence of battles, starts, refusals, and what holds in any battle."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from s2rm_sc2 import scenarios
from s2rm_sc2.backends.embedded import EmbeddedBackend
from s2rm_sc2.errors import BadArgument, ScenarioUnsupported
from s2rm_sc2.seeds import number
from s2rm_sc2.table import FIELDS, UnitTable
from tests.invariants import check_apart, check_ground, check_numbers, check_walls

ROOT = Path(__file__).parents[2]


def random_actions(backend: EmbeddedBackend, generators: list[np.random.Generator]) -> Tensor:
    n, m = backend.scenario.n_agents, backend.scenario.n_enemies
    return torch.from_numpy(np.stack([generator.integers(0, 6 + m, n) for generator in generators]))


def play(name: str, seeds: list[int], steps: int, each_step: Callable[[UnitTable], None] | None = None) -> UnitTable:
    backend = EmbeddedBackend(scenarios.get(name), len(seeds))
    backend.reset(seeds)
    generators = [np.random.default_rng(seed) for seed in seeds]
    for _ in range(steps):
        backend.step(random_actions(backend, generators))
        if each_step is not None:
            each_step(backend.units)
    return backend.units.clone()


def digest(units: UnitTable) -> str:
    return hashlib.sha256(b"".join(getattr(units, name).numpy().tobytes() for name in FIELDS)).hexdigest()


@pytest.mark.parametrize("name", ["3s5z", "MMM2", "corridor", "10gen_zerg", "3x2s3z", "1c3s5z,opponent=kite"])
def test_a_battle_plays_the_same_alone_and_in_any_batch(name: str) -> None:
    seeds = [number(0, "batch", index) for index in range(256)]
    places = np.random.default_rng(0).permutation(256)
    together, shuffled = play(name, seeds, 40), play(name, [seeds[place] for place in places], 40)
    assert digest(together[torch.from_numpy(places)]) == digest(shuffled)
    assert digest(together) != digest(shuffled)
    for i in range(0, 256, 17):
        assert digest(together[i : i + 1]) == digest(play(name, seeds[i : i + 1], 40))


def test_a_reset_of_some_battles_leaves_the_others() -> None:
    backend = EmbeddedBackend(scenarios.get("3m"), 3)
    backend.reset([1, 2, 3])
    generators = [np.random.default_rng(seed) for seed in (1, 2, 3)]
    for _ in range(10):
        backend.step(random_actions(backend, generators))
    before = backend.units.clone()
    backend.reset([9], battles=[1])
    assert digest(backend.units[0:1]) == digest(before[0:1])
    assert digest(backend.units[2:3]) == digest(before[2:3])
    fresh = EmbeddedBackend(scenarios.get("3m"), 1)
    fresh.reset([9])
    assert digest(backend.units[1:2]) == digest(fresh.units)


def test_inactive_and_decided_battles_stand_still() -> None:
    backend = EmbeddedBackend(scenarios.get("3m"), 2)
    before = backend.units.clone()
    actions = torch.full((2, 3), 2)
    backend.step(actions, active=torch.tensor([False, True]))
    assert digest(backend.units[0:1]) == digest(before[0:1])
    assert digest(backend.units[1:2]) != digest(before[1:2])
    backend.units.health[1, 3:] = 0.0
    backend.units.alive[1, 3:] = False
    before = backend.units.clone()
    backend.step(actions)
    assert digest(backend.units[1:2]) == digest(before[1:2])


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    names = ["2s3z", "MMM2", "10gen_zerg", "3x2s3z"]
    program = (
        "import sys\n"
        "from tests.s2rm_sc2.test_battle_backend import digest, play\n"
        "for name in sys.argv[1:]: print(digest(play(name, [3, 4], 30)))\n"
    )
    there = subprocess.run(
        [sys.executable, "-c", program, *names], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert there.stdout.split() == [digest(play(name, [3, 4], 30)) for name in names]


def test_the_second_process_compiles_nothing() -> None:
    program = (
        "from s2rm_sc2 import scenarios\n"
        "from s2rm_sc2.battle import loop\n"
        "from s2rm_sc2.backends.embedded import EmbeddedBackend\n"
        "import torch\n"
        "for name in ('3m', '1c3s5z'):\n"
        "    b = EmbeddedBackend(scenarios.get(name), 2)\n"
        "    b.step(torch.ones(2, b.scenario.n_agents, dtype=torch.int64))\n"
        "entry = loop._advance_all\n"
        "print(sum(entry.stats.cache_misses.values()), len(entry.signatures))\n"
    )
    play("3m", [0], 1)
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert there.stdout.split() == ["0", "1"]  # and one compilation serves every size


def test_more_units_than_room_are_refused() -> None:
    with pytest.raises(ScenarioUnsupported, match="room"):
        EmbeddedBackend(scenarios.get("900c"), 1)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(BadArgument, match="at least 1"):
        EmbeddedBackend(scenarios.get("3m"), 0)
    with pytest.raises(BadArgument, match="2 battles"):
        EmbeddedBackend(scenarios.get("3m"), 2).reset([1])


@pytest.mark.parametrize("name", [*scenarios.smac_names(), "2z3s_vs_4m2h@flat"])
def test_starts_are_sorted_packed_and_on_the_ground(name: str) -> None:
    scenario = scenarios.get(name)
    backend = EmbeddedBackend(scenario, 4)
    units = backend.units
    assert tuple(units.type[0].tolist()) == scenario.type_indices
    assert units.team[0].tolist() == [0] * scenario.n_agents + [1] * scenario.n_enemies
    for battle in range(4):
        keys = list(
            zip(
                [unit.name for unit in scenario.unit_types[: scenario.n_agents]],
                units.x[battle].tolist(),
                units.y[battle].tolist(),
                strict=False,
            )
        )
        assert keys == sorted(keys)
    assert units.alive.all()
    check_numbers(units)
    check_ground(units, scenario)
    check_walls(units, scenario)
    check_apart(units, overlap=0.0)
    n = scenario.n_agents
    centre = torch.tensor([[group.x, group.y] for group in scenario.allies for _ in range(group.count)]).mean(0)
    assert torch.allclose(units.x[:, :n].mean(1), centre[0], atol=1.25)
    assert torch.allclose(units.y[:, :n].mean(1), centre[1], atol=1.25)


def test_starts_differ_by_seed() -> None:
    backend = EmbeddedBackend(scenarios.get("8m"), 2)
    assert not torch.equal(backend.units.x[0], backend.units.x[1])


def test_the_goal_on_2m_vs_1z_lies_between_the_marines() -> None:
    backend = EmbeddedBackend(scenarios.get("2m_vs_1z"), 64)
    for _ in range(10):
        backend.step(torch.ones(64, 2, dtype=torch.int64))
    walked = backend.units.x[:, 2] - 16.0
    assert walked.min() < -0.3
    assert walked.max() > 0.3


def test_who_waits_at_a_terminal_for_the_engine_to_be_compiled_is_told_once(tmp_path: Path) -> None:
    code = (
        "from s2rm_sc2.battle.field import Field; from s2rm_sc2.battle.loop import undecided;"
        "from s2rm_sc2.scenarios import terrain; from s2rm_sc2.units import unit_type;"
        "undecided(Field(1, (unit_type('marine'),) * 2, (0, 1), terrain('flat')), 1)"
    )

    def said() -> str:
        terminal, end = os.openpty()
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, stderr=end, env=environment, check=True)
        os.write(end, b".")  # so that there is something to read
        os.close(end)
        read = os.read(terminal, 10_000).decode()
        os.close(terminal)
        return read

    assert said().count("Compiling the engine") == 1
    assert said() == "."
