"""A folder of images, whose sub-folders may be classes or splits."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from vaekit.data.budget import Budget
from vaekit.data.imagefile import Canvas, FileRows, measure
from vaekit.data.splits import take
from vaekit.data.stored import StoredPixels
from vaekit.errors import DataError
from vaekit.types import Dataset, Images

SUFFIXES = (".png", ".jpg", ".jpeg")
_TEST = ("test", "val", "validation")  # the first that is there is the test set

Size = tuple[int, int] | None  # height, width; None: as they are
Files = list[tuple[Path, str | None]]  # each with its class, None where there are no classes


def read_file(path: Path, source: str, size: Size, gray: bool) -> Dataset:
    """A single image, unchecked."""
    canvas = Canvas(1, size, gray)
    canvas.add(path)
    return Dataset(source, Images(canvas.pixels))


def read_folder(
    folder: Path, source: str, size: Size, gray: bool, budget: Budget | None
) -> Dataset | None:
    """The data set of a folder of PNG and JPEG images, unchecked; None if it holds none.

    Sub-folders named `train` and `test` (or `val`, `validation`) are the splits; where both a
    test and a validation folder are there, the validation folder is left out. In the folder, or
    in each split, sub-folders with images are classes, numbered in the order of their names.

    The images have one channel if all are grey or `gray` is asked for, else three.

    budget: images of more are decoded as they are needed.
    """
    splits = _splits(folder)
    listed = {split: _list(path) for split, path in splits.items()}
    if not listed["train"]:
        if len(splits) > 1:
            raise DataError(f"The folder {splits['train']} holds no images. Put some into it.")
        return None
    if not listed.get("test", True):
        raise DataError(f"The folder {splits['test']} holds no images. Put some into it.")
    names = sorted({name for files in listed.values() for _, name in files if name is not None})
    paths = [path for files in listed.values() for path, _ in files]
    whole = Images(_stored(paths, size, gray, budget) or _decoded(paths, size, gray))
    count = len(listed["train"])
    train = take(whole, slice(count))._replace(labels=_labels(listed["train"], names))
    test = None
    if "test" in listed:
        test = take(whole, slice(count, None))._replace(labels=_labels(listed["test"], names))
    return Dataset(source, train, test, tuple(names) or None)


def _decoded(paths: list[Path], size: Size, gray: bool) -> np.ndarray:
    canvas = Canvas(len(paths), size, gray)
    for path in paths:
        canvas.add(path)
    return canvas.pixels


def _stored(
    paths: list[Path], size: Size, gray: bool, budget: Budget | None
) -> StoredPixels | None:
    """The images of these files if they are more than may be held."""
    if budget is None:
        return None
    height, width, channels = measure(paths[0], size, gray)
    # Only if it can matter are all headers read.
    if len(paths) * height * width * (channels if gray else 3) <= budget.bytes:
        return None
    stored = StoredPixels(FileRows(paths, size, gray), budget.bytes)
    return stored if math.prod(stored.shape) > budget.bytes else None


def _splits(folder: Path) -> dict[str, Path]:
    """The folder of each split; the folder itself is `train` if it isn't split."""
    inside = {path.name.lower(): path for path in _subfolders(folder)}
    if "train" not in inside or not set(inside) <= {"train", *_TEST}:
        return {"train": folder}
    test = next((inside[name] for name in _TEST if name in inside), None)
    return {"train": inside["train"]} | ({"test": test} if test else {})


def _subfolders(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _images(folder: Path) -> list[Path]:
    """Image files by name; the hidden ones are left out (macOS leaves `._a.png` beside `a.png`)."""
    return sorted(
        p
        for p in folder.iterdir()
        if p.suffix.lower() in SUFFIXES and not p.name.startswith(".") and p.is_file()
    )


def _list(folder: Path) -> Files:
    loose: Files = [(path, None) for path in _images(folder)]
    sorted_in: Files = [(p, sub.name) for sub in _subfolders(folder) for p in _images(sub)]
    if loose and sorted_in:
        raise DataError(
            f"The folder {folder} holds images beside sub-folders of images "
            f"({loose[0][0].name} and {sorted_in[0][1]}). Keep either."
        )
    return loose or sorted_in


def _labels(files: Files, names: list[str]) -> np.ndarray | None:
    """Class numbers; None if no file has a class."""
    if any(name is None for _, name in files):
        return None
    number = {name: i for i, name in enumerate(names)}
    return np.array([number[name] for _, name in files if name is not None], np.int64)
