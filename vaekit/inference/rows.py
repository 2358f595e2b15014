"""The images of a source that a table has rows of, and what each row is called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from vaekit.errors import DataError
from vaekit.types import Dataset, Images
from vaekit.wording import option_text


def images_of(dataset: Dataset, split: str) -> list[Images]:
    """The `train` or `test` images of a source, or `all`: training images first.

    Raises `DataError` if there is no test set where one is asked for.
    """
    if split == "test" and dataset.test is None:
        train = option_text("split", "train")
        raise DataError(f"{dataset.source} has no test set; ask for {train}.")
    test = [] if dataset.test is None else [dataset.test]
    return {"train": [dataset.train], "test": test}.get(split, [dataset.train, *test])


def keys_of(parts: Sequence[Images], classes: Sequence[str] | None) -> dict[str, np.ndarray]:
    """Columns `(N,)` that say which image a row is of, for the images of all parts together.

    `file` is its path within the source, or `index` its number among all where it is no file of
    its own; `label` the name of its class, or its number where classes have no names. There is none
    where not all images are labelled.
    """
    files = joined(part.files for part in parts)
    labels = joined(part.labels for part in parts)
    count = sum(len(part.pixels) for part in parts)
    keys = {"index": np.arange(count)} if files is None else {"file": files}
    if labels is not None:
        keys["label"] = labels if classes is None else np.array(classes, object)[labels]
    return keys


def joined(columns: Iterable[np.ndarray | None]) -> np.ndarray | None:
    """The columns of all parts as one; None unless every part has one."""
    held = list(columns)
    present = [column for column in held if column is not None]
    return np.concatenate(present) if len(present) == len(held) else None
