"""SSIM and MS-SSIM: against TensorFlow's, on small images, and where the gradient is zero."""

from __future__ import annotations

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from autodiff import gradients
from keras import ops
from parts import IMAGES, array, program, tensor
from vaekit.engine import Evaluation, compile_train
from vaekit_distances.structural_similarity import SCALE_WEIGHTS, ms_ssim, scale_weights, ssim

rng = np.random.default_rng(0)


def pair(height: int, width: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Smooth images, and the same with some noise."""
    grid = np.linspace(0, 6, height)[:, None, None] + np.linspace(0, 4, width)[None, :, None]
    x = 0.5 + 0.4 * np.sin(grid + np.arange(channels) + rng.uniform(0, 3, (2, 1, 1, 1)))
    y = np.clip(x + 0.1 * rng.normal(size=x.shape), 0, 1)
    return x.astype("float32"), y.astype("float32")


@pytest.mark.backend
@pytest.mark.parametrize(
    ("shape", "scales"),
    [((176, 192, 3), 5), ((161, 170, 1), 5), ((64, 70, 3), 3), ((28, 28, 1), 2), ((20, 41, 1), 1)],
)
def test_it_is_that_of_tensorflow(shape: tuple[int, int, int], scales: int) -> None:
    x, y = pair(*shape)
    weights = scale_weights(*shape[:2])
    assert len(weights) == scales
    expected = tf.image.ssim_multiscale(x, y, 1.0, power_factors=weights).numpy()
    assert (expected < 0.99).all()
    np.testing.assert_allclose(array(ms_ssim(tensor(x), tensor(y))), expected, atol=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize("shape", [(28, 28, 1), (20, 41, 3), (8, 8, 1)])
def test_at_one_scale_too(shape: tuple[int, int, int]) -> None:
    x, y = pair(*shape)
    expected = tf.image.ssim(x, y, 1.0, filter_size=min(11, shape[0])).numpy()
    assert (expected < 0.99).all()
    np.testing.assert_allclose(array(ssim(tensor(x), tensor(y))), expected, atol=1e-5)
    np.testing.assert_allclose(array(ssim(tensor(x), tensor(x))), 1.0, atol=1e-6)


def test_weights_are_the_papers_brought_to_a_sum_of_one() -> None:
    assert scale_weights(176, 300) == pytest.approx(SCALE_WEIGHTS, abs=1e-4)
    for side in (8, 21, 40, 100, 160, 161):
        assert sum(scale_weights(side, side)) == pytest.approx(1.0)
    first, second = scale_weights(28, 28)
    assert first / second == pytest.approx(0.0448 / 0.2856)


@pytest.mark.parametrize("side", [8, 9, 28, 50])
def test_equal_images_have_one_and_others_less(side: int) -> None:
    x, y = pair(side, side, 3)
    np.testing.assert_allclose(array(ms_ssim(tensor(x), tensor(x))), 1.0, atol=1e-6)
    assert (array(ms_ssim(tensor(x), tensor(y))) < 0.99).all()
    one, other = (array(ms_ssim(*map(tensor, images))) for images in ((x, y), (y, x)))
    np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.backend
def test_gradient_is_finite_where_the_similarity_is_none() -> None:
    """Opposite images have a negative one, which counts as 0: the power's gradient is infinite."""
    x, _ = pair(28, 28, 1)
    y = keras.Variable(1.0 - x, dtype="float32")

    def similarity(images: keras.Variable) -> keras.KerasTensor:
        return ops.sum(ms_ssim(tensor(x), ops.convert_to_tensor(images)))

    assert array(similarity(y)) == 0.0
    (slope,) = gradients(partial(similarity, y), [y])
    assert np.isfinite(slope).all()


def test_training_by_it_makes_images_alike_and_reports_no_elbo() -> None:
    made = program(5e-3, loss="ms-ssim", loss_opt={"weight": 1000.0})
    blocks = rng.integers(0, 64, (60, 16)).astype("int32")
    before = Evaluation(made, IMAGES)()
    compile_train(made, IMAGES)(blocks)
    after = Evaluation(made, IMAGES)()
    assert after["weighted_distance"] < before["weighted_distance"]
    assert "elbo" not in after
