"""A data set's fingerprint."""

from __future__ import annotations

import hashlib

import numpy as np

from vaekit.data.stored import parts_of
from vaekit.types import Dataset


def fingerprint(dataset: Dataset) -> str:
    """32 hex digits that change with any pixel, label, shape or type, of either split.

    Files may be renamed.
    """
    digest = hashlib.blake2b(digest_size=16)
    for split, images in (("train", dataset.train), ("test", dataset.test)):
        for field in ("pixels", "labels"):
            array = getattr(images, field, None)
            if array is None:
                continue
            digest.update(f"{split} {field} {array.dtype.str} {array.shape}\n".encode())
            for part in parts_of(array):
                digest.update(np.ascontiguousarray(part).reshape(-1).data)
    return digest.hexdigest()
