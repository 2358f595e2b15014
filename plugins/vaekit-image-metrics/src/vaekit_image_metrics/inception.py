"""Features of Keras's InceptionV3, in which the Fréchet distance is called FID."""

from __future__ import annotations

import hashlib
from functools import partial

import keras
import vaekit
from keras import layers
from vaekit_distances.feature_network import FeatureNetwork, keras_weights

from vaekit_image_metrics.features import Extractor, FeatureSource, pooled

_WEIGHTS = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
_SIDE = 299


class Inception(FeatureSource):
    """The 2,048 averages of InceptionV3's last maps, by Keras's weights of ImageNet.

    Heusel et al. (arXiv:1706.08500) took these of TensorFlow's weights of 2015, and implementations
    differ in how they resize (Parmar et al., arXiv:2104.11222): published figures are others'.
    """

    def __init__(self) -> None:
        weights = keras_weights("InceptionV3", _WEIGHTS)
        self._hash = hashlib.sha256(weights.read_bytes()).hexdigest()
        images = layers.Input((None, None, 3))
        resize = layers.Resizing(
            _SIDE, _SIDE, antialias=True, data_format="channels_last", dtype="float32"
        )
        # What it was trained on: values from -1 to 1.
        scale = layers.Rescaling(2.0, offset=-1.0, dtype="float32")
        network = keras.applications.InceptionV3(
            include_top=False,
            weights=str(weights),
            input_tensor=scale(resize(images)),
            pooling="avg",
        )
        self._network = FeatureNetwork(keras.Model(images, network.output))

    def extractor(self, measurement: vaekit.Measurement) -> Extractor:
        return Extractor(
            "inception",
            f"features of Keras's InceptionV3, sha256 {self._hash[:16]}, images resized to "
            f"{_SIDE} pixels (bilinear, antialiased)",
            partial(pooled, self._network),
            {"frechet": "fid", "kernel": "kid"},
            "Keras's weights and resizing aren't those of other implementations, whose figures "
            "can't be held beside this one.",
        )
