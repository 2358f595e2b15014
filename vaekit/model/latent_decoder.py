"""A decoder as a model of z in the latent's shape, and of labels, whatever it takes itself."""

from __future__ import annotations

import keras
from keras import layers

from vaekit.model.conditions import Condition


def takes_vector(decoder: keras.Model) -> bool:
    """Whether a decoder takes a vector, whatever z is."""
    return len(decoder.inputs[0].shape) == 2


def decoder_of_latent(
    decoder: keras.Model,
    latent_shape: tuple[int, ...],
    condition: Condition | None,
    embedding: keras.layers.Embedding | None,
) -> keras.Model:
    """Z `(B, *latent_shape)` -> what the decoder gives; with a condition, `[z, labels]` ->.

    A map is flattened for a decoder that takes a vector. A class's code stands behind z's values.

    embedding: from labels to their codes, with a condition.
    """
    if condition is None and tuple(decoder.inputs[0].shape[1:]) == latent_shape:
        return decoder
    name = f"{decoder.name}_of_latent"
    z = values = layers.Input(latent_shape, name="decoder_latent")
    if takes_vector(decoder) and len(latent_shape) > 1:
        values = layers.Flatten("channels_last", name="decoder_flatten")(z)
    if condition is None or embedding is None:
        return keras.Model(z, decoder(values), name=name)
    labels = condition.labels("decoder_labels")
    joined = condition.joined(values, embedding(labels), "decoder_condition")
    return keras.Model([z, labels], decoder(joined), name=name)
