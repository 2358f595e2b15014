"""The two compiled functions that an engine gives, and which engine gives them.

Both take a block of image indices `(S, B)`, int32, and do S steps in one call. They return one row
of sums a step, `(S, M)` float32 in NumPy: `program.columns` or `program.eval_columns` name them.
After a call, all Keras variables hold their present values.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType

import keras
import numpy as np

from vaekit.config import MAX_STEPS
from vaekit.data import StoredPixels
from vaekit.engine.feed import Feed
from vaekit.engine.program import Program
from vaekit.types import Pixels

__all__ = ["MAX_STEPS", "Steps", "compile_evaluate", "compile_train"]

Call = Callable[[np.ndarray], np.ndarray]


class Steps:
    """One of the two functions; it may read images ahead until it is closed."""

    def __init__(self, call: Call, feed: Feed | None) -> None:
        self._call = call
        self._feed = feed

    def __call__(self, block: np.ndarray) -> np.ndarray:
        return self._call(block)

    def through(self, call: Call) -> Steps:
        """The same steps, called through `call`."""
        return Steps(call, self._feed)

    def most(self, batch_size: int) -> int:
        """How many steps of such batches one call may take."""
        return MAX_STEPS if self._feed is None else self._feed.most(batch_size)

    def expect(self, indices: np.ndarray, batch_size: int) -> None:
        """The next steps are over these images in this order, so many a step."""
        if self._feed is not None:
            self._feed.expect(indices, batch_size)

    def close(self) -> None:
        """Read nothing ahead any more."""
        if self._feed is not None:
            self._feed.close()


def compile_train(program: Program, images: Pixels) -> Steps:
    """Training steps on `images` `(N, H, W, C)`, uint8 or float32.

    An array moves to the device; of stored images, each batch does when its step comes.
    """
    return _compiled("compile_train", program, images)


def compile_evaluate(program: Program, images: Pixels) -> Steps:
    """Evaluation steps on `images`, which change no weight."""
    return _compiled("compile_evaluate", program, images)


def _compiled(function: str, program: Program, images: Pixels) -> Steps:
    feed = Feed(images) if isinstance(images, StoredPixels) else None
    call: Call = getattr(_engine(), function)(program, images if feed is None else feed)
    return Steps(call, feed)


def _engine() -> ModuleType:
    return importlib.import_module(f"vaekit.engine.on_{keras.backend.backend()}")
