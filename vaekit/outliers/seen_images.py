"""Whether images were trained on: each is held against each of the training images."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from vaekit.data import parts_of
from vaekit.pixels import as_floats
from vaekit.types import Images, Pixels

_LEVELS = 65535.0


def image_digests(pixels: Pixels) -> Iterator[bytes]:
    """16 bytes an image, the same wherever its pixels are: bytes or floats, among any others.

    Of 16 bits a value, to which floats are rounded: those of bytes that were divided by 255, in
    whichever precision, are the bytes' own.
    """
    for part in parts_of(pixels):
        for image in part:
            levels = np.rint(as_floats(image) * np.float32(_LEVELS)).astype(np.uint16)
            yield hashlib.blake2b(levels.tobytes(), digest_size=16).digest()


def seen_among(digests: Sequence[bytes], images: Images) -> np.ndarray:
    """Which of some images, by their digests, are among others, `(N,)`.

    Both are as the run prepares them. The others are passed through once, and not held.
    """
    wanted = set(digests)
    found = {digest for digest in image_digests(images.pixels) if digest in wanted}
    return np.array([digest in found for digest in digests], bool)


def digest_of_all(digests: Sequence[bytes]) -> str:
    """32 hex digits of images in their order."""
    return hashlib.blake2b(b"".join(digests), digest_size=16).hexdigest()
