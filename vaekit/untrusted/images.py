"""Image files of strangers, opened with Pillow under limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vaekit.errors import DataError
from vaekit.untrusted.reading import reading, require_file

MOST_PIXELS = 2**26  # 8192 x 8192; with alpha, decoding it takes about a gigabyte


# Pillow's readers that are taken, and the endings of their files. Left out are those that start
# other programs (EPS), that follow what the file says to other places, or that few photographs use.
FORMATS = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".pbm", ".pgm", ".ppm", ".pnm"),
}
SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)


@contextmanager
def open_image(path: Path) -> Iterator[Any]:
    """A decoded `PIL.Image.Image` of an image file.

    Raises `DataError` for a file that is damaged or cut short, and for one of more than
    `MOST_PIXELS`. What is wrong with its metadata alone is no reason to refuse its pixels.
    """
    with open_header(path) as image:
        image.load()
        yield image


@contextmanager
def open_header(path: Path) -> Iterator[Any]:
    """The same image, not decoded yet.

    Raises `DataError` for a file of more than `MOST_PIXELS`, and for what goes wrong while the
    image is worked on.
    """
    from PIL import Image

    require_file(path)
    with (
        reading(path, "an image"),
        Image.open(path, formats=tuple(FORMATS)) as image,
    ):
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise DataError(
                f"{path} declares {height}x{width} pixels, as a decompression bomb does; vaekit "
                f"takes {MOST_PIXELS} at most. Make it smaller."
            )
        yield image
