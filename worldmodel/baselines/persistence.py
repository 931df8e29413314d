"""The floor: every unit stays as it was last seen. No model may lose to it."""

import torch

from worldmodel.contract import CHANGE_FIELDS, Change, Encoded, Memory, Observation, Outcome, Predictor, UnitQueries


class Persistence(Predictor):
    """Next equals last seen; it has neither parameters nor memory."""

    name = "persistence"

    def start(self, observation: Observation) -> Memory:
        """An empty memory."""
        return (observation.place[..., :0, 0].flatten(1),)

    def encode(self, observation: Observation) -> Encoded:
        """Views are not needed: the belief table already holds what was last seen."""
        return (observation.place,)

    def advance(self, memory: Memory, encoded: Encoded) -> Memory:
        """Nothing to remember."""
        return memory

    def read_units(self, memory: Memory, encoded: Encoded, queries: UnitQueries) -> tuple[Change, Outcome]:
        """No change, certainly alive, no reward."""
        zero = torch.zeros_like(queries.age)
        certain = torch.full_like(zero, torch.inf)
        values = {"walks": -certain, "hit": -certain, "fires": -certain, "alive": certain}
        change = Change(*(values.get(name, zero) for name in CHANGE_FIELDS))
        return change, Outcome(zero.sum(-1), -certain[..., 0])
