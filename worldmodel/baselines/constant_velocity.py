"""The other floor: every unit goes on as it was last seen to move."""

from dataclasses import replace

from worldmodel.baselines.persistence import Persistence
from worldmodel.contract import Change, Encoded, Memory, Outcome, UnitQueries
from worldmodel.tokens import ROW_COLUMNS

_VX, _VY = ROW_COLUMNS.index("vx"), ROW_COLUMNS.index("vy")


class ConstantVelocity(Persistence):
    """Persistence but for places: each unit repeats its last displacement, in sight or not."""

    name = "constant velocity"

    def read_units(self, memory: Memory, encoded: Encoded, queries: UnitQueries) -> tuple[Change, Outcome]:
        """The last displacement once more."""
        change, outcome = super().read_units(memory, encoded, queries)
        dx, dy = queries.rows[..., _VX], queries.rows[..., _VY]
        return replace(change, dx=dx, dy=dy, walks=-change.walks, walk_x=dx, walk_y=dy), outcome
