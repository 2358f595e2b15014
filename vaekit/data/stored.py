"""Images that stay where they are stored, and are read when they are asked for."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

_PART = 8 * 2**20  # bytes read at a time by whoever goes through all of them

Change = Callable[[np.ndarray], np.ndarray]


class Rows(Protocol):
    """Images as one format keeps them.

    shape, dtype: of all of them. together: so many that begin at a multiple of it are read for
    what one costs, as those of a compressed chunk are.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    together: int

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Those of these numbers, in that order. Several threads may ask at a time.

        Raises `DataError` for what can't be read.
        """
        ...


class StoredPixels:
    """What looks like an array of images, and reads them at each look.

    Indexing gives arrays; `view` and `changed` give other `StoredPixels`, and read nothing.

    rows: where they are. room: how many bytes of them may be held at a time.
    """

    def __init__(self, rows: Rows, room: int) -> None:
        self.room = room
        self.dtype: np.dtype[Any] = rows.dtype
        self._rows = rows
        self._which: range | np.ndarray = range(rows.shape[0])
        self._shape = rows.shape[1:]  # of one
        self._changes: tuple[Change, ...] = ()
        self._extremes: tuple[Any, Any] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """As an array's."""
        return (len(self._which), *self._shape)

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    def __len__(self) -> int:
        return len(self._which)

    def __getitem__(self, which: Any, /) -> np.ndarray:
        if isinstance(which, slice):
            return self.read(np.arange(*which.indices(len(self))))
        indices = np.asarray(which)
        if indices.dtype == bool:
            indices = np.flatnonzero(indices)
        indices = np.where(indices < 0, indices + len(self), indices)
        if ((indices < 0) | (indices >= len(self))).any():
            raise IndexError(f"There are {len(self)} images.")
        return self.read(indices) if indices.ndim else self.read(indices[None])[0]

    def read(self, indices: np.ndarray) -> np.ndarray:
        """The images of these numbers `(K,)`, in that order."""
        pixels = self._rows.read(self._of_rows(indices))
        for change in self._changes:
            pixels = change(pixels)
        return pixels

    def parts(self) -> Iterator[np.ndarray]:
        """All images in their order, some at a time."""
        together = self._rows.together
        size = max(1, math.prod(self._shape)) * self.dtype.itemsize
        count = max(1, _PART // size // together) * together
        lows, highs = [], []
        for start in range(0, len(self), count):
            part = self[start : start + count]
            lows.append(part.min())
            highs.append(part.max())
            yield part
        self._extremes = np.min(lows), np.max(highs)

    def min(self) -> Any:
        """The smallest value; all images are read, unless `parts` has been through them."""
        return self._found_extremes()[0]

    def max(self) -> Any:
        """The largest value, likewise."""
        return self._found_extremes()[1]

    def view(self, which: slice | np.ndarray) -> StoredPixels:
        """Only the images of a slice, or of these numbers."""
        other = self._copy()
        other._which = self._which[which] if isinstance(which, slice) else self._of_rows(which)
        return other

    def changed(self, change: Change, shape: tuple[int, ...], dtype: Any) -> StoredPixels:
        """The images as `change` makes them, which maps `(K, ...)` to `(K, *shape)` of `dtype`.

        What it makes of an image may not depend on which others it is given beside it.
        """
        other = self._copy()
        other._shape, other.dtype = shape, np.dtype(dtype)
        other._changes = (*self._changes, change)
        return other

    def _copy(self) -> StoredPixels:
        other = copy.copy(self)
        other._extremes = None
        return other

    def _of_rows(self, indices: np.ndarray) -> np.ndarray:
        if isinstance(self._which, np.ndarray):
            return self._which[indices]
        return self._which.start + self._which.step * indices

    def _found_extremes(self) -> tuple[Any, Any]:
        if self._extremes is None:
            for _ in self.parts():
                pass
        assert self._extremes is not None
        return self._extremes


def parts_of(pixels: Any) -> Iterator[np.ndarray]:
    """All images in their order: an array as it is, stored ones some at a time."""
    if isinstance(pixels, StoredPixels):
        yield from pixels.parts()
    else:
        yield pixels


def changed(pixels: Any, change: Change, shape: tuple[int, ...], dtype: Any) -> Any:
    """An array changed now, stored pixels when they are read; see `StoredPixels.changed`."""
    if isinstance(pixels, StoredPixels):
        return pixels.changed(change, shape, dtype)
    return change(pixels)
