"""A pass over images in which what is drawn for one doesn't hang on which others there are."""

from __future__ import annotations

import time
import zlib
from contextlib import closing

import numpy as np
from keras import ops

from vaekit.engine.backend import current_engine
from vaekit.engine.feed import Source
from vaekit.engine.pace import Pace
from vaekit.engine.program import Batch, Program
from vaekit.engine.steps import Steps
from vaekit.types import Tensor


def score_one_by_one(program: Program, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Values of each image, `(N,)` float32, as `score` gives them but for `psnr`.

    An image's values are a function of its pixels and of the run alone: each is a batch of its own,
    and its draws begin at a checksum of it. That takes longer than batches do.

    pixels: `(N, H, W, C)`, uint8 or float32, of a program without a condition.
    """
    assert program.vae.condition is None  # the number of an image comes where its class would
    with program.evaluating():
        start = [(variable, np.array(variable.numpy())) for variable in program.drawn]

        def step(batch: Batch) -> Tensor:
            image, number = batch
            for variable, value in start:
                variable.assign(value)
            state = program.eval_noise.state
            first = ops.concatenate([number, ops.zeros_like(number)])  # the seed, and the count
            state.assign(ops.cast(first, state.dtype))
            return program.score_step(image)

        source = Source(pixels, _numbers(pixels, program))
        steps = Steps(current_engine().forward(program, step, source), None)
        order = np.arange(len(pixels), dtype=np.int32)[:, None]
        rows, at, pace = [], 0, Pace()
        with closing(steps):
            while at < len(order):
                began = time.perf_counter()
                rows.append(steps(order[at : at + pace.steps])[:, 0])
                pace.took(len(rows[-1]), time.perf_counter() - began)
                at += len(rows[-1])
    return dict(zip(program.score_names, np.concatenate(rows).T, strict=True))


def _numbers(pixels: np.ndarray, program: Program) -> np.ndarray:
    """A number for each image, int32, by its pixels and the run's seed."""
    seed = int(np.array(program.eval_noise.state.numpy())[0])
    sums = [zlib.crc32(image.tobytes(), seed) for image in pixels]
    return (np.array(sums, np.uint32) >> 1).astype(np.int32)
