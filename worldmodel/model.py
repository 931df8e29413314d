"""What all models share: encoders and readouts; only the memory between them differs."""

from abc import abstractmethod
from typing import ClassVar

from torch import Tensor

from worldmodel.config import ModelConfig
from worldmodel.contract import Change, Encoded, LocalMap, Memory, Observation, Outcome, Predictor, UnitQueries
from worldmodel.encoder import Asked, PlaceEncoder, TokenEncoder, Tokens, UnitEncoder
from worldmodel.readout import OutcomeReadout, PlaceReadout, UnitReadout


class WorldModel(Predictor):
    """A predictor with the shared encoders and readouts; a subclass is its memory.

    Args:
        config: its sizes.
        recalled: features that :meth:`recall` gives per query.
    """

    answers_places: ClassVar[bool] = True
    """Whether it can be asked about places; a memory per unit cannot."""

    def __init__(self, config: ModelConfig, recalled: int) -> None:
        super().__init__()
        self.config = config
        self.name = config.name
        self.tokens = TokenEncoder(config.width)
        self.units = UnitEncoder(config.width)
        self.unit_readout = UnitReadout(recalled, config.width)
        self.outcome_readout = OutcomeReadout(recalled, config.width)
        if self.answers_places:
            self.places = PlaceEncoder(config.width)
            self.place_readout = PlaceReadout(recalled, config.width)

    def calibrate(self, places: Tensor) -> None:
        """Fit the model's geometry to where units are, ``[N, 2]`` world coordinates, before training."""

    @abstractmethod
    def prepare(self, tokens: Tokens) -> Encoded:
        """What the memory and its readout need of the encoded tokens, for a window at once."""

    @abstractmethod
    def recall(self, memory: Memory, encoded: Encoded, asked: Asked) -> Tensor:
        """What the memory holds for the queries, ``[B, T, Q, recalled]``; ``memory`` as :meth:`window` gives it."""

    def encode(self, observation: Observation) -> Encoded:
        """Documented at :meth:`Predictor.encode`."""
        return self.prepare(self.tokens(observation))

    def read_units(self, memory: Memory, encoded: Encoded, queries: UnitQueries) -> tuple[Change, Outcome]:
        """Documented at :meth:`Predictor.read_units`."""
        asked = self.units(queries)
        recalled = self.recall(memory, encoded, asked)
        change: Change = self.unit_readout(recalled, asked.query, queries)
        outcome: Outcome = self.outcome_readout(recalled, asked.query, queries.present)
        return change, outcome

    def read_places(self, memory: Memory, encoded: Encoded, place: Tensor) -> LocalMap:
        """What will stand around places ``[B, T, Q, 2]`` (world coordinates) after the step.

        Args:
            memory, encoded: as in :meth:`Predictor.read_units`.
            place: where; seen, dark or never seen.
        """
        asked = self.places(place)
        answer: LocalMap = self.place_readout(self.recall(memory, encoded, asked), asked.query)
        return answer
