"""The negative ELBO with a Gaussian likelihood whose variance follows the reconstruction's error.

Rybkin, Daniilidis and Levine, "Simple and Effective VAE Training with Calibrated Decoders"
(arXiv:2006.13202, "optimal sigma-VAE"): of all variances that pixels might share, the mean squared
error makes them most likely, so that no weight between reconstruction and KL is left to choose.
They take each batch's own error; here it is that of the last batches of training, so that held-out
images are judged by a variance that doesn't know them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

import vaekit
from vaekit import distributions

_PIXELS = (-3, -2, -1)
# Of the newest batch in the mean squared error, which is thus that of some 50 batches.
_SHARE = 0.02
# The least log sigma, as the authors have it: images of one colour are soon exact.
_LEAST_LOG_SIGMA = -6.0


class SharedVariance:
    """Independent normal pixels of one standard deviation, which is the error of late.

    variance: the running mean squared error of a pixel, with the `updates` that it has seen.
    """

    scale = "mean"

    def __init__(self) -> None:
        self.variance = keras.Variable(1.0, trainable=False, name="variance")
        self.updates = keras.Variable(0.0, trainable=False, name="updates")

    def follow(self, x: Any, reconstruction: Any) -> None:
        """Take a batch's error into the running one; the first batch's is taken whole."""
        error = ops.mean(ops.square(x - ops.stop_gradient(reconstruction)))
        updates = self.updates + 1.0
        share = ops.maximum(_SHARE, 2.0 / (updates + 1.0))
        self.variance.assign(self.variance + share * (error - self.variance))
        self.updates.assign(updates)

    def describe(self, image_shape: tuple[int, int, int]) -> str:
        """The law in words."""
        return "values that are normal with one sigma, which follows the error"

    def log_prob(self, x: Any, reconstruction: Any) -> Any:
        """Log p(x|z) in nats, one value an image."""
        least = math.exp(2.0 * _LEAST_LOG_SIGMA)
        log_var = ops.log(ops.maximum(self.variance, least))
        log_probs = distributions.normal_log_prob(x, reconstruction, log_var)
        return ops.sum(log_probs, axis=_PIXELS)


class SigmaLoss(vaekit.Loss):
    """`reconstruction` = -log p(x|z) under the shared variance, and `kl`; both in nats."""

    posterior = prior = object
    minimises = "-log p(x|z) + KL, in nats"

    def __init__(self) -> None:
        self.likelihood: SharedVariance = SharedVariance()

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        if output.training:
            self.likelihood.follow(x, output.reconstruction)
        log_prob = self.likelihood.log_prob(x, output.reconstruction)
        return {"reconstruction": -log_prob, "kl": output.kl}


def sigma() -> vaekit.Loss:
    """The negative ELBO in nats, -log N(x; reconstruction, sigma^2) + KL(q(z|x) || N(0, I)).

    sigma^2 is the mean squared error of a pixel over the last batches of training, and is saved
    with the run: Rybkin et al., "Simple and Effective VAE Training with Calibrated Decoders"
    (arXiv:2006.13202).
    """
    return SigmaLoss()
