"""A mixture of normals, fitted on the codes of the training images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
import vaekit
from annotated_types import Ge
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from vaekit_samplers.by_class import ByClass

Covariance = Literal["full", "diag"]


class GaussianMixtureSampler(vaekit.Sampler):
    """z ~ sum_c w_c N(m_c, L_c L_c'); see `mixture`."""

    has_temperature = True

    def __init__(
        self, latent_space: vaekit.LatentSpace, components: int, covariance: Covariance
    ) -> None:
        self._shape = latent_space.shape
        self._components, self._covariance = components, covariance

    def fit(self, encodings: vaekit.Encodings, seed: int) -> None:
        """Expectation maximisation, from k-means; of fewer codes than components, one a code."""
        z = encodings.flat.astype("float64")
        # In one thread: several would add up in the order in which they come to an end.
        with threadpool_limits(1):
            fitted = GaussianMixture(
                min(self._components, len(z)),
                covariance_type=self._covariance,
                max_iter=200,
                random_state=seed,
            ).fit(z)
        self.weights, self.means = fitted.weights_, fitted.means_
        if self._covariance == "full":
            self.scales = np.linalg.cholesky(fitted.covariances_)
        else:
            self.scales = np.sqrt(fitted.covariances_)

    def sample(
        self, count: int, seed: int, temperature: float = 1.0, labels: np.ndarray | None = None
    ) -> np.ndarray:
        rng = np.random.default_rng(seed)
        which = rng.choice(len(self.weights), size=count, p=self.weights / self.weights.sum())
        noise = temperature * rng.standard_normal((count, self.means.shape[1]))
        z = np.empty_like(noise)
        for component in np.unique(which):
            own, scale = which == component, self.scales[component]
            spread = noise[own] @ scale.T if scale.ndim == 2 else noise[own] * scale
            z[own] = self.means[component] + spread
        return z.reshape(count, *self._shape).astype("float32")

    def state(self) -> Mapping[str, np.ndarray]:
        """`weights` `(C,)`, `means` `(C, D)`, `scales`: L `(C, D, D)`, or its diagonal `(C, D)`."""
        return {"weights": self.weights, "means": self.means, "scales": self.scales}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self.weights, self.means, self.scales = state["weights"], state["means"], state["scales"]


def mixture(
    latent_space: vaekit.LatentSpace,
    *,
    components: Annotated[int, Ge(1)] = 10,
    covariance: Covariance = "full",
) -> vaekit.Sampler:
    """A Gaussian mixture on the codes, as of Ghosh et al. (arXiv:1903.12436), section 4.

    Fitted by scikit-learn's `GaussianMixture`. In a run with a condition, each class has one of its
    own. A temperature scales the standard deviations of the components.

    Args:
        components: how many normals; no more than there are codes.
        covariance: full, or diag for a diagonal: of maps and other long z.
    """
    return ByClass(
        latent_space, lambda: GaussianMixtureSampler(latent_space, components, covariance)
    )
