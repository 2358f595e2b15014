"""The checks of a data set."""

from __future__ import annotations

from typing import Any

import numpy as np

from vaekit.errors import DataUnavailableError
from vaekit.testing.subject import Subject
from vaekit.testing.verdict import CheckSkipped, require
from vaekit.types import Dataset, Images


def read(subject: Subject) -> Dataset:
    """The data set, read now. Skips the check where it can't be had."""
    try:
        dataset = subject.make()
    except DataUnavailableError as error:
        raise CheckSkipped(str(error)) from error
    require(
        isinstance(dataset, Dataset), f"It gives a {type(dataset).__name__}, not a vaekit.Dataset."
    )
    return dataset


def splits(dataset: Dataset) -> dict[str, Images]:
    """The splits that there are."""
    test = {} if dataset.test is None else {"test": dataset.test}
    return {"train": dataset.train, **test}


def pixels_are_images(subject: Subject) -> None:
    """Pixels are `(N, H, W, C)`, uint8 or float32 in [0, 1], of one shape in all splits."""
    by_split = splits(read(subject))
    for split, images in by_split.items():
        pixels = images.pixels
        if not isinstance(pixels, np.ndarray):
            raise AssertionError(
                f"Its {split} pixels are a {type(pixels).__name__}, not a NumPy array."
            )
        require(pixels.ndim == 4, f"Its {split} pixels are {pixels.shape}, not (N, H, W, C).")
        require(len(pixels), f"It has no {split} images.")
        fit = pixels.dtype in (np.uint8, np.float32)
        require(fit, f"Its {split} pixels are {pixels.dtype}, not uint8 or float32.")
        if pixels.dtype == np.float32:
            low, high = pixels.min(), pixels.max()
            inside = 0.0 <= low <= high <= 1.0  # false for NaN, too
            require(inside, f"Its {split} pixels run from {low} to {high}, not within [0, 1].")
    shapes = {split: images.pixels.shape[1:] for split, images in by_split.items()}
    require(len(set(shapes.values())) == 1, f"Its images differ in shape: {shapes}.")


def labels_fit(subject: Subject) -> None:
    """Each image has one integer label, counted from 0; each label has a class name."""
    dataset = read(subject)
    for split, images in splits(dataset).items():
        if images.labels is None:
            continue
        labels = np.asarray(images.labels)
        shape = (len(images.pixels),)
        require(labels.shape == shape, f"Its {split} labels are {labels.shape}, not {shape}.")
        require(labels.dtype.kind in "iu", f"Its {split} labels are {labels.dtype}, not integers.")
        require(labels.min() >= 0, f"Its {split} labels begin at {labels.min()}, not at 0.")
        if dataset.classes is not None:
            top = labels.max()
            require(top < len(dataset.classes), f"Its label {top} has no name in `classes`.")


def factors_fit(subject: Subject) -> None:
    """Each image has a value of each factor that is named, counted from 0, below its size."""
    dataset = read(subject)
    sizes = list(dataset.factors.values())
    for split, images in splits(dataset).items():
        if images.factors is None:
            require(not sizes, f"It names factors, and its {split} images have none.")
            continue
        factors = np.asarray(images.factors)
        shape = (len(images.pixels), len(sizes))
        require(factors.shape == shape, f"Its {split} factors are {factors.shape}, not {shape}.")
        kind = factors.dtype
        require(kind.kind in "iu", f"Its {split} factors are {kind}, not integers.")
        fit = (factors >= 0).all() and (factors < sizes).all()
        require(fit, f"Its {split} factors go beyond their sizes, {dict(dataset.factors)}.")


def can_be_gone_through_again(subject: Subject) -> None:
    """Gone through in batches a second time, one reading gives the same images again."""
    for split, images in splits(read(subject)).items():
        starts = range(0, len(images.pixels), 256)
        for what, values in zip(Images._fields, images, strict=True):
            if values is not None:
                # Digests, so that the images needn't be held twice.
                first, again = (
                    [hash(np.array(values[start : start + 256]).tobytes()) for start in starts]
                    for _ in range(2)
                )
                require(first == again, f"Gone through again, its {split} {what} are others.")


def reads_the_same_twice(subject: Subject) -> None:
    """Read again, it has the same images and labels in the same order."""
    first, again = splits(read(subject)), splits(read(subject))
    require(first.keys() == again.keys(), f"It has {list(first)}, then {list(again)}.")
    for split, images in first.items():
        for what, one, two in zip(Images._fields, images, again[split], strict=True):
            require(_equal(one, two), f"Read again, its {split} {what} are others.")


def _equal(one: Any, two: Any) -> bool:
    return one is two if one is None or two is None else np.array_equal(one, two)


def readings_share_no_memory(subject: Subject) -> None:
    """What is done to the arrays of one reading doesn't show in the next."""
    first, again = splits(read(subject)), splits(read(subject))
    for split in first.keys() & again.keys():
        for what, one, two in zip(Images._fields, first[split], again[split], strict=True):
            writable = isinstance(one, np.ndarray) and one.flags.writeable
            shared = writable and two is not None and np.may_share_memory(one, two)
            require(not shared, f"Two readings share the memory of their {split} {what}.")
