"""Rows as an evaluation would find them, made up: what reports are drawn from where no model needs to be asked."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from evaluation.rows import Row

SCENARIOS = (("2s3z", "train"), ("3m", "unseen"), ("8m", "unseen"))
SKILL = {"s2gru": 0.6, "lstm": 0.8, "persistence": 1.0}
NLL = {"s2gru": 2.0, "lstm": 2.4, "last-seen table": 3.0}
ABOUT: dict[str, Any] = {
    "command": "s2rm-sc2 evaluate <runs>",
    "versions": {"s2rm-sc2": "0.1.0"},
    "seed": 0,
    "episodes": 20,
    "battles": "policy mixture",
    "windows": {"warmup": 8, "horizon": 10},
    "training": [
        {
            "run": f"{name}-seed{seed}",
            "model": {"name": name},
            "training": {"task": "both"},
            "parameters": parameters,
            "update": 100,
            "scenarios": ["2s3z"],
            "seed": seed,
        }
        for name, parameters in (("s2gru", 100_000), ("lstm", 120_000))
        for seed in (0, 1, 2)
    ],
}


def row(model: str, value: float, half: float = 0.02, seed: int | None = None, **given: object) -> Row:
    """A row with an interval this far to both sides."""
    usual = Row(model, seed, "3m", "unseen", 1.0, 1, "all", "position_error", value, value - half, value + half, 100)
    changed: Any = given
    return replace(usual, **changed)


def everything() -> list[Row]:
    """Figures for every table and figure of a report, of two models with three seeds each, and of floors."""
    rows: list[Row] = []
    for scenario, split in SCENARIOS:
        where: dict[str, Any] = {"scenario": scenario, "split": split}
        for model, skill in SKILL.items():
            for seed in (0, 1, 2) if model != "persistence" else (None,):
                rows += _units(model, skill, seed, where)
        for model, nats in NLL.items():
            for seed in (0, 1, 2) if model != "last-seen table" else (None,):
                rows += _places(model, nats, seed, where)
    return rows


def _units(model: str, skill: float, seed: int | None, where: dict[str, Any]) -> Iterator[Row]:
    for views in (0.2, 0.4, 1.0):
        for steps in (1, 5, 10):
            at = {**where, "views": views, "horizon": steps}
            for dropping in ("episode", "step"):
                yield row(model, skill * steps, seed=seed, dropping=dropping, **at)
            yield row(model, skill * steps * 9, seed=seed, metric="health_error", **at)
            yield row(model, 1 - skill, seed=seed, metric="dead_f1", **at)
            if model != "persistence":
                yield row(model, skill, seed=seed, metric="position_error_factor", **at)
                yield row(model, skill, seed=seed, metric="health_error_factor", **at)
    for age in ("visible", "hidden 1-3", "hidden 4-7", "hidden 8+"):
        yield row(model, skill, seed=seed, status=age, views=0.4, **where)
    for edge in (0.0, 0.5, 0.9):
        yield row(model, edge + 0.05, seed=seed, metric="alive_predicted", horizon=5, bin=edge, **where)
        yield row(model, edge + 0.02, seed=seed, metric="alive_observed", horizon=5, bin=edge, **where)


def _places(model: str, nats: float, seed: int | None, where: dict[str, Any]) -> Iterator[Row]:
    for views in (0.3, 0.6, 1.0):
        for age in ("in sight", "dark", "dark 1-3", "dark 8-10", "never"):
            sums = tuple((10 * nats + battle, 10.0) for battle in range(8))
            at = {**where, "views": views, "status": age, "metric": "place_nll"}
            yield row(model, nats, seed=seed, sums=sums, **at)
