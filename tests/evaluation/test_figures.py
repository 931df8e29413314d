"""How figures look: models can be told apart and look the same everywhere; what nothing is known of is left out."""

from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

import pytest
import torch
from matplotlib.colors import TwoSlopeNorm

from evaluation.figures import agents, darkness, heat_map, hidden, horizon, imagined, reliability, views
from evaluation.figures.style import looks
from evaluation.rows import FLOORS
from s2rm_sc2.table import FIELDS, UnitTable
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


def test_figures_of_a_heat_map_can_be_read_on_every_cell_and_unsure_ones_are_paler_where_there_is_room() -> None:
    paler = 0
    for value in range(40, 161):
        cell = heat_map.cell_colour(TwoSlopeNorm(1.0, 0.4, 1.6), value / 100)
        sure, unsure = (heat_map.text_colour(cell, unsure=unsure) for unsure in (False, True))
        assert heat_map.contrast(unsure, cell) >= 4.5, value
        assert heat_map.contrast(unsure, cell) <= heat_map.contrast(sure, cell)
        paler += unsure != sure
    assert paler > 80
    assert heat_map.contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21.0)


def test_crosses_of_an_imagined_battle_stay_where_units_died() -> None:
    alive = torch.tensor([[True, True, False], [True, False, False], [True, False, False]])
    x = torch.arange(9.0).reshape(3, 3)
    table = UnitTable(**{name: torch.zeros(3, 3) for name in FIELDS} | {"x": x, "y": x, "alive": alive})
    for column in (imagined.at_rest(table).x, imagined.at_rest(table).y):
        assert column.tolist() == [[0, 1, 2], [3, 4, 2], [6, 4, 2]]
    assert torch.equal(imagined.at_rest(table).alive, alive)


def test_what_the_number_of_agents_costs_is_not_mixed_with_what_other_ground_does(tmp_path: Path) -> None:
    names = {"3m": "train", "8m": "unseen", "25m": "unseen", "8m@flat": "unseen", "4x3m": "unseen"}
    given = [row("lstm", 0.5, scenario=name, split=split, horizon=5) for name, split in names.items()]
    assert [found.scenario for found in agents.on_known_ground(given)] == ["3m", "8m", "25m"]
    assert agents.on_known_ground(given[3:]) == given[3:]  # where no scenario was trained on, all are as new
    factors = [
        replace(found, metric=metric) for found in given for metric in ("position_error_factor", "health_error_factor")
    ]
    (picture,) = agents.draw(factors, [], tmp_path)
    assert "ground trained on" in picture.caption
    few = [found for found in factors if found.scenario != "8m"]
    assert agents.draw(few, [], tmp_path) == []  # two sizes make no curve, whatever else was asked about
