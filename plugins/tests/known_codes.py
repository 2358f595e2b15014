"""Codes of known laws, and the spaces that they lie in."""

from __future__ import annotations

from typing import Any

import numpy as np
import vaekit
from parts import tensor
from vaekit import distributions


def space(shape: tuple[int, ...] = (2,), **more: Any) -> vaekit.LatentSpace:
    """One of N(0, I), unless something else is said."""
    values = {
        "support": "real",
        "classes": None,
        "prior_law": lambda: None,
        "prior_draws": None,
        "posterior": lambda parameters: distributions.DiagonalNormal(
            **{name: tensor(values) for name, values in parameters.items()}
        ),
        **more,
    }
    return vaekit.LatentSpace(shape, **values)


def encodings(points: np.ndarray, labels: Any = None, **parameters: Any) -> vaekit.Encodings:
    """Codes with their labels and the parameters of their posteriors."""
    labels = None if labels is None else np.asarray(labels, "int32")
    return vaekit.Encodings(np.asarray(points, "float32"), parameters, labels)


class KnownMixture:
    """Three normals of two values: an arc that one normal can't follow."""

    weights = np.array([0.5, 0.3, 0.2])
    means = np.array([[-2.5, 0.0], [2.0, 1.5], [1.0, -2.5]])
    scales = np.array(
        [[[0.4, 0.0], [0.5, 0.3]], [[0.8, 0.0], [-0.5, 0.3]], [[0.3, 0.0], [0.0, 1.0]]]
    )

    def draw(self, count: int, seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        which = rng.choice(3, count, p=self.weights)
        noise = rng.standard_normal((count, 2))
        return self.means[which] + np.einsum("nij,nj->ni", self.scales[which], noise)

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        return mixture_log_prob(z, self.weights, self.means, self.scales)


def mixture_log_prob(
    z: np.ndarray, weights: np.ndarray, means: np.ndarray, scales: np.ndarray
) -> np.ndarray:
    """log sum_c w_c N(z; m_c, L_c L_c'), `(N,)`, of z `(N, D)`."""
    each = [
        np.log(weight) + normal_log_prob(z, mean, scale @ scale.T)
        for weight, mean, scale in zip(weights, means, scales, strict=True)
    ]
    return np.logaddexp.reduce(each, axis=0)


def normal_log_prob(z: np.ndarray, mean: np.ndarray, cov: np.ndarray) -> np.ndarray:
    """log N(z; mean, cov), `(N,)`."""
    away = z - mean
    square = np.einsum("ni,ij,nj->n", away, np.linalg.inv(cov), away)
    return -0.5 * (square + np.linalg.slogdet(2.0 * np.pi * cov)[1])
