"""Any path, read as images by the format that it has."""

from __future__ import annotations

import os
from pathlib import Path

from vaekit.data import folder, hdf5, idx, npz
from vaekit.data.budget import Budget
from vaekit.data.check import checked
from vaekit.data.scale import Scale
from vaekit.data.transform import check_size, transformed
from vaekit.errors import DataError
from vaekit.types import Dataset
from vaekit.untrusted.images import SUFFIXES
from vaekit.untrusted.reading import reading

_HDF5 = (".h5", ".hdf5")


def read_images(
    path: str | os.PathLike[str],
    *,
    image_size: tuple[int, int] | None = None,
    gray: bool = False,
    budget: Budget | None = None,
    scale: Scale | None = None,
) -> Dataset:
    """The data set at a path.

    - A folder of IDX files, gzipped or not, named like `train-images-idx3-ubyte` and
      `t10k-labels-idx1-ubyte`; or a single such file, as training images.
    - `.npz` with `x_train`, `y_train`, `x_test`, `y_test`; or `images`, `labels`; or
      `train_images` and so on. Only the training images must be there.
    - `.h5` or `.hdf5` with the same names, or `file.h5::name`, or its only dataset that fits.
    - A folder of images (PNG, JPEG, WebP, BMP, TIFF, GIF, PPM); sub-folders are classes or splits.

    image_size: (height, width) to stretch the images to. gray: make colour images grey.
    budget: images of more stay in their file and are read as they are needed; None: all are read.
    scale: which value of each type is white, as a run recorded it; None: the images say.

    Raises `DataError` for what can't be read, saying what is wrong and what to do.
    """
    check_size(image_size)
    source = os.fspath(path)
    with reading(source, "images"):
        raw = _read(source, image_size, gray, budget)
    return transformed(checked(raw, scale), image_size, gray)


def _read(
    source: str, image_size: tuple[int, int] | None, gray: bool, budget: Budget | None
) -> Dataset:
    path, name = _parts(source)
    if not path.exists():
        raise DataError(f"There is no file or folder {path}. Check the path.")
    suffix = path.suffix.lower()
    if name is not None and suffix not in _HDF5:
        raise DataError(f"{source}: only an .h5 or .hdf5 file is followed by '::' and a name.")
    if path.is_dir():
        return _read_folder(path, source, image_size, gray, budget)
    if suffix in _HDF5:
        return hdf5.read_hdf5(path, name, source, budget)
    if suffix == ".npz":
        return npz.read_npz(path, source, budget)
    if suffix in SUFFIXES:
        return folder.read_file(path, source, image_size, gray)
    if path.is_file() and idx.is_idx(path):
        return idx.read_idx(path, source, budget)
    raise DataError(f"{path} is of no known format. vaekit reads {folder.READS}.")


def _parts(source: str) -> tuple[Path, str | None]:
    """The path, and the name after `::` if there is one."""
    whole = Path(source).expanduser()
    if "::" not in source or whole.exists():
        return whole, None
    path, _, name = source.partition("::")
    return Path(path).expanduser(), name


def _read_folder(
    path: Path,
    source: str,
    image_size: tuple[int, int] | None,
    gray: bool,
    budget: Budget | None,
) -> Dataset:
    files = idx.find_idx(path)
    if files:
        return idx.read_idx_folder(path, files, source, budget)
    if not any(path.iterdir()):
        raise DataError(f"The folder {path} is empty. Put images into it, or choose another.")
    return folder.read_folder(path, source, image_size, gray, budget)
