"""The floor: every unit stays as it was last seen. No model may lose to it."""

import torch
from torch import Tensor

from worldmodel.contract import Change, Encoded, Observation, Predictor, Queries


class Persistence(Predictor):
    """Next equals last seen; it has neither parameters nor memory."""

    name = "persistence"

    def start(self, batch: int) -> Tensor:
        """An empty memory."""
        return torch.zeros(batch, 0)

    def encode(self, observation: Observation) -> Encoded:
        """Views are not needed: the belief table already holds what was last seen."""
        return (observation.place,)

    def advance(self, memory: Tensor, encoded: Encoded) -> Tensor:
        """Nothing to remember."""
        return memory

    def read(self, memory: Tensor, queries: Queries) -> Change:
        """No change, and certainly alive."""
        zero = torch.zeros_like(queries.age)
        return Change(zero, zero, zero, zero, zero, zero, torch.full_like(zero, torch.inf))
