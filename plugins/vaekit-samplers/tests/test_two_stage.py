"""The second VAE: its latent is nearer to N(0, I) than the first one's codes."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops
from known_codes import encodings, space
from vaekit_samplers.two_stage import TwoStageSampler

pytestmark = [pytest.mark.backend, pytest.mark.slow]


def ring(count: int, seed: int) -> np.ndarray:
    """Codes of mean 0 and variance 1 that leave the middle of N(0, I) empty."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, count)
    radius = np.sqrt(2.0) + 0.1 * rng.standard_normal(count)
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def distance(z: np.ndarray) -> float:
    """The largest gap of the laws of |z|^2 / 2, which is exponential under N(0, I) of two values.

    The statistic of Kolmogorov and Smirnov.
    """
    share = np.sort(1.0 - np.exp(-0.5 * np.square(z).sum(axis=1)))
    return float(np.abs(share - (np.arange(len(share)) + 0.5) / len(share)).max())


def test_the_second_latent_is_nearer_to_the_prior() -> None:
    z = ring(2048, 0).astype("float32")
    sampler = TwoStageSampler(space(), units=32, epochs=100, rate=1e-2)
    sampler.fit(encodings(z, z_mean=z, z_log_var=np.full_like(z, -8.0)), 0)
    posterior = sampler.vae.posterior(sampler.standardised(z))
    noise = np.random.default_rng(1).standard_normal(z.shape).astype("float32")
    u = ops.convert_to_numpy(posterior.from_noise(noise))
    assert distance(z) > 0.5
    assert distance(u) < 0.35
    # What it draws is of the ring, as N(0, I) is not.
    drawn, prior = sampler.sample(2000, 3), np.random.default_rng(2).standard_normal((2000, 2))
    assert on_the_ring(drawn) > 0.85
    assert on_the_ring(prior) < 0.45
    assert on_the_ring(z) > 0.99


def on_the_ring(z: np.ndarray) -> float:
    """The share of points within 0.4 of it."""
    return float(np.mean(np.abs(np.linalg.norm(z, axis=1) - np.sqrt(2.0)) < 0.4))
