"""How figures look: models can be told apart and look the same everywhere; what nothing is known of is left out."""

from pathlib import Path
from typing import cast, get_args

from evaluation.figures import darkness, heat_map, hidden, horizon, reliability, views
from evaluation.figures.style import looks
from evaluation.rows import FLOORS
from tests.evaluation.made_up import row
from worldmodel.config import ModelName
from worldmodel.models import MODELS
from worldmodel.s2rm import Modules


def test_every_model_has_a_look_of_its_own() -> None:
    shown = looks([*get_args(ModelName), "s2gru (second)", "mine", *FLOORS])
    assert len({(look.colour, look.marker, look.dash) for look in shown.values()}) == len(shown)


def test_a_model_looks_the_same_whoever_stands_beside_it() -> None:
    assert looks(["lstm", "s2gru", "persistence"])["s2gru"] == looks(["rim", "s2gru-local", "s2gru"])["s2gru"]
    assert looks(["persistence"])["persistence"] == looks(["constant velocity", "persistence"])["persistence"]


def test_s2rm_models_stand_out_and_no_other() -> None:
    names = list(MODELS)
    shown = looks(names)
    modules = {name for name in names if issubclass(cast(type, MODELS[name]), Modules)}
    assert {name for name in names if shown[name].filled} == modules


def test_an_ablation_has_its_models_colour() -> None:
    shown = looks(["s2gru", "s2gru (reset)", "s2gru (blind)"])
    assert len({look.colour for look in shown.values()}) == 1
    assert len({look.dash for look in shown.values()}) == 3


def test_figures_without_rows_are_left_out(tmp_path: Path) -> None:
    only = [row("s2gru", 0.5)]
    assert horizon.draw(only, tmp_path) == views.draw(only, tmp_path) == hidden.draw(only, tmp_path) == []
    assert darkness.draw(only, tmp_path) == reliability.draw(only, tmp_path) == heat_map.draw(only, [], tmp_path) == []
    assert not list(tmp_path.iterdir())


def test_a_reliability_curve_pools_scenarios_by_their_units() -> None:
    said = [
        row("lstm", 0.5, metric="alive_predicted", bin=0.5, n=10),
        row("lstm", 0.6, metric="alive_predicted", bin=0.5, n=30),
    ]
    found = [
        row("lstm", 0.4, metric="alive_observed", bin=0.5, n=10),
        row("lstm", 0.8, metric="alive_observed", bin=0.5, n=30),
    ]
    ((chance, share, low, high),) = reliability.pooled([*said, *found])
    assert round(chance, 9) == 0.575
    assert round(share, 9) == 0.7
    assert low < share < high
