"""What all models share: view encoder, query encoder and readout; only the memory between them differs."""

from abc import abstractmethod

from torch import Tensor

from worldmodel.config import ModelConfig
from worldmodel.contract import Change, Predictor, Queries
from worldmodel.encoder import QueryEncoder, ViewEncoder
from worldmodel.readout import Readout


class UnitModel(Predictor):
    """A predictor of units with the shared encoders and readout.

    Args:
        config: its sizes.
        recalled: features that :meth:`recall` gives per query.
    """

    def __init__(self, config: ModelConfig, recalled: int) -> None:
        super().__init__()
        self.config = config
        self.name = config.name
        self.views = ViewEncoder(config.width)
        self.queries = QueryEncoder(config.width)
        self.readout = Readout(recalled, config.width, config.width)

    def calibrate(self, places: Tensor) -> None:
        """Fit the model's geometry to where units are, ``[N, 2]`` world coordinates, before training."""

    @abstractmethod
    def recall(self, memory: Tensor, place: Tensor, query: Tensor) -> Tensor:
        """What the memory holds about places ``[..., U, 2]`` for query embeddings ``[..., U, W]``."""

    def read(self, memory: Tensor, queries: Queries) -> Change:
        """Documented at :meth:`Predictor.read`."""
        query = self.queries(queries)
        change: Change = self.readout(self.recall(memory, queries.place, query), query, queries.age)
        return change
