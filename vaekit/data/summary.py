"""What a data set holds, in a few numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from vaekit.types import Dataset, Images


def describe(dataset: Dataset) -> dict[str, Any]:
    """The data set for people and for JSON.

    - `source`, `type` (how the source stores its pixels);
    - `train` and `test`: `count` and `shape` (height, width, channels); `test` may be None;
    - `range`: the smallest and the largest pixel as the kit holds them (uint8, or 0..1);
    - `classes`: how many training images each class has, by its name, or by its label where the
      source names none; None without labels;
    - `factors`: how many values each factor has, by its name; missing where the source tells none;
    - `resized`: how the images came to the size asked for; `skipped`: the files that were left out
      since they can't be read, with the reasons. Both are missing where there is nothing to say.
    """
    parts = [images.pixels for images in (dataset.train, dataset.test) if images is not None]
    return {
        "source": dataset.source,
        "train": _size(dataset.train),
        "test": None if dataset.test is None else _size(dataset.test),
        "type": dataset.stored,
        "range": [min(p.min() for p in parts).item(), max(p.max() for p in parts).item()],
        "classes": _classes(dataset),
        **({"factors": dict(dataset.factors)} if dataset.factors else {}),
        **({"resized": dataset.resized} if dataset.resized else {}),
        **({"skipped": dict(dataset.skipped)} if dataset.skipped else {}),
    }


def _size(images: Images) -> dict[str, Any]:
    count, *shape = images.pixels.shape
    return {"count": count, "shape": shape}


def _classes(dataset: Dataset) -> dict[str, int] | None:
    if dataset.train.labels is None:
        return None
    labels, counts = np.unique(dataset.train.labels, return_counts=True)
    count_of = dict(zip(labels.tolist(), counts.tolist(), strict=True))
    if dataset.classes is None:
        return {str(label): count for label, count in count_of.items()}
    return {name: count_of.get(label, 0) for label, name in enumerate(dataset.classes)}
