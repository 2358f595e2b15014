"""The latent of the Riemannian Hamiltonian VAE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import keras
import vaekit
from annotated_types import Ge, Gt, Lt
from keras import layers, ops
from vaekit.stock_layers import flattened

from vaekit_geometry.hamiltonian import LONGEST_STEP, Hamiltonian
from vaekit_geometry.riemannian_leapfrog import CentroidMetric, RiemannianLeapfrog
from vaekit_geometry.tempering import Tempering, TemperingName, tempering_named

# Images have a small say in the metric at first: a batch of them is summed up.
_SMALL = keras.initializers.VarianceScaling(0.01)


class Riemannian(Hamiltonian):
    """A Hamiltonian latent whose metric is learned from the newest images; see `riemannian`.

    `centroids` `(N, D)` and `squares` `(N, D, D)` are a queue of what images gave last; at first
    the squares are 0, which counts for nothing.
    """

    def __init__(
        self,
        latent_dim: int,
        tempering: Tempering,
        step_size: float,
        centroids: int,
        temperature: float,
        regularization: float,
    ) -> None:
        super().__init__(latent_dim, tempering, step_size)
        self.temperature, self.regularization = temperature, regularization
        self.centroids = keras.Variable(
            "zeros", shape=(centroids, latent_dim), trainable=False, name="centroids"
        )
        self.squares = keras.Variable(
            "zeros", shape=(centroids, latent_dim, latent_dim), trainable=False, name="squares"
        )

    def heads(self, features: Any) -> dict[str, Any]:
        """And `metric_factor` `(B, D D)`: the rows of L, whose square is the image's in G^-1."""
        vector = flattened(features, "encoder_metric_flatten")
        factor = layers.Dense(
            self.latent_dim**2, kernel_initializer=_SMALL, name="encoder_metric_factor"
        )
        return {**super().heads(features), "metric_factor": factor(vector)}

    def encoded(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: parameters[name] for name in ("z_mean", "z_log_var")}

    def leapfrog(self, parameters: Mapping[str, Any], given: vaekit.Given) -> RiemannianLeapfrog:
        """In training the images of the step come first in the queue, and learn what they do."""
        centroids, squares = self.centroids.value, self.squares.value
        if given.training:
            size, count = self.latent_dim, self.centroids.shape[0]
            factor = ops.reshape(parameters["metric_factor"], (-1, size, size))
            newest = ops.matmul(factor, ops.swapaxes(factor, -2, -1))
            centroids = ops.concatenate([parameters["z_mean"], centroids])[:count]
            squares = ops.concatenate([newest, squares])[:count]
            self.centroids.assign(ops.stop_gradient(centroids))
            self.squares.assign(ops.stop_gradient(squares))
        metric = CentroidMetric(centroids, squares, self.temperature, self.regularization)
        return RiemannianLeapfrog(metric)


def riemannian(
    latent_dim: int,
    *,
    steps: Annotated[int, Ge(1)] = 3,
    step_size: Annotated[float, Gt(0), Lt(LONGEST_STEP)] = 0.01,
    tempering: TemperingName = "quadratic",
    beta_zero: Annotated[float, Gt(0), Lt(1)] = 0.3,
    centroids: Annotated[int, Ge(1)] = 200,
    temperature: Annotated[float, Gt(0)] = 0.8,
    regularization: Annotated[float, Gt(0)] = 0.01,
) -> vaekit.Latent:
    """The latent hamiltonian in a space whose metric is learned, wide where data is not.

    Chadebec et al., "Geometry-Aware Hamiltonian Variational Auto-Encoder" (arXiv:2010.11518) and
    "Data Augmentation in High Dimensional Low Sample Size Setting Using a Geometry-Based
    Variational Autoencoder" (arXiv:2105.00026). Where they take all training images as centroids
    once training ends, and a batch of them before, it is the newest ones here throughout. Its step
    costs about latent_dim^2 x (centroids + latent_dim) multiplications an image, several times: it
    is for few latents. Points, codes and draws that are saved are as those of hamiltonian.

    Args:
        steps: how many steps.
        step_size: of each value of z, where learning begins.
        tempering: whether trajectories start hot, "quadratic" in the step or "free" to learn.
        beta_zero: the inverse temperature of the start, where learning begins.
        centroids: of how many images the metric is made.
        temperature: how far a centroid reaches, T.
        regularization: lambda, what the inverse metric is far from all centroids.
    """
    schedule = tempering_named(tempering, steps, beta_zero)
    return Riemannian(latent_dim, schedule, step_size, centroids, temperature, regularization)
