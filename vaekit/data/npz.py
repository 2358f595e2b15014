"""NumPy's `.npz`: a zip of arrays by name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from vaekit.data.budget import Budget
from vaekit.data.layout import LAYOUTS, assemble, find_layout, images_in
from vaekit.errors import DataError
from vaekit.types import Dataset
from vaekit.untrusted.npy import read_npy
from vaekit.untrusted.reading import plain, reading
from vaekit.untrusted.zips import open_zip


def read_npz(path: Path, source: str, budget: Budget | None) -> Dataset:
    """The data set of an `.npz`, unchecked; nothing in it is ever unpickled.

    Raises `DataError` if it is no zip, if its names are unknown, if an array can't be read, or if
    the images are more than a user's budget.
    """
    with reading(path, "an .npz file"), open_zip(path) as archive:
        members = {name.removesuffix(".npy"): name for name in archive.members}
        layout = find_layout(members)
        if layout is None:
            accepted = ", ".join(repr(known.train) for known in LAYOUTS)
            raise DataError(
                f"{path} holds none of {accepted}; it holds {_listed(members)}. "
                "Save the images under one of those names."
            )

        if budget is not None:
            size = sum(archive.members[members[n]].file_size for n in images_in(layout, members))
            budget.refuse(path, size, "Save the images as HDF5.")

        def read(name: str) -> np.ndarray:
            size = archive.members[members[name]].file_size
            with archive.open(members[name]) as stream:
                return read_npy(stream, size, f"{path}: {name}")

        return assemble(source, layout, members, read, read)


def _listed(names: Iterable[str]) -> str:
    return plain(", ".join(sorted(names))) or "nothing"
