"""NumPy's `.npz`: a zip of arrays by name."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from vaekit.data.layout import LAYOUTS, assemble, find_layout
from vaekit.data.reading import reading
from vaekit.errors import DataError
from vaekit.types import Dataset


def read_npz(path: Path, source: str) -> Dataset:
    """The data set of an `.npz`, unchecked; nothing in it is ever unpickled.

    Raises `DataError` if it is no zip, if its names are unknown or if an array can't be read.
    """
    with reading(path, "an .npz file"), zipfile.ZipFile(path) as archive:
        members = {m.filename.removesuffix(".npy"): m for m in archive.infolist()}
        layout = find_layout(members)
        if layout is None:
            wanted = ", ".join(repr(known.train) for known in LAYOUTS)
            raise DataError(
                f"{path} holds none of {wanted}; it holds {', '.join(sorted(members)) or 'nothing'}"
                ". Save the images under one of those names."
            )

        def read(name: str) -> np.ndarray:
            with archive.open(members[name]) as stream:
                return _array(stream, members[name].file_size, f"{path}: {name}")

        return assemble(source, layout, members, read)


def _array(stream: IO[bytes], size: int, name: str) -> np.ndarray:
    """The `.npy` in a stream of `size` bytes, after a look at what its header declares."""
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
    expected, found = math.prod(shape) * dtype.itemsize, size - stream.tell()
    if expected != found:  # before anything is allocated
        raise DataError(
            f"{name} declares the shape {shape}, {expected} bytes, but {found} follow. The file "
            "is damaged: fetch it again."
        )
    stream.seek(0)
    array: np.ndarray = np.lib.format.read_array(stream, allow_pickle=False)
    return array
