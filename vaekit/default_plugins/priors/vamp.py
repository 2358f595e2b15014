"""The variational mixture of posteriors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

import keras
from annotated_types import Ge
from keras import ops

import vaekit
from vaekit import distributions


class VampPrior(vaekit.Prior):
    """p(z) = 1/C sum_c q(z|u_c) over learned images u_c; see `vamp`."""

    def __init__(self, image_shape: tuple[int, int, int], inputs: int) -> None:
        self.inputs = inputs
        spread = keras.initializers.RandomNormal(stddev=1.0)
        self.pseudo_inputs = keras.Variable(
            spread, shape=(inputs, *image_shape), name="pseudo_inputs"
        )

    def distribution(
        self,
        size: int,
        posterior_of: Callable[[Any], vaekit.Distribution],
        condition: Any = None,
    ) -> vaekit.Distribution:
        components = posterior_of(ops.sigmoid(self.pseudo_inputs))
        log_weights = ops.full((self.inputs,), -math.log(self.inputs), dtype="float32")
        return distributions.Mixture(components, log_weights)


def vamp(
    latent_size: int,
    image_shape: tuple[int, int, int],
    *,
    inputs: Annotated[int, Ge(1)] = 100,
) -> vaekit.Prior:
    """The mixture of the posteriors of learned images: Tomczak and Welling, arXiv:1705.07120.

    The images' logits are learned, so that they stay in [0, 1]; they pass the encoder as it is
    outside of training. Each step encodes them all. It needs a posterior whose density can be told
    at any z.

    Args:
        inputs: how many images, "pseudo-inputs"; 500 in the paper.
    """
    return VampPrior(image_shape, inputs)
