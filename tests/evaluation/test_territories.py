"""Which module serves which places of a map, told against the kernel itself."""

import numpy as np
import pytest
import torch

from evaluation.figures.topology import dead_words
from evaluation.territories import Territories, territories
from s2rm_sc2.scenarios import get
from worldmodel.sphere import SphereKernel

MODULES = 12


@pytest.fixture(scope="module")
def sphere() -> SphereKernel:
    torch.manual_seed(0)
    sphere = SphereKernel(MODULES, 3)
    sphere.calibrate(torch.rand(500, 2) * 1.2 - 0.6, reach=3)
    return sphere


@pytest.fixture(scope="module")
def found(sphere: SphereKernel) -> Territories:
    return territories(sphere, get("3m@flat").terrain)


def test_points_and_the_ground_lie_on_the_sphere_and_point_the_way_the_map_does(found: Territories) -> None:
    assert found.held == pytest.approx(1.0)
    for points in (found.points, found.ground):
        np.testing.assert_allclose(np.linalg.norm(points, axis=-1), 1.0, atol=1e-5)
    middle = found.ground[8:24, 8:24]
    assert (np.diff(middle[..., 0], axis=0) > 0).all()
    assert (np.diff(middle[..., 1], axis=1) > 0).all()
    assert found.points[:, 2].mean() > 0.5


def test_every_place_belongs_to_the_module_whose_kernel_is_largest_there(
    sphere: SphereKernel, found: Territories
) -> None:
    x, y = 70, 40
    place = torch.tensor([[(x + 0.5) * found.cell, (y + 0.5) * found.cell]]) / 16 - 1
    kernel = sphere.kernel(sphere.locate(place), sphere.module_points())[0]
    np.testing.assert_allclose(found.reach[x, y], kernel.detach().double().numpy(), atol=1e-6)
    assert found.owner[x, y] == int(kernel.argmax())


def test_modules_serve_the_places_around_their_anchors(sphere: SphereKernel, found: Territories) -> None:
    anchors = ((sphere.places + 1) * 16).numpy()
    assert np.hypot(*(found.middles - anchors).T).max() < 2.0
    assert found.dead == []


def test_a_module_far_from_the_map_is_dead_and_named(sphere: SphereKernel) -> None:
    with torch.no_grad():
        away = -sphere.module_points()[4] - sphere.locate(sphere.places)[4]
        before = sphere.offset.clone()
        sphere.offset[4] = away
        found = territories(sphere, get("3m@flat").terrain)
        sphere.offset.copy_(before)
    assert found.dead == [4]
    assert np.isnan(found.middles[4]).all()
    assert "no walkable place of 3m is within reach: 4." in dead_words(found, "3m", [7])


def test_a_module_that_serves_ground_where_nothing_was_seen_is_not_called_alive(found: Territories) -> None:
    said = dead_words(found, "3m", [2, 7])
    assert said == (
        "Every module reaches some walkable place of 3m. Modules 2, 7 are dead in another sense: nothing that "
        "held-out views showed in the training's last check came within their reach."
    )
    assert "Module 7 is dead" in dead_words(found, "3m", [7])
    assert "dead" not in dead_words(found, "3m", [])


def test_blocked_ground_belongs_to_nobody(sphere: SphereKernel) -> None:
    found = territories(sphere, get("3s5z").terrain)
    assert not found.walkable.all()
    assert (found.owner[~found.walkable] == -1).all()
