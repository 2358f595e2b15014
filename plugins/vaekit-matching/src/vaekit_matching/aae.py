"""The adversarial autoencoder: z is to look like draws of the prior."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import keras
import vaekit
from annotated_types import Ge, Gt
from keras import layers, ops

from vaekit_matching.squared_error import squared_error


def discriminator(
    image_shape: tuple[int, int, int], latent_dim: int, *, depth: int, units: int
) -> keras.Model:
    """Z `(B, latent_dim)` to the logit `(B, 1)` of the prior: at its best log p(z) - log q(z)."""
    z = x = layers.Input((latent_dim,), name="discriminator_input")
    for number in range(1, depth + 1):
        x = layers.Dense(units, activation="relu", name=f"discriminator_dense{number}")(x)
    logit = layers.Dense(1, dtype="float32", name="discriminator_logit")(x)
    return keras.Model(z, logit, name="discriminator")


class AAE(vaekit.Loss):
    """`reconstruction`, a squared error, and the terms of the game in nats; see `aae`."""

    posterior = object
    prior = vaekit.Distribution
    minimises = "squared error + deception of the discriminator of z"

    def __init__(self, weight: float, depth: int, units: int, learning_rate: float) -> None:
        self.networks = {"discriminator": partial(discriminator, depth=depth, units=units)}
        everything = vaekit.Loss.players["loss"]
        self.players = {
            "loss": everything._replace(terms={"reconstruction": 1.0, "deception": weight}),
            "discriminator": vaekit.Player(
                ("discriminator",),
                {"discrimination": 1.0},
                lambda: keras.optimizers.Adam(learning_rate, beta_1=0.5),
            ),
        }

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        judged = output.networks["discriminator"]
        encoded, drawn = (ops.squeeze(judged(z), axis=-1) for z in (output.z, output.prior_draws()))
        return {
            "reconstruction": squared_error(x, output.reconstruction),
            # A draw of the prior belongs to no image of the batch, so all share their mean.
            "deception": ops.softplus(-encoded) + ops.mean(ops.softplus(drawn)),
            "discrimination": ops.softplus(encoded) + ops.mean(ops.softplus(-drawn)),
        }


def aae(
    *,
    weight: Annotated[float, Ge(0)] = 1.0,
    discriminator_layers: Annotated[int, Ge(1)] = 2,
    discriminator_units: Annotated[int, Ge(1)] = 1000,
    discriminator_learning_rate: Annotated[float, Gt(0)] = 1e-4,
) -> vaekit.Loss:
    """Adversarial autoencoder: |x - x~|^2, and z that a discriminator D takes for the prior's.

    Makhzani et al., "Adversarial Autoencoders" (arXiv:1511.05644), section 2. D goes down
    `discrimination`, -log D(z_p) - log(1 - D(z)) of a draw z_p of the prior and the z of an image,
    so that its logit comes to log p(z) - log q(z), q(z) being the average of q(z|x) over images.
    The autoencoder goes down `reconstruction` + weight x `deception`, -log D(z) - log(1 - D(z_p)):
    the form that doesn't saturate (Goodfellow et al., arXiv:1406.2661) of the paper's log(1 - D),
    whose second half moves a prior that is trained and nothing else. Any latent will do,
    `deterministic` with a prior that is named too, and any prior that can be sampled. No likelihood
    of images, so no elbo.

    Args:
        weight: of the deception.
        discriminator_layers: hidden layers of D, with ReLU.
        discriminator_units: units of each hidden layer.
        discriminator_learning_rate: of D's Adam, with beta_1 0.5.
    """
    return AAE(weight, discriminator_layers, discriminator_units, discriminator_learning_rate)
