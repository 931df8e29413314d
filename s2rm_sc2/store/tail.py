"""The growing end of an array: rows gather in one chunk in memory and are written chunk by chunk.

The chunk in memory has the columns first, as the file has them, so whoever compresses it need not turn it round, and
the unfilled last chunk of the array is never read back to be continued.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from s2rm_sc2.store.files import ZarrArray
from s2rm_sc2.store.layout import ArraySpec


class Tail:
    """The end of one array.

    Args:
        spec: the array's layout.
        array: the array on disk; all its rows are committed.
    """

    def __init__(self, spec: ArraySpec, array: ZarrArray) -> None:
        self._spec, self._array = spec, array
        self._rows = int(array.shape[0])
        self._chunk: npt.NDArray[Any] | None = None

    def extend(self, parts: Sequence[npt.NDArray[np.generic]]) -> None:
        """Append rows and write them to disk, the last and perhaps unfilled chunk included."""
        size, chunk = self._spec.chunk_rows, self._loaded()
        stop = self._rows + sum(map(len, parts))
        # The shape grows before a row is written: a shape equal to the record means a clean tail.
        self._array.resize((stop, *self._spec.tail))
        for part in parts:
            while len(part):
                at = self._rows % size
                taken = part[: size - at]
                chunk[at : at + len(taken)] = taken
                self._rows += len(taken)
                part = part[len(taken) :]
                if self._rows % size == 0:
                    self._array[self._rows - size : self._rows] = chunk
        if at := self._rows % size:
            self._array[self._rows - at : self._rows] = chunk[:at]

    def _loaded(self) -> npt.NDArray[Any]:
        """The last chunk ``[chunk_rows, *tail]``, in memory with the rows as the fastest dimension."""
        if self._chunk is None:
            tail, size = self._spec.tail, self._spec.chunk_rows
            self._chunk = np.zeros((*reversed(tail), size), self._spec.dtype).transpose()
            if at := self._rows % size:
                self._chunk[:at] = self._array[self._rows - at : self._rows]
        return self._chunk
