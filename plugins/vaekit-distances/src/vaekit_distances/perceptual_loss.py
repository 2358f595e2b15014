"""The perceptual distance as a loss."""

from __future__ import annotations

from typing import Annotated

import vaekit
from annotated_types import Gt

from vaekit_distances.distance_loss import DistanceLoss
from vaekit_distances.feature_network import feature_network
from vaekit_distances.perceptual_distance import PerceptualDistance


def perceptual(
    *,
    weight: Annotated[float, Gt(0)] = 100.0,
    network: str = "vgg16",
    layers: list[str] | None = None,
) -> vaekit.Loss:
    """weight x the distance between a network's features of image and reconstruction, + KL.

    Hou et al., "Deep Feature Consistent Variational Autoencoder" (arXiv:1610.00291), by the
    distance of Zhang et al. (arXiv:1801.03924), equation 1, with all channels weighted alike:
    squared differences of unit vectors over channels, averaged over places and layers. It is a
    distance and no likelihood: no elbo is reported.

    Args:
        weight: of the distance, which is between 0 and 4, against the KL in nats.
        network: vgg16, where Keras has its weights already; or the path of a `.keras` or `.h5` file
            with a model of images in [0, 1], which is opened safely.
        layers: names of the file's layers whose outputs are the features, separated by commas; none
            for what the model gives.
    """
    distance = PerceptualDistance(feature_network(network, layers))
    return DistanceLoss(distance, weight, f"the distance of {network}'s features")
