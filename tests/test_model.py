"""The tutorial's nets to the parameter, any size, and the decoder's output on the loss's scale."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from tests.parts import make_vae, vae_of
from vaekit.errors import BuildError
from vaekit.model.output_scale import unbounded_output

pytestmark = pytest.mark.backend


def counts(model):
    trainable = sum(int(np.prod(v.shape)) for v in model.trainable_weights)
    return model.count_params(), trainable, model.count_params() - trainable


def test_parameter_counts_are_the_tutorials():
    vae = make_vae()
    assert counts(vae.encoder) == (106_130, 105_680, 450)
    assert counts(vae.decoder) == (121_537, 121_153, 384)
    assert counts(vae.autoencoder) == (227_667, 226_833, 834)


def test_layer_names_are_the_tutorials():
    vae = make_vae()
    encoder = [layer.name for layer in vae.encoder.layers]
    expected = ["encoder_input"]
    for number in range(1, 6):
        activation = "encoder_leakyrelu_1" if number == 1 else f"encoder_activ_layer_{number}"
        expected += [f"encoder_conv_{number}", f"encoder_norm_{number}", activation]
    assert encoder[:16] == expected
    assert {"encoder_mu", "encoder_log_variance"} < set(encoder)
    assert encoder[-1] == "encoder_output"
    decoder = ["decoder_input", "decoder_dense_1", "decoder_reshape"]
    for number in range(1, 4):
        parts = ("conv_tran", "norm", "leakyrelu")
        decoder += [f"decoder_{part}_{number}" for part in parts]
    assert [x.name for x in vae.decoder.layers] == [
        *decoder,
        "decoder_conv_tran_4",
        "decoder_output",
    ]
    assert [m.name for m in (vae.encoder, vae.decoder, vae.autoencoder)] == [
        "encoder_model",
        "decoder_model",
        "VAE",
    ]


def test_layers_are_configured_as_the_tutorials():
    vae = make_vae()
    convolutions = [x for x in vae.encoder.layers if isinstance(x, layers.Conv2D)]
    assert [x.filters for x in convolutions] == [1, 32, 64, 64, 64]
    assert [x.strides[0] for x in convolutions] == [1, 1, 2, 2, 1]
    up = [x for x in vae.decoder.layers if isinstance(x, layers.Conv2DTranspose)]
    assert [x.filters for x in up] == [64, 64, 64, 1]
    assert [x.strides[0] for x in up] == [1, 2, 2, 1]
    assert all(x.kernel_size == (3, 3) and x.padding == "same" for x in convolutions + up)
    slope = layers.LeakyReLU().negative_slope
    leaky = [x for m in (vae.encoder, vae.decoder) for x in m.layers]
    leaky = [x for x in leaky if isinstance(x, layers.LeakyReLU)]
    assert len(leaky) == 9
    assert {x.negative_slope for x in leaky} == {slope}


@pytest.mark.parametrize("latent_dim", [1, 2, 17])
@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 8, 2), (28, 28, 1), (45, 61, 3), (33, 10, 5)])
def test_any_size_channels_and_latents(shape, latent_dim):
    vae = make_vae(shape, latent_dim=latent_dim)
    assert vae.autoencoder.output_shape == (None, *shape)
    assert vae.encoder.output_shape == (None, latent_dim)
    images = np.random.default_rng(0).random((2, *shape), dtype="float32")
    assert np.isfinite(vae.autoencoder.predict_on_batch(images)).all()


def test_keras_configured_for_channels_first_changes_nothing():
    keras.config.set_image_data_format("channels_first")
    try:
        vae = make_vae((9, 10, 3))
    finally:
        keras.config.set_image_data_format("channels_last")
    assert vae.autoencoder.output_shape == (None, 9, 10, 3)
    assert vae.posterior.count_params() == make_vae((9, 10, 3)).posterior.count_params()


def test_width_changes_the_nets():
    vae = make_vae(encoder_opt={"width": "16"}, decoder_opt={"width": 8})
    assert vae.encoder.get_layer("encoder_conv_2").filters == 8
    assert vae.encoder.get_layer("encoder_conv_5").filters == 16
    assert vae.decoder.get_layer("decoder_conv_tran_1").filters == 8


def test_weights_are_a_function_of_the_seed():
    def weights(seed):
        return [np.array(w) for w in make_vae((8, 8, 1), seed).autoencoder.get_weights()]

    first, again, other = weights(1), weights(1), weights(2)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_building_leaves_numpys_generator_alone():
    np.random.seed(7)
    expected = np.random.random()
    np.random.seed(7)
    make_vae((8, 8, 1))
    assert np.random.random() == expected


def test_encoder_samples_around_its_posterior():
    vae = make_vae((8, 8, 1))
    image = np.random.default_rng(0).random((1, 8, 8, 1), dtype="float32")
    z_mean, z_log_var = (np.asarray(a) for a in vae.posterior.predict_on_batch(image))
    repeated = np.repeat(image, 4000, axis=0)
    draws = keras.ops.convert_to_numpy(vae.encoder(repeated))
    error = 4 * np.exp(0.5 * z_log_var[0]) / np.sqrt(4000)
    assert (np.abs(draws.mean(axis=0) - z_mean[0]) < error).all()
    np.testing.assert_allclose(draws.std(axis=0), np.exp(0.5 * z_log_var[0]), rtol=0.06)
    means = np.asarray(vae.encoder.predict_on_batch(image))
    np.testing.assert_allclose(means, z_mean, atol=1e-6)


def test_saved_models_hold_stock_layers_only():
    vae = make_vae((8, 8, 1), loss="elbo")
    for model in (vae.encoder, vae.decoder):
        assert {type(x).__module__.split(".")[0] for x in model.layers} == {"keras"}
        assert not any(isinstance(x, layers.Lambda) for x in model.layers)


def decoder_ending_in(*ends):
    z = keras.Input((2,))
    x = layers.Reshape((8, 8, 1))(layers.Dense(64, name="dense")(z))
    for end in ends:
        x = end(x)
    return keras.Model(z, x)


@pytest.mark.parametrize(
    "ends",
    [
        [layers.Activation("sigmoid")],
        [layers.LeakyReLU(name="decoder_output")],
        [layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="decoder_output")],
        [layers.Activation("sigmoid"), layers.Cropping2D(0)],
        [layers.Conv2D(1, 1, activation="relu"), layers.Reshape((8, 8, 1))],
    ],
)
def test_logits_are_unbounded_and_users_get_probabilities(ends):
    keras.utils.set_random_seed(0)  # an unlucky 1x1 kernel is near zero
    # Layers keep their inputs, so each test works on copies.
    fresh = [type(end).from_config(end.get_config()) for end in ends]
    decoder = decoder_ending_in(*fresh)
    encoder = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten()])
    vae = vae_of(encoder, decoder, scale="logits")
    z = np.random.default_rng(0).normal(0, 500, (8, 2)).astype("float32")
    logits = np.asarray(vae.likelihood_decoder.predict_on_batch(z))
    means = np.asarray(vae.decoder.predict_on_batch(z))
    assert logits.min() < -1
    assert logits.max() > 1
    np.testing.assert_allclose(means, 1 / (1 + np.exp(-logits)), atol=1e-6)


def test_linear_output_is_taken_as_logits():
    decoder = decoder_ending_in(layers.Conv2D(1, 3, padding="same"))
    assert unbounded_output(decoder, "x") is decoder.outputs[0]


def test_output_that_is_no_logit_is_refused():
    decoder = decoder_ending_in(layers.Softmax(axis=1))
    with pytest.raises(BuildError, match=r"'mine' ends in Softmax.*logits"):
        unbounded_output(decoder, "mine")


def test_mean_scale_keeps_the_decoders_own_activation():
    vae = make_vae((8, 8, 1), loss="tutorial")
    assert isinstance(vae.decoder.layers[-1], layers.LeakyReLU)
    vae = make_vae((8, 8, 1), loss="elbo")
    assert vae.decoder.layers[-1].activation is keras.activations.sigmoid
    assert vae.decoder.layers[-1].name == "decoder_output"
