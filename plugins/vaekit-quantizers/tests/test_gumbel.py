"""Categorical latents: KL, draws, temperature."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pytest
from autodiff import gradient
from discrete_latents import features_of, given, made, on
from keras import ops
from parts import array, tensor
from scipy.stats import chisquare
from vaekit_quantizers.gumbel import OneHots

N, K = 3, 4
LOGITS = np.random.default_rng(0).normal(size=(2, N, K))
PROBS = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)


def law(temperature: float = 1.0) -> OneHots:
    return OneHots(ops.log_softmax(tensor(LOGITS)), temperature)


@pytest.mark.backend
def test_kl_is_log_k_less_the_entropy() -> None:
    latent = made("gumbel-softmax")
    latent.shape((3,))
    draw = latent.infer({"logits": tensor(LOGITS)}, given(latent))
    expected = math.log(K) + (PROBS * np.log(PROBS)).sum(-1)
    np.testing.assert_allclose(array(draw.kl), expected, rtol=1e-5)
    assert not latent.constant_kl
    certain = latent.infer({"logits": tensor(1e4 * LOGITS)}, given(latent))
    np.testing.assert_allclose(array(certain.kl), math.log(K), rtol=1e-5)
    even = latent.infer({"logits": ops.zeros((2, N, K))}, given(latent))
    np.testing.assert_allclose(array(even.kl), 0.0, atol=1e-6)
    # log q - log p of the one-hots that were drawn.
    z = array(draw.z).reshape(2, N, K)
    ratio = (z * np.log(PROBS)).sum((1, 2)) + N * math.log(K)
    np.testing.assert_allclose(array(draw.log_ratio), ratio, rtol=1e-4, atol=1e-5)


def shares_pass(z: Any, count: int) -> None:
    """One-hots whose classes are as frequent as their probabilities say, by chi2."""
    z = array(z).reshape(count, 2, N, K)
    np.testing.assert_allclose(np.sort(z, -1), np.eye(K)[[K - 1]] * np.ones_like(z), atol=1e-6)
    for image, variable in np.ndindex(2, N):
        hits = np.round(z[:, image, variable]).sum(0)
        assert chisquare(hits, count * PROBS[image, variable]).pvalue > 1e-4


@pytest.mark.backend
def test_draws_are_one_hots_with_their_frequencies() -> None:
    for temperature in (1.0, 0.1):
        drawn = law(temperature).sample(keras.random.SeedGenerator(3), (20_000,))
        shares_pass(drawn, 20_000)


@pytest.mark.backend
def test_the_saved_encoder_draws_so_too_and_predicts_the_likeliest() -> None:
    latent = made("gumbel-softmax")
    latent.shape((3,))
    logits = keras.Input((N, K))
    model = keras.Model(logits, latent.draw({"logits": logits}))
    many = np.tile(LOGITS, (5000, 1, 1)).astype("float32")
    shares_pass(model(tensor(many)), 5000)
    likeliest = np.eye(K)[LOGITS.argmax(-1)].reshape(2, -1)
    predicted = model.predict(LOGITS.astype("float32"), verbose=0)
    np.testing.assert_array_equal(predicted, likeliest)


@pytest.mark.backend
def test_the_gradient_is_of_a_softmax_at_the_temperature() -> None:
    """d softmax((l + g) / t): its sum over classes is 0, and it grows as t falls."""
    weight = tensor(np.random.default_rng(1).normal(size=(2, N * K)))

    def slope(temperature: float) -> np.ndarray:
        def value(logits: Any) -> Any:
            drawn = OneHots(ops.log_softmax(logits), temperature)
            return ops.sum(weight * drawn.sample(keras.random.SeedGenerator(0)))

        return array(gradient(value, tensor(LOGITS)))

    for temperature in (1.0, 5.0):
        np.testing.assert_allclose(slope(temperature).sum(-1), 0.0, atol=1e-6)
        assert np.abs(slope(temperature)).max() > 1e-4
    # Very hot, the softmax is even, and its slope (I - 1/K) / (K t).
    rows = array(weight).reshape(2, N, K)
    expected = (rows - rows.mean(-1, keepdims=True)) / (K * 1e4)
    np.testing.assert_allclose(slope(1e4), expected, rtol=2e-2, atol=1e-8)


@pytest.mark.backend
def test_the_temperature_falls_with_training_steps_to_its_least() -> None:
    latent = made("gumbel-softmax", temperature=2.0, final_temperature=0.5, annealing=0.5)
    latent.shape((3,))
    parameters, seen = {"logits": tensor(LOGITS)}, []
    for _ in range(4):
        latent.infer(parameters, given(latent))  # evaluation counts no step
        draw = latent.infer(parameters, given(latent, training=True))
        means = {name: array(value).mean(0).reshape(-1) for name, value in draw.report.items()}
        seen.append(latent.summary(means)["temperature"])
    expected = np.maximum(2.0 * np.exp(-0.5 * np.arange(4)), 0.5)
    np.testing.assert_allclose(seen, expected, rtol=1e-5)


def test_usage_is_of_what_is_drawn_by_variable() -> None:
    latent = made("gumbel-softmax")
    latent.shape((2, 1, 3))
    logits = tensor(np.random.default_rng(0).normal(size=(5, 2 * N, K)))
    draw = latent.infer({"logits": logits}, given(latent, lead=(3,)))
    z = array(draw.z).reshape(3, 5, 2, N * K)
    np.testing.assert_allclose(array(draw.report["code_usage"]), z.mean((0, 2)), atol=1e-6)
    figures = latent.summary({"code_usage": z.mean((0, 1, 2)), "temperature": np.ones(1)})
    assert {f"perplexity_{n}" for n in range(N)} < set(figures)


def test_indices_are_the_likeliest_classes() -> None:
    latent = made("gumbel-softmax")
    model, _ = on(latent, (3,))
    logits, point, code = (np.asarray(o) for o in model.predict(features_of((3,)), verbose=0))
    np.testing.assert_array_equal(code, logits.argmax(-1))
    np.testing.assert_array_equal(point.reshape(-1, N, K).argmax(-1), code)
