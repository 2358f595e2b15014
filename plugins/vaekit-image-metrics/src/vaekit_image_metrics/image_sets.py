"""The images that are held against those of the data: samples, or reconstructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
import vaekit

Of = Literal["samples", "reconstructions"]
# So many images of 299x299 fit in the memory that a large network's maps take.
CHUNK = 64


class ImageSet(NamedTuple):
    """What the model makes, to be compared.

    chunks: (measurement, count) -> `count` images in chunks `(B, H, W, C)`, float32 in [0, 1].
    needs: see `vaekit.Metric`.
    prefix: what figures of it begin with.
    """

    chunks: Callable[[vaekit.Measurement, int], Iterator[np.ndarray]]
    needs: tuple[Any, ...]
    prefix: str


def image_chunks(images: vaekit.Images) -> Iterator[np.ndarray]:
    """The images of the data, in chunks `(B, H, W, C)`, float32 in [0, 1]."""
    for part in _parts(images, len(images.pixels)):
        yield vaekit.as_floats(np.asarray(part.pixels))


def reconstructions(measurement: vaekit.Measurement, count: int) -> Iterator[np.ndarray]:
    """The first `count` images, decoded from the points that stand for them.

    Raises `vaekit.UserError` for more than there are.
    """
    images, model = measurement.images, measurement.model
    if count > len(images.pixels):
        raise vaekit.UserError(
            f"There are {len(images.pixels)} images to reconstruct, fewer than count={count}."
        )
    for part in _parts(images, count):
        yield np.asarray(model.decode(model.points(part), part.labels))


def samples(measurement: vaekit.Measurement, count: int) -> Iterator[np.ndarray]:
    """New images; in a run with a condition, of classes as often as the held-out images have."""
    model, labels = measurement.model, measurement.images.labels
    classes = None
    if model.classes is not None and labels is not None and (labels >= 0).any():
        classes = np.resize(labels[labels >= 0], count)
    drawn = np.asarray(model.sample(count, measurement.seed, classes))
    for start in range(0, count, CHUNK):
        yield drawn[start : start + CHUNK]


def _parts(images: vaekit.Images, count: int) -> Iterator[vaekit.Images]:
    """The first `count` images with their labels, in chunks."""
    for start in range(0, count, CHUNK):
        rows = slice(start, min(start + CHUNK, count))
        labels = None if images.labels is None else images.labels[rows]
        yield vaekit.Images(images.pixels[rows], labels)


IMAGE_SETS: Mapping[Of, ImageSet] = {
    "samples": ImageSet(samples, ("samples",), ""),
    "reconstructions": ImageSet(reconstructions, (), "reconstruction_"),
}
