"""The mixture of normals: its likelihood against that of the law which codes were drawn from."""

from __future__ import annotations

import numpy as np
import pytest
import vaekit
from known_codes import KnownMixture, encodings, mixture_log_prob, normal_log_prob, space
from vaekit_samplers.mixture import mixture

KNOWN = KnownMixture()


def fitted(points: np.ndarray, seed: int = 0, **options: object) -> vaekit.Sampler:
    made = mixture(space(points.shape[1:]), **options)
    made.fit(encodings(points), seed)
    return made


def test_it_recovers_the_likelihood_of_a_known_mixture() -> None:
    train, held_out = KNOWN.draw(4000, 0), KNOWN.draw(4000, 1)
    state = fitted(train, components=3).state()
    own = mixture_log_prob(held_out, state["0/weights"], state["0/means"], state["0/scales"])
    truth = KNOWN.log_prob(held_out).mean()
    one = normal_log_prob(held_out, train.mean(0), np.cov(train.T)).mean()
    # 11 nats a thousand draws of noise at most; one normal lacks 0.7 a draw.
    assert truth - own.mean() == pytest.approx(0.0, abs=0.01)
    assert truth - one > 0.5


def test_its_draws_are_of_what_it_fitted() -> None:
    made = fitted(KNOWN.draw(4000, 0), components=3)
    z = made.sample(20_000, 5)
    assert z.dtype == np.float32
    assert KNOWN.log_prob(z).mean() == pytest.approx(
        KNOWN.log_prob(KNOWN.draw(20_000, 6)).mean(), abs=0.03
    )


def test_a_temperature_scales_the_spread_of_each_component() -> None:
    made = fitted(KNOWN.draw(4000, 0), components=3)
    cold, warm = made.sample(4000, 5, 0.5), made.sample(4000, 5)
    centre = made.sample(4000, 5, 1e-6)
    np.testing.assert_allclose(cold - centre, 0.5 * (warm - centre), atol=1e-5)
    assert len(np.unique(centre.round(4), axis=0)) == 3


def test_diagonals_and_maps() -> None:
    points = np.random.default_rng(0).normal(size=(200, 2, 2, 3))
    made = fitted(points, components=2, covariance="diag")
    assert made.state()["0/scales"].shape == (2, 12)
    assert made.sample(5, 0).shape == (5, 2, 2, 3)


def test_a_class_has_a_mixture_of_its_own() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    points = rng.normal(scale=0.1, size=(300, 2)) + 5.0 * labels[:, None]
    made = mixture(space(classes=3), components=2)
    made.fit(encodings(points, labels), 0)
    asked = np.array([2, 0, 0, 1, 2])
    z = made.sample(5, 0, labels=asked.astype("int32"))
    np.testing.assert_allclose(z.mean(1), 5.0 * asked, atol=0.5)
    with pytest.raises(vaekit.UserError, match="No image is of the class 1"):
        made.fit(encodings(points[labels != 1], labels[labels != 1]), 0)
