"""VAE-GAN: the error between images is told by a discriminator's features."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import keras
import vaekit
from annotated_types import Ge, Gt
from keras import layers, ops

from vaekit_adversarial.depth import halvings

_MOST_HALVINGS = 4


def discriminator(image_shape: tuple[int, int, int], latent_dim: int, *, width: int) -> keras.Model:
    """Images to the features of its last convolution, flat, and to the logit `(B, 1)` of real.

    Strided convolutions, each with twice the filters of the one before, as many as the shorter side
    can be halved: 1 for 8 pixels, 2 for 16 to 31, 3 for 32 to 63, 4 from there on.
    """
    images = x = layers.Input(image_shape, name="discriminator_input")
    for number in range(halvings(image_shape, _MOST_HALVINGS)):
        x = layers.Conv2D(
            width * 2**number,
            5,
            strides=2,
            padding="same",
            data_format="channels_last",
            name=f"discriminator_conv_{number + 1}",
        )(x)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"discriminator_leaky_{number + 1}")(x)
    features = layers.Flatten("channels_last", name="discriminator_features")(x)
    logit = layers.Dense(1, dtype="float32", name="discriminator_logit")(features)
    return keras.Model(images, [features, logit], name="discriminator")


class VAEGAN(vaekit.Loss):
    """The terms of three players, in nats; see `vae_gan`."""

    posterior = object
    prior = vaekit.Distribution
    minimises = "KL + squared error of a discriminator's features, against the discriminator"

    def __init__(self, gamma: float, width: int, learning_rate: float) -> None:
        self.networks = {"discriminator": partial(discriminator, width=width)}
        self.players = {
            "loss": vaekit.Player(
                ("encoder", "latent", "prior"), {"kl": 1.0, "feature_error": 1.0}
            ),
            "decoder": vaekit.Player(("decoder",), {"feature_error": gamma, "deception": 1.0}),
            "discriminator": vaekit.Player(
                ("discriminator",),
                {"discrimination": 1.0},
                lambda: keras.optimizers.RMSprop(learning_rate),
            ),
        }

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        judged = output.networks["discriminator"]
        features, real = judged(x)
        rebuilt_features, rebuilt = judged(output.reconstruction)
        _, imagined = judged(output.decode(output.prior_draws()))
        features, rebuilt_features = (ops.cast(f, "float32") for f in (features, rebuilt_features))
        return {
            "kl": output.kl,
            "feature_error": 0.5 * ops.sum(ops.square(features - rebuilt_features), axis=-1),
            # What the prior gives belongs to no image of the batch, so all share its mean.
            "deception": _surprise(rebuilt) + ops.mean(_surprise(imagined)),
            "discrimination": _surprise(real)
            + _surprise(-rebuilt)
            + ops.mean(_surprise(-imagined)),
        }


def _surprise(logit: Any) -> Any:
    """-log of the probability that a logit `(B, 1)` gives, `(B,)`."""
    return ops.squeeze(ops.softplus(-logit), -1)


def vae_gan(
    *,
    gamma: Annotated[float, Ge(0)] = 0.01,
    width: Annotated[int, Ge(1)] = 32,
    learning_rate: Annotated[float, Gt(0)] = 3e-4,
) -> vaekit.Loss:
    """VAE-GAN: a VAE whose error is that of a discriminator's features; its decoder deceives it.

    Larsen et al., "Autoencoding beyond pixels using a learned similarity metric"
    (arXiv:1512.09300), algorithm 1, with D the discriminator and f the features of its last
    convolution. Encoder, latent and prior go down `kl` + `feature_error`, which is
    1/2 |f(x) - f(x~)|^2 of the reconstruction x~; the decoder down gamma x `feature_error` +
    `deception`, -log D(x~) - log D(x_p) with x_p an image of a z of the prior; the discriminator
    down `discrimination`, -log D(x) - log(1 - D(x~)) - log(1 - D(x_p)). `deception` is the form
    that doesn't saturate (Goodfellow et al., arXiv:1406.2661) of the paper's log(1 - D). It needs a
    prior that can be sampled. No likelihood of images, so no elbo.

    Args:
        gamma: weight of the feature error for the decoder. The paper names none; the authors' code
            has 0.01 unless it's told, and 0.000001 for faces of 64 pixels.
        width: filters of the discriminator's first convolution; 32 in the paper.
        learning_rate: of the discriminator's RMSprop; 0.0003 in the paper.
    """
    return VAEGAN(gamma, width, learning_rate)
