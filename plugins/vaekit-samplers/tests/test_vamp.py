"""The mixture of posteriors."""

from __future__ import annotations

import numpy as np
import pytest
import vaekit
from keras import ops
from known_codes import encodings, space
from vaekit import distributions
from vaekit_samplers.vamp import vamp

MEANS = np.array([[-4.0, 0.0], [4.0, 0.0], [0.0, 9.0]], "float32")
LOG_VARS = np.log(np.array([[0.25, 0.25], [1.0, 1.0], [0.04, 0.04]], "float32"))


def fitted(**options: object) -> vaekit.Sampler:
    made = vamp(space(), **options)
    made.fit(encodings(MEANS, z_mean=MEANS, z_log_var=LOG_VARS), 0)
    return made


@pytest.mark.backend
def test_its_moments_are_those_of_the_aggregated_posterior() -> None:
    """Mean 1/K sum m_k; second moment 1/K sum (m_k m_k' + S_k)."""
    z = fitted().sample(40_000, 0).astype("float64")
    np.testing.assert_allclose(z.mean(0), MEANS.mean(0), atol=0.08)
    squares = np.einsum("ki,kj->kij", MEANS, MEANS)
    second = np.mean(squares + np.exp(LOG_VARS)[:, None] * np.eye(2), axis=0)
    np.testing.assert_allclose(z.T @ z / len(z), second, rtol=0.02, atol=0.2)


def test_a_temperature_narrows_each_posterior() -> None:
    cold, warm = (fitted().sample(500, 3, temperature) for temperature in (0.5, 1.0))
    nearest = np.argmin(np.linalg.norm(warm[:, None] - MEANS, axis=-1), axis=1)
    np.testing.assert_allclose(cold - MEANS[nearest], 0.5 * (warm - MEANS[nearest]), atol=1e-5)


def test_it_keeps_so_many_images() -> None:
    assert fitted(images=2).state()["0/z_mean"].shape == (2, 2)
    assert fitted(images=99).state()["0/z_mean"].shape == (3, 2)


def test_a_posterior_without_a_temperature_refuses_it() -> None:
    made = vamp(space(posterior=lambda p: distributions.PointMass(ops.convert_to_tensor(p["z"]))))
    made.fit(encodings(MEANS, z=MEANS), 0)
    assert {tuple(row) for row in made.sample(50, 0)} == {tuple(row) for row in MEANS}
    with pytest.raises(vaekit.UserError, match="The posterior is a PointMass, whose spread no"):
        made.sample(5, 0, 0.5)
