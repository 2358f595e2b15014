"""The estimator through scikit-learn's door: what comes in, what comes out, in which units."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import vaekit
from vaekit.sklearn import VAE

SMALL = {
    "encoder": "mlp",
    "decoder": "mlp",
    "encoder_opt": {"units": [8]},
    "decoder_opt": {"units": [8]},
    "epochs": 1,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    """Digits as scikit-learn has them: their pixels in a row, 0..16."""
    pixels = vaekit.load_data("digits").train.pixels[:120]
    return (pixels * 16).round().reshape(120, 64).astype("float64")


@pytest.fixture(scope="module")
def fitted(rows: np.ndarray) -> VAE:
    return VAE(**SMALL, loss="elbo", latent_dim=3, image_shape=(8, 8)).fit(rows)


def test_rows_are_images_of_the_shape_that_is_said(fitted, rows):
    run = fitted.run_
    assert run.image_shape == (8, 8, 1)
    images = vaekit.Images((rows / 16).reshape(-1, 8, 8, 1).astype("float32"))
    codes = fitted.transform(rows)
    assert codes.shape == (120, 3)
    np.testing.assert_allclose(codes, run.latents(images), atol=1e-6)
    np.testing.assert_allclose(
        fitted.inverse_transform(codes), 16 * run.decode(codes).reshape(120, 64), atol=1e-4
    )


def test_the_run_says_how_values_were_scaled(fitted):
    assert fitted.run_.record.data.type == "float64, 0..16"
    assert (fitted.scaling_.rule, fitted.scaling_.low, fitted.scaling_.span) == ("range", 0, 16)


def test_samples_go_by_their_seed_and_have_the_units_of_x(fitted):
    drawn = fitted.sample(50, random_state=1)
    assert drawn.shape == (50, 64)
    assert 1 < drawn.max() <= 16
    np.testing.assert_array_equal(drawn, fitted.sample(50, random_state=1))
    assert not np.array_equal(drawn, fitted.sample(50))
    np.testing.assert_array_equal(fitted.sample(2), fitted.sample(2))  # random_state=0


@pytest.mark.backend
def test_a_score_is_the_elbo_of_a_sample_whatever_is_beside_it(fitted, rows):
    scores = fitted.score_samples(rows)
    np.testing.assert_allclose(fitted.score_samples(rows[::-1][:7]), scores[::-1][:7], rtol=1e-5)
    assert fitted.score(rows) == pytest.approx(scores.mean())
    # Another draw of the same law as that by which the run itself scores.
    run_own = fitted.run_.score(vaekit.Images((rows / 16).reshape(-1, 8, 8, 1).astype("float32")))
    spread = (scores - run_own["elbo"]).std() / np.sqrt(len(rows))
    assert 0 < spread < 1
    assert abs(scores.mean() - run_own["elbo"].mean()) < 4 * spread
    # Equal samples have equal draws, others have not: their differences would be all alike.
    assert len(np.unique(np.round(scores - run_own["elbo"], 3))) > 60


def test_images_come_back_as_they_went_in(rows):
    images = (rows * 15).astype("uint8").reshape(-1, 8, 8)
    estimator = VAE(**SMALL).fit(images)
    assert estimator.image_shape_ == (8, 8, 1)
    assert estimator.n_features_in_ == 64
    assert estimator.scaling_.scale == {"uint8": 255}
    assert estimator.run_.scale == {"uint8": 255}
    np.testing.assert_allclose(estimator.transform(images), estimator.run_.latents(images))
    whole = images[..., np.newaxis]  # the same images with their channel
    np.testing.assert_array_equal(estimator.transform(whole), estimator.transform(images))
    back = estimator.inverse_transform(estimator.transform(images))
    assert back.shape == images.shape
    assert 1 < back.max() <= 255
    with pytest.raises(vaekit.DataError, match="samples of 1x8x8, and the"):
        estimator.transform(images.reshape(-1, 1, 8, 8))


def test_a_table_has_dense_layers_and_each_feature_its_own_range():
    table = np.random.default_rng(0).normal([0, 100], [1, 20], size=(60, 2))
    estimator = VAE(epochs=1, latent_dim=1, random_state=0).fit(table)
    record = estimator.run_.record
    assert record.image_shape == (1, 2, 1)
    assert {kind: part.name for kind, part in record.parts.items()} == {
        "encoder": "mlp",
        "decoder": "mlp",
        "latent": "normal",
        "loss": "sigma",
    }
    np.testing.assert_allclose(estimator.scaling_.low, table.min(0))
    np.testing.assert_allclose(estimator.scaling_.span, np.ptp(table, 0))
    drawn = estimator.sample(20)
    assert (drawn >= table.min(0) - 1e-3).all()
    assert (drawn <= table.max(0) + 1e-3).all()
    # Beyond the range nothing is clipped: an outlier is further out the further it is.
    far = table[:1] + [[0, 1000]] * np.arange(3)[:, None]
    assert (np.diff(estimator.score_samples(far)) < 0).all()


def test_the_seed_decides_and_a_clone_knows_nothing(fitted, rows):
    again = clone(fitted)
    with pytest.raises(NotFittedError):
        again.transform(rows)
    np.testing.assert_array_equal(again.fit(rows).transform(rows), fitted.transform(rows))


def test_names_of_features_and_pandas_output(fitted, rows):
    assert list(fitted.get_feature_names_out()) == ["vae0", "vae1", "vae2"]
    try:
        frame = fitted.set_output(transform="pandas").transform(rows)
    finally:
        fitted.set_output(transform="default")
    assert list(frame.columns) == ["vae0", "vae1", "vae2"]
    np.testing.assert_array_equal(frame.to_numpy(), fitted.transform(rows))


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ({"image_shape": (7, 8)}, vaekit.DataError, "64 values a sample, and images of 7x8x1"),
        ({"image_shape": 8}, vaekit.OptionError, "image_shape can't be 8"),
        ({"scaling": "pixel"}, vaekit.OptionError, "Did you mean 'pixels'"),
        ({"scaling": "pixels"}, vaekit.DataError, "-1 to 16, which is neither 0..1 nor 0..255"),
        ({"encoder": "conv6"}, vaekit.UserError, "Did you mean 'conv5'"),
        ({"encoder_opt": {"depth": -1}}, vaekit.OptionError, "depth"),
        ({"epochs": 0}, vaekit.OptionError, "epochs can't be 0"),
        ({"validation_split": 2}, vaekit.OptionError, "validation_split can't be 2"),
        ({"batch_size": 1000}, vaekit.UserError, "A batch of 1000 is more than the 108"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(rows, tmp_path, parameters, error, words):
    x = np.concatenate([rows[:-1], np.full((1, 64), -1.0)])
    with pytest.raises(error, match=words):
        VAE(**{**SMALL, "out": tmp_path / "runs", **parameters}).fit(x)
    assert not list(tmp_path.glob("runs/*"))


def test_codes_of_another_width_are_refused(fitted):
    with pytest.raises(ValueError, match="X has 2 features, and codes have 3"):
        fitted.inverse_transform(np.zeros((1, 2)))


def test_without_a_density_there_is_no_score(rows):
    estimator = VAE(**SMALL, latent="deterministic", loss="tutorial").fit(rows)
    with pytest.raises(vaekit.UserError, match="no ELBO"):
        estimator.score_samples(rows)
