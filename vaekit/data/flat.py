"""Images that lie in a file one after the other, as IDX and unpacked HDF5 keep them."""

from __future__ import annotations

import os
import weakref
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from vaekit.errors import DataError
from vaekit.untrusted.size_limits import nbytes


class FlatRows:
    """Images of one shape and type from `offset` on; see `vaekit.data.stored.Rows`.

    They are read, not mapped: a page that is mapped counts as this process's memory. The file
    stays open, so that it is the same one to the end.

    Raises `DataError` if the file is shorter than they are.
    """

    def __init__(
        self, path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> None:
        self.shape, self.dtype, self.together = shape, dtype, 1
        self._path, self._offset = path, offset
        self._row = nbytes(shape[1:], dtype.itemsize)
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._file)
        if os.fstat(self._file).st_size < offset + shape[0] * self._row:
            raise self._cut()

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Each run of neighbours in one piece."""
        values = np.empty((len(indices), *self.shape[1:]), self.dtype)
        into = values.reshape(-1).view(np.uint8).data
        borders = (np.flatnonzero(np.diff(indices) != 1) + 1).tolist()
        for first, stop in pairwise([0, *borders, len(indices)] if len(indices) else []):
            self._fill(
                into[first * self._row : stop * self._row],
                self._offset + int(indices[first]) * self._row,
            )
        return values

    def _fill(self, into: memoryview, at: int) -> None:
        done = 0
        while done < len(into):
            try:
                came = os.pread(self._file, len(into) - done, at + done)
            except OSError as error:
                raise DataError(f"Can't read {self._path}: {error.strerror}.") from error
            if not came:
                raise self._cut()
            into[done : done + len(came)] = came
            done += len(came)

    def _cut(self) -> DataError:
        return DataError(
            f"{self._path} ends before the last of its {self.shape[0]} images. Was it cut short? "
            "Fetch it again."
        )
