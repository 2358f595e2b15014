"""Scores of few images at a time, by steps that are compiled once."""

from __future__ import annotations

from typing import Any

import numpy as np

from vaekit.data import StoredPixels
from vaekit.engine.backend import current_engine
from vaekit.engine.columns import psnr_of
from vaekit.engine.evaluation import images_a_batch, in_order
from vaekit.engine.feed import Feed, Source
from vaekit.engine.program import Program
from vaekit.engine.steps import Steps, classes_of
from vaekit.pixels import as_floats
from vaekit.types import Images, ImageShape


class Scorer:
    """`score` of one program, for whoever asks again and again; not for threads at a time.

    `score` compiles for the images that it is given, which takes a second or more. Here steps
    take their images from a place that each call fills anew. What they compute is the same: a
    batch isn't filled up, since a loss may hold an image against the others of its batch.

    most: images a call.
    """

    def __init__(self, program: Program, most: int) -> None:
        self._program = program
        self._handed = _Handed(program.vae.image_shape, most)
        conditional = program.vae.condition is not None
        self._labels = np.zeros(most, np.int32) if conditional else None
        feed = Feed(StoredPixels(self._handed, room=self._handed.pixels.nbytes))
        source = Source(feed, self._labels)
        call = current_engine().forward(program, program.score_step, source)
        self._steps = Steps(call, feed)
        self._names = program.score_names

    def score(self, images: Images) -> dict[str, np.ndarray]:
        """See `vaekit.engine.score`.

        Raises `ValueError` for more images than a call may have.
        """
        count = len(images.pixels)
        if count > len(self._handed.pixels):
            raise ValueError(f"{count} images, and a call takes {len(self._handed.pixels)}.")
        self._handed.pixels[:count] = as_floats(np.asarray(images.pixels[:]))
        classes = classes_of(self._program, images.labels)
        if self._labels is not None and classes is not None:
            self._labels[:count] = classes
        order, size = np.arange(count, dtype=np.int32), images_a_batch(images.pixels)
        rows = [*in_order(self._program, self._steps, order, size)]
        columns = dict(zip(self._names, np.concatenate(rows).T, strict=True))
        return {**columns, "psnr": psnr_of(columns["mse"]).astype("float32")}


class _Handed:
    """Images that are handed over in memory; see `vaekit.data.stored.Rows`."""

    def __init__(self, image_shape: ImageShape, most: int) -> None:
        self.shape: tuple[int, ...] = (most, *image_shape)
        self.dtype: np.dtype[Any] = np.dtype(np.float32)
        self.together = 1
        self.pixels = np.zeros(self.shape, np.float32)

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Those of these numbers."""
        return self.pixels[indices]
