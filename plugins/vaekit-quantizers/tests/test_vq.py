"""The codebook by hand, its gradients, indices and figures."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import vaekit
from autodiff import gradient
from keras import ops
from parts import SHAPE, array, blueprint, tensor
from vaekit_quantizers.averages import AveragedCodebook
from vaekit_quantizers.vq import vq

CODES, DIM, DECAY, RESTART = 4, 2, 0.8, 0.1


def by_hand(size: Any, total: Any, codes: Any, z: Any) -> tuple[Any, Any, Any]:
    """The averages after a step, and which codes are dead."""
    nearest = np.argmin(np.square(z[:, None] - codes[None]).sum(-1), axis=1)
    hits = np.eye(CODES)[nearest]
    size = DECAY * size + (1 - DECAY) * hits.sum(0)
    return size, DECAY * total + (1 - DECAY) * hits.T @ z, size < RESTART


@pytest.mark.backend
def test_averages_and_the_restart_of_dead_codes_over_three_steps() -> None:
    """As NumPy has them; a dead code goes to a vector of the batch, and its averages with it."""
    book = AveragedCodebook(CODES, DIM, DECAY, restart=RESTART)
    seed, rng = keras.random.SeedGenerator(1), np.random.default_rng(0)
    restarted = 0
    for _ in range(3):
        z = rng.normal(size=(6, DIM)) + 5.0  # far from where codes start, so that some die
        before = [array(value) for value in (book.size, book.total, book.vectors)]
        book.quantize(tensor(z[None]), seed, training=True)
        size, total, dead = by_hand(*before, z)
        restarted += dead.sum()
        np.testing.assert_allclose(array(book.size), np.where(dead, 1.0, size), rtol=1e-5)
        np.testing.assert_allclose(array(book.total)[~dead], total[~dead], rtol=1e-5)
        for code in array(book.total)[dead]:
            assert np.abs(z - code).sum(-1).min() < 1e-5
        smoothed = (array(book.size) + 1e-5) * array(book.size).sum()
        smoothed /= array(book.size).sum() + CODES * 1e-5
        expected = array(book.total) / smoothed[:, None]
        np.testing.assert_allclose(array(book.vectors), expected, rtol=1e-5)
    assert restarted >= 3


def test_without_restarts_what_nothing_is_near_to_stays() -> None:
    book = AveragedCodebook(CODES, DIM, DECAY, restart=0.0)
    before = array(book.vectors)
    z = tensor(before[:1] + np.zeros((1, 5, DIM)))
    book.quantize(z, keras.random.SeedGenerator(1), training=True)
    np.testing.assert_allclose(array(book.vectors), before, rtol=1e-4)


def latent_on(shape: tuple[int, ...], codes: int = CODES) -> Any:
    """A latent, and a model from features to its parameter, its point and its indices."""
    latent = vq(DIM, codes=codes)
    features = keras.Input(shape)
    parameters = latent.heads(features)
    outputs = [parameters["z_e"], latent.point(parameters), latent.encoded(parameters)["code"]]
    return latent, keras.Model(features, outputs)


def given(latent: Any, training: bool = False) -> vaekit.Given:
    return vaekit.Given(
        keras.random.SeedGenerator(2), (), training, latent.own_prior(), lambda images: {}
    )


@pytest.mark.backend
@pytest.mark.parametrize(("shape", "places"), [((3,), ()), ((2, 2, 3), (2, 2))])
def test_indices_lead_to_the_codes_again(shape: tuple[int, ...], places: tuple[int, ...]) -> None:
    latent, model = latent_on(shape)
    assert latent.shape(shape) == (*places, DIM)
    x = np.random.default_rng(1).normal(size=(5, *shape)).astype("float32")
    z_e, point, code = (np.asarray(out) for out in model.predict(x, verbose=0))
    assert np.issubdtype(code.dtype, np.integer)
    assert code.shape == (5, *(places or (1,)))
    vectors = array(latent.quantizer.vectors)
    np.testing.assert_allclose(vectors[code.reshape(5, *places)], point, atol=1e-6)
    apart = np.square(z_e[..., None, :] - vectors).sum(-1)
    np.testing.assert_array_equal(apart.argmin(-1), code.reshape(5, *places))
    np.testing.assert_allclose(
        array(latent.infer({"z_e": tensor(z_e)}, given(latent)).z),
        point.reshape(5, -1),
        atol=1e-6,
    )


def test_of_equal_codes_the_first_is_taken() -> None:
    latent, model = latent_on((3,))
    latent.quantizer._assign(ops.ones((CODES, DIM)))
    _, point, code = model.predict(np.ones((2, 3), "float32"), verbose=0)
    assert (np.asarray(code) == 0).all()
    np.testing.assert_array_equal(point, 1.0)


@pytest.mark.backend
def test_the_gradient_passes_from_the_code_as_if_it_were_the_encoders() -> None:
    """dL/de = dL/dq, and the commitment's own."""
    latent = vq(DIM, codes=CODES)
    latent.shape((2, 2, 3))
    z_e = tensor(np.random.default_rng(1).normal(size=(3, 2, 2, DIM)))
    weight = tensor(np.random.default_rng(2).normal(size=(3, 4 * DIM)))

    def draw(at: Any) -> vaekit.Draw:
        return latent.infer({"z_e": at}, given(latent))

    through = gradient(lambda at: ops.sum(weight * draw(at).z), z_e)
    np.testing.assert_allclose(array(through).reshape(3, -1), array(weight), rtol=1e-6)
    quantised = array(draw(z_e).z).reshape(3, 2, 2, DIM)
    expected = 0.25 * np.square(array(z_e) - quantised).sum((1, 2, 3)) / 4
    np.testing.assert_allclose(array(draw(z_e).terms["commitment"]), expected, rtol=1e-5)
    own = gradient(lambda at: ops.sum(draw(at).terms["commitment"]), z_e)
    np.testing.assert_allclose(array(own), 0.5 / 4 * (array(z_e) - quantised), atol=1e-6)


