"""A data set as a source gave it, checked and made regular."""

from __future__ import annotations

from typing import Any

import numpy as np

from vaekit.data.factors import check_factors, check_sizes
from vaekit.data.labels import check_labels
from vaekit.data.pixels import SMALLEST, normalise
from vaekit.data.scale import HELD, Scale, refuse_other_scale
from vaekit.errors import DataError
from vaekit.types import Dataset, Images


def checked(raw: Dataset, scale: Scale | None = None) -> Dataset:
    """`raw` with pixels `(N, H, W, C)` of one type (uint8, or float32 in [0, 1]), int64 labels.

    Factors that have no names get some, and their sizes.

    scale: that of the run that the images are for; None: it is taken from them. What has a scale
    has been checked before, and keeps it.

    Nothing is copied that is regular already. Raises `DataError` for pixels, labels or factors
    that can't be taken, and for a test set whose images differ in shape from the training images.
    """
    of = "the array" if raw.source == "array" else raw.source
    parts = {"train": raw.train} | ({"test": raw.test} if raw.test is not None else {})
    names = [f"The {split} images of {of}" for split in parts]
    if raw.scale:
        refuse_other_scale(raw.scale, scale or {}, f"The data set {raw.source}")
        scale = {**raw.scale, **HELD}
    # A table's rows, which are scaled already, are images one pixel high.
    smallest = 1 if raw.scale else SMALLEST
    pixels, whites, stored = normalise(
        [images.pixels for images in parts.values()], names, scale, smallest
    )
    shapes = [array.shape[1:] for array in pixels]
    if len(set(shapes)) > 1:
        raise DataError(
            f"The train images of {of} are {_size(shapes[0])}, its test images "
            f"{_size(shapes[1])}. Bring them to one shape."
        )
    done, factors = [], {}
    for (split, images), array in zip(parts.items(), pixels, strict=True):
        labels = images.labels
        if labels is not None:
            name = f"The {split} labels of {of}"
            labels = check_labels(labels, len(array), name)
            _check_classes(labels, raw.classes, name)
        if images.factors is not None:
            name = f"The {split} factors of {of}"
            factors[split] = check_factors(images.factors, len(array), name)
        files = _checked_files(images.files, len(array), split, of)
        done.append(Images(array, labels, files, factors.get(split)))
    train, test = done if len(done) == 2 else (done[0], None)
    return raw._replace(
        train=train,
        test=test,
        stored=raw.stored or stored,
        scale=raw.scale or whites,
        factors=check_sizes(raw, factors, of),
    )


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(str(n) for n in shape)


def _checked_files(files: Any, count: int, split: str, of: str) -> np.ndarray | None:
    if files is None:
        return None
    if len(files) != count:
        raise DataError(
            f"The {split} files of {of} are {len(files)}, but there are {count} images. Name one "
            "an image."
        )
    return np.array([str(file) for file in files], object)


def _check_classes(labels: np.ndarray, classes: tuple[str, ...] | None, name: str) -> None:
    if classes is not None and not 0 <= labels.min() <= labels.max() < len(classes):
        raise DataError(
            f"{name} run from {labels.min()} to {labels.max()}, but there are {len(classes)} class "
            "names. Number the labels from 0."
        )
