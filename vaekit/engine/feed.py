"""Images that don't fit: read ahead in the background while the steps before them are done."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from vaekit.config import MAX_STEPS
from vaekit.data import StoredPixels
from vaekit.startup.quiet import absl_errors_only

HELD = 4  # batches at a time at least: one computed on, its copy, and two read ahead of it
_CALL = 8 * 2**20  # bytes that a call takes at most, if it takes more than one step
_THREADS = 16


class Feed:
    """The batches of stored images that steps ask for by their indices.

    Whatever is asked for is given. What `expect` announced has been read by then: Grain reads
    whole batches in threads, and gives them in order.
    """

    def __init__(self, images: StoredPixels) -> None:
        self.shape, self.dtype = images.shape[1:], images.dtype
        self._images = images
        self._ahead: Iterator[np.ndarray] | None = None
        self._expected = _Batches(images, np.empty(0, np.int32), 1)
        self._at = 0

    def most(self, batch_size: int) -> int:
        """How many steps a call may take."""
        batch = batch_bytes(self._images, batch_size)
        return max(1, min(MAX_STEPS, min(_CALL, self._images.room // HELD) // batch))

    def expect(self, indices: np.ndarray, batch_size: int) -> None:
        """These are asked for next, so many at a time."""
        with absl_errors_only():  # it misses JAX, if only to profile by
            import grain

        self.close()
        self._expected, self._at = _Batches(self._images, indices, batch_size), 0
        ahead = 2 * self.most(batch_size)
        threads = min(ahead, os.cpu_count() or 1, _THREADS)
        dataset = grain.MapDataset.source(self._expected).to_iter_dataset(
            grain.ReadOptions(num_threads=threads, prefetch_buffer_size=ahead)
        )
        self._ahead = iter(dataset)

    def read(self, block: np.ndarray) -> np.ndarray:
        """Pixels `(S, B, H, W, C)` of a block of indices `(S, B)`."""
        pixels = np.empty((*block.shape, *self.shape), self.dtype)
        for out, batch in zip(pixels, block, strict=True):
            out[:] = self._batch(batch)
        return pixels

    def close(self) -> None:
        """Read no further."""
        ahead: Any = self._ahead
        if ahead is not None:
            ahead.close()
        self._ahead = None

    def _batch(self, indices: np.ndarray) -> np.ndarray:
        expected = self._ahead is not None and self._at < len(self._expected)
        if expected and np.array_equal(self._expected.indices(self._at), indices):
            self._at += 1
            assert self._ahead is not None
            return next(self._ahead)
        return self._images.read(indices)  # a step that is done again


class Source(NamedTuple):
    """What the batches of steps are taken from: held pixels or a feed, and labels if steps want.

    A batch is pixels, or pixels and labels; so are all of its arrays here.
    """

    pixels: np.ndarray | Feed
    labels: np.ndarray | None = None

    @property
    def feed(self) -> Feed | None:
        """What reads pixels while steps are done; None where they are held."""
        return self.pixels if isinstance(self.pixels, Feed) else None

    def with_labels(self, pixels: Any, labels: Any) -> Any:
        """A batch, or what stands for one."""
        return pixels if self.labels is None else (pixels, labels)

    def read(self, block: np.ndarray) -> Any:
        """The batches of a block of indices `(S, B)`, of what a feed reads."""
        assert isinstance(self.pixels, Feed)
        labels = None if self.labels is None else self.labels[block]
        return self.with_labels(self.pixels.read(block), labels)


class _Batches:
    """Batches by number; to Grain, a source of random access."""

    def __init__(self, images: StoredPixels, indices: np.ndarray, batch_size: int) -> None:
        self._images, self._indices, self._size = images, indices, batch_size

    def __len__(self) -> int:
        return math.ceil(len(self._indices) / self._size)

    def __getitem__(self, number: int) -> np.ndarray:
        return self._images.read(self.indices(number))

    def indices(self, number: int) -> np.ndarray:
        return self._indices[number * self._size : (number + 1) * self._size]


def batch_bytes(images: StoredPixels, batch_size: int) -> int:
    """What one batch takes, as it is stored."""
    return batch_size * math.prod(images.shape[1:]) * images.dtype.itemsize
