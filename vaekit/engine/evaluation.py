"""One pass over a set of images with the weights at rest."""

from __future__ import annotations

import math

import numpy as np

from vaekit.engine.base import MAX_STEPS, compile_evaluate
from vaekit.engine.order import batches
from vaekit.engine.program import Program

# About 256 images of 28x28: wide feature maps of more would not fit beside the training's.
_PIXELS_A_BATCH = 256 * 28 * 28


class Evaluation:
    """What a program makes of `images` `(N, H, W, C)`: compiled once, called as often as needed."""

    def __init__(self, program: Program, images: np.ndarray) -> None:
        self._program = program
        self._steps = compile_evaluate(program, images)
        height, width = images.shape[1:3]
        size = max(1, min(256, math.ceil(_PIXELS_A_BATCH / (height * width))))
        self._blocks = batches(np.arange(len(images), dtype=np.int32), size)
        self._count = len(images)

    def __call__(self) -> dict[str, float | int | list[float]]:
        """Averages over the images, as `Columns.summary` gives them; the same draws every time."""
        self._program.restart_evaluation()
        total = np.zeros(sum(self._program.eval_columns.widths))
        for block in self._blocks:
            for start in range(0, len(block), MAX_STEPS):
                rows = self._steps(block[start : start + MAX_STEPS])
                total += rows.sum(axis=0, dtype="float64")
        return self._program.eval_columns.summary(total, self._count)
