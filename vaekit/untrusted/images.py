"""Image files of strangers, opened with Pillow under limits."""

from __future__ import annotations

import os
import re
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from vaekit.errors import DataError, VaekitError
from vaekit.untrusted.reading import plain, shown

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
# What only these formats begin with. TIFF is not among them: so do the raw files of cameras. Nor
# are BMP and PPM, as which a text may begin.
_SIGNATURES = (
    re.compile(rb"\x89PNG\r\n\x1a\n"),
    re.compile(rb"\xff\xd8\xff"),  # JPEG
    re.compile(rb"GIF8[79]a"),
    re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
)


class ImageFileError(DataError):
    """A file that can't be taken as an image.

    reason: why, as half a sentence that is about the file. remedy: a sentence, or none.
    """

    def __init__(self, path: Path, reason: str, remedy: str = "") -> None:
        super().__init__(f"{shown(path)} can't be read as an image: {reason}. {remedy}".rstrip())
        self.reason = reason


def looks_like_image(path: Path) -> bool:
    """Whether a plain file begins as PNG, JPEG, GIF or WebP do, whatever it is called."""
    if not os.path.isfile(path):
        return False
    try:
        with path.open("rb") as stream:
            start = stream.read(16)
    except OSError:
        return False
    return any(signature.match(start) for signature in _SIGNATURES)


@contextmanager
def open_image(path: Path, *, quiet: bool = False) -> Iterator[Any]:
    """A `PIL.Image.Image` of a file of one of `FORMATS`, not decoded yet.

    What Pillow merely warns of, trouble in metadata, is no reason to refuse an image.

    quiet: keep those warnings from the user. Not in threads: their filters are the process's.

    Raises `ImageFileError` for a file of more than `MOST_PIXELS`, and for what goes wrong while
    the image is worked on. Every exception is caught, since decoders raise whatever they please on
    malformed bytes (Pillow a SyntaxError); the original stays attached as the cause.
    """
    if quiet:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_image(path) as image:
                yield image
        return
    _require_plain(path)
    # From a stream: a file that Pillow opens itself it may map, and then Pillow 13 gets a
    # turned TIFF wrong, and one that is cut meanwhile ends the process.
    with _opened(lambda: path.open("rb"), path) as image:
        yield image


@contextmanager
def open_content(content: bytes, name: Path) -> Iterator[Any]:
    """`open_image` for the content of a file, which errors call by `name`."""
    with _opened(lambda: BytesIO(content), name) as image:
        yield image


@contextmanager
def _opened(stream_of: Callable[[], IO[bytes]], path: Path) -> Iterator[Any]:
    from PIL import Image, UnidentifiedImageError

    try:
        with stream_of() as stream, Image.open(stream, formats=tuple(FORMATS)) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise Image.DecompressionBombError
            yield image
    except VaekitError:
        raise
    except MemoryError as failure:
        raise ImageFileError(path, "it doesn't fit into memory", "Make it smaller.") from failure
    except Image.DecompressionBombError as failure:
        reason = f"it declares more than {MOST_PIXELS} pixels, as a decompression bomb does"
        raise ImageFileError(path, reason, "Make it smaller.") from failure
    except UnidentifiedImageError as failure:
        raise ImageFileError(path, _unidentified(stream_of), "Is it damaged?") from failure
    except Exception as failure:
        reason = plain(getattr(failure, "strerror", None) or str(failure))
        raise ImageFileError(path, reason or type(failure).__name__, "Is it damaged?") from failure


def _require_plain(path: Path) -> None:
    """Raise `ImageFileError` unless `path` is a plain file: a pipe or a device may never end."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        reason = "it is a link that leads nowhere" if path.is_symlink() else "there is no such file"
        raise ImageFileError(path, reason, "Check the path.") from None
    except OSError as failure:
        raise ImageFileError(path, plain(failure.strerror or str(failure))) from failure
    if not stat.S_ISREG(mode):
        raise ImageFileError(path, "it is no plain file")


def _unidentified(stream_of: Callable[[], IO[bytes]]) -> str:
    with stream_of() as stream:
        if not stream.read(1):
            return "it is empty"
    *most, last = FORMATS
    return f"it is of none of the formats {', '.join(most)} and {last}"
