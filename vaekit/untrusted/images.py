"""Image files of strangers, opened with Pillow under limits."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vaekit.errors import DataError
from vaekit.untrusted.reading import reading, require_file

MOST_PIXELS = 2**26  # 8192 x 8192; with alpha, decoding it takes about a gigabyte
# Those whose header tells the size before anything is decoded, and whose decoder runs no program
# and opens no other file: not EPS (Ghostscript), nor PSD, ICO, ICNS and such, which hold several
# pictures of which none is the picture, nor what only an optional part of Pillow reads.
FORMATS = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
    "GIF": (".gif",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}
SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)


@contextmanager
def open_image(path: Path, *, quiet: bool = False) -> Iterator[Any]:
    """A `PIL.Image.Image` of a file of one of `FORMATS`, not decoded yet.

    What Pillow merely warns of, trouble in metadata, is no reason to refuse an image.

    quiet: keep those warnings from the user. Not in threads: their filters are the process's.

    Raises `DataError` for a file of more than `MOST_PIXELS`, and for what goes wrong while the
    image is worked on.
    """
    if quiet:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_image(path) as image:
                yield image
        return
    from PIL import Image

    require_file(path)
    # From a stream: a file that Pillow opens itself it may map, and then Pillow 13 gets a turned
    # TIFF wrong, and one that is cut meanwhile ends the process.
    with (
        reading(path, "an image"),
        path.open("rb") as stream,
        Image.open(stream, formats=tuple(FORMATS)) as image,
    ):
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise DataError(
                f"{path} declares {height}x{width} pixels, as a decompression bomb does; vaekit "
                f"takes {MOST_PIXELS} at most. Make it smaller."
            )
        yield image
