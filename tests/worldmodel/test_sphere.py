import math

import pytest
import torch

from worldmodel.attention import kernel_attention
from worldmodel.sphere import EDGE, LITERAL_EPSILON, LITERAL_TAU, SPAN, LocationEmbedding, SphereKernel


def calibrated(modules: int = 16, reach: int = 4) -> tuple[SphereKernel, torch.Tensor]:
    torch.manual_seed(0)
    sphere = SphereKernel(modules, 3)
    places = torch.rand(2000, 2) * 1.6 - 0.8
    sphere.calibrate(places, reach)
    return sphere, places


def test_the_kernel_is_one_at_the_point_and_exactly_zero_beyond_tau() -> None:
    sphere, _ = calibrated()
    tau, epsilon = sphere.tau.item(), sphere.epsilon.item()
    pole = torch.tensor([[0.0, 0.0, 1.0]])

    def at(cosine: float) -> torch.Tensor:
        return torch.tensor([[math.sqrt(1 - cosine**2), 0.0, cosine]])

    assert sphere.kernel(pole, pole).item() == 1.0
    inside = (1 + tau) / 2
    assert sphere.kernel(pole, at(inside)).item() == pytest.approx(math.exp(-2 * epsilon * (1 - inside)), rel=1e-2)
    assert sphere.kernel(pole, at(tau + 1e-4)).item() == pytest.approx(EDGE, rel=1e-2)
    assert sphere.kernel(pole, at(tau - 1e-4)).item() == 0.0


def test_the_map_is_laid_onto_the_sphere_with_distances_from_its_middle_kept() -> None:
    torch.manual_seed(0)
    embedding = LocationEmbedding(3)
    embedding.calibrate(torch.tensor([[1.0, 2.0], [3.0, 2.0], [2.0, 1.5], [2.0, 2.5]]))
    middle = torch.tensor([2.0, 2.0])
    pole = embedding(middle)
    torch.testing.assert_close(pole, torch.tensor([0.0, 0.0, 1.0]))
    for length in (0.25, 0.5, 1.0, 1.5):
        for turn in (0.0, 1.0, 4.0):
            point = embedding(middle + length * torch.tensor([math.cos(turn), math.sin(turn)]))
            assert torch.acos(point @ pole).item() == pytest.approx(length * SPAN, rel=1e-3)
            assert math.atan2(point[1].item(), point[0].item()) % math.tau == pytest.approx(turn, abs=1e-4)


def test_the_embedding_is_finite_and_learns_where_its_own_pole_is() -> None:
    embedding = LocationEmbedding(5)
    points = embedding(torch.zeros(2, 2))
    points.sum().backward()
    assert points.tolist() == [[0, 0, 0, 0, 1]] * 2
    assert all(p.grad is not None and p.grad.isfinite().all() for p in embedding.parameters())


def test_the_paper_s_own_kernel_is_anchored_nowhere_and_calibrated_by_nothing() -> None:
    torch.manual_seed(0)
    sphere = SphereKernel(16, 3, literal=True)
    before = sphere.module_points()
    sphere.calibrate(torch.rand(500, 2), 4)
    assert torch.equal(before, sphere.module_points())
    assert sphere.tau.item() == pytest.approx(LITERAL_TAU)
    assert sphere.epsilon.item() == LITERAL_EPSILON
    assert (before.norm(dim=-1) - 1).abs().max() < 1e-6


def test_a_constant_kernel_lets_everything_reach_everything_at_the_mean() -> None:
    sphere, places = calibrated()
    points = sphere.module_points()
    mean = sphere.kernel(points, points).mean()
    sphere.constant = True
    kernel = sphere.kernel(sphere.locate(places), points)
    assert (kernel == mean).all()
    assert 0 < mean < 1


def test_topology_tells_where_modules_sit_and_how_far_they_reach() -> None:
    sphere, _ = calibrated()
    told = sphere.topology()
    assert told["places"].shape == (16, 2)
    assert (told["places"] > 3).all()
    assert (told["places"] < 29).all()
    assert not told["dead"].any()
    assert (told["reach"] > 1).all()
    assert (told["reach"] < 16).all()


def test_calibration_lets_the_median_place_reach_the_wanted_number_of_modules_and_leaves_none_dead() -> None:
    sphere, places = calibrated(reach=4)
    reached = sphere.kernel(sphere.locate(places), sphere.module_points()) > 0
    assert reached.sum(1).median() == 4
    assert (reached.sum(0) > 0).all()


def test_points_lie_on_the_unit_sphere() -> None:
    sphere, places = calibrated()
    for points in (sphere.locate(places), sphere.module_points()):
        torch.testing.assert_close(points.norm(dim=-1), torch.ones(len(points)))


def test_a_query_with_nothing_in_reach_receives_exactly_zero() -> None:
    query, key, value = torch.randn(3, 2, 4), torch.randn(5, 2, 4), torch.randn(5, 2, 4)
    kernel = torch.rand(3, 5)
    kernel[1] = 0.0
    out = kernel_attention(query, key, value, kernel)
    assert (out[1] == 0).all()
    assert (out[0] != 0).all()


def test_attention_counts_two_equal_views_twice_as_much_as_one() -> None:
    query, key, value = torch.randn(1, 2, 4), torch.randn(1, 2, 4), torch.randn(1, 2, 4)
    one = kernel_attention(query, key, value, torch.ones(1, 1))
    two = kernel_attention(query, key.repeat(2, 1, 1), value.repeat(2, 1, 1), torch.ones(1, 2))
    torch.testing.assert_close(two, 2 * one)
