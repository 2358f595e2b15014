"""The variance that a likelihood gives pixels, seen from outside: of any likelihood."""

from __future__ import annotations

import math

import numpy as np

from vaekit.distributions import Likelihood, ParameterLikelihood
from vaekit.types import ImageShape

_ERROR = 0.5  # of a pixel, in pixel values; a large one, which float32 tells in any variance


def gaussian_variance(likelihood: Likelihood | None, image_shape: ImageShape) -> float | None:
    """The variance of a pixel if log p(x|z) is that of a Gaussian whose variance is fixed.

    Then log p falls by D error^2 / (2 variance) where all D pixels are off by `error`, thus four
    times as far for twice the error. None for other laws, and where variables decide the variance.
    """
    if likelihood is None or likelihood.scale != "mean":
        return None
    if isinstance(likelihood, ParameterLikelihood) or _has_variables(likelihood):
        return None
    black = np.zeros((1, *image_shape), "float32")
    at, near, far = (
        float(np.asarray(likelihood.log_prob(black, black + np.float32(error)))[0])
        for error in (0.0, _ERROR, 2 * _ERROR)
    )
    fall = at - near
    if fall <= 0 or not math.isclose(at - far, 4 * fall, rel_tol=0.02):
        return None
    return math.prod(image_shape) * _ERROR**2 / (2 * fall)


def _has_variables(likelihood: Likelihood) -> bool:
    import keras

    return any(isinstance(value, keras.Variable) for value in vars(likelihood).values())
