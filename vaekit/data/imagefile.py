"""Image files decoded, one after the other into one array, or as they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vaekit.data.decode import decode, has_several, measure
from vaekit.errors import DataError
from vaekit.untrusted.images import open_image


class Canvas:
    """The array that image files are decoded into; it turns to colour with the first colour image.

    count: how many files there will be. size: (height, width) to stretch each to; None asks that
    all are alike. gray: one channel whatever comes.
    """

    def __init__(self, count: int, size: tuple[int, int] | None, gray: bool) -> None:
        self._count, self._size, self._gray = count, size, gray
        self._done = 0
        self._first: tuple[Path, tuple[int, int]] | None = None
        self.several: list[Path] = []  # the files of which only the first picture is taken
        self.pixels = np.empty((0, 0, 0, 1), np.uint8)  # (count, H, W, 1 or 3) once one was added

    def add(self, path: Path) -> None:
        """Decode the next file.

        Raises `DataError` if it can't be decoded, or differs in size from the first.
        """
        with open_image(path, quiet=True) as opened:
            if has_several(opened):
                self.several.append(path)
            image = decode(opened, self._size, self._gray, path)
        if self._first is None:
            self._first = path, image.shape[:2]
            self.pixels = np.empty((self._count, *image.shape), np.uint8)
        first, size = self._first
        if image.shape[:2] != size:
            raise _differ(first, size, path, image.shape)
        if image.shape[2] > self.pixels.shape[3]:
            self.pixels = np.repeat(self.pixels, 3, axis=3)
        self.pixels[self._done] = image
        self._done += 1


class FileRows:
    """Image files decoded whenever they are read; see `vaekit.data.stored.Rows`.

    size, gray: as for `Canvas`. The headers of all files are read at once, for sizes and colours.

    Raises `DataError` if a header can't be read, or if the images differ in size.
    """

    def __init__(self, paths: Sequence[Path], size: tuple[int, int] | None, gray: bool) -> None:
        self._paths, self._size, self._gray = paths, size, gray
        self.several: list[Path] = []  # as `Canvas` has them
        height, width, channels = measure_file(paths[0], size, gray)
        for path in paths:
            with open_image(path, quiet=True) as opened:
                shape = measure(opened, size, gray)
                if has_several(opened):
                    self.several.append(path)
            if shape[:2] != (height, width):
                raise _differ(paths[0], (height, width), path, shape)
            channels = max(channels, shape[2])
        self.shape: tuple[int, ...] = (len(paths), height, width, channels)
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)
        self.together = 1

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Decode each."""
        pixels = np.empty((len(indices), *self.shape[1:]), np.uint8)
        for out, index in zip(pixels, indices.tolist(), strict=True):
            with open_image(self._paths[index]) as opened:
                image = decode(opened, self._size, self._gray, self._paths[index])
            if image.shape[:2] != out.shape[:2]:
                raise _differ(self._paths[0], self.shape[1:], self._paths[index], image.shape)
            out[:] = image  # of one channel or of as many
        return pixels


def measure_file(path: Path, size: tuple[int, int] | None, gray: bool) -> tuple[int, int, int]:
    """Height, width and channels of a file's image, from its header."""
    with open_image(path, quiet=True) as opened:
        return measure(opened, size, gray)


def _differ(first: Path, size: tuple[int, ...], path: Path, other: tuple[int, ...]) -> DataError:
    return DataError(
        f"The images differ in size: {first} has {_text(size)} pixels (height x width), {path} "
        f"{_text(other)}. Give --image-size HxW, for instance --image-size {_text(size)}."
    )


def _text(size: tuple[int, ...]) -> str:
    return f"{size[0]}x{size[1]}"
