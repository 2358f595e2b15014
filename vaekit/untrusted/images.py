"""PNG and JPEG files of strangers, opened with Pillow under limits."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vaekit.errors import DataError
from vaekit.untrusted.reading import reading, require_file

MOST_PIXELS = 2**26  # 8192 x 8192; with alpha, decoding it takes about a gigabyte


@contextmanager
def open_image(path: Path) -> Iterator[Any]:
    """A decoded `PIL.Image.Image` of a PNG or JPEG file.

    Raises `DataError` for a file that is damaged or cut short, for one of more than `MOST_PIXELS`,
    and for whatever Pillow warns of, also while the image is worked on.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", DeprecationWarning)  # of Pillow's own code, not the file
        with open_header(path) as image:
            image.load()
            yield image


@contextmanager
def open_header(path: Path) -> Iterator[Any]:
    """The same image, not decoded yet. Warnings pass, as their filters are no thread's own.

    Raises `DataError` for a file of more than `MOST_PIXELS`, and for what goes wrong while the
    image is worked on.
    """
    from PIL import Image

    require_file(path)
    with (
        reading(path, "a PNG or JPEG image"),
        Image.open(path, formats=("PNG", "JPEG")) as image,
    ):
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise DataError(
                f"{path} declares {height}x{width} pixels, as a decompression bomb does; vaekit "
                f"takes {MOST_PIXELS} at most. Make it smaller."
            )
        yield image
