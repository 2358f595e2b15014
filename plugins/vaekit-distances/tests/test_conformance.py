"""The kit's own checks, on every part; the perceptual loss by a small network of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import keras
import pytest
import vaekit
from annotated_types import Gt
from keras import layers
from vaekit_distances.perceptual_loss import perceptual

NETWORK = Path(tempfile.mkdtemp(), "features.keras")
images = layers.Input((8, 8, 1))
# Features far from 0, which they are divided by the length of.
far = {"kernel_initializer": keras.initializers.GlorotUniform(1), "bias_initializer": "ones"}
features = layers.Conv2D(4, 3, padding="same", activation="tanh", name="first", **far)(images)
keras.Model(images, layers.Conv2D(3, 3, strides=2, name="second", **far)(features)).save(NETWORK)


def small_perceptual(*, weight: Annotated[float, Gt(0)] = 100.0) -> vaekit.Loss:
    """The loss, by features of a small network.

    Args:
        weight: as there.
    """
    return perceptual(weight=weight, network=str(NETWORK))


@pytest.mark.vaekit_checks("ms-ssim", kind="loss")
@pytest.mark.vaekit_checks(small_perceptual, kind="loss")
def test_conforms(check):
    check()
