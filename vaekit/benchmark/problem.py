"""A training of any size, on grey noise: speed and memory depend on no picture."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from vaekit.config import TrainConfig
from vaekit.presets import AUTO, TUTORIAL
from vaekit.types import Dataset, Images

_HELD_OUT = 4  # so many images are trained on for each that is held out
_CLASSES = 10


class Problem(NamedTuple):
    """The sizes of a run: its images, their height and width, its latents, its epochs."""

    images: int
    image_size: tuple[int, int]
    latents: int
    epochs: int

    @property
    def held_out(self) -> int:
        """How many images it is validated on."""
        return max(1, self.images // _HELD_OUT)

    @property
    def pixels(self) -> int:
        """Of an image."""
        return math.prod(self.image_size)


class Noise(NamedTuple):
    """Images `(N, H, W, 1)`, uint8, in ten classes: those of a problem, and those held out."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    @property
    def dataset(self) -> Dataset:
        """In memory."""
        held_out = Images(self.x_test, self.y_test)
        return Dataset("random images", Images(self.x_train, self.y_train), held_out)

    def write_file(self, path: Path) -> None:
        """As one `.npz`."""
        np.savez(path, **self._asdict())

    def write_folder(self, folder: Path) -> None:
        """As PNG files, in a folder a split and a class."""
        splits = (("train", self.x_train, self.y_train), ("test", self.x_test, self.y_test))
        for split, images, labels in splits:
            for label in np.unique(labels):
                (folder / split / str(label)).mkdir(parents=True)
            for number, (image, label) in enumerate(zip(images, labels, strict=True)):
                place = folder / split / str(label) / f"{number:06d}.png"
                Image.fromarray(image[..., 0]).save(place, compress_level=1)


def noise(problem: Problem) -> Noise:
    """The images of a problem."""
    draws = np.random.default_rng(0)
    counts = (problem.images, problem.held_out)
    train, held_out = (
        draws.integers(0, 256, (count, *problem.image_size, 1), dtype="uint8") for count in counts
    )
    labels, held_out_labels = (np.arange(count) % _CLASSES for count in counts)
    return Noise(train, labels, held_out, held_out_labels)


def pinned_preset(config: TrainConfig) -> str:
    """A preset by which images of every size have the same parts."""
    return TUTORIAL if config.preset == AUTO else config.preset
