"""Feature maps of images, by a network that stays as it is."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import vaekit
from keras import layers, ops

_WEIGHTS = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
# The last convolution of each block, as LPIPS takes them.
_VGG16_LAYERS = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3")
_VGG16_LEAST_SIDE = 16  # halved four times
# What VGG16 was trained on: blue, green and red from 0 to 255, less these means.
_VGG16_MEANS = (103.939, 116.779, 123.68)


class FeatureNetwork:
    """Images `(B, H, W, C)` in [0, 1] -> features `(B, ..., F)` of each of a network's outputs.

    Grey images are given to a network of colour as three equal channels. Its weights are never
    trained; they are saved with the run, as all of a loss's are.

    network: a model of one input, its outputs the features. least_side: the smallest image that it
        takes, in pixels.
    """

    def __init__(self, network: keras.Model, least_side: int = 1) -> None:
        network.trainable = False
        self.network, self.least_side = network, least_side

    def __call__(self, images: Any) -> list[Any]:
        shape = tuple(images.shape[1:])
        wanted = tuple(self.network.inputs[0].shape[1:])
        if shape[-1] == 1 and wanted[-1:] == (3,):
            images, shape = ops.repeat(images, 3, axis=-1), (*shape[:-1], 3)
        fits = len(wanted) == 3 and all(
            side in (None, size) for side, size in zip(wanted, shape, strict=True)
        )
        if not fits or min(shape[:2]) < self.least_side:
            raise vaekit.BuildError(
                f"The network of the features takes images of {_size(wanted)}, of "
                f"{self.least_side} pixels a side at least, and these are {_size(shape)}. Name "
                "another network, or train on images of another size."
            )
        features = self.network(images, training=False)
        features = features if isinstance(features, list | tuple) else [features]
        return [ops.cast(of_layer, "float32") for of_layer in features]


def feature_network(network: str, names: Sequence[str] | None = None) -> FeatureNetwork:
    """The features of `vgg16`, or of a model in a `.keras` or `.h5` file.

    The file is opened as a stranger's: nothing in it is run.

    names: layers of the file's model whose outputs are the features; None for its own outputs.

    Raises `vaekit.BuildError` for a layer that there isn't, or where VGG16's weights aren't there,
    and `vaekit.ModelFileError` for a file that can't be used.
    """
    if network == "vgg16":
        return _vgg16()
    model = vaekit.load_model(network)
    if len(model.inputs) != 1:
        raise vaekit.BuildError(
            f"The network of the features must take images alone; {network} has "
            f"{len(model.inputs)} inputs."
        )
    outputs = model.outputs if not names else [_output(model, name, network) for name in names]
    return FeatureNetwork(keras.Model(model.inputs, outputs))


def _output(model: keras.Model, name: str, network: str) -> Any:
    layer_names = [layer.name for layer in model.layers]
    if name not in layer_names:
        near = difflib.get_close_matches(name, layer_names, n=1, cutoff=0.0)
        raise vaekit.BuildError(
            f"The model in {network} has no layer {name!r}. Did you mean {near[0]!r}?"
        )
    return model.get_layer(name).output


def keras_weights(application: str, file: str) -> Path:
    """The weights of one of `keras.applications`, without its top, where Keras has fetched them.

    Raises `vaekit.BuildError` where it hasn't.
    """
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    weights = home / "models" / file
    if not weights.is_file():
        raise vaekit.BuildError(
            f"The features of {application} need its weights, which aren't here: {weights}. "
            f"keras.applications.{application}(include_top=False) fetches them once; or name the "
            ".keras file of another network."
        )
    return weights


def _vgg16() -> FeatureNetwork:
    """VGG16 by the weights of ImageNet, where Keras has fetched them before."""
    weights = keras_weights("VGG16", _WEIGHTS)
    images = layers.Input((None, None, 3))
    to_input = layers.Conv2D(3, 1, data_format="channels_last", name="vgg16_input")
    network = keras.applications.VGG16(
        include_top=False, weights=str(weights), input_tensor=to_input(images)
    )
    to_input.set_weights([255.0 * np.eye(3)[::-1][None, None], -np.array(_VGG16_MEANS)])
    outputs = [network.get_layer(name).output for name in _VGG16_LAYERS]
    return FeatureNetwork(keras.Model(images, outputs), _VGG16_LEAST_SIDE)


def _size(shape: Sequence[int | None]) -> str:
    return "x".join("any" if side is None else str(side) for side in shape)
