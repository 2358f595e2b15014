"""A finite mixture of laws."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from vaekit.distributions.distribution import Distribution
from vaekit.types import Tensor


class Mixture(Distribution):
    """p(z) = sum_c w_c p_c(z), over C laws.

    components: the laws, a batch of C.
    log_weights: log w_c, `(C,)`, or `(B, C)` for a mixture of each image's own; they sum to 1.
    """

    def __init__(self, components: Distribution, log_weights: Tensor) -> None:
        self.components, self.log_weights = components, log_weights

    def log_prob(self, z: Tensor) -> Tensor | None:
        each = self.components.log_prob(ops.expand_dims(z, -2))
        return None if each is None else ops.logsumexp(each + self.log_weights, axis=-1)

    def sample(self, seed: Any, lead: tuple[int, ...] = ()) -> Tensor:
        """Draws `(*lead, D)`, or `(*lead, B, D)` of a mixture for each image.

        The gradient follows the law that a draw is of, not the weights.
        """
        lead = (*lead, *ops.shape(self.log_weights)[:-1])
        uniform = keras.random.uniform((*lead, 1), seed=seed)
        return self._chosen(uniform, self.components.sample(seed, lead))

    def tempered(self, temperature: float) -> Mixture | None:
        """Of the same weights, each component tempered."""
        components = self.components.tempered(temperature)
        return None if components is None else Mixture(components, self.log_weights)

    @property
    def noise_dim(self) -> int | None:  # type: ignore[override]  # of the components
        """One value more than a component takes: which of them it is."""
        inner = self.components.noise_dim
        return None if inner is None else inner + 1

    def from_noise(self, noise: Tensor) -> Tensor:
        inner = self.components.noise_dim
        assert inner is not None
        # Products with constants, since Keras saves no slices.
        rest = ops.matmul(noise, np.eye(inner + 1, inner, dtype="float32"))
        last = ops.matmul(noise, np.eye(inner + 1, dtype="float32")[:, inner:])
        uniform = 0.5 * (1.0 + ops.erf(last / math.sqrt(2.0)))
        return self._chosen(uniform, self.components.from_noise(ops.expand_dims(rest, -2)))

    def _chosen(self, uniform: Tensor, each: Tensor) -> Tensor:
        """Of draws of each component `(..., C, D)`, the one that a uniform `(..., 1)` falls on."""
        weights = ops.exp(self.log_weights)
        below = ops.cumsum(weights, axis=-1) - weights
        # Past the start of so many shares; the first begins at 0, so there is always one.
        passed = ops.cast(uniform >= below, "float32")
        following = np.eye(passed.shape[-1], k=-1, dtype="float32")
        chosen = passed - ops.matmul(passed, following)
        return ops.sum(ops.expand_dims(chosen, -1) * each, axis=-2)
