"""A folder of images, whose sub-folders may be classes or splits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from vaekit.counted_progress import CountedProgress, counted_progress
from vaekit.data.bad_files import BadFiles
from vaekit.data.fit import Fit
from vaekit.data.imagefile import FileRows, Header, put, read_header, read_pixels
from vaekit.data.left_out import LeftOut
from vaekit.data.listing import Listing, list_images, split_folders
from vaekit.data.read_options import ReadOptions
from vaekit.data.sizes import DifferingSizesError, differ
from vaekit.data.splits import take
from vaekit.data.stored import StoredPixels
from vaekit.errors import DataError
from vaekit.types import Dataset, Images
from vaekit.untrusted.images import FORMATS, ImageFileError

READS = (
    "IDX, .npz, .h5 and .hdf5 files, folders of IDX files, and images, also in folders: "
    f"{', '.join(FORMATS)}"
)


def read_file(path: Path, source: str, asked: ReadOptions) -> Dataset:
    """A single image, unchecked. Raises `ImageFileError` if it can't be read."""
    fit, left_out = asked.fit_for("cover"), LeftOut(path)
    header = _checked_header(path, fit)
    left_out.pages = [path] if header.several else []
    pixels = read_pixels(path, fit, asked.gray, quiet=True)
    left_out.warn({})
    images = Images(pixels[np.newaxis], files=_names([path], path.parent))
    return Dataset(source, images, resized=_resized([header], fit))


def read_folder(folder: Path, source: str, asked: ReadOptions) -> Dataset:
    """The data set of a folder of images, unchecked.

    Sub-folders named as splits are the splits: `train` or `training`, and the first that is there
    of `test`, `testing`, `valid`, `val`, `validation` and `dev`, which is the test set. In the
    folder, or in each split, sub-folders with images, at any depth, are classes, numbered in the
    order of their names.

    The images have one channel if all are grey or `gray` is asked for, else three. Images of more
    than the budget are decoded once, to find those that can't be, and again as they are needed.

    Whatever isn't taken is named in a `VaekitWarning`. Raises `BadFilesError` with all files that
    can't be read, unless they are to be skipped, and `DataError` if there are no images, or of
    different sizes, and where taking or leaving some would surprise: in a stranger beside `train`,
    in splits within classes.
    """
    left_out, bad = LeftOut(folder), BadFiles(folder)
    splits = split_folders(folder, left_out)
    listed = {split: list_images(path, left_out, bad) for split, path in splits.items()}
    for split, listing in listed.items():
        if not listing and not bad:
            raise DataError(
                f"The folder {splits[split]} holds no images. vaekit reads {READS}; "
                f"{left_out.contents()}"
            )
    paths = [path for files in listed.values() for path, _ in files]
    total = bad.count_with(paths)
    fit = asked.fit_for("cover")
    with counted_progress(f"reading {source}", 2 * len(paths), asked.progress, "files") as progress:
        headers = _headers(paths, fit, bad, progress)
        if fit is None and differ(headers):
            _drop_undecodable(headers, None, asked.gray, bad, progress)
            if differ(headers):
                refusal = bad.refusal(total, source, asked) if bad and not asked.skip_bad else None
                raise DifferingSizesError(folder, headers, refusal)
        pixels = _pixels(headers, fit, asked, bad, progress)
    if bad and (not asked.skip_bad or pixels is None):
        raise bad.refusal(total, source, asked)
    left_out.pages = [path for path, header in headers.items() if header.several]
    kept = {split: [(p, c) for p, c in files if p in headers] for split, files in listed.items()}
    for split, files in kept.items():
        if not files:
            raise DataError(f"None of the images of {splits[split]} can be read: give others.")
    left_out.warn(bad.by_name())
    names = sorted({name for files in kept.values() for _, name in files if name is not None})
    whole, count = Images(pixels, files=_names(headers, folder)), len(kept["train"])
    parts = [take(whole, slice(count)), take(whole, slice(count, None))]
    train, *test = [
        part._replace(labels=_labels(files, names))
        for part, files in zip(parts, kept.values(), strict=False)
    ]
    return Dataset(
        source,
        train,
        test[0] if test else None,
        tuple(names) or None,
        skipped=bad.by_name(),
        resized=_resized(headers.values(), fit),
    )


def _checked_header(path: Path, fit: Fit | None) -> Header:
    """The header of an image that can be fitted. Raises `ImageFileError` for another."""
    header = read_header(path)
    refusal = None if fit is None else fit.refusal(header.height, header.width)
    if refusal is not None:
        raise ImageFileError(path, refusal)
    return header


def _headers(
    paths: list[Path], fit: Fit | None, bad: BadFiles, progress: CountedProgress
) -> dict[Path, Header]:
    """The headers of the files that have one, and whose images can be fitted."""
    headers = {}
    for path in paths:
        try:
            headers[path] = _checked_header(path, fit)
        except ImageFileError as error:
            bad.add(path, error.reason)
        progress.advance()
    return headers


def _pixels(
    headers: dict[Path, Header],
    fit: Fit | None,
    asked: ReadOptions,
    bad: BadFiles,
    progress: CountedProgress,
) -> Any:
    """The images, held or stored; those that can't be decoded leave `headers`. None of none."""
    if not headers:
        return None
    budget, shape = asked.budget, _shape(headers, fit, asked.gray)
    held = budget is None or len(headers) * math.prod(shape) <= budget.bytes
    canvas = np.empty((len(headers), *shape), np.uint8) if held else None
    _drop_undecodable(headers, fit, asked.gray, bad, progress, canvas)
    if not headers:
        return None
    # Again: what was dropped may have been all that was in colour.
    count, shape = len(headers), _shape(headers, fit, asked.gray)
    if canvas is not None:
        return canvas[:count, ..., : shape[2]]
    room = 0 if budget is None else budget.bytes
    return StoredPixels(FileRows(list(headers), (count, *shape), fit, asked.gray), room)


def _drop_undecodable(
    headers: dict[Path, Header],
    fit: Fit | None,
    gray: bool,
    bad: BadFiles,
    progress: CountedProgress,
    canvas: np.ndarray | None = None,
) -> None:
    """Decode all files, into `canvas` if there is one; those that can't be leave `headers`."""
    done = 0
    for path in list(headers):
        try:
            image = read_pixels(path, fit, gray, quiet=True)
            if canvas is not None:
                put(image, canvas[done], path)
        except ImageFileError as error:
            bad.add(path, error.reason)
            del headers[path]
        else:
            done += 1
        progress.advance()


def _shape(headers: dict[Path, Header], fit: Fit | None, gray: bool) -> tuple[int, int, int]:
    """Height, width and channels of all images, which are fitted, or of one size."""
    first = next(iter(headers.values()))
    height, width = (first.height, first.width) if fit is None else fit.size
    channels = 1 if gray else max(header.channels for header in headers.values())
    return height, width, channels


def _resized(headers: Iterable[Header], fit: Fit | None) -> str:
    return "" if fit is None else fit.told([header.size for header in headers])


def _names(paths: Iterable[Path], folder: Path) -> np.ndarray:
    """The files' paths within the folder."""
    return np.array([path.relative_to(folder).as_posix() for path in paths], object)


def _labels(files: Listing, names: list[str]) -> np.ndarray | None:
    """Class numbers; None if no file has a class."""
    if any(name is None for _, name in files):
        return None
    number = {name: i for i, name in enumerate(names)}
    return np.array([number[name] for _, name in files if name is not None], np.int64)
