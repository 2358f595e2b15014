"""HDF5: `file.h5`, or one dataset of it as `file.h5::name`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vaekit.data.layout import assemble, find_layout, labels_for
from vaekit.data.pixels import SMALLEST
from vaekit.data.reading import reading
from vaekit.errors import DataError, closest
from vaekit.types import Dataset, Images

_DEFLATE_AT_MOST = 1040  # deflate never shrinks by more


def read_hdf5(path: Path, name: str | None, source: str) -> Dataset:
    """The data set of an HDF5 file, unchecked.

    name: the dataset with the images. None: the names of `LAYOUTS`, else the only dataset that
    fits. Integers of the same count in a dataset `labels` beside it are its labels.

    Only what lies in the file itself is read: links and storage that lead to other files are not
    followed. Raises `DataError` if it is no HDF5 file or has no such dataset.
    """
    import h5py

    with path.open("rb"):  # h5py's own words for a file that may not be read are obscure
        pass
    with reading(path, "an HDF5 file"), h5py.File(path, "r") as file:
        held = _datasets(file)
        layout = find_layout(held)
        if name is None and layout is not None:
            return assemble(source, layout, held, lambda key: _array(held[key], path))
        key = _only_fit(held, path) if name is None else _named(held, name.strip("/"), path)
        labels = _labels_beside(key, held)
        return Dataset(source, Images(_array(held[key], path), labels))


def _datasets(file: Any) -> dict[str, Any]:
    """Every dataset in the file by its path; `visititems` follows no soft or external link."""
    import h5py

    held: dict[str, Any] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.shape is not None:
            held[name] = item

    file.visititems(visit)
    return held


def _named(held: dict[str, Any], name: str, path: Path) -> str:
    if name not in held:
        raise DataError(f"{path} holds no dataset {name!r}. {closest(name, held)}")
    return name


def _only_fit(held: dict[str, Any], path: Path) -> str:
    fitting = [key for key, item in held.items() if _fits(item)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise DataError(
            f"{path} holds several datasets that could be the images: {', '.join(fitting)}. Say "
            f"which, as {path}::{fitting[0]}."
        )
    listed = ", ".join(f"{key} {item.shape} {item.dtype}" for key, item in list(held.items())[:10])
    raise DataError(
        f"{path} holds no dataset of images, which would be numbers of shape (N, H, W) or "
        f"(N, H, W, channels), {SMALLEST}x{SMALLEST} or larger. It holds {listed or 'none'}."
    )


def _fits(item: Any) -> bool:
    return (
        item.dtype.kind in "buif"
        and item.ndim in (3, 4)
        and min(item.shape) >= 1
        and min(item.shape[1:3]) >= SMALLEST
    )


def _labels_beside(key: str, held: dict[str, Any]) -> np.ndarray | None:
    group = key.rpartition("/")[0]
    wanted = labels_for(key.rpartition("/")[2])
    item = held.get(f"{group}/{wanted}" if group else wanted)
    if item is None or item.dtype.kind not in "ui" or item.shape != held[key].shape[:1]:
        return None
    labels: np.ndarray = item[()]
    return labels


def _array(item: Any, path: Path) -> np.ndarray:
    if item.is_virtual or item.external:
        raise DataError(
            f"{path}::{item.name} keeps its values in other files, which vaekit doesn't open. "
            "Copy them into this one."
        )
    stored = item.id.get_storage_size()
    if item.nbytes > stored * _DEFLATE_AT_MOST:  # before anything is allocated
        raise DataError(
            f"{path}::{item.name} declares the shape {item.shape}, {item.nbytes} bytes, but only "
            f"{stored} are stored. Write its values, or choose another dataset."
        )
    array: np.ndarray = item[()]
    return array
