"""One pass over a set of images with the weights at rest."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing

import numpy as np

from vaekit.engine.columns import psnr_of
from vaekit.engine.program import Program
from vaekit.engine.steps import Steps, batches, compile_evaluate, compile_forward
from vaekit.types import Images, Pixels, as_images

# About 256 images of 28x28: wide feature maps of more would not fit beside the training's.
_PIXELS_A_BATCH = 256 * 28 * 28


class Evaluation:
    """What a program makes of `images` `(N, H, W, C)`: compiled once, called as often as needed."""

    def __init__(self, program: Program, images: Images | Pixels) -> None:
        self._program = program
        self._pixels = as_images(images).pixels
        self._steps = compile_evaluate(program, images)

    def __call__(self) -> dict[str, float | int | list[float]]:
        """Averages over the images, as `Columns.summary` gives them; the same draws every time."""
        columns = self._program.eval_columns
        total = np.zeros(sum(columns.widths))
        # Row by row, so that the sums don't depend on how many steps a call took.
        for row in _passed(self._program, self._steps, self._pixels):
            total += row
        return columns.summary(total, len(self._pixels))


def score(program: Program, images: Images | Pixels) -> dict[str, np.ndarray]:
    """Values of each image, `(N,)` float32, whose means are those of an `Evaluation`.

    They are of the same draws. `psnr`, in decibels, is of each image's own error: its mean isn't
    the `psnr` of the mean error, which evaluation gives.
    """
    steps = compile_forward(program, program.score_step, images)
    rows = [*_passed(program, steps, as_images(images).pixels)]
    columns = dict(zip(program.score_names, np.concatenate(rows).T, strict=True))
    return {**columns, "psnr": psnr_of(columns["mse"]).astype("float32")}


def images_a_batch(pixels: Pixels) -> int:
    """How many images a pass takes at a time."""
    height, width = pixels.shape[1:3]
    return max(1, min(256, math.ceil(_PIXELS_A_BATCH / (height * width))))


def _passed(program: Program, steps: Steps, pixels: Pixels) -> Iterator[np.ndarray]:
    """What each of the steps over all images gives, in their order."""
    size = images_a_batch(pixels)
    order = np.arange(len(pixels), dtype=np.int32)
    steps.expect(order, size)
    with closing(steps):
        yield from in_order(program, steps, order, size)


def in_order(program: Program, steps: Steps, order: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """What each of the steps over these images gives, by the draws of an evaluation."""
    most = steps.most(size)
    with program.evaluating():
        for block in batches(order, size):
            for start in range(0, len(block), most):
                yield from steps(block[start : start + most])
