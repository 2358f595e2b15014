"""A plugin of version 1 by someone else: an encoder, a decoder, losses and a data set, in one file."""

import keras
import numpy as np
import vaekit
from keras import layers, ops
from vaekit import distributions, schedules

VAEKIT_API_VERSION = 1


def encoder(image_shape, *, units: int = 8):
    """One dense layer.

    Args:
        units: its width.
    """
    images = keras.Input(image_shape)
    return keras.Model(images, layers.Dense(units, "relu")(layers.Flatten()(images)))


def decoder(latent_dim, image_shape, *, units: int = 8):
    """Two dense layers.

    Args:
        units: the first one's width.
    """
    latents = keras.Input((latent_dim,))
    hidden = layers.Dense(units, "relu")(latents)
    pixels = layers.Dense(int(np.prod(image_shape)), "sigmoid")(hidden)
    return keras.Model(latents, layers.Reshape(image_shape)(pixels))


def plain(x, output):
    """A function; the prior's and the posterior's densities at z stand for the KL."""
    z_mean, z_log_var = output.posterior
    log_q = distributions.normal_log_prob(output.z, z_mean, z_log_var)
    log_p = distributions.normal_log_prob(output.z, ops.zeros_like(output.z))
    return {
        "error": ops.sum(ops.square(x - output.reconstruction), axis=(-3, -2, -1)),
        "log_ratio": ops.sum(log_q - log_p, axis=-1),
    }


class Annealed(vaekit.Loss):
    """Two samples, logits, a schedule, and the KL in each of its ways."""

    likelihood = distributions.Bernoulli()
    scale = "logits"
    samples = 2

    def __init__(self):
        self.schedules = {"weight": schedules.Linear(1.0, 10)}

    def __call__(self, x, output):
        kl = output.posterior.kl()
        by_unit = ops.sum(output.posterior.kl_by_unit(), axis=-1)
        same = ops.sum(distributions.kl_standard_normal(output.posterior), axis=-1)
        log_prob = ops.mean(self.likelihood.log_prob(x, output.reconstruction), axis=0)
        return {
            "reconstruction": -log_prob,
            "weighted_kl": output.schedule["weight"] * (kl + by_unit + same) / 3.0,
        }


class Critic(vaekit.Adversary):
    """Tells z from draws of N(0, I)."""

    def build(self, image_shape, latent_dim):
        return keras.Sequential([keras.Input((latent_dim,)), layers.Dense(1)])

    def optimizer(self):
        return keras.optimizers.Adam(1e-3)

    def __call__(self, x, output, seed):
        drawn = keras.random.normal(ops.shape(output.z), seed=seed)
        posterior = vaekit.Posterior(*output.posterior)
        width = ops.mean(ops.exp(posterior.z_log_var), axis=-1)
        real, fake = output.adversary(drawn)[:, 0], output.adversary(output.z)[:, 0]
        return {"critic": ops.softplus(-real) + ops.softplus(fake) + 0.0 * width}


class Adversarial(vaekit.Loss):
    likelihood = distributions.Gaussian(0.3)

    def __init__(self):
        self.adversary = Critic()

    def __call__(self, x, output):
        return {
            "reconstruction": -self.likelihood.log_prob(x, output.reconstruction),
            "kl": output.posterior.kl(),
            "fooled": ops.softplus(-output.adversary(output.z)[:, 0]),
        }


def dataset(*, count: int = 40):
    """Noise.

    Args:
        count: how many images.
    """
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (count, 8, 8, 1), dtype="uint8")
    return vaekit.Dataset(
        "stranger", vaekit.Images(pixels, np.arange(count) % 4), classes=("a", "b", "c", "d")
    )


@vaekit.hookimpl
def register_encoders(register):
    register("stranger", encoder, summary="One dense layer.")


@vaekit.hookimpl
def register_decoders(register):
    register("stranger", decoder, summary="Two dense layers.")


@vaekit.hookimpl
def register_losses(register):
    register("stranger-plain", lambda: plain, summary="A function.")
    register("stranger-annealed", Annealed, summary="Two samples and a schedule.")
    register("stranger-adversarial", Adversarial, summary="Against a critic.")


@vaekit.hookimpl
def register_datasets(register):
    register("stranger", dataset, summary="Noise.")
