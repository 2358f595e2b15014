"""Gradients in the last layer of a decoder, by which losses balance their terms."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import ops

from vaekit.autodiff import gradient
from vaekit.errors import BuildError
from vaekit.types import Tensor


def gradient_in_last_layer(
    decoder: keras.Model, decode: Callable[[], Tensor], slope: Tensor
) -> Tensor:
    """The gradient in the kernel of a decoder's last layer that has one to train.

    decode: the reconstruction, by this decoder. slope: the gradient at it, in its shape.

    Raises `BuildError` if there is no such layer.
    """
    variables = decoder.variables
    kernels = [v for v in variables if v.trainable and len(v.shape) > 1]
    if not kernels:
        raise BuildError(
            "The loss balances its terms by their gradients in the last layer of the decoder, and "
            "the decoder has no kernel to train. Choose another decoder, or another loss."
        )
    last = kernels[-1]
    # The present values of all, since the scope below knows of none outside of it.
    present = [(v, ops.convert_to_tensor(v)) for v in variables if v is not last]

    def along_slope(kernel: Tensor) -> Tensor:
        # In a scope of its own, so that batch norm's averages take each batch once.
        with keras.StatelessScope([*present, (last, kernel)]):
            return ops.sum(slope * decode())

    return ops.stop_gradient(gradient(along_slope, ops.convert_to_tensor(last)))
