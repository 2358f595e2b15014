"""Pixels become floats here and nowhere else: uint8 0..255 is divided by 255, float32 stays.

Which value of a file or an array stands for white is `vaekit.data.scale`'s to say; what comes
here has been scaled by it, so that bytes and floats mean the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `vaekit data info` needs no Keras, and few commands need NumPy
    import numpy as np

    from vaekit.types import Tensor

WHITE = 255  # the byte


def as_floats(pixels: np.ndarray) -> np.ndarray:
    """An array of any shape, uint8 or float32 in [0, 1], as float32 in [0, 1].

    Raises `TypeError` for another type, of which nobody knows what stands for white.
    """
    import numpy as np

    if pixels.dtype == np.uint8:
        return pixels.astype(np.float32) / np.float32(WHITE)
    if pixels.dtype.kind != "f":
        raise TypeError(f"Pixels are uint8, or floats in [0, 1], not {pixels.dtype}.")
    return pixels.astype(np.float32, copy=False)


def as_float_tensor(pixels: Tensor) -> Tensor:
    """`as_floats` for a tensor of Keras's backend."""
    import keras

    if keras.backend.standardize_dtype(pixels.dtype) == "uint8":
        return keras.ops.cast(pixels, "float32") / float(WHITE)
    return pixels
