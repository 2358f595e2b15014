"""The second VAE: its latent is nearer to N(0, I) than the first one's codes."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops
from known_codes import encodings, space
from vaekit_samplers.two_stage import TwoStageSampler

pytestmark = pytest.mark.backend


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
    sampler = TwoStageSampler(space(), units=32, epochs=40, rate=5e-3)
    parameters = {"z_mean": z, "z_log_var": np.full_like(z, -8.0)}
    sampler.fit(encodings(z, **parameters), 0)
    posterior = sampler.vae.posterior(sampler.standardised(z))
    noise = np.random.default_rng(1).standard_normal(z.shape).astype("float32")
    u = ops.convert_to_numpy(posterior.from_noise(noise))
    print("DIST", distance(z), distance(u), sampler.gamma)
    assert distance(z) > 0.4
    assert distance(u) < 0.12
    # And what it draws is of the ring, which N(0, I) is not.
    radius = np.linalg.norm(sampler.sample(2000, 3), axis=1)
    prior = np.linalg.norm(np.random.default_rng(2).standard_normal((2000, 2)), axis=1)
    print(np.mean(np.abs(radius - np.sqrt(2)) < 0.4), np.mean(np.abs(prior - np.sqrt(2)) < 0.4))
    assert np.mean(np.abs(radius - np.sqrt(2.0)) < 0.4) > 0.8
    assert np.mean(np.abs(prior - np.sqrt(2.0)) < 0.4) < 0.5
