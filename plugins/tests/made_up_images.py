"""Images in two classes, and a trained model that is made up of what it is to give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import vaekit

SIDE = 16


def bars(count: int, seed: int) -> vaekit.Images:
    """A bar across or a bar down at a place that is drawn, uint8, with the label of which."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    at = rng.uniform(3.0, SIDE - 4.0, count)
    lines = 255.0 * np.exp(-(((np.arange(SIDE) - at[:, None]) / 1.5) ** 2))
    down = np.repeat(lines[:, None, :], SIDE, axis=1)
    pixels = np.where(labels[:, None, None] == 0, down, down.transpose(0, 2, 1))
    return vaekit.Images(np.rint(pixels).astype("uint8")[..., None], labels)


class MadeUpModel:
    """Gives the samples that it was made with, and reconstructs an image by a function of it."""

    classes = None

    def __init__(self, samples: np.ndarray, reconstruct: Callable[[np.ndarray], np.ndarray]):
        self._samples, self._reconstruct = samples, reconstruct

    def points(self, images: vaekit.Images) -> np.ndarray:
        return vaekit.as_floats(images.pixels)

    def decode(self, z: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        return self._reconstruct(z)

    def sample(self, count: int, seed: int, labels: np.ndarray | None = None) -> np.ndarray:
        return self._samples[:count]


def measured(
    metric: vaekit.Metric,
    samples: np.ndarray | None = None,
    *,
    reconstruct: Callable[[np.ndarray], np.ndarray] = lambda x: x,
    images: vaekit.Images | None = None,
    training: vaekit.Images | None = None,
) -> dict[str, vaekit.Estimate]:
    """A metric's figures of a made-up model on bars; its samples are the images if none are."""
    images = images or bars(200, seed=1)
    made = vaekit.as_floats(images.pixels) if samples is None else samples
    model: Any = MadeUpModel(made, reconstruct)
    return dict(metric(vaekit.Measurement(model, images, lambda: training or bars(512, seed=0))))
