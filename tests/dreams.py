"""Untrained models that dream: what a simulator must keep to does not depend on what its model has learned."""

import torch

from s2rm_sc2.units import UNIT_NAMES
from worldmodel.config import preset
from worldmodel.models import build
from worldmodel.simulator import Simulator


def simulator(name: str = "s2gru-local", unit_types: tuple[str, ...] = UNIT_NAMES) -> Simulator:
    """A small model with fresh weights, larger than usual at the end, so that battles do not stand still."""
    torch.manual_seed(3)
    model = build(preset("debug", name)[0])
    model.calibrate(torch.rand(512, 2) * 0.8 - 0.4)
    with torch.no_grad():
        list(model.unit_readout.parameters())[-2].mul_(3.0)  # the weights of its last layer
    return Simulator(model, frozenset(unit_types), {"model": name})
