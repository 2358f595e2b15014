"""Structural similarity of images, SSIM, and at several scales, MS-SSIM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

# Of each scale, from the finest on: Wang, Simoncelli and Bovik, section 3.2.
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW, _WINDOW_SIGMA = 11, 1.5
# (0.01 x 1)^2 and (0.03 x 1)^2, for values in [0, 1].
_C1, _C2 = 1e-4, 9e-4


def window_size(shape: Sequence[int]) -> int:
    """The side of the windows, in pixels, for images of a shape `(B, H, W, C)`."""
    return min(_WINDOW, *shape[1:3])


def scale_weights(height: int, width: int) -> tuple[float, ...]:
    """The weights of the scales that an image has room for, from the finest on; their sum is 1.

    Each scale has half the side of the one before, rounded up, and none but the finest is smaller
    than the window of 11 pixels: five scales from 161 pixels on, two of 28, one of 8 to 20.
    """
    side, count = min(height, width), 1
    while count < len(SCALE_WEIGHTS) and -(-side // 2) >= _WINDOW:
        side, count = -(-side // 2), count + 1
    taken = SCALE_WEIGHTS[:count]
    return tuple(weight / sum(taken) for weight in taken)


def ssim(x: Any, y: Any) -> Any:
    """SSIM of images `(B, H, W, C)` in [0, 1], `(B,)`: 1 where they are equal.

    The mean over places and channels of luminance x contrast x structure. Wang, Bovik, Sheikh and
    Simoncelli, "Image quality assessment: from error visibility to structural similarity" (IEEE
    Transactions on Image Processing 13(4), 2004), equation 13, by the windows of `ms_ssim`. It is
    TensorFlow's `ssim`; of images under 11 pixels, by a window of their size.
    """
    luminance, contrast_structure = _similarities(x, y, _gaussian_window(window_size(x.shape)))
    return ops.mean(luminance * contrast_structure, axis=(1, 2, 3))


def ms_ssim(x: Any, y: Any) -> Any:
    """MS-SSIM of images `(B, H, W, C)` in [0, 1], `(B,)`: 1 where they are equal.

    prod_j cs_j^(w_j) of contrast and structure at each scale j, times luminance at the coarsest, of
    each channel; then their mean. Wang, Simoncelli and Bovik, "Multi-scale structural similarity
    for image quality assessment" (Asilomar 2003), equation 7, by Gaussian windows of 11 pixels and
    standard deviation 1.5. On five scales it is TensorFlow's `ssim_multiscale`; small images have
    fewer, see `scale_weights`, and the window is never larger than the image. A similarity below 0
    counts as 0, there as here.
    """
    weights = scale_weights(*x.shape[1:3])
    window = _gaussian_window(window_size(x.shape))
    product = 1.0
    for scale, weight in enumerate(weights):
        if scale:
            x, y = _halved(x), _halved(y)
        luminance, contrast_structure = _similarities(x, y, window)
        last = scale == len(weights) - 1
        similarity = luminance * contrast_structure if last else contrast_structure
        product = product * _power(ops.mean(similarity, axis=(1, 2)), weight)
    return ops.mean(product, axis=-1)


def _similarities(x: Any, y: Any, window: np.ndarray) -> tuple[Any, Any]:
    """Luminance, and contrast times structure, of each place where the window fits."""
    channels = x.shape[-1]
    kernel = np.tile(window[:, :, None, None], (1, 1, channels, 1))

    def local_mean(values: Any) -> Any:
        return ops.depthwise_conv(values, kernel, padding="valid", data_format="channels_last")

    x_mean, y_mean = local_mean(x), local_mean(y)
    product, squares = x_mean * y_mean, ops.square(x_mean) + ops.square(y_mean)
    luminance = (2.0 * product + _C1) / (squares + _C1)
    covariance = local_mean(x * y) - product
    variances = local_mean(ops.square(x) + ops.square(y)) - squares
    return luminance, (2.0 * covariance + _C2) / (variances + _C2)


def _gaussian_window(size: int) -> np.ndarray:
    """Weights `(size, size)` whose sum is 1."""
    away = np.arange(size) - (size - 1) / 2.0
    line = np.exp(-0.5 * (away / _WINDOW_SIGMA) ** 2)
    window = np.outer(line, line)
    return (window / window.sum()).astype("float32")


def _halved(images: Any) -> Any:
    """Means of 2x2 pixels; an odd side's last line counts twice."""
    for axis in (1, 2):
        # By hand, since Keras on torch doesn't pad images symmetrically.
        if images.shape[axis] % 2:
            last = ops.take(images, [images.shape[axis] - 1], axis=axis)
            images = ops.concatenate([images, last], axis=axis)
    return ops.average_pool(images, 2, 2, padding="valid", data_format="channels_last")


def _power(base: Any, exponent: float) -> Any:
    """max(0, base)^exponent, with a gradient of 0 where that is 0: the power's own is infinite."""
    positive = base > 0.0
    return ops.where(positive, ops.power(ops.where(positive, base, 1.0), exponent), 0.0)
