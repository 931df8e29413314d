from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from s2rm_sc2.views.entity import WORLD_SCALE
from worldmodel.config import preset
from worldmodel.contract import Observation
from worldmodel.frames import corners
from worldmodel.s2rm_local import LocalS2GRU
from worldmodel.tokens import TOKEN_WIDTH

CELL = 1.0 / WORLD_SCALE


def model_on_a_grid() -> LocalS2GRU:
    """Sixteen modules, four cells apart; a place reaches about four."""
    torch.manual_seed(0)
    model = LocalS2GRU(replace(preset("debug", "s2gru-local")[0], modules=16))
    axis = torch.linspace(-0.5, 0.5, 33)
    model.calibrate(torch.cartesian_prod(axis, axis))
    return model.eval()


def one_token(place: tuple[float, float], sight: float = 0.0) -> Observation:
    torch.manual_seed(1)
    return Observation(
        place=torch.tensor([[[place]]]),
        features=torch.rand(1, 1, 1, TOKEN_WIDTH),
        sight=torch.full((1, 1, 1), sight),
        present=torch.ones(1, 1, 1, dtype=torch.bool),
    )


def test_an_offset_spreads_over_the_four_knots_around_it() -> None:
    # Three knots, two cells apart, at -2, 0 and 2; half a cell east and one and a half south of the middle.
    knots, weights = corners(torch.tensor([0.5 * CELL, -1.5 * CELL]), 3, 2.0)
    found = dict(zip(knots.tolist(), weights.tolist(), strict=True))
    assert found == pytest.approx({3: 0.75 * 0.75, 4: 0.75 * 0.25, 6: 0.25 * 0.75, 7: 0.25 * 0.25})


@settings(max_examples=50, deadline=None)
@given(st.floats(-8, 8), st.floats(-8, 8), st.integers(2, 6), st.floats(0.5, 4))
def test_weights_sum_to_one_inside_a_frame_and_to_nothing_far_outside(x: float, y: float, n: int, gap: float) -> None:
    knots, weights = corners(torch.tensor([x * CELL, y * CELL]), n, gap)
    assert len(set(knots.tolist())) == 4
    assert knots.min() >= 0
    assert knots.max() < n * n
    half = gap * (n - 1) / 2
    if max(abs(x), abs(y)) < half - 1e-3:
        assert weights.sum().item() == pytest.approx(1.0, abs=1e-4)
        at = torch.stack([knots // n, knots % n]).float() * gap - half
        assert (at * weights).sum(1).tolist() == pytest.approx([x, y], abs=1e-3)
    if max(abs(x), abs(y)) > half + gap + 1e-3:
        assert weights.abs().sum() == 0


def test_a_token_writes_to_the_modules_in_reach_and_to_no_other() -> None:
    model = model_on_a_grid()
    token = one_token((0.25, 0.25))
    nothing = replace(token, present=torch.zeros(1, 1, 1, dtype=torch.bool))
    heard, silent = (model.window(model.start(o), model.encode(o))[1][0][0] for o in (token, nothing))
    reached = model.reach(token.place[0, 0])[:, 0] > 0
    assert 1 <= reached.sum() < 16
    assert torch.equal(heard[~reached], silent[~reached])
    assert (heard[reached] - silent[reached]).abs().amax(-1).min() > 0


def test_modules_hear_by_offset_and_not_by_which_of_them_it_is() -> None:
    """A unit a cell east of two modules enters both alike; a cell west of one of them it enters that one otherwise."""
    model = model_on_a_grid()
    nothing = replace(one_token((0.0, 0.0)), present=torch.zeros(1, 1, 1, dtype=torch.bool))
    silence = model.encode(nothing)[0][0, 0]

    def entered(module: int, east: float) -> torch.Tensor:
        x, y = (model.sphere.places[module] + torch.tensor([east * CELL, 0.0])).tolist()
        heard = (model.encode(one_token((x, y)))[0][0, 0] - silence)[module]
        return heard / model.reach(torch.tensor([[x, y]]))[module, 0]

    with torch.no_grad():
        one, other = model.sphere.places.norm(dim=-1).argsort()[:2].tolist()  # well inside the map
        assert (entered(one, 1) - entered(other, 1)).norm() < 0.3 * (entered(one, 1) - entered(one, -1)).norm()
