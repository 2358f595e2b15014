"""Points between neighbours on the sphere."""

from __future__ import annotations

import numpy as np
from known_codes import encodings, space
from vaekit_samplers.hypersphere import hypersphere


def two_caps(count: int) -> np.ndarray:
    """Points near to two opposite poles of a sphere in three dimensions."""
    rng = np.random.default_rng(0)
    z = 0.1 * rng.standard_normal((count, 3))
    z[:, 2] += np.where(np.arange(count) % 2, 1.0, -1.0)
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def test_it_stays_on_the_sphere_and_with_the_codes() -> None:
    codes = two_caps(200)
    made = hypersphere(space((3,), support="sphere"), neighbours=4)
    made.fit(encodings(codes), 0)
    z = made.sample(2000, 1)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1.0, atol=1e-6)
    # Both caps, in equal shares, and nothing between them.
    assert np.abs(z[:, 2]).min() > 0.85
    assert abs(np.mean(z[:, 2] > 0) - 0.5) < 0.05
    # And not the codes themselves.
    assert np.linalg.norm(z[:, None] - codes.astype("float32"), axis=-1).min(axis=1).mean() > 1e-3


def test_more_neighbours_than_codes_are_all_of_them() -> None:
    made = hypersphere(space((3,), support="sphere"), neighbours=50)
    made.fit(encodings(two_caps(5)), 0)
    assert made.state()["0/nearest"].shape == (5, 5)
    assert made.sample(3, 0).shape == (3, 3)
