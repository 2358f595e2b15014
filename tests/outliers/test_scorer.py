"""The exported scorer gives the score and the p-value that Python gives."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import vaekit
from tests.outliers.conftest import train
from vaekit.errors import RunError, UserError
from vaekit.export import export_onnx
from vaekit.model import run_model
from vaekit.outliers import p_values, scorer_model
from vaekit.outliers.scorer import p_value_of

STOCK = {name for name in dir(layers) if isinstance(getattr(layers, name), type)}


def check_equal(run: vaekit.Run, score: str, images: np.ndarray, labels=None) -> keras.Model:
    model = scorer_model(run, score)
    assert model.output_names == ["score", "p_value"]
    told = run.outliers(images, labels, score=score, alpha=0.05)
    scores, values = run_model(model, images, labels)
    assert scores.shape == values.shape == (len(images), 1)
    np.testing.assert_allclose(scores[:, 0], told.score, rtol=1e-4, atol=1e-5)
    apart = values[:, 0] - told.p_value
    assert apart.min() >= -1e-6
    assert apart.max() <= 1 / 181 + 1e-6
    assert np.abs(apart).mean() < 1e-3
    kinds = {type(layer).__name__ for layer in model._flatten_layers(include_self=False)}
    assert kinds <= {*STOCK, "Functional"}
    return model


def some_images(run: vaekit.Run) -> np.ndarray:
    rng = np.random.default_rng(0)
    normal = run.dataset().train.pixels[:60]
    return np.concatenate([normal, rng.random((20, *run.image_shape), "float32")])


@pytest.mark.backend
@pytest.mark.parametrize("score", ["elbo", "reconstruction", "latent"])
def test_it_is_what_python_gives(run: vaekit.Run, score: str) -> None:
    run.calibrate(None, score)
    check_equal(run, score, some_images(run))


@pytest.mark.parametrize("score", ["elbo", "reconstruction"])
def test_onnx_runtime_gives_it_too(run: vaekit.Run, score: str) -> None:
    run.calibrate(None, score, options={"draws": 3} if score == "elbo" else {})
    images = some_images(run)
    model = scorer_model(run)
    exported = export_onnx(model, {"images": images}, ("score", "p_value"))
    assert exported.difference < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        {},  # the tutorial's: a Gaussian whose sigma is told by the number of pixels
        {"loss": "elbo", "loss_opt": {"likelihood": "gaussian"}},
        {"loss": "sigma"},
        {
            "loss": "elbo",
            "condition": "labels",
            "latent_opt": {"grid": True},
            "encoder": "small-map",
            "decoder": "deconv4",
            "decoder_opt": {"width": 4},
        },
    ],
    ids=["tutorial", "gaussian", "sigma", "map by class"],
)
def test_of_other_likelihoods_and_latents(tmp_path: Path, more: dict) -> None:
    run = train(tmp_path / "run", **more)
    run.calibrate(None, "elbo", options={"draws": 2})
    labels = np.arange(80) % 10 if run.takes_labels else None
    check_equal(run, "elbo", some_images(run), labels)


def test_what_is_no_function_is_refused(run: vaekit.Run) -> None:
    run.calibrate(None, "regret", options={"steps": 2, "draws": 1})
    with pytest.raises(
        UserError, match=r"by gradient steps.*score='elbo' or score='reconstruction"
    ):
        scorer_model(run)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"loss": "elbo", "loss_opt": {"likelihood": "discretized-logistic"}}, "has another law"),
        ({"loss": "elbo", "latent": "full-normal"}, "the latent 'full-normal' with its prior"),
        ({"loss": "elbo", "prior": "vamp"}, "exported of a diagonal normal posterior"),
    ],
    ids=["likelihood", "latent", "prior"],
)
def test_what_stock_layers_do_not_compute_is_refused(tmp_path: Path, more: dict, said: str) -> None:
    run = train(tmp_path / "run", **more)
    run.calibrate(None, "elbo", options={"draws": 1})
    with pytest.raises(UserError, match=f"{said}.*score='reconstruction'"):
        scorer_model(run)


def test_a_stale_one_is_refused(run: vaekit.Run) -> None:
    with pytest.raises(RunError, match=r"isn't calibrated"):
        scorer_model(run, "reconstruction")


def test_p_values_by_layers_count_ties_and_rounding() -> None:
    rng = np.random.default_rng(0)
    calibration = np.round(rng.normal(30.0, 5.0, 400), 1).astype("float32")
    inputs = layers.Input((1,))
    model = keras.Model(inputs, p_value_of(inputs, calibration))
    scores = np.concatenate([calibration, calibration + 0.05, [0.0, 99.0]]).astype("float32")
    (values,) = run_model(model, scores[:, None])
    np.testing.assert_allclose(values[:, 0], p_values(calibration, scores), rtol=1e-6)
    # What rounding takes from a score doesn't lose the tie, nor move a p-value above alpha.
    (lower,) = run_model(model, np.nextafter(calibration, np.float32(99))[:, None])
    np.testing.assert_allclose(lower[:, 0], p_values(calibration, calibration), rtol=1e-6)
    ranks = np.sort(values[:, 0])
    assert (ranks <= np.round(ranks * 401) / 401).all()
