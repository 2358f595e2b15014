"""Pixels as nets take them: floats, from bytes as they are held."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_floats(pixels: Any) -> Any:
    """Pixels as float32 in [0, 1], from uint8 or from what already is; an array or a tensor."""
    if isinstance(pixels, np.ndarray):
        return pixels.astype(np.float32) / np.float32(255) if pixels.dtype == np.uint8 else pixels
    import keras

    if keras.backend.standardize_dtype(pixels.dtype) == "uint8":
        return keras.ops.cast(pixels, "float32") / 255.0
    return pixels