@pytest.mark.backend
def test_perplexity_is_exp_of_the_entropy_over_an_epoch() -> None:
    latent = vq(DIM, codes=CODES)
    latent.shape((2, 2, 3))
    # Three places of the first code, and one of the second; then all of the second.
    book = array(latent.quantizer.vectors)
    batches = [book[[0, 0, 0, 1]], book[[1, 1, 1, 1]]]
    usage = [
        array(latent.infer({"z_e": tensor(b.reshape(1, 2, 2, DIM))}, given(latent)).report[
            "code_usage"
        ])
        for b in batches
    ]  # fmt: skip
    figures = latent.summary({"code_usage": np.concatenate(usage).mean(0)})
    share = np.array([3 / 8, 5 / 8])
    assert figures["perplexity"] == pytest.approx(np.exp(-(share * np.log(share)).sum()))
    assert figures["codes_used"] == 2


def test_kl_is_log_k_a_position_and_the_prior_draws_all_codes() -> None:
    latent = vq(DIM, codes=CODES)
    latent.shape((2, 2, 3))
    draw = latent.infer({"z_e": ops.zeros((3, 2, 2, DIM))}, given(latent))
    np.testing.assert_allclose(array(draw.kl), 4 * np.log(CODES), rtol=1e-6)
    np.testing.assert_allclose(array(draw.log_ratio), 4 * np.log(CODES), rtol=1e-6)
    z = array(latent.own_prior().sample(keras.random.SeedGenerator(0), (4000,)))
    apart = np.abs(z.reshape(-1, 1, DIM) - array(latent.quantizer.vectors)).sum(-1)
    frequency = np.bincount(apart.argmin(-1), minlength=CODES) / len(apart)
    assert apart.min(-1).max() < 1e-6
    np.testing.assert_allclose(frequency, 1 / CODES, atol=0.02)


def test_between_two_images_there_are_codes_and_the_map_counts_them() -> None:
    latent = vq(DIM, codes=CODES)
    latent.shape((2, 2, 3))
    vectors = array(latent.quantizer.vectors)
    a, b = vectors[[[0, 0], [1, 3]]], vectors[[[1, 0], [2, 3]]]
    way = latent.between(a[None, None], b[None, None], np.linspace(0, 1, 6)[None])
    assert way.shape == (1, 6, 2, 2, DIM)
    np.testing.assert_allclose(way[0, [0, -1]], [a, b], atol=1e-6)
    assert np.abs(way[..., None, :] - vectors).sum(-1).min(-1).max() < 1e-6
    np.testing.assert_allclose(latent.coordinates(a[None]), [[0.5, 0.25, 0, 0.25]])


def test_another_prior_is_refused() -> None:
    with pytest.raises(vaekit.BuildError, match="'vq' has a prior of its own"):
        blueprint(latent="vq", prior="mixture").build()


def test_a_map_of_codes_is_flattened_for_a_decoder_of_vectors() -> None:
    vae = blueprint(latent="vq", latent_opt={"codes": CODES}).build().vae
    assert vae.latent_shape == (2, 2, 4)
    assert vae.decoder.predict(np.zeros((1, 2, 2, 4), "float32"), verbose=0).shape == (1, *SHAPE)
