"""A data set's fingerprint."""

from __future__ import annotations

import hashlib

import numpy as np

from vaekit.data.stored import parts_of
from vaekit.types import Dataset


def fingerprint(dataset: Dataset) -> str:
    """32 hex digits that change with any pixel, label, shape or type, of either split."""
    digest = hashlib.blake2b(digest_size=16)
    for split, images in (("train", dataset.train), ("test", dataset.test)):
        for field, array in images._asdict().items() if images is not None else ():
            if array is None:
                continue
            digest.update(f"{split} {field} {array.dtype.str} {array.shape}\n".encode())
            for part in parts_of(array):
                digest.update(np.ascontiguousarray(part).reshape(-1).data)
    return digest.hexdigest()
