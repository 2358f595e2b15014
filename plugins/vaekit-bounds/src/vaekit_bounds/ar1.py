"""The AR(1) prior of delta-VAE, whose KL from any product of posteriors has a floor."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

import keras
import numpy as np
import vaekit
from annotated_types import Ge, Gt, Lt
from keras import ops
from vaekit import distributions


class AR1(vaekit.Distribution):
    """z_t = alpha z_{t-1} + sqrt(1 - alpha^2) e_t, with z_1 and all e_t from N(0, 1).

    size: how many values z has. lag: how many of them a step t has, chains beside each other.
    """

    def __init__(self, size: int, alpha: float, lag: int) -> None:
        self.alpha, self.lag, self.noise_dim = alpha, lag, size
        self.innovation = math.sqrt(1.0 - alpha**2)

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Any:
        return self.from_noise(keras.random.normal((*lead, self.noise_dim), seed=seed))

    def log_prob(self, z: Any) -> Any:
        first, before, after = z[..., : self.lag], z[..., : -self.lag], z[..., self.lag :]
        later = distributions.normal_log_prob(
            after, self.alpha * before, 2.0 * math.log(self.innovation)
        )
        first = distributions.normal_log_prob(first, 0.0)
        return ops.sum(first, axis=-1) + ops.sum(later, axis=-1)

    def from_noise(self, noise: Any) -> Any:
        # A product with a constant, since Keras saves no slices.
        apart = np.subtract.outer(np.arange(self.noise_dim), np.arange(self.noise_dim))
        of_a_chain = (apart >= 0) & (apart % self.lag == 0)
        response = np.where(of_a_chain, self.alpha ** (np.abs(apart) // self.lag), 0.0)
        response[:, self.lag :] *= self.innovation
        return ops.matmul(noise, response.T.astype("float32"))


class AR1Prior(vaekit.Prior):
    """See `ar1`."""

    def __init__(self, alpha: float, lag: int) -> None:
        self.alpha, self.lag = alpha, lag

    def distribution(
        self,
        size: int,
        posterior_of: Callable[[Any], vaekit.Distribution],
        condition: Any = None,
    ) -> AR1:
        return AR1(size, self.alpha, self.lag)


def ar1(
    latent_size: int,
    image_shape: tuple[int, int, int],
    *,
    alpha: Annotated[float, Gt(0), Lt(1)] = 0.9,
    lag: Annotated[int, Ge(1)] = 1,
) -> vaekit.Prior:
    """z's values as a sequence that changes slowly: z_t = alpha z_{t-1} + sqrt(1 - alpha^2) e_t.

    Razavi et al., "Preventing Posterior Collapse with delta-VAEs" (arXiv:1901.03416), section 3.2.
    A posterior that is a product over z can't be this prior, so that its KL is never under
    lag/2 ((T - 2) log(1 + alpha^2) - log(1 - alpha^2)) nats, with T = latent_size / lag steps: 4.98
    of 16 with alpha 0.9, and 0 of one step. That is a rate which every image gets, with no weight
    or schedule. The KL is estimated from the draws. Posteriors that aren't products, as flows, have
    no floor.

    Args:
        alpha: how much of a value is that of the step before.
        lag: values of a step; of a latent that is a map, its channels.
    """
    if latent_size % lag:
        raise vaekit.BuildError(
            f"The prior 'ar1' makes steps of lag={lag} values, and z has {latent_size}, which is "
            "no multiple of that. Choose another lag, or another latent_dim."
        )
    return AR1Prior(alpha, lag)
