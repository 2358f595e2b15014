"""Small broken parts. Each has one fault, and fails exactly the check that it's filed under."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

import vaekit
from vaekit import distributions

SHOWN = {}  # (kind, check, factory) by factory name


def breaks(kind, check, **claims):
    def show(factory):
        if claims:
            factory.claims = claims
        SHOWN[factory.__name__] = (kind, check, factory)
        return factory

    return show


# Encoders: flatten, one dense layer, and a fault.


def begun(image_shape, **dense):
    images = layers.Input(image_shape)
    return images, layers.Dense(8, **dense)(layers.Flatten()(images))


def ended(images, features):
    return keras.Model(images, layers.LeakyReLU()(features))


@breaks("encoder", "builds_where_it_claims")
def even_sizes_only(image_shape):
    if image_shape[0] % 2:
        raise vaekit.BuildError("The encoder even_sizes_only takes even heights. Resize.")
    return ended(*begun(image_shape))


@breaks("encoder", "refuses_what_it_does_not_claim", multiple=4)
def takes_more_than_it_claims(image_shape):
    return ended(*begun(image_shape))


@breaks("encoder", "refuses_what_it_does_not_claim", channels=(1,))
def refuses_without_a_sentence(image_shape):
    assert image_shape[-1] == 1
    return ended(*begun(image_shape))


@breaks("encoder", "gives_the_declared_shape")
def gives_float64(image_shape):
    images, features = begun(image_shape)
    return keras.Model(images, layers.LeakyReLU(dtype="float64")(features))


@breaks("encoder", "seed_decides_its_weights")
def seeds_itself(image_shape):
    return ended(*begun(image_shape, kernel_initializer=keras.initializers.GlorotUniform(seed=7)))


_DENSE = {}


@breaks("encoder", "shares_no_state")
def keeps_a_layer(image_shape):
    images, features = begun(image_shape)
    shared = _DENSE.setdefault(image_shape, layers.Dense(8))
    return ended(images, shared(features))


@breaks("encoder", "batch_size_changes_nothing")
def normalises_over_the_batch(image_shape):
    images, features = begun(image_shape)
    return ended(images, layers.UnitNormalization(axis=0)(features))


@keras.saving.register_keras_serializable("gallery")
class Doubled(layers.Layer):
    def call(self, inputs):
        return 2.0 * inputs


@breaks("encoder", "uses_stock_layers_only")
def has_a_custom_layer(image_shape):
    images, features = begun(image_shape)
    return ended(images, Doubled()(features))


@breaks("encoder", "saves_and_reloads")
def has_a_lambda(image_shape):
    images, features = begun(image_shape)
    return ended(images, layers.Lambda(lambda t: 2.0 * t)(features))


@keras.saving.register_keras_serializable("gallery")
def softened(x):
    return ops.tanh(0.5 * x)


@breaks("encoder", "opens_in_a_fresh_process")
def has_a_custom_activation(image_shape):
    images, features = begun(image_shape)
    return ended(images, layers.Activation(softened)(features))


@breaks("encoder", "stays_finite_in_mixed_precision")
def goes_beyond_float16(image_shape):
    images, features = begun(image_shape)
    return ended(images, layers.Rescaling(1e-6)(layers.Rescaling(1e6)(features)))


@breaks("encoder", "gradients_reach_every_weight")
def has_a_dead_branch(image_shape):
    images, features = begun(image_shape)
    dead = layers.Rescaling(0.0)(layers.Dense(8)(features))
    return ended(images, layers.Add()([features, dead]))


@breaks("encoder", "options_round_trip")
def has_a_default_of_another_type(image_shape, *, width: int = "wide"):
    """Broken.

    Args:
        width: how wide.
    """
    return ended(*begun(image_shape))


@breaks("encoder", "options_are_explained")
def explains_nothing(image_shape, *, width: int = 8):
    return ended(*begun(image_shape))


# Decoders: one dense layer, and a fault.


def drawn(latent_dim, image_shape, **dense):
    latents = layers.Input((latent_dim,))
    pixels = layers.Dense(int(np.prod(image_shape)), **dense)(latents)
    return latents, layers.Reshape(image_shape)(pixels)


@breaks("decoder", "gives_the_declared_shape")
def rounds_odd_sizes_up(latent_dim, image_shape):
    height, width, channels = image_shape
    return keras.Model(*drawn(latent_dim, (height + height % 2, width, channels)))


@breaks("decoder", "trains_ten_steps")
def leaps(latent_dim, image_shape):
    small = keras.initializers.RandomNormal(stddev=1e-6)
    latents, images = drawn(latent_dim, image_shape, kernel_initializer=small)
    return keras.Model(latents, layers.Rescaling(300.0)(layers.Rescaling(300.0)(images)))


@breaks("decoder", "works_on_logits")
def ends_in_a_product(latent_dim, image_shape):
    latents, images = drawn(latent_dim, image_shape)
    return keras.Model(latents, layers.Multiply()([images, layers.Rescaling(0.5, 0.5)(images)]))


@breaks("decoder", "refuses_what_it_does_not_claim", latent_dims=(2, 8))
def takes_any_latents(latent_dim, image_shape):
    return keras.Model(*drawn(latent_dim, image_shape))


# Losses: squared error and KL, and a fault.


def squared(x, output):
    return ops.sum(ops.square(x - output.reconstruction), axis=(1, 2, 3))


def kl(output):
    return ops.sum(distributions.kl_standard_normal(output.posterior), axis=-1)


@breaks("loss", "terms_are_per_image")
def counts_on_two_images():
    def loss(x, output):
        error = ops.reshape(ops.square(x - output.reconstruction), (2, -1))
        divergence = ops.reshape(distributions.kl_standard_normal(output.posterior), (2, -1))
        return {"objective": ops.sum(error, axis=1) + ops.sum(divergence, axis=1)}

    return loss


@breaks("loss", "terms_are_finite")
def overflows():
    def loss(x, output):
        wild = 1e-9 * ops.sum(ops.exp(15.0 * output.posterior.z_log_var), axis=-1)
        return {"error": squared(x, output), "wild": wild, "kl": kl(output)}

    return loss


@breaks("loss", "order_of_images_changes_nothing")
def weighs_by_place():
    def loss(x, output):
        place = ops.cast(ops.arange(ops.shape(x)[0]), "float32")
        return {"error": squared(x, output) * (1.0 + place), "kl": kl(output)}

    return loss


@breaks("loss", "gives_the_same_twice")
def counts_its_calls():
    calls = []

    def loss(x, output):
        calls.append(1)
        return {"error": squared(x, output) * (1.0 + 1e-5 * len(calls)), "kl": kl(output)}

    return loss


class TooShort:
    value = 1.0

    def __call__(self, step):
        return 0.9 * ops.minimum(1.0, ops.cast(step, "float32") / 10.0)


@breaks("loss", "schedules_reach_their_ends")
def never_gets_there():
    def loss(x, output):
        weighted = output.schedule["kl_weight"] * kl(output)
        return {"error": squared(x, output), "weighted_kl": weighted}

    loss.schedules = {"kl_weight": TooShort()}
    return loss


@breaks("loss", "every_option_has_an_effect")
def ignores_its_weight(*, weight: float = 1.0):
    """Broken.

    Args:
        weight: factor of the error, it says.
    """

    def loss(x, output):
        return {"error": squared(x, output), "kl": kl(output)}

    return loss


@breaks("loss", "exact_reconstruction_is_a_minimum")
def wants_brighter_images():
    def loss(x, output):
        brighter = output._replace(reconstruction=0.8 * output.reconstruction)
        return {"error": squared(x, brighter), "kl": kl(output)}

    return loss


@breaks("loss", "kl_agrees_with_monte_carlo")
def forgets_the_half():
    def loss(x, output):
        return {"error": squared(x, output), "kl": 2.0 * kl(output)}

    return loss


@breaks("loss", "trains_ten_steps")
def stops_the_gradient():
    def loss(x, output):
        return {
            "error": ops.stop_gradient(squared(x, output)),
            "kl": ops.stop_gradient(kl(output)),
        }

    return loss


@breaks("loss", "options_round_trip")
def has_half_a_sample(*, weight: int = 2.5):
    """Broken.

    Args:
        weight: factor of the error.
    """

    def loss(x, output):
        return {"error": weight * squared(x, output), "kl": kl(output)}

    return loss


@breaks("loss", "options_are_explained")
def says_nothing_of_its_weight(*, weight: float = 2.0):
    def loss(x, output):
        return {"error": weight * squared(x, output), "kl": kl(output)}

    return loss


# Data sets: eight images of two classes, and a fault.


def eight(pixels=None, labels=None):
    if pixels is None:
        pixels = np.arange(512, dtype="uint16").reshape(8, 8, 8, 1).astype("uint8")
    labels = np.arange(8) % 2 if labels is None else labels
    return vaekit.Dataset("eight", vaekit.Images(pixels, labels), classes=("even", "odd"))


@breaks("dataset", "pixels_are_images")
def is_not_scaled():
    return eight(np.full((8, 8, 8, 1), 255.0, "float32"))


@breaks("dataset", "labels_fit")
def lacks_a_label():
    return eight(labels=np.arange(7) % 2)


@breaks("dataset", "reads_the_same_twice")
def shuffles():
    return eight(np.random.default_rng().integers(0, 256, (8, 8, 8, 1), "uint8"))


_PIXELS = np.zeros((8, 8, 8, 1), "uint8")


@breaks("dataset", "readings_share_no_memory")
def hands_out_its_own_array():
    return eight(_PIXELS)


@breaks("dataset", "options_are_explained")
def does_not_say_of_what(*, part: int = 0):
    return eight()
