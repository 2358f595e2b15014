"""HDF5: `file.h5`, or one dataset of it as `file.h5::name`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vaekit.data.budget import Budget
from vaekit.data.flat import FlatRows
from vaekit.data.hdf5_rows import HDF5Rows
from vaekit.data.layout import assemble, columns_for, find_layout, images_in
from vaekit.data.pixels import SMALLEST
from vaekit.data.stored import StoredPixels
from vaekit.errors import DataError, closest
from vaekit.types import Dataset, Images
from vaekit.untrusted.hdf5 import HDF5File, Stored
from vaekit.untrusted.reading import plain, reading


def read_hdf5(path: Path, name: str | None, source: str, budget: Budget | None) -> Dataset:
    """The data set of an HDF5 file, unchecked.

    name: the dataset with the images. None: the names of `LAYOUTS`, else the only dataset that
    fits. Datasets `labels` and `factors` beside it hold its labels and factors, and are refused
    if those are none.
    budget: images of more stay in the file, to be read as they are needed.

    Only what lies in the file itself is read: links and storage that lead to other files are not
    followed. Raises `DataError` if it is no HDF5 file or has no such dataset.
    """
    with reading(path, "an HDF5 file"), HDF5File(path) as file:
        held = file.datasets
        layout = find_layout(held)
        if name is None and layout is not None:
            images = _images(file, images_in(layout, held), budget)
            return assemble(source, layout, held, images, file.read)
        key = _only_fit(file) if name is None else _named(file, name.strip("/"))
        pixels = _images(file, [key], budget)(key)
        labels, factors = (
            file.read(name) if name in held and name != key else None for name in _beside(key)
        )
        return Dataset(source, Images(pixels, labels, factors=factors))


def _images(file: HDF5File, keys: list[str], budget: Budget | None) -> Callable[[str], Any]:
    """What gives the images of these datasets: whole, or as they are needed."""
    if budget is None or sum(file.datasets[key].nbytes for key in keys) <= budget.bytes:
        return file.read

    def stored(key: str) -> StoredPixels:
        facts = file.readable(key)
        # What stands for true is HDF5's to say.
        if facts.offset is None or facts.dtype.kind == "b":
            return StoredPixels(HDF5Rows(file.path, key), budget.bytes)
        return StoredPixels(
            FlatRows(file.path, facts.offset, facts.shape, facts.dtype), budget.bytes
        )

    return lambda key: stored(key) if file.datasets[key].shape else file.read(key)


def _named(file: HDF5File, name: str) -> str:
    if name in file.links:
        raise DataError(
            f"{file.path}::{name} is {file.links[name]}, which vaekit doesn't follow. Name the "
            "dataset itself."
        )
    if name not in file.datasets:
        names = [key for key in file.datasets if plain(key) == key][:20]
        raise DataError(f"{file.path} holds no dataset {name!r}. {closest(name, names)}")
    return name


def _only_fit(file: HDF5File) -> str:
    held, path = file.datasets, file.path
    fitting = [key for key, item in held.items() if _fits(item)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(map(plain, fitting[:10]))
        raise DataError(
            f"{path} holds several datasets that could be the images: {names}. Say which, as "
            f"{path}::{plain(fitting[0])}."
        )
    contents = [_shown(key, item) for key, item in held.items()]
    contents += [f"{plain(name)} ({kind}, not followed)" for name, kind in file.links.items()]
    listed = ", ".join(contents[:10])
    raise DataError(
        f"{path} holds no dataset of images, which would be numbers of shape (N, H, W) or "
        f"(N, H, W, channels), {SMALLEST}x{SMALLEST} or larger. It holds {listed or 'none'}."
    )


def _shown(name: str, item: Stored) -> str:
    if item.refusal is not None:
        return f"{plain(name)} (which {item.refusal})"
    return f"{plain(name)} {item.shape} {item.dtype}"


def _fits(item: Stored) -> bool:
    return (
        item.refusal is None
        and len(item.shape) in (3, 4)
        and min(item.shape) >= 1
        and min(item.shape[1:3]) >= SMALLEST
    )


def _beside(key: str) -> list[str]:
    """The names that labels and factors of a dataset of images would have."""
    group, slash, name = key.rpartition("/")
    return [f"{group}{slash}{column}" for column in columns_for(name)]
