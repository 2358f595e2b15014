"""A metric over z that centroids shape, and leapfrog steps in the space that it bends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from keras import ops
from vaekit.autodiff import gradient
from vaekit.distributions import normal_log_prob

from vaekit_geometry.leapfrog import Leapfrog, Phase, Potential

# Of the implicit equations of a step, which are contractions where it is small.
FIXED_POINT_ITERATIONS = 3


class CentroidMetric(NamedTuple):
    """G^-1(z) = sum_i S_i exp(-|z - c_i|^2 / T^2) + lambda I, with S_i = L_i L_i'.

    Chadebec et al., arXiv:2010.11518. It is positive definite, lambda being the least that an
    eigenvalue can be.

    centroids: c_i, `(N, D)`. squares: S_i, `(N, D, D)`. temperature: T. regularization: lambda > 0.
    """

    centroids: Any
    squares: Any
    temperature: float
    regularization: float

    def inverse(self, z: Any) -> Any:
        """G^-1 at z `(..., D)`, `(..., D, D)`."""
        summed = ops.tensordot(self._weights(z), self.squares, axes=1)
        return summed + self.regularization * ops.eye(z.shape[-1])

    def bend(self, z: Any) -> Callable[[Any], Any]:
        """A momentum r `(..., D)` -> the gradient in z of log det(G(z)) / 2 + r' G^-1(z) r / 2.

        Of each S_i it takes (r' S_i r - tr(G S_i)) / 2 times the gradient of its weight.
        """
        weights, metric = self._weights(z), ops.inv(self.inverse(z))

        def slope(momentum: Any) -> Any:
            outer = momentum[..., :, None] * momentum[..., None, :] - metric
            shares = weights * ops.tensordot(outer, self.squares, axes=[[-2, -1], [1, 2]])
            away = ops.sum(shares, axis=-1, keepdims=True) * z - ops.matmul(shares, self.centroids)
            return -away / self.temperature**2

        return slope

    def _weights(self, z: Any) -> Any:
        away = ops.sum(ops.square(ops.expand_dims(z, -2) - self.centroids), axis=-1)
        return ops.exp(-away / self.temperature**2)


class RiemannianLeapfrog(Leapfrog):
    """Steps of H(z, r) = U(z) + log det(G(z)) / 2 + r' G^-1(z) r / 2, for momenta of N(0, G(z)).

    The generalised leapfrog, its implicit equations by fixed-point iterations: it keeps volumes as
    far as those have converged. With G = I it is the leapfrog.
    """

    def __init__(self, metric: CentroidMetric) -> None:
        self.metric = metric

    def momentum(self, z: Any, noise: Any) -> Any:
        upper = ops.swapaxes(self._root(z), -2, -1)
        return ops.solve_triangular(upper, noise[..., None], lower=False)[..., 0]

    def log_prob(self, phase: Phase) -> Any:
        root = self._root(phase.z)
        white = ops.matmul(ops.swapaxes(root, -2, -1), phase.momentum[..., None])[..., 0]
        log_det = ops.sum(ops.log(ops.diagonal(root, axis1=-2, axis2=-1)), axis=-1)
        return ops.sum(normal_log_prob(white, 0.0), axis=-1) + log_det

    def step(self, phase: Phase, potential: Potential, size: Any) -> Phase:
        z, momentum = phase
        pull, bend = gradient(potential, z), self.metric.bend(z)
        half = momentum
        for _ in range(FIXED_POINT_ITERATIONS):
            half = momentum - 0.5 * size * (pull + bend(half))
        first, end = self._velocity(z, half), z
        for _ in range(FIXED_POINT_ITERATIONS):
            end = z + 0.5 * size * (first + self._velocity(end, half))
        pull = gradient(potential, end) + self.metric.bend(end)(half)
        return Phase(end, half - 0.5 * size * pull)

    def _velocity(self, z: Any, momentum: Any) -> Any:
        return ops.matmul(self.metric.inverse(z), momentum[..., None])[..., 0]

    def _root(self, z: Any) -> Any:
        """The lower triangle C with C C' = G^-1(z)."""
        return ops.cholesky(self.metric.inverse(z))
