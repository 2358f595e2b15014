"""Data whose best linear VAE is known, and what it is.

Of data with mean m and covariance S = U diag(l) U', the likelihood of x = W z + m + sigma e is
highest at W = U_q (diag(l_q) - sigma^2 I)^(1/2), without the eigenvectors whose eigenvalue is below
sigma^2, and, where it is learned, at sigma^2 = the mean of the eigenvalues that are left out:
Tipping and Bishop, "Probabilistic Principal Component Analysis" (1999), equations 15 and 16. The
ELBO of a linear VAE has its maximum there, and is log p(x): Lucas et al., "Don't Blame the ELBO!"
(arXiv:1911.02469), theorem 1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

SHAPE = (8, 8, 1)
_MEAN = 0.5


class Truth(NamedTuple):
    """The best linear VAE of some data.

    eigenvalues: of the covariance, falling, `(D,)`. vectors: of them, `(D, D)`, in columns.
    variance: sigma^2. alive: which of the first q eigenvalues are above it, `(q,)`.
    log_prob: the mean of log p(x) over the data, in nats.
    """

    eigenvalues: np.ndarray
    vectors: np.ndarray
    variance: float
    alive: np.ndarray
    log_prob: float


def images_of(eigenvalues: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Images `(count, H, W, 1)`, float32, whose covariance has exactly these eigenvalues.

    They are normal but for that: draws, made white, and coloured. All lie in [0, 1] where the
    eigenvalues are small.

    Raises `ValueError` where one doesn't.
    """
    rng = np.random.default_rng(seed)
    size = len(eigenvalues)
    draws = rng.normal(size=(count, size))
    draws -= draws.mean(axis=0)
    white = draws @ np.linalg.inv(np.linalg.cholesky(draws.T @ draws / count)).T
    vectors = np.linalg.qr(rng.normal(size=(size, size)))[0]
    images = _MEAN + (white * np.sqrt(eigenvalues)) @ vectors.T
    if images.min() < 0.0 or images.max() > 1.0:
        raise ValueError("Images of these eigenvalues leave [0, 1].")
    return images.reshape(count, *SHAPE).astype("float32")


def best_linear_vae(images: np.ndarray, latents: int, sigma: float | None = None) -> Truth:
    """By the eigendecomposition of the images' covariance.

    sigma: the standard deviation of the noise; None where it is learned.
    """
    x = images.reshape(len(images), -1).astype("float64")
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    values, vectors = values[::-1], vectors[:, ::-1]
    variance = float(values[latents:].mean()) if sigma is None else sigma**2
    alive = values[:latents] > variance
    model = np.full(len(values), variance)
    model[:latents] = np.maximum(values[:latents], variance)
    # E log N(x; m, C), C having the data's eigenvectors and these values.
    log_prob = -0.5 * float(np.sum(math.log(2.0 * math.pi) + np.log(model) + values / model))
    return Truth(values, vectors, variance, alive, log_prob)
