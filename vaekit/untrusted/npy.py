"""NumPy's `.npy`, read from a stream: never a pickle, and sizes before values."""

from __future__ import annotations

from typing import IO, Any

import numpy as np

from vaekit.errors import DataError
from vaekit.untrusted.size_limits import nbytes


def read_npy(stream: IO[bytes], size: int, name: str) -> np.ndarray:
    """The array in a stream of `size` bytes, after a look at what its header declares.

    name: what to call it in an error. Raises `DataError` if it is a pickle, or of another size.
    """
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise DataError(f"{name} is of .npy version {version}. Save it again as plain numbers.")
    header: Any = getattr(np.lib.format, f"read_array_header_{version[0]}_0")
    shape, _, dtype = header(stream)
    if dtype.hasobject:
        raise DataError(
            f"{name} is a pickle of Python objects, which vaekit never opens. Save it again as "
            "plain numbers."
        )
    expected, found = nbytes(shape, dtype.itemsize), size - stream.tell()
    if min(shape, default=0) < 0 or expected != found:  # before anything is allocated
        raise DataError(
            f"{name} declares the shape {shape}, {expected} bytes, but {found} follow. The file "
            "is damaged: fetch it again."
        )
    stream.seek(0)
    array: np.ndarray = np.lib.format.read_array(stream, allow_pickle=False)
    return array
