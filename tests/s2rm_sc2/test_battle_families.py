"""SMACv2's random teams and starts as the engine draws them."""

import numpy as np
import pytest
import torch

from s2rm_sc2 import scenarios
from s2rm_sc2.backends.embedded import EmbeddedBackend
from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.field import Field
from s2rm_sc2.battle.spawn import plan, spawn
from s2rm_sc2.errors import BadArgument
from s2rm_sc2.scenarios import TeamDraw
from s2rm_sc2.table import FIELDS, UnitTable
from s2rm_sc2.units import UNIT_TYPES, unit_type

BATTLES = 2000
RACES = {
    "protoss": {"stalker": 0.45, "zealot": 0.45, "colossus": 0.1},
    "terran": {"marine": 0.45, "marauder": 0.45, "medivac": 0.1},
    "zerg": {"zergling": 0.45, "hydralisk": 0.45, "baneling": 0.1},
}


def start(name: str, n_battles: int) -> Field:
    """Many starts of a family, battle i from seed i; whether the engine plays the types does not matter here."""
    scenario = scenarios.get(name)
    teams = (0,) * scenario.n_agents + (1,) * scenario.n_enemies
    field = Field(n_battles, scenario.ally_kinds[:1] * scenario.n_units, teams, scenario.terrain)
    spawn(field, plan(scenario), np.arange(n_battles), np.arange(n_battles, dtype=np.uint64), name)
    return field


def surrounded(field: Field, n_agents: int) -> np.ndarray:
    """Which battles have all allies close around the middle: bool ``[B]``."""
    allies = field.real[:, :2, :n_agents]
    return np.asarray((np.abs(allies - 16.0) < 7.0).all((1, 2)))


def equal(one: UnitTable, other: UnitTable) -> bool:
    return all(torch.equal(getattr(one, name), getattr(other, name)) for name in FIELDS)


@pytest.mark.parametrize(("race", "odds"), RACES.items())
def test_types_are_drawn_by_their_weights(race: str, odds: dict[str, float]) -> None:
    types = start(f"{race}_5_vs_5", BATTLES).whole[:, r.TYPE, :5]
    for name, weight in odds.items():
        share = (types == unit_type(name).index).mean()
        assert abs(share - weight) < 0.02, name  # five standard deviations of 10,000 draws


def test_a_lone_ally_is_never_an_exception() -> None:
    types = start("terran_1_vs_3", BATTLES).whole[:, r.TYPE]
    medivac = unit_type("medivac").index
    assert not (types[:, 0] == medivac).any()
    assert (types[:, 0] == types[:, 1]).all()
    extras = types[:, 2:] == medivac
    assert extras.any()
    assert not extras.all(1).any()  # extra enemies are drawn by the same rule
    assert (start("protoss_1_vs_1", BATTLES).whole[:, r.TYPE, 0] == unit_type("colossus").index).any()


@pytest.mark.parametrize(("name", "n_agents", "copied"), [("protoss_5_vs_5", 5, 5), ("protoss_5_vs_8", 5, 5)])
def test_the_enemies_are_a_copy_of_the_allies(name: str, n_agents: int, copied: int) -> None:
    types = start(name, 300).whole[:, r.TYPE]
    assert (np.sort(types[:, :n_agents]) == np.sort(types[:, n_agents : n_agents + copied])).all()


def test_fewer_enemies_are_part_of_the_copy() -> None:
    types = start("protoss_5_vs_3", 300).whole[:, r.TYPE]
    for battle in types:
        left = battle[:5].tolist()
        for enemy in battle[5:].tolist():
            left.remove(enemy)


def test_rows_are_those_of_their_type_and_agents_stand_in_order() -> None:
    field = start("zerg_5_vs_6", 100)
    for i, unit in enumerate(UNIT_TYPES):
        mine = field.whole[:, r.TYPE] == i
        for row, value in ((r.HEALTH, unit.health), (r.RADIUS, unit.radius), (r.STRIDE, unit.speed / 16)):
            assert (field.real[:, row][mine] == np.float32(value)).all()
        assert (field.whole[:, r.KIND][mine] == int(unit.walks_cliffs)).all()
    assert len(np.unique(field.whole[:, r.TYPE], axis=0)) > 50  # teams differ from battle to battle
    for types, (x, y) in zip(field.whole[:, r.TYPE, :5], field.real[:, :2, :5], strict=True):
        keys = [(UNIT_TYPES[kind].name, x[i], y[i]) for i, kind in enumerate(types)]
        assert keys == sorted(keys)


def test_half_of_the_battles_start_surrounded() -> None:
    share = surrounded(start("protoss_5_vs_5", BATTLES), 5).mean()
    assert 0.45 < share < 0.56


@pytest.mark.parametrize("name", ["protoss_5_vs_5", "protoss_5_vs_8", "terran_20_vs_20"])
def test_mirrored_starts_are_mirrored(name: str) -> None:
    field, n = start(name, 300), scenarios.get(name).n_agents
    mirrored = np.flatnonzero(~surrounded(field, n))
    for battle in mirrored:
        x, y = field.real[battle, :2].astype(np.float64)
        types, body = field.whole[battle, r.TYPE], field.real[battle, r.BODY]
        assert (x[:n] + body[:n] < 16.001).all()  # a clear line between the halves
        assert (x[n:] - body[n:] > 15.999).all()
        order, image = (np.lexsort((y[rows], types[rows])) for rows in (slice(n), slice(n, 2 * n)))
        assert (types[:n][order] == types[n : 2 * n][image]).all()
        assert np.allclose(x[:n][order], 32.0 - x[n : 2 * n][image], atol=1e-4)
        assert np.allclose(y[:n][order], y[n : 2 * n][image], atol=1e-4)
    assert np.ptp(field.real[mirrored, r.Y, :n]) > 30.0
    assert field.real[mirrored, r.X, :n].min() < 1.0
    assert field.real[mirrored, r.X, :n].max() > 14.0


