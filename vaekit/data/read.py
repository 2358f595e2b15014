"""Any path, read as images by the format that it has."""

from __future__ import annotations

import os
from pathlib import Path

from vaekit.config import Resize
from vaekit.data import folder, hdf5, idx, npz
from vaekit.data.budget import Budget
from vaekit.data.check import checked
from vaekit.data.read_options import ReadOptions
from vaekit.data.scale import Scale
from vaekit.data.transform import transformed
from vaekit.errors import DataError
from vaekit.types import Dataset
from vaekit.untrusted.images import SUFFIXES, looks_like_image
from vaekit.untrusted.reading import reading

_HDF5 = (".h5", ".hdf5")


def read_images(
    path: str | os.PathLike[str],
    *,
    image_size: int | str | tuple[int, int] | None = None,
    resize: Resize | None = None,
    gray: bool = False,
    skip_bad: bool = False,
    budget: Budget | None = None,
    scale: Scale | None = None,
    progress: bool = False,
) -> Dataset:
    """The data set at a path.

    - A folder of IDX files, gzipped or not, named like `train-images-idx3-ubyte` and
      `t10k-labels-idx1-ubyte`; or a single such file, as training images.
    - `.npz` with `x_train`, `y_train`, `x_test`, `y_test`; or `images`, `labels`; or
      `train_images` and so on. Only the training images must be there.
    - `.h5` or `.hdf5` with the same names, or `file.h5::name`, or its only dataset that fits.
    - A folder of images (PNG, JPEG, WebP, BMP, TIFF, GIF, PPM); sub-folders are classes or splits.

    image_size: height and width to bring the images to: 64, "64x48" or (64, 48).
    resize: how: "crop" (the centre, never enlarged), "pad" (with black) or "stretch"; None crops
        image files, enlarging small ones, and stretches arrays.
    gray: make colour images grey.
    skip_bad: go on without the files of a folder that can't be read; `skipped` then names them.
    budget: images of more stay in their file and are read as they are needed; None: all are read.
    scale: which value of each type is white, as a run recorded it; None: the images say.
    progress: show on standard error how far the reading of a folder has come.

    Raises `DataError` for what can't be read, saying what is wrong and what to do; for a folder,
    its `files` has all files that can't, with the reasons.
    """
    asked = ReadOptions.checked(
        image_size=image_size,
        resize=resize,
        gray=gray,
        skip_bad=skip_bad,
        budget=budget,
        progress=progress,
    )
    source = os.fspath(path)
    with reading(source, "images"):
        raw = _read(source, asked)
    return transformed(checked(raw, scale), asked)


def _read(source: str, asked: ReadOptions) -> Dataset:
    path, name = _parts(source)
    if not path.exists():
        raise DataError(f"There is no file or folder {path}. Check the path.")
    suffix = path.suffix.lower()
    if name is not None and suffix not in _HDF5:
        raise DataError(f"{source}: only an .h5 or .hdf5 file is followed by '::' and a name.")
    if path.is_dir():
        return _read_folder(path, source, asked)
    if suffix in _HDF5:
        return hdf5.read_hdf5(path, name, source, asked.budget)
    if suffix == ".npz":
        return npz.read_npz(path, source, asked.budget)
    if suffix in SUFFIXES or looks_like_image(path):
        return folder.read_file(path, source, asked)
    if path.is_file() and idx.is_idx(path):
        return idx.read_idx(path, source, asked.budget)
    raise DataError(f"{path} is of no known format. vaekit reads {folder.READS}.")


def _parts(source: str) -> tuple[Path, str | None]:
    """The path, and the name after `::` if there is one."""
    whole = Path(source).expanduser()
    if "::" not in source or whole.exists():
        return whole, None
    path, _, name = source.partition("::")
    return Path(path).expanduser(), name


def _read_folder(path: Path, source: str, asked: ReadOptions) -> Dataset:
    files = idx.find_idx(path)
    if files:
        return idx.read_idx_folder(path, files, source, asked.budget)
    if not any(path.iterdir()):
        raise DataError(f"The folder {path} is empty. Put images into it, or choose another.")
    return folder.read_folder(path, source, asked)
