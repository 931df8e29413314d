from dataclasses import replace
from pathlib import Path

import pytest
import torch

from s2rm_sc2.seeds import stream
from s2rm_sc2.store import EpisodeStore
from worldmodel.config import preset
from worldmodel.facts import described
from worldmodel.log import read_log
from worldmodel.models import build
from worldmodel.module_health import ModuleHealth, module_health
from worldmodel.s2rm import Modules
from worldmodel.train import train
from worldmodel.windows import WindowSource

MODEL, TRAINING = preset("debug", "s2gru")


def test_dead_modules_are_logged_and_warned_about(
    store_3m: EpisodeStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    far = replace(MODEL, literal=True, sphere=200)  # random directions in so many dimensions are all far apart
    report = train([store_3m], far, replace(TRAINING, updates=2), 0, tmp_path, progress=True)
    assert report.dead_modules == tuple(range(far.modules))
    assert "1 module in" in (alone := str(replace(report, dead_modules=(3,)).warning))
    assert "is DEAD (number 3): nothing that the held-out views show came within its reach, so it learns" in alone
    assert read_log(tmp_path)[-1]["dead_modules"] == list(range(far.modules))
    assert "8 modules" in capsys.readouterr().err.partition("WARNING")[2]
    assert len(described(tmp_path)) == 2


def test_module_health_counts_tokens_in_reach(store_2s3z: EpisodeStore) -> None:
    source = WindowSource([store_2s3z], "train")
    windows = source.sample(4, 5, stream(0, "health"))
    model = build(MODEL)
    assert isinstance(model, Modules)
    model.calibrate(source.places(stream(0, "places")))
    nobody = torch.zeros(4, 5, windows.agents.shape[1], dtype=torch.bool)
    assert module_health(model, [(windows, nobody)]) == ModuleHealth(0.0, 0, 0.0, list(range(MODEL.modules)))
    model.ablate("constant")  # everything is in everyone's reach
    keep = nobody.clone()
    keep[:, 0, 0] = True
    tokens = windows.sees[:, 0, 0].sum().item()
    found = module_health(model, [(windows, keep)])
    assert found is not None
    assert found.tokens_per_module == pytest.approx(tokens / 20)
    assert (found.modules_per_token, found.modules_per_token_min, found.dead_modules) == (8, 8, [])
    assert module_health(build(preset("debug", "lstm")[0]), [(windows, keep)]) is None
