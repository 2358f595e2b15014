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
from vaekit.engine.program import Program

__all__ = ["MAX_STEPS", "Steps", "compile_evaluate", "compile_train"]

Steps = Callable[[np.ndarray], np.ndarray]


def compile_train(program: Program, images: np.ndarray) -> Steps:
    """Training steps on `images` `(N, H, W, C)`, uint8 or float32, which move to the device."""
    return _engine().compile_train(program, images)


def compile_evaluate(program: Program, images: np.ndarray) -> Steps:
    """Evaluation steps on `images`, which change no weight."""
    return _engine().compile_evaluate(program, images)


def _engine() -> ModuleType:
    return importlib.import_module(f"vaekit.engine.on_{keras.backend.backend()}")
