"""Giving a decoder the output that the loss works on: means, logits, or a likelihood's parameters.

A decoder may end in any activation. For a loss on logits or parameters the kit takes it off, so
that what the loss sees is unbounded, and puts a sigmoid, or what gives a likelihood's mean, on the
decoder that users get.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from vaekit.errors import BuildError

_ACTIVATIONS = (layers.Activation, layers.LeakyReLU, layers.ReLU, layers.ELU, layers.PReLU)
# Layers after which a value is still unbounded if it was before.
_UNBOUNDED = (
    layers.Add,
    layers.Average,
    layers.BatchNormalization,
    layers.Concatenate,
    layers.GroupNormalization,
    layers.LayerNormalization,
    layers.Rescaling,
    layers.Subtract,
)
# Layers that only move values about; an activation may stand before them.
_MOVES = (
    layers.CenterCrop,
    layers.Cropping2D,
    layers.Dropout,
    layers.Permute,
    layers.Reshape,
    layers.UpSampling2D,
    layers.ZeroPadding2D,
)


def unbounded_output(decoder: keras.Model, name: str, scale: str = "logits") -> Any:
    """The symbolic output of a functional decoder with its last activation taken off.

    scale: what the loss takes it for.

    Raises `BuildError`, calling the decoder `name`, if its last layer is none that the kit knows
    how to take an activation off.
    """
    output = decoder.outputs[0]
    moves = []
    layer = _maker(decoder, output)
    while isinstance(layer, _MOVES):
        moves.append(layer)
        layer = _maker(decoder, layer.input)
    if isinstance(layer, _ACTIVATIONS):
        output = layer.input
        for move in reversed(moves):
            output = move(output)
        return output
    if isinstance(getattr(layer, "kernel", None), keras.Variable) and hasattr(layer, "activation"):
        # The factory made this layer for us alone, so changing it changes nothing else.
        layer.activation = keras.activations.linear
        return output
    if isinstance(layer, _UNBOUNDED):
        return output
    raise BuildError(
        f"The decoder {name!r} ends in {type(layer).__name__}, and the loss works on {scale}: the "
        f"kit can't tell its {scale}. End it in a convolution, a dense layer or an activation "
        "layer, or choose a loss that works on means."
    )


def add_sigmoid(decoder: keras.Model, logits: Any) -> Any:
    """Probabilities from logits, in a layer called `decoder_output` if that name is free."""
    taken = {layer.name for layer in keras.Model(decoder.inputs[0], logits).layers}
    name = "decoder_output" if "decoder_output" not in taken else "decoder_probability"
    return layers.Activation("sigmoid", name=name)(logits)


def _maker(model: keras.Model, tensor: Any) -> Any:
    """The layer of `model` that makes a symbolic tensor."""
    return next((layer for layer in model.layers if layer.output is tensor), None)