def test_surrounding_enemies_stand_on_diagonals() -> None:
    field = start("zerg_20_vs_20", 300)
    chosen = field.real[surrounded(field, 20), :2].astype(np.float64) - 16.0
    assert (np.hypot(*chosen[:, :, :20].mean(-1).T) < 1.5).all()
    enemies = chosen[:, :, 20:]
    groups = {len({(x > 0, y > 0) for x, y in zip(*battle, strict=True)}) for battle in enemies}
    assert groups == {1, 2, 3, 4}
    off_diagonal = np.abs(np.abs(enemies[:, 0]) - np.abs(enemies[:, 1]))
    assert np.quantile(off_diagonal, 0.9) < 4.0
    assert np.abs(enemies).max() > 15.0  # some as far as the corners


def test_surrounding_enemies_stand_between_a_corner_and_two_cells_from_the_middle() -> None:
    places = start("protoss_1_vs_1", BATTLES).real[:, :2].astype(np.float64) - 16.0
    off = np.abs(places[np.abs(places[:, :, 0]).max(1) < 0.06, :, 1])
    inner = off[off.max(1) < 14.5]  # nearer to the corner a body has to step aside
    assert len(inner) > 700
    assert np.abs(inner[:, 0] - inner[:, 1]).max() < 0.11
    assert 1.95 <= inner.min() < 2.1
    assert off.mean() == pytest.approx(9.0, abs=0.5)  # anywhere between 2 and 16, four standard deviations


def test_starts_are_free_of_overlap_and_inside_the_map() -> None:
    for name in ("protoss_20_vs_23", "terran_20_vs_23"):
        real = start(name, 100).real.astype(np.float64)
        x, y, body, inner = real[:, r.X], real[:, r.Y], real[:, r.BODY], real[:, r.INNER]
        gap = np.hypot(x[:, :, None] - x[:, None], y[:, :, None] - y[:, None]) - body[:, :, None] - body[:, None]
        gap[:, np.arange(43), np.arange(43)] = 1.0
        assert gap.min() > -1e-5
        for place in (x, y):
            assert (place >= inner - 1e-5).all()
            assert (place <= 32 - inner + 1e-5).all()


def test_equal_seeds_play_equal_battles_in_any_batch() -> None:
    scenario, seeds = scenarios.get("10gen_protoss"), [7, 2**64 - 1, 0, 12]
    batch, alone = EmbeddedBackend(scenario, 4), EmbeddedBackend(scenario, 1)
    batch.reset(seeds)
    batch.reset([99], [1])
    batch.reset([seeds[1]], [1])
    for step in range(20):
        batch.step(torch.full((4, 10), 1 + step % 5))
    for i, seed in enumerate(seeds):
        alone.reset([seed])
        for step in range(20):
            alone.step(torch.full((1, 10), 1 + step % 5))
        assert equal(alone.units, batch.units[i : i + 1])


def test_enemies_come_for_the_allies_wherever_they_start() -> None:
    backend = EmbeddedBackend(scenarios.get("protoss_5_vs_5"), 32)
    before = (backend.units.health + backend.units.shield)[:, :5].sum(1)
    for _ in range(60):
        backend.step(torch.where(backend.units.alive[:, :5], 1, 0))
    assert ((backend.units.health + backend.units.shield)[:, :5].sum(1) < before).all()


@pytest.mark.parametrize("name", ["protoss_5_vs_7", "protoss_7_vs_5", "3x2s3z"])
def test_random_play_stays_within_bounds(name: str) -> None:
    scenario = scenarios.get(name)
    backend, rng = EmbeddedBackend(scenario, 16), np.random.default_rng(0)
    most = torch.tensor([[unit.health, unit.shield] for unit in UNIT_TYPES]).T
    types = backend.units.type.clone()
    for _ in range(60):
        actions = rng.integers(0, 6 + scenario.n_enemies, (16, scenario.n_agents))
        backend.step(torch.from_numpy(actions))
        units = backend.units
        assert torch.equal(units.type, types)
        for points, full in zip((units.health, units.shield), most, strict=True):
            assert (points >= 0).all()
            assert (points <= full[types]).all()
        for place, side in zip((units.x, units.y), scenario.terrain.size, strict=True):
            assert ((place > 0) & (place < side)).all()


@pytest.mark.parametrize(
    ("units", "weights", "exceptions", "words"),
    [
        (("medivac",), (1.0,), ("medivac",), "medivac may not consist of exceptions"),
        (("medivac", "marine"), (0.5, 0.0), ("medivac",), "medivac may not consist of exceptions"),
        (("marine",), (0.0,), (), "no types"),
        (("marine", "marauder"), (1.0,), (), "give each type one"),
        (("marine", "marauder"), (1.0, -0.5), (), "give each type one"),
        (("marine",), (float("nan"),), (), "give each type one"),
    ],
)
def test_a_draw_that_could_never_end_is_refused(
    units: tuple[str, ...], weights: tuple[float, ...], exceptions: tuple[str, ...], words: str
) -> None:
    with pytest.raises(BadArgument, match=words):
        TeamDraw(units, weights, exceptions)
