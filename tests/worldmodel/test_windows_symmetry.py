"""Turned battles: a group acts, exactly; what is seen and lost stays; the engine plays on as before."""

from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from s2rm_sc2.actions import EAST, FIRST_TARGET, NORTH, SOUTH, WEST
from s2rm_sc2.battle import rows as r
from s2rm_sc2.battle.field import Field
from s2rm_sc2.battle.loop import act_smac, advance
from s2rm_sc2.scenarios.terrain import Terrain, terrain, terrain_names
from s2rm_sc2.seeds import stream
from s2rm_sc2.store import EpisodeStore
from s2rm_sc2.table import FIELDS
from s2rm_sc2.units import LOOPS_PER_STEP, unit_type
from worldmodel.windows import Windows, WindowSource, load_windows, relocated, symmetries, turned
from worldmodel.windows.symmetry import N_SYMMETRIES, SHIFT, turned_places

ALL = range(N_SYMMETRIES)
IDENTITY, HALF, QUARTERS = 0, 3, (5, 6)
HEADINGS = {NORTH: (0, 1), SOUTH: (0, -1), EAST: (1, 0), WEST: (-1, 0)}


@pytest.fixture(scope="module")
def windows(store_2s3z: EpisodeStore) -> Windows:
    """Recorded ones, rounded to StarCraft II's grid of positions, on which mirroring is exact."""
    drawn = WindowSource([store_2s3z], "all").sample(60, 5, stream(0, "test"))
    x, y = ((field * 4096).round() / 4096 for field in (drawn.units.x, drawn.units.y))
    return replace(drawn, units=replace(drawn.units, x=x, y=y))


def by(windows: Windows, symmetry: int) -> Windows:
    return turned(windows, torch.full((len(windows.actions),), symmetry))


def tensors(windows: Windows) -> dict[str, Tensor]:
    own = {field.name: getattr(windows, field.name) for field in fields(windows) if field.name != "units"}
    return own | {name: getattr(windows.units, name) for name in FIELDS}


def equal(one: Windows, other: Windows) -> bool:
    others = tensors(other)
    return all(torch.equal(tensor, others[name]) for name, tensor in tensors(one).items())


def test_the_symmetries_are_the_group_of_the_square(windows: Windows) -> None:
    """Every two in a row are exactly one of the eight, to the byte; every one is undone by one; orders as they are."""
    images = [by(windows, symmetry) for symmetry in ALL]
    table = [[[c for c in ALL if equal(by(images[a], b), images[c])] for b in ALL] for a in ALL]
    product = np.array(table)[..., 0]
    assert product.shape == (8, 8)
    assert equal(images[IDENTITY], windows)
    for a in ALL:
        assert sorted(product[a]) == sorted(product[:, a]) == list(ALL)
        assert list(product[a]).count(IDENTITY) == 1
    assert {a for a in ALL if product[a, a] == IDENTITY} == set(ALL) - set(QUARTERS)
    assert all(product[a, a] == HALF for a in QUARTERS)
    assert (product != product.T).any()


def test_turning_recorded_places_back_moves_them_by_a_rounding_at_most(store_2s3z: EpisodeStore) -> None:
    recorded = load_windows(store_2s3z, [(0, 0), (5, 10)], 8)
    for symmetry in ALL:
        back = [by(by(recorded, symmetry), other) for other in ALL]
        gaps = [(w.units.x - recorded.units.x).abs().max() + (w.units.y - recorded.units.y).abs().max() for w in back]
        assert sorted(gaps)[0] <= 4e-6 < 0.1 < sorted(gaps)[1]


def test_only_places_moves_and_nothing_else_change(windows: Windows) -> None:
    for symmetry in ALL:
        before, after = tensors(windows), tensors(by(windows, symmetry))
        for name in before.keys() - {"x", "y", "actions"}:
            assert torch.equal(before[name], after[name])
        stay = (windows.actions < NORTH) | (windows.actions >= FIRST_TARGET)
        assert torch.equal(after["actions"][stay], windows.actions[stay])
        assert ((after["actions"] >= NORTH) & (after["actions"] < FIRST_TARGET))[~stay].all()


