"""Image files: what their headers say, and their pixels, at once or as they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vaekit.data.decode import decode, has_several, measure
from vaekit.data.fit import Fit
from vaekit.untrusted.images import ImageFileError, open_image


class Header(NamedTuple):
    """What a file says of its image before it is decoded.

    height, width: of the upright image. channels: 1 or 3. several: whether it holds more pictures,
    of which the first is taken.
    """

    height: int
    width: int
    channels: int
    several: bool

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width


def read_header(path: Path) -> Header:
    """The header of an image file. Raises `ImageFileError` if it can't be read."""
    with open_image(path, quiet=True) as opened:
        return Header(*measure(opened), has_several(opened))


def read_pixels(path: Path, fit: Fit | None, gray: bool, *, quiet: bool = False) -> np.ndarray:
    """The pixels of an image file, uint8 `(H, W, 1 or 3)`.

    quiet: see `open_image`. Raises `ImageFileError` if they can't be read.
    """
    with open_image(path, quiet=quiet) as opened:
        return decode(opened, fit, gray, path)


class FileRows:
    """Image files decoded whenever they are read; see `vaekit.data.stored.Rows`.

    shape: of all of them, (count, height, width, channels). fit, gray: as for `decode`.
    """

    def __init__(
        self, paths: Sequence[Path], shape: tuple[int, ...], fit: Fit | None, gray: bool
    ) -> None:
        self.shape = shape
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)
        self.together = 1
        self._paths, self._fit, self._gray = paths, fit, gray

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Decode each."""
        pixels = np.empty((len(indices), *self.shape[1:]), np.uint8)
        for out, index in zip(pixels, indices.tolist(), strict=True):
            put(read_pixels(self._paths[index], self._fit, self._gray), out, self._paths[index])
        return pixels


def put(image: np.ndarray, out: np.ndarray, path: Path) -> None:
    """Copy an image of one channel or as many into `out`.

    Raises `ImageFileError` if it isn't what its header told.
    """
    if image.shape[:2] != out.shape[:2] or image.shape[2] > out.shape[2]:
        other, own = ("x".join(map(str, array.shape)) for array in (image, out))
        raise ImageFileError(path, f"it holds {other} values, and was to hold {own}")
    out[:] = image
