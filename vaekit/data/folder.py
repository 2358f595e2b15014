"""A folder of images, whose sub-folders may be classes or splits."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from vaekit.data.budget import Budget
from vaekit.data.imagefile import Canvas, FileRows, is_animated, measure
from vaekit.data.listing import Files, list_images, some_names
from vaekit.data.splits import take
from vaekit.data.stored import StoredPixels
from vaekit.errors import VaekitWarning
from vaekit.types import Dataset, Images

Size = tuple[int, int] | None  # height, width; None: as they are


def read_file(path: Path, source: str, size: Size, gray: bool) -> Dataset:
    """A single image, unchecked."""
    return Dataset(source, Images(_decoded([path], size, gray)))


def read_folder(
    folder: Path, source: str, size: Size, gray: bool, budget: Budget | None
) -> Dataset | None:
    """The data set of a folder of image files, unchecked; None if it holds none.

    Splits and classes are those of `list_images`; classes are numbered in the order of their names.
    The images have one channel if all are grey or `gray` is asked for, else three.

    budget: images of more are decoded as they are needed.
    """
    listing = list_images(folder)
    if listing is None:
        return None
    train_files, test_files = listing
    files = [*train_files, *(test_files or ())]
    names = sorted({name for _, name in files if name is not None})
    paths = [path for path, _ in files]
    whole = Images(_stored(paths, size, gray, budget) or _decoded(paths, size, gray))
    count = len(train_files)
    train = take(whole, slice(count))._replace(labels=_labels(train_files, names))
    test = None
    if test_files is not None:
        test = take(whole, slice(count, None))._replace(labels=_labels(test_files, names))
    return Dataset(source, train, test, tuple(names) or None)


def _decoded(paths: list[Path], size: Size, gray: bool) -> np.ndarray:
    canvas = Canvas(len(paths), size, gray)
    with _metadata_ignored():
        for path in paths:
            canvas.add(path)
    _warn_of_animated(canvas.animated)
    return canvas.pixels


def _stored(
    paths: list[Path], size: Size, gray: bool, budget: Budget | None
) -> StoredPixels | None:
    """The images of these files if they are more than may be held."""
    if budget is None:
        return None
    with _metadata_ignored():
        height, width, channels = measure(paths[0], size, gray)
        # Only if it can matter are all headers read.
        if len(paths) * height * width * (channels if gray else 3) <= budget.bytes:
            return None
        stored = StoredPixels(FileRows(paths, size, gray), budget.bytes)
        if math.prod(stored.shape) <= budget.bytes:
            return None
        _warn_of_animated([path for path in paths if is_animated(path)])
    return stored


@contextmanager
def _metadata_ignored() -> Iterator[None]:
    """Pillow warns of what is wrong with metadata, which are not what is asked of a picture."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
        yield


def _warn_of_animated(paths: list[Path]) -> None:
    if paths:
        warnings.warn(
            f"{len(paths)} files hold several pictures, of which the first is taken: "
            f"{some_names(paths)}.",
            VaekitWarning,
            stacklevel=2,
        )


def _labels(files: Files, names: list[str]) -> np.ndarray | None:
    """Class numbers; None if no file has a class."""
    if any(name is None for _, name in files):
        return None
    number = {name: i for i, name in enumerate(names)}
    return np.array([number[name] for _, name in files if name is not None], np.int64)