def test_who_sees_whom_is_the_same(windows: Windows) -> None:
    agents = windows.actions.shape[-1]

    def gaps(units: Windows) -> Tensor:
        x, y = units.units.x.double(), units.units.y.double()
        return torch.hypot(x[..., None, :] - x[..., :agents, None], y[..., None, :] - y[..., :agents, None])

    alive = windows.units.alive[..., None, :] & windows.units.alive[..., :agents, None]
    for symmetry in ALL:
        after = by(windows, symmetry)
        torch.testing.assert_close(gaps(after), gaps(windows), rtol=0, atol=1e-9)
        assert torch.equal((gaps(after) < after.sight[:, None, :, None]) & alive, after.sees)


def test_each_window_is_turned_by_its_own_symmetry(windows: Windows) -> None:
    drawn = torch.arange(60) % N_SYMMETRIES
    mixed = tensors(turned(windows, drawn))
    for symmetry in ALL:
        alone = tensors(by(windows, symmetry))
        assert all(torch.equal(mixed[name][drawn == symmetry], alone[name][drawn == symmetry]) for name in mixed)


def test_agents_that_move_north_come_north_before_and_after(store_2s3z: EpisodeStore) -> None:
    """In every turned recording a move leads along the axis that its number names."""
    recorded = WindowSource([store_2s3z], "all").sample(300, 2, stream(1, "test"))
    for symmetry in ALL:
        after = by(recorded, symmetry)
        agents = after.actions.shape[-1]
        went = torch.stack([(f[:, 1] - f[:, 0])[:, :agents] for f in (after.units.x, after.units.y)], dim=-1)
        there = after.units.alive[:, :, :agents].all(1)
        for action, heading in HEADINGS.items():
            ways = went[there & (after.actions[:, 0] == action)] @ torch.tensor(heading, dtype=torch.float32)
            assert len(ways) > 20
            assert ways.quantile(0.1) > -0.1
            assert ways.median() > 0.5


def test_the_engine_plays_a_turned_battle_as_the_battle_turned() -> None:
    """Eight battles on open ground, one by each symmetry, the same orders turned: walking, shooting, losing points."""
    names = ("stalker", "zealot", "marine", "marauder", "marine", "zealot")
    field = Field(N_SYMMETRIES, tuple(map(unit_type, names)), (0, 0, 0, 0, 1, 1), terrain("flat"))
    field.place([(6.0, 9.5), (12.0, 20.0), (20.5, 8.0), (25.0, 25.5), (22.0, 12.0), (13.0, 21.5)])
    field.whole[:, r.ACTIVE, 4:] = 0  # the enemies stand: their own choices break ties by place
    all_eight, side = torch.arange(N_SYMMETRIES)[:, None], torch.tensor([32.0, 32.0])
    begun = [torch.from_numpy(field.real[:1, k].copy()) for k in (r.X, r.Y)]
    x, y = turned_places(begun[0], begun[1], side, all_eight)
    for rows in ((r.X, r.Y), (r.GOAL_X, r.GOAL_Y)):
        field.real[:, rows[0]], field.real[:, rows[1]] = x.numpy(), y.numpy()
    orders = [(NORTH, FIRST_TARGET + 1, FIRST_TARGET, WEST), (EAST, FIRST_TARGET + 1, FIRST_TARGET, SOUTH)]
    for number in [0, 0, 1, 1, 0]:
        told = np.array([[_turned_action(order, s) for order in orders[number]] for s in ALL])
        act_smac(field, told)
        advance(field, LOOPS_PER_STEP)
        here = [torch.from_numpy(field.real[:, k].copy()) for k in (r.X, r.Y)]
        expected = turned_places(here[0][:1], here[1][:1], side, all_eight)
        for found, wanted in zip(here, expected, strict=True):
            torch.testing.assert_close(found, wanted, rtol=0, atol=1e-3)
        for points in (r.HEALTH, r.SHIELD):
            assert (field.real[:, points] == field.real[:1, points]).all()
    assert (field.real[:, r.HEALTH, 4:] < [45.0, 100.0]).any(), "somebody was hit"


def _turned_action(action: int, symmetry: int) -> int:
    """By what a heading becomes, worked out from where a step leads."""
    if action not in HEADINGS:
        return action
    dx, dy = HEADINGS[action]
    at = [torch.tensor([16.0, 16.0 + step]) for step in (dx, dy)]
    x, y = turned_places(at[0], at[1], torch.tensor([32.0, 32.0]), torch.tensor(symmetry))
    heading = int(x[1] - x[0]), int(y[1] - y[0])
    return next(move for move, way in HEADINGS.items() if way == heading)


