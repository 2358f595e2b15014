"""A linear Gaussian model of one pixel, whose likelihood and posterior are known: pPCA of one."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import vaekit
from keras import ops
from parts import tensor
from vaekit import distributions

LOADING, SIGMA = 1.5, 0.6


class Drawn(NamedTuple):
    """What the model makes of images, as a loss gets it: x `(B, 1, 1, 1)`, z `(K, B, 1)`."""

    x: Any
    output: vaekit.VAEOutput


def log_evidence(x: np.ndarray) -> np.ndarray:
    """Log p(x) of x `(B,)`: z is N(0, 1), and x is N(LOADING z, SIGMA^2)."""
    variance = LOADING**2 + SIGMA**2
    return -0.5 * (np.log(2 * np.pi * variance) + x**2 / variance)


def exact_posterior(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and log-variance of p(z|x), `(B,)` each."""
    variance = 1 / (1 + LOADING**2 / SIGMA**2)
    return variance * LOADING * x / SIGMA**2, np.full_like(x, math.log(variance))


def drawn(
    x: np.ndarray,
    posterior: distributions.Distribution,
    noise: np.ndarray,
    prior: distributions.Distribution | None = None,
    loading: Any = LOADING,
) -> Drawn:
    """Draws of a posterior by this noise `(K, B, 1)`, decoded; one draw as the kit gives it."""
    prior = distributions.StandardNormal(1) if prior is None else prior
    z = posterior.from_noise(tensor(noise if len(noise) > 1 else noise[0]))
    log_ratio = posterior.log_prob(z) - prior.log_prob(z)
    kl = distributions.divergence(posterior, prior, log_ratio)
    reconstruction = (loading * z)[..., None, None]
    draw = vaekit.Draw(z, posterior, prior, kl, log_ratio)
    output = vaekit.VAEOutput(reconstruction, posterior, z, draw=draw)
    return Drawn(ops.reshape(tensor(x), (-1, 1, 1, 1)), output)
