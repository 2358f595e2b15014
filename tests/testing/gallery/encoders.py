"""Encoders: flatten, one dense layer, and a fault."""

from __future__ import annotations

import os

import keras
from keras import layers, ops

import vaekit
from tests.testing.gallery.shown import breaks


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


@breaks("encoder", "follows_its_seed")
def seeds_itself(image_shape):
    return ended(*begun(image_shape, kernel_initializer=keras.initializers.GlorotUniform(seed=7)))


@breaks("encoder", "follows_its_seed")
def draws_as_it_pleases(image_shape):
    images, features = begun(image_shape)
    seed = int.from_bytes(os.urandom(4), "little")
    return ended(images, layers.Dropout(0.5, seed=seed)(features))


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
