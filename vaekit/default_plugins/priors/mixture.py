"""A learned mixture of normals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import keras
from annotated_types import Ge
from keras import layers, ops

import vaekit
from vaekit import distributions


class MixturePrior(vaekit.Prior):
    """p(z) = sum_c w_c N(z; mean_c, exp(log_var_c)); see `mixture`."""

    conditional = True

    def __init__(self, latent_size: int, components: int) -> None:
        shape = (components, latent_size)
        spread = keras.initializers.RandomNormal(stddev=1.0)
        self.mean = keras.Variable(spread, shape=shape, name="prior_mean")
        self.log_var = keras.Variable("zeros", shape=shape, name="prior_log_var")
        self.logits = keras.Variable("zeros", shape=(components,), name="prior_logits")
        # Of use in runs with a condition only: how much more of each component a class has.
        self.by_condition = layers.Dense(
            components, use_bias=False, kernel_initializer="zeros", name="prior_logits_by_condition"
        )

    def distribution(
        self,
        size: int,
        posterior_of: Callable[[Any], vaekit.Distribution],
        condition: Any = None,
    ) -> vaekit.Distribution:
        components = distributions.DiagonalNormal(self.mean.value, self.log_var.value)
        logits = self.logits.value
        if condition is not None:
            logits = ops.add(logits, self.by_condition(condition))  # which may be symbolic
        return distributions.Mixture(components, ops.log_softmax(logits, axis=-1))


def mixture(
    latent_size: int,
    image_shape: tuple[int, int, int],
    *,
    components: Annotated[int, Ge(1)] = 10,
) -> vaekit.Prior:
    """A mixture of normals, its weights, means and variances learned with the model.

    With a condition, each class has weights of its own. Dilokthanakul et al., "Deep Unsupervised
    Clustering with Gaussian Mixture Variational Autoencoders" (arXiv:1611.02648), without their
    inference of the component.

    Args:
        components: how many normals.
    """
    return MixturePrior(latent_size, components)
