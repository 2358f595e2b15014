"""The random encoder as a function of the image and of noise, which other runtimes can run."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
from keras import layers

from vaekit.export.part import AbsentPartError
from vaekit.model import VAE


class Sampled(NamedTuple):
    """`[images, labels?, noise?]` -> reconstructions.

    noise_shape: of one image's noise; None where there is no such input.
    """

    model: keras.Model
    noise_shape: tuple[int, ...] | None


def sampled_autoencoder(vae: VAE) -> Sampled:
    """The whole VAE with the noise of its draw as its last input.

    Saved encoders draw z by layers `GaussianNoise`, whatever the latent's law. What those give is
    an input here: of standard normal noise comes the encoder's own draw, of zeros the point. Where
    there is one such layer, noise has its shape; for several it is one vector. Without any, z is a
    function of the image, and there is no such input.

    Raises `AbsentPartError` for an encoder that is random by another layer.
    """
    drawn: list[Any] = []

    def called(operation: Any, *args: Any, **kwargs: Any) -> Any:
        result = operation(*args, **kwargs)
        if kwargs.get("training"):  # at rest, too
            _refuse_another_layer(operation)
            drawn.append(result)
        return result

    encoder = keras.models.clone_model(
        vae.encoder, clone_function=lambda layer: layer, call_function=called
    )
    names = ("images", "labels")
    given = [
        layers.Input(value.shape[1:], dtype=value.dtype, name=name)
        for value, name in zip(encoder.inputs, names, strict=False)
    ]
    if not drawn:
        decoded = vae.decoder(_of([encoder(_of(given)), *given[1:]]))
        return Sampled(keras.Model(_of(given), decoded, name="vae"), None)
    of_noise = keras.Model([*encoder.inputs, *drawn], encoder.outputs[0], name="encoder_of_noise")
    shapes = [tuple(value.shape[1:]) for value in drawn]
    shape = shapes[0] if len(shapes) == 1 else (sum(map(math.prod, shapes)),)
    noise = layers.Input(shape, name="noise")
    pieces = [noise] if len(shapes) == 1 else _pieces(noise, shapes)
    decoded = vae.decoder(_of([of_noise([*given, *pieces]), *given[1:]]))
    return Sampled(keras.Model([*given, noise], decoded, name="vae"), shape)


def _refuse_another_layer(operation: Any) -> None:
    if not isinstance(operation, layers.GaussianNoise):
        raise AbsentPartError(
            f"The encoder draws z by a layer {type(operation).__name__}, and what can be made an "
            "input is GaussianNoise: export encoder, posterior and decoder instead."
        )


def _of(values: list[Any]) -> Any:
    """What a model is called with: a list for several inputs."""
    return values if len(values) > 1 else values[0]


def _pieces(noise: Any, shapes: list[tuple[int, ...]]) -> list[Any]:
    pieces, start = [], 0
    for shape in shapes:
        end = start + math.prod(shape)
        pieces.append(layers.Reshape(shape)(noise[:, start:end]))
        start = end
    return pieces
