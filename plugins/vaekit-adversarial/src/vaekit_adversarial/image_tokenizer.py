"""The recipe of today's image tokenisers: pixels, features, and a discriminator of patches."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Literal

import keras
import vaekit
from annotated_types import Ge, Gt, Le
from keras import ops
from vaekit_distances.feature_network import feature_network
from vaekit_distances.perceptual_distance import PerceptualDistance

from vaekit_adversarial.late_start import LateStart
from vaekit_adversarial.patch_discriminator import patch_discriminator

_PIXELS = (-3, -2, -1)
# What keeps the adaptive weight finite, and its limit, as in VQGAN.
_LEAST_NORM, _MOST_WEIGHT = 1e-4, 1e4
_PIXEL_ERRORS = {"l1": ops.abs, "l2": ops.square}

Distance = Callable[[Any, Any], Any]


class ImageTokenizer(vaekit.Loss):
    """Terms of the model and of the discriminator that it is to deceive; see `image_tokenizer`.

    distances: those of image and reconstruction by name, each `(B,)`.
    """

    posterior = prior = object

    def __init__(
        self,
        distances: Mapping[str, Distance],
        kl_weight: float,
        adversarial_weight: float,
        start: int,
        discriminator: Callable[..., keras.Model],
        learning_rate: float,
    ) -> None:
        self.distances = distances
        self.kl_weight, self.adversarial_weight = kl_weight, adversarial_weight
        self.schedules = {"adversarial_start": LateStart(start)}
        self.networks = {"discriminator": discriminator}
        minimised = (*distances, "weighted_kl", "weighted_deception")
        self.players = {
            "loss": vaekit.Player(
                ("encoder", "latent", "prior", "decoder"), dict.fromkeys(minimised, 1.0)
            ),
            "discriminator": vaekit.Player(
                ("discriminator",),
                {"discrimination": 1.0},
                lambda: keras.optimizers.Adam(learning_rate, beta_1=0.5, beta_2=0.9),
            ),
        }
        self.minimises = f"{' + '.join(minimised)}, against the discriminator"

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        judged = output.networks["discriminator"]
        started = output.schedule["adversarial_start"]
        adaptive = self.adaptive_weight(x, output)
        real, rebuilt = judged(x), judged(output.reconstruction)
        discrimination = 0.5 * (
            _patch_mean(ops.relu(1.0 - real)) + _patch_mean(ops.relu(1.0 + rebuilt))
        )
        values_of_an_image = math.prod(x.shape[1:])
        return {
            **{name: f(x, output.reconstruction) for name, f in self.distances.items()},
            "weighted_kl": self.kl_weight * output.kl / values_of_an_image,
            "weighted_deception": started
            * self.adversarial_weight
            * adaptive
            * -_patch_mean(rebuilt),
            "discrimination": started * discrimination,
            # Which no player goes down: it is reported.
            "adaptive_weight": adaptive * ops.ones_like(output.kl),
        }

    def adaptive_weight(self, x: Any, output: vaekit.VAEOutput) -> Any:
        """|gradient of the distances| / |gradient of the deception|, at the decoder's last layer.

        Esser et al., arXiv:2012.09841, equation 7.
        """
        count = ops.cast(ops.shape(x)[0], "float32")
        judged = output.networks["discriminator"]

        def distance(images: Any) -> Any:
            return sum(f(x, images) for f in self.distances.values()) / count

        def deception(images: Any) -> Any:
            return -_patch_mean(judged(images)) / count

        of_distance, of_deception = (
            ops.sqrt(ops.sum(ops.square(output.last_layer_gradient(f))))
            for f in (distance, deception)
        )
        weight = of_distance / (of_deception + _LEAST_NORM)
        return ops.stop_gradient(ops.minimum(weight, _MOST_WEIGHT))


def _patch_mean(logits: Any) -> Any:
    """The mean over an image's patches, `(B,)`."""
    return ops.mean(ops.cast(logits, "float32"), axis=_PIXELS)


def _pixel_error(of_difference: Callable[[Any], Any], x: Any, y: Any) -> Any:
    """The mean over pixels and channels, `(B,)`."""
    return ops.mean(of_difference(x - y), axis=_PIXELS)


def image_tokenizer(
    *,
    error: Literal["l1", "l2"] = "l1",
    network: str | None = None,
    layers: list[str] | None = None,
    kl_weight: Annotated[float, Ge(0)] = 1e-6,
    adversarial_weight: Annotated[float, Ge(0)] = 0.8,
    start: Annotated[int, Ge(0), Le(100_000_000)] = 10_000,
    width: Annotated[int, Ge(1)] = 64,
    learning_rate: Annotated[float, Gt(0)] = 1e-4,
) -> vaekit.Loss:
    """Pixel error + perceptual distance + what a discriminator of patches tells from real images.

    VQGAN: Esser, Rombach and Ommer, "Taming Transformers for High-Resolution Image Synthesis"
    (arXiv:2012.09841), section 3.1; with a KL of small weight in the place of codes, Rombach et
    al.'s autoencoder (arXiv:2112.10752). The model goes down `error` + `perceptual` + `weighted_kl`
    + `weighted_deception`, and what its latent adds, as a codebook's commitment. The discriminator
    goes down `discrimination`, the hinge 1/2 (max(0, 1 - D(x)) + max(0, 1 + D(x~))). Both of its
    terms are 0 before step `start`. The deception, -D(x~), is weighted by `adversarial_weight` x
    `adaptive_weight`: the ratio of the norms of the gradients of error + perceptual and of the
    deception, in the kernel of the decoder's last layer, 10000 at most. It is exact, and costs two
    more decodings of z. These are distances and no likelihood: no elbo is reported.

    Args:
        error: mean over pixels of the absolute (l1) or the squared difference (l2).
        network: whose features the perceptual distance compares, as of the loss `perceptual`: vgg16
            where its weights are there, or the path of a `.keras` file; none for no such term.
        layers: names of that file's layers, separated by commas; none for what the model gives.
        kl_weight: of the KL in nats per value of an image; with codes, whose KL is constant, it
            changes nothing.
        adversarial_weight: of the deception, beside the adaptive weight; 0.8 in the authors' code.
        start: the training step from which the discriminator plays; 10000 in the authors' code. A
            shorter run needs less.
        width: filters of the discriminator's first convolution.
        learning_rate: of the discriminator's Adam, with beta_1 0.5 and beta_2 0.9; 0.0000045 for
            each image of a batch in the authors' code.
    """
    distances: dict[str, Distance] = {"error": partial(_pixel_error, _PIXEL_ERRORS[error])}
    if network is not None:
        distances["perceptual"] = PerceptualDistance(feature_network(network, layers))
    return ImageTokenizer(
        distances,
        kl_weight,
        adversarial_weight,
        start,
        partial(patch_discriminator, width=width),
        learning_rate,
    )
