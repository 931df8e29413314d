from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from s2rm_sc2.draw import write_comparison, write_gif, write_strip
from s2rm_sc2.draw.field import TEAM_COLOURS, window_of
from s2rm_sc2.draw.shapes import SHAPES
from s2rm_sc2.scenarios import Scenario, get
from s2rm_sc2.sides import ALLY, ENEMY
from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_NAMES, UNIT_TYPES


def battle(scenario: Scenario, steps: int) -> UnitTable:
    """Two lines that walk towards each other and lose health."""
    kinds = torch.tensor(scenario.type_indices)
    team = (torch.arange(scenario.n_units) >= scenario.n_agents).long()
    time = torch.arange(steps, dtype=torch.float32)[:, None]
    health = torch.tensor([kind.health for kind in scenario.unit_types]).expand(steps, -1)
    shield = torch.tensor([kind.shield for kind in scenario.unit_types]).expand(steps, -1)
    zero = torch.zeros_like(health)
    return UnitTable(
        type=kinds.expand(steps, -1),
        team=team.expand(steps, -1),
        x=torch.where(team == ALLY, 6.0 + 0.5 * time, 26.0 - 0.5 * time),
        y=(12.0 + torch.arange(scenario.n_units) % scenario.n_agents).expand(steps, -1),
        health=health * (1.0 - 0.05 * time),
        shield=shield * (1.0 - 0.1 * time).clamp(min=0.0),
        energy=zero,
        cooldown=zero,
        alive=health > 0,
    )


def pixels(path: Path) -> npt.NDArray[np.int64]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(np.int64)


def resembles(image: npt.NDArray[np.int64], colour: str) -> npt.NDArray[np.bool_]:
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return np.asarray(np.abs(image - wanted).sum(-1) <= 12)


def amount(image: npt.NDArray[np.int64], colour: str) -> int:
    return int(resembles(image, colour).sum())


def test_a_gif_has_a_frame_per_step_and_is_small_enough_for_a_readme(tmp_path: Path) -> None:
    path = write_gif(tmp_path / "new" / "battle.gif", get("3s5z"), battle(get("3s5z"), 8), agent=0)
    with Image.open(path) as animation:
        assert getattr(animation, "n_frames", 1) == 8
    assert path.stat().st_size < 8 * 30_000


def test_a_unit_moves_over_the_frames_of_a_gif(tmp_path: Path) -> None:
    path = write_gif(tmp_path / "battle.gif", get("3s5z"), battle(get("3s5z"), 8))
    middles = []
    with Image.open(path) as animation:
        for frame in (0, 7):
            animation.seek(frame)
            field = np.asarray(animation.convert("RGB")).astype(np.int64)[: int(0.85 * animation.height)]
            middles.append(np.argwhere(resembles(field, TEAM_COLOURS[ALLY]))[:, 1].mean())
    assert middles[1] > middles[0] + 20


def test_a_strip_grows_with_its_frames_and_shows_both_teams(tmp_path: Path) -> None:
    tables = battle(get("3s5z"), 10)
    two = pixels(write_strip(tmp_path / "two.png", get("3s5z"), tables, frames=2))
    five = pixels(write_strip(tmp_path / "five.png", get("3s5z"), tables, frames=5))
    assert five.shape[1] > 2.3 * two.shape[1]
    assert amount(two, TEAM_COLOURS[ALLY]) > 500
    assert amount(two, TEAM_COLOURS[ENEMY]) > 500


def test_a_strip_of_fewer_steps_than_frames_shows_every_step_once(tmp_path: Path) -> None:
    three = pixels(write_strip(tmp_path / "a.png", get("3s5z"), battle(get("3s5z"), 3), frames=3))
    asked_six = pixels(write_strip(tmp_path / "b.png", get("3s5z"), battle(get("3s5z"), 3), frames=6))
    assert np.array_equal(three, asked_six)


def test_what_the_chosen_agent_does_not_see_is_dimmed(tmp_path: Path) -> None:
    scenario = get("3s5z")
    far_apart = battle(scenario, 1)  # 20 cells between the teams, sight is 9
    lit = pixels(write_strip(tmp_path / "lit.png", scenario, far_apart))
    dimmed = pixels(write_strip(tmp_path / "dimmed.png", scenario, far_apart, agent=0))
    assert amount(dimmed, TEAM_COLOURS[ENEMY]) < 0.5 * amount(lit, TEAM_COLOURS[ENEMY])
    assert amount(dimmed, TEAM_COLOURS[ALLY]) > 0.8 * amount(lit, TEAM_COLOURS[ALLY])