@pytest.mark.parametrize("name", [*terrain_names(), "flat64"])
def test_symmetries_are_those_that_leave_the_ground_as_it_is(name: str) -> None:
    """Looked up point by point, a few in each cell on either side of its diagonals."""
    ground = terrain(name)
    side = ground.size[0]
    fine = (np.arange(side)[:, None] + np.array([0.2, 0.45, 0.7])).ravel()
    x, y = (torch.from_numpy(part.ravel()) for part in np.meshgrid(fine, fine, indexing="ij"))
    before = _ground_at(ground, x.numpy(), y.numpy())
    same = []
    for symmetry in ALL:
        after = turned_places(x, y, torch.tensor(ground.size), torch.tensor(symmetry))
        if np.array_equal(_ground_at(ground, *(part.numpy() for part in after)), before):
            same.append(symmetry)
    assert symmetries(ground) == tuple(same)


def _ground_at(ground: Terrain, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Open, height and cliff at points, ``[3, P]``."""
    cell = x.astype(int), y.astype(int)
    code = ground.halved[cell].astype(int) - 1
    to_right, to_above = (part - np.floor(part) for part in (x, y))
    corner_x = np.where(code & 1, to_right, 1 - to_right)
    corner_y = np.where(code & 2, to_above, 1 - to_above)
    cut = (code >= 0) & (corner_x + corner_y > 1)
    return np.stack([ground.walkable[cell] & ~cut, ground.height[cell], ground.cliffs[cell]])


def test_smacs_terrains() -> None:
    by_name = {name: symmetries(terrain(name)) for name in terrain_names()}
    assert by_name["flat"] == by_name["octagon"] == tuple(ALL)
    assert by_name["band"] == (0, 1, 2, 3)  # 32 by 16 cells: no quarter turn
    assert by_name["two_levels"] == (0, 1)  # the cliff runs along the map
    assert all(by_name[name] == (0,) for name in ("pocket_2s", "pocket_6h", "corridor", "diagonal"))


def test_a_source_turns_each_window_by_a_symmetry_of_its_terrain(store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "train")
    plain, some = (source.sample(200, 3, stream(2, "test"), symmetric=flag) for flag in (False, True))
    assert torch.equal(plain.origins, some.origins)
    images = {s: tensors(by(plain, s)) for s in symmetries(store_2s3z.scenario.terrain)}
    found = tensors(some)
    matches = torch.stack([(image["x"] == found["x"]).flatten(1).all(1) for image in images.values()])
    assert matches.any(0).all()
    share = torch.stack([(image["y"] == found["y"]).flatten(1).all(1) for image in images.values()]) & matches
    np.testing.assert_allclose(share.double().mean(1), 1 / 4, atol=0.1)


def test_on_open_ground_windows_are_moved_as_a_whole_and_behind_walls_they_stay(windows: Windows) -> None:
    n = len(windows.actions)
    for name, span in (("flat64", SHIFT), ("corridor", 0.0)):
        after = relocated(windows, [terrain(name)] * n, stream(3, "test"))
        gaps = [torch.cdist(both, both) for both in (torch.stack([w.units.x, w.units.y], -1) for w in (windows, after))]
        torch.testing.assert_close(gaps[0], gaps[1], rtol=0, atol=2e-3)
        middles = [torch.stack([w.units.x, w.units.y], -1) - w.size[:, None, None] / 2 for w in (windows, after)]
        best = torch.full((n,), torch.inf)
        for symmetry in ALL:  # what is left once the right symmetry is undone is one shift for the whole window
            x, y = turned_places(middles[0][..., 0], middles[0][..., 1], torch.zeros(2), torch.tensor(symmetry))
            shift = middles[1] - torch.stack([x, y], -1)
            spread = (shift - shift[:, :1, :1]).abs().amax((1, 2, 3))
            fits = spread < 1e-3
            best = torch.where(fits, shift[:, 0, 0].abs().amax(-1), best)
        assert best.max() <= span + 1e-3
        assert span == 0.0 or best.max() > span / 2
