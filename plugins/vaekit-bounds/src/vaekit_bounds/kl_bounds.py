"""What losses that bound the KL have in common: a likelihood, and what the KL is averaged over."""

from __future__ import annotations

from typing import Any, Literal

import vaekit
from keras import ops
from vaekit import distributions

Average = Literal["batch", "image"]


class BoundedKL(vaekit.Loss):
    """`reconstruction` = -log p(x|z) in nats, beside a bound on the KL."""

    posterior = prior = object
    weighs_kl = True

    def __init__(self, likelihood: distributions.Likelihood, average: Average) -> None:
        self.likelihood: distributions.Likelihood = likelihood
        self.scale = likelihood.scale
        self.averaged = {"batch": batch_mean, "image": _as_it_is}[average]

    def reconstruction(self, x: Any, output: vaekit.VAEOutput) -> Any:
        """-log p(x|z) in nats, `(B,)`."""
        return -self.likelihood.log_prob(x, output.reconstruction)


def batch_mean(values: Any) -> Any:
    """The mean of `values` `(B, ...)` over the batch, for each image."""
    return ops.mean(values, axis=0, keepdims=True) * ops.ones_like(values)


def _as_it_is(values: Any) -> Any:
    return values