@pytest.mark.parametrize("ally", [0, 9])
def test_a_flyer_is_drawn_over_whoever_is_below(ally: int, tmp_path: Path) -> None:
    scenario = get("MMM")  # the last of ten allies is the medivac, the first a marauder
    tables = battle(scenario, 1)
    x, y, team = tables.x.clone(), tables.y.clone(), tables.team.clone()
    x[0, :], y[0, :], y[0, 9], team[0, ally] = 16.0, 16.0, 16.3, ENEMY  # who stands higher up is drawn first
    alive = torch.zeros_like(tables.alive)
    alive[0, [0, 9]] = True
    strip = pixels(write_strip(tmp_path / "a.png", scenario, replace(tables, x=x, y=y, team=team, alive=alive)))
    above = TEAM_COLOURS[ENEMY if ally == 9 else ALLY]
    middle = strip[: int(0.7 * strip.shape[0]), : strip.shape[1]]
    rows, columns = np.nonzero(resembles(middle, TEAM_COLOURS[ALLY]) | resembles(middle, TEAM_COLOURS[ENEMY]))
    inner = rows > np.quantile(rows, 0.2)
    assert resembles(middle, above)[rows[inner], columns[inner]].mean() > 0.6


def test_a_battle_without_survivors_is_drawn(tmp_path: Path) -> None:
    tables = battle(get("3s5z"), 2)
    over = replace(tables, alive=torch.zeros_like(tables.alive))
    assert write_strip(tmp_path / "over.png", get("3s5z"), over, agent=2).exists()


def test_an_imagined_battle_stands_below_the_real_one(tmp_path: Path) -> None:
    scenario = get("3s5z")
    real = battle(scenario, 3)
    imagined = replace(real, x=real.x + 1.0)
    both = pixels(write_comparison(tmp_path / "both.png", scenario, real, imagined))
    alone = pixels(write_strip(tmp_path / "alone.png", scenario, real))
    assert both.shape[0] > 1.7 * alone.shape[0]
    unknown = torch.zeros_like(real.alive)
    nothing = pixels(write_comparison(tmp_path / "nothing.png", scenario, real, imagined, unknown))
    assert amount(nothing, TEAM_COLOURS[ENEMY]) < 0.7 * amount(both, TEAM_COLOURS[ENEMY])


def test_who_is_imagined_far_from_the_battle_stays_in_the_picture(tmp_path: Path) -> None:
    scenario = get("3s5z")
    real = battle(scenario, 3)
    imagined = replace(real, y=torch.where(real.team == ALLY, real.y - 9.0, real.y))
    picture = pixels(write_comparison(tmp_path / "away.png", scenario, real, imagined))
    below = picture[len(picture) // 2 :]
    assert amount(below, TEAM_COLOURS[ALLY]) > 0.5 * amount(below, TEAM_COLOURS[ENEMY])


def test_every_unit_type_has_a_shape_of_its_own_with_the_area_of_its_body() -> None:
    assert set(SHAPES) == set(UNIT_NAMES)
    outlines = []
    for name in UNIT_NAMES:
        (outline,) = SHAPES[name].to_polygons(closed_only=False)
        corners = np.array(outline, dtype=np.float64)
        x, y = corners.T
        assert 0.5 * abs(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) == pytest.approx(np.pi, rel=0.01)
        outlines.append(np.round(corners, 3).tobytes())
    assert len(set(outlines)) == len(UNIT_TYPES)


@pytest.mark.parametrize("name", ["3s5z", "2c_vs_64zg", "corridor"])
def test_a_window_holds_every_living_unit_and_stays_on_the_map(name: str) -> None:
    scenario = get(name)
    tables = battle(scenario, 4)
    window = window_of(scenario, [tables])
    living = tables.alive
    assert window.x0 >= 0
    assert window.y0 >= 0
    assert window.x1 <= scenario.terrain.size[0]
    assert window.y1 <= scenario.terrain.size[1]
    assert (tables.x[living] >= window.x0).all()
    assert (tables.x[living] <= window.x1).all()
    inside = (tables.y >= window.y0) & (tables.y <= window.y1)
    on_map = tables.y <= scenario.terrain.size[1]
    assert (inside | ~on_map).all()
