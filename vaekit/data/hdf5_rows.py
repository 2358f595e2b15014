"""Images of an HDF5 dataset that only the HDF5 library can read: in chunks, or packed."""

from __future__ import annotations

import threading
import weakref
from pathlib import Path

import numpy as np

from vaekit.untrusted.hdf5 import HDF5File


class HDF5Rows:
    """Rows read by a child process, one request at a time; see `vaekit.data.stored.Rows`.

    To read one row, its whole chunk is read and unpacked.

    Raises `DataError` if the dataset can't be read.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._file, self._name = HDF5File(path), name
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        stored = self._file.readable(name)
        self.shape, self.dtype, self.together = stored.shape, stored.dtype, stored.rows

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Each chunk once."""
        rows, places = np.unique(indices, return_inverse=True)
        with self._lock:
            if not len(rows) or rows[-1] - rows[0] + 1 == len(rows):
                first = int(rows[0]) if len(rows) else 0
                values = self._file.read(self._name, first, first + len(rows))
            else:
                values = self._file.pick(self._name, rows)
        return values[places]
