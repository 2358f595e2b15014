"""The estimator in a pipeline, and a search over it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import vaekit
from vaekit.sklearn import VAE

CHANCE = 0.3  # what codes without any knowledge of the images stay below, of ten classes


def digits(count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first digits, their pixels in a row, and their classes."""
    train = vaekit.load_data("digits").train
    assert train.labels is not None
    return train.pixels[:count].reshape(count, 64), train.labels[:count]


def search(**options: object) -> GridSearchCV:
    vae = VAE(
        encoder="mlp",
        decoder="mlp",
        loss_opt={"weight": 3000.0},
        learning_rate=3e-3,
        epochs=20,
        image_shape=(8, 8),
        random_state=0,
    )
    steps = make_pipeline(vae, StandardScaler(), LogisticRegression(max_iter=1000))
    options = {"cv": 2, "error_score": "raise", **options}
    return GridSearchCV(steps, {"vae__latent_dim": [1, 8]}, **options)


def test_a_search_finds_the_latents_that_tell_digits_apart():
    x, y = digits(700)
    once = ShuffleSplit(1, test_size=100, random_state=0)
    found = search(cv=once).fit(x[:500], y[:500])
    assert found.best_params_ == {"vae__latent_dim": 8}
    assert found.score(x[500:], y[500:]) > 0.7
    assert found.best_estimator_[:-2].transform(x[500:]).shape == (200, 8)
    # Codes that know nothing of the images.
    noise = np.random.default_rng(0).normal(size=(700, 8))
    ignorant = LogisticRegression().fit(noise[:500], y[:500])
    assert ignorant.score(noise[500:], y[500:]) < CHANCE


@pytest.mark.slow
def test_a_search_in_processes_gives_what_one_process_gives():
    x, y = digits(300)
    alone, together = search().fit(x, y), search(n_jobs=2).fit(x, y)
    np.testing.assert_allclose(
        together.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )
