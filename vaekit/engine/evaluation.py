"""One pass over a set of images with the weights at rest."""

from __future__ import annotations

import math
from contextlib import closing

import numpy as np

from vaekit.engine.program import Program
from vaekit.engine.steps import batches, compile_evaluate
from vaekit.types import Pixels

# About 256 images of 28x28: wide feature maps of more would not fit beside the training's.
_PIXELS_A_BATCH = 256 * 28 * 28


class Evaluation:
    """What a program makes of `images` `(N, H, W, C)`: compiled once, called as often as needed."""

    def __init__(self, program: Program, images: Pixels) -> None:
        self._program = program
        self._steps = compile_evaluate(program, images)
        height, width = images.shape[1:3]
        self._size = max(1, min(256, math.ceil(_PIXELS_A_BATCH / (height * width))))
        self._order = np.arange(len(images), dtype=np.int32)

    def __call__(self) -> dict[str, float | int | list[float]]:
        """Averages over the images, as `Columns.summary` gives them; the same draws every time."""
        total = np.zeros(sum(self._program.eval_columns.widths))
        most = self._steps.most(self._size)
        self._steps.expect(self._order, self._size)
        with closing(self._steps), self._program.evaluating():
            for block in batches(self._order, self._size):
                for start in range(0, len(block), most):
                    # Row by row, so that the sums don't depend on how many steps a call took.
                    for row in self._steps(block[start : start + most]):
                        total += row
        return self._program.eval_columns.summary(total, len(self._order))
