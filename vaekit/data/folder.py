"""A folder of images, whose sub-folders may be classes or splits."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from vaekit.data.budget import Budget
from vaekit.data.imagefile import Canvas, FileRows, measure_file
from vaekit.data.left_out import LeftOut
from vaekit.data.listing import Listing, list_images, split_folders
from vaekit.data.splits import take
from vaekit.data.stored import StoredPixels
from vaekit.errors import DataError
from vaekit.types import Dataset, Images
from vaekit.untrusted.images import FORMATS

READS = (
    "IDX, .npz, .h5 and .hdf5 files, folders of IDX files, and images, also in folders: "
    f"{', '.join(FORMATS)}"
)

Size = tuple[int, int] | None  # height, width; None: as they are


def read_file(path: Path, source: str, size: Size, gray: bool) -> Dataset:
    """A single image, unchecked."""
    left_out = LeftOut(path)
    pixels = _decoded([path], size, gray, left_out)
    left_out.warn()
    return Dataset(source, Images(pixels, files=_names([path], path.parent)))


def read_folder(
    folder: Path, source: str, size: Size, gray: bool, budget: Budget | None
) -> Dataset:
    """The data set of a folder of images, unchecked.

    Sub-folders named as splits are the splits: `train` or `training`, and the first that is there
    of `test`, `testing`, `valid`, `val`, `validation` and `dev`, which is the test set. In the
    folder, or in each split, sub-folders with images, at any depth, are classes, numbered in the
    order of their names.

    The images have one channel if all are grey or `gray` is asked for, else three.

    budget: images of more are decoded as they are needed.

    Whatever isn't taken is named in a `VaekitWarning`. Raises `DataError` if there are no images,
    and where taking or leaving some would surprise: in a stranger beside `train`, beside classes,
    in splits within classes.
    """
    left_out = LeftOut(folder)
    splits = split_folders(folder, left_out)
    listed = {split: list_images(path, left_out) for split, path in splits.items()}
    for split, listing in listed.items():
        if not listing:
            raise DataError(
                f"The folder {splits[split]} holds no images. vaekit reads {READS}; "
                f"{left_out.contents()}"
            )
    names = sorted({name for files in listed.values() for _, name in files if name is not None})
    paths = [path for files in listed.values() for path, _ in files]
    stored = _stored(paths, size, gray, budget, left_out)
    pixels = _decoded(paths, size, gray, left_out) if stored is None else stored
    left_out.warn()
    whole, count = Images(pixels, files=_names(paths, folder)), len(listed["train"])
    train = take(whole, slice(count))._replace(labels=_labels(listed["train"], names))
    test = None
    if "test" in listed:
        test = take(whole, slice(count, None))._replace(labels=_labels(listed["test"], names))
    return Dataset(source, train, test, tuple(names) or None)


def _decoded(paths: list[Path], size: Size, gray: bool, left_out: LeftOut) -> np.ndarray:
    canvas = Canvas(len(paths), size, gray)
    for path in paths:
        canvas.add(path)
    left_out.pages = canvas.several
    return canvas.pixels


def _stored(
    paths: list[Path], size: Size, gray: bool, budget: Budget | None, left_out: LeftOut
) -> StoredPixels | None:
    """The images of these files if they are more than may be held."""
    if budget is None:
        return None
    height, width, channels = measure_file(paths[0], size, gray)
    # Only if it can matter are all headers read.
    if len(paths) * height * width * (channels if gray else 3) <= budget.bytes:
        return None
    rows = FileRows(paths, size, gray)
    if math.prod(rows.shape) <= budget.bytes:
        return None
    left_out.pages = rows.several
    return StoredPixels(rows, budget.bytes)


def _names(paths: list[Path], folder: Path) -> np.ndarray:
    """The files' paths within the folder."""
    return np.array([path.relative_to(folder).as_posix() for path in paths], object)


def _labels(files: Listing, names: list[str]) -> np.ndarray | None:
    """Class numbers; None if no file has a class."""
    if any(name is None for _, name in files):
        return None
    number = {name: i for i, name in enumerate(names)}
    return np.array([number[name] for _, name in files if name is not None], np.int64)
