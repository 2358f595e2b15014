"""Priors: a standard normal or one around a learned mean, and a fault."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

import vaekit
from tests.testing.gallery.shown import breaks
from vaekit import distributions


class Standard(vaekit.Prior):
    """The law that `law` makes, N(0, I), without a fault."""

    law = distributions.StandardNormal

    def __init__(self, latent_size, image_shape):
        pass

    def distribution(self, size, posterior_of, condition=None):
        return self.law(size)


class Around(Standard):
    """N(mean, I) of a mean that is learned, without a fault."""

    def __init__(self, latent_size, image_shape):
        self.mean = keras.Variable("zeros", shape=(latent_size,), name="prior_mean")

    def at(self, mean):
        return distributions.DiagonalNormal(mean, ops.zeros_like(mean))

    def distribution(self, size, posterior_of, condition=None):
        return self.at(self.mean.value)


class LooksLikeALaw:
    """What a law is asked for, by another class."""

    def __init__(self, size):
        normal = distributions.StandardNormal(size)
        self.noise_dim = size
        self.sample, self.log_prob = normal.sample, normal.log_prob
        self.from_noise = normal.from_noise


@breaks("prior", "gives_a_law_of_its_size")
class GivesNoDistribution(Standard):
    law = LooksLikeALaw


class Overflowing(vaekit.Distribution):
    def __init__(self, size):
        self.size = size

    def sample(self, seed, lead=()):
        return ops.sinh(60.0 * keras.random.normal((*lead, self.size), seed=seed))


@breaks("prior", "stays_in_its_support")
class Overflows(Standard):
    law = Overflowing


class Seeded(distributions.StandardNormal):
    def sample(self, seed, lead=()):
        return super().sample(7, lead)


@breaks("prior", "follows_its_seed")
class IgnoresItsSeed(Standard):
    law = Seeded


class TooDense(distributions.StandardNormal):
    def log_prob(self, z):
        return super().log_prob(z) + 0.5


@breaks("prior", "densities_integrate_to_one", also=("draws_have_their_density",))
class WeighsTooMuch(Standard):
    law = TooDense


class Wider(distributions.StandardNormal):
    def sample(self, seed, lead=()):
        return self.from_noise(super().sample(seed, lead))

    def from_noise(self, noise):
        return 1.5 * noise


@breaks("prior", "draws_have_their_density")
class DrawsTooWide(Standard):
    law = Wider


class Silent(distributions.StandardNormal):
    def from_noise(self, noise):
        return 0.5 * noise


@breaks("prior", "noise_agrees_with_draws")
class HalvesItsNoise(Standard):
    law = Silent


@breaks("prior", "goes_by_the_condition")
class IgnoresTheClass(Standard):
    conditional = True


@breaks("prior", "evaluation_changes_nothing", also=("trains_ten_steps",))
class CountsItsCalls(Standard):
    def __init__(self, latent_size, image_shape):
        self.calls = keras.Variable(0.0, trainable=False, name="calls")

    def distribution(self, size, posterior_of, condition=None):
        self.calls.assign(self.calls + 1.0)
        return super().distribution(size, posterior_of)


@breaks("prior", "keeps_its_state_in_variables")
class DrawsItsMeanOnce(Around):
    def __init__(self, latent_size, image_shape):
        super().__init__(latent_size, image_shape)
        self.start = np.random.default_rng().normal(size=latent_size).astype("float32")

    def distribution(self, size, posterior_of, condition=None):
        return self.at(self.mean.value + self.start)


@breaks("prior", "stays_float32")
class LearnsInHalf(Around):
    def __init__(self, latent_size, image_shape):
        self.mean = keras.Variable("zeros", shape=(latent_size,), dtype="float16", name="mean")

    def distribution(self, size, posterior_of, condition=None):
        return self.at(ops.cast(self.mean.value, "float32"))


@breaks("prior", "gradients_reach_every_variable")
class StopsTheGradient(Around):
    def distribution(self, size, posterior_of, condition=None):
        return self.at(ops.stop_gradient(self.mean.value))
