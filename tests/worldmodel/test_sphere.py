import math

import pytest
import torch

from worldmodel.attention import kernel_attention
from worldmodel.sphere import SphereKernel


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
    assert sphere.kernel(pole, at(tau - 1e-3)).item() == 0.0


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
