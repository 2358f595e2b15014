"""Latents: a normal of two heads, and a fault."""

from __future__ import annotations

import keras
from keras import layers, ops

import vaekit
from tests.testing.gallery.shown import breaks
from vaekit import distributions
from vaekit.stock_layers import flattened, sampled


class Plain(vaekit.Latent):
    """N(z_mean, exp(z_log_var)), without a fault."""

    def __init__(self, latent_dim):
        self.latent_dim = latent_dim

    def shape(self, features):
        return (self.latent_dim,)

    def heads(self, features):
        vector = flattened(features)
        return {
            "z_mean": layers.Dense(self.latent_dim, name="encoder_mu")(vector),
            "z_log_var": layers.Dense(self.latent_dim, name="encoder_log_variance")(vector),
        }

    def posterior(self, parameters):
        return distributions.DiagonalNormal(parameters["z_mean"], parameters["z_log_var"])

    def point(self, parameters):
        return parameters["z_mean"]

    def draw(self, parameters):
        mean, log_var = parameters["z_mean"], parameters["z_log_var"]
        return sampled(mean, log_var, name="encoder_output", prefix="encoder")


class WithoutDensity(Plain):
    """Its posterior is told by its draws alone; the KL is in closed form."""

    def infer(self, parameters, given):
        normal = distributions.DiagonalNormal(parameters["z_mean"], parameters["z_log_var"])
        z = self.posterior(parameters).sample(given.seed, given.lead)
        return vaekit.Draw(z, normal, given.prior, kl=normal.kl_by_unit())


@breaks("latent", "builds_or_refuses")
class NeedsAMap(Plain):
    def shape(self, features):
        _height, _width, _channels = features
        return (self.latent_dim,)


# What else fails does so because a run refuses it, too.
@breaks(
    "latent",
    "gives_the_declared_shape",
    also=("gradients_reach_every_variable", "trains_ten_steps"),
)
class SaysItIsAMap(Plain):
    def shape(self, features):
        return (1, 1, self.latent_dim)


@breaks("latent", "draws_are_flat")
class HasFiguresByUnit(Plain):
    def report(self, parameters):
        return {"z_mean": parameters["z_mean"]}

    def summary(self, means):
        return {"centre": means["z_mean"]}


class OwnNormal(distributions.StandardNormal):
    """A prior that knows no single draw."""

    def sample(self, seed, lead=()):
        return super().sample(seed, lead or (1,))


@breaks("latent", "draws_of_its_own_prior_have_its_size")
class HasAPriorWithoutASingleDraw(Plain):
    def own_prior(self):
        return OwnNormal(self.latent_dim)


@breaks("latent", "stays_in_its_support")
class CutsThroughItsSphere(Plain):
    support = "sphere"

    def heads(self, features):
        direction = super().heads(features)["z_mean"]
        return {"z_mean": layers.UnitNormalization(name="encoder_direction")(direction)}

    def posterior(self, parameters):
        return distributions.PointMass(parameters["z_mean"])

    def draw(self, parameters):
        return self.point(parameters)

    def infer(self, parameters, given):
        law = self.posterior(parameters)
        z = law.sample(given.seed, given.lead)
        return vaekit.Draw(z, law, given.prior, kl=ops.zeros_like(parameters["z_mean"][:, :1]))

    def default_prior(self):
        return None


@breaks("latent", "goes_from_point_to_point")
class StopsHalfWay(Plain):
    def between(self, a, b, share):
        return super().between(a, b, 0.5 * share)


@breaks("latent", "codes_lead_to_its_point")
class HasCodesThatAreNone(Plain):
    code_name = "z_mean"


@breaks("latent", "follows_its_seed")
class HasASeedOfItsOwn(Plain):
    def infer(self, parameters, given):
        return super().infer(parameters, given._replace(seed=7))


@breaks("latent", "lead_axis_is_more_draws")
class DrawsOnceForAll(WithoutDensity):
    def infer(self, parameters, given):
        draw = super().infer(parameters, given._replace(lead=()))
        return draw._replace(z=ops.broadcast_to(draw.z, (*given.lead, *ops.shape(draw.z))))


@breaks("latent", "saved_draw_agrees_with_infer")
class SavesHalfTheNoise(Plain):
    def draw(self, parameters):
        less = layers.Rescaling(1.0, -1.5, name="encoder_less")(parameters["z_log_var"])
        return sampled(parameters["z_mean"], less, name="encoder_output", prefix="encoder")


@breaks("latent", "kl_agrees_with_log_ratio")
class DoublesItsKl(Plain):
    def infer(self, parameters, given):
        draw = super().infer(parameters, given)
        return draw._replace(kl=2.0 * draw.kl)


class TooDense(distributions.DiagonalNormal):
    """Tells too high a density, but not of its own draws."""

    __slots__ = ()

    def log_prob(self, z):
        return super().log_prob(z) + 0.5

    def sample_and_log_prob(self, seed, lead=()):
        return self.sample(seed, lead), None


@breaks("latent", "densities_integrate_to_one")
class IsNotNormalised(WithoutDensity):
    def posterior(self, parameters):
        return TooDense(parameters["z_mean"], parameters["z_log_var"])


class TooDenseWhereDrawn(distributions.DiagonalNormal):
    """Tells the density of its own draws alone, and too high a one."""

    __slots__ = ()

    def log_prob(self, z):
        return None

    def sample_and_log_prob(self, seed, lead=()):
        z = self.sample(seed, lead)
        return z, super().log_prob(z) + 0.5


@breaks("latent", "draws_have_their_density")
class TellsTooMuchOfItsDraws(WithoutDensity):
    def posterior(self, parameters):
        return TooDenseWhereDrawn(parameters["z_mean"], parameters["z_log_var"])


@breaks("latent", "log_ratio_has_both_densities")
class TellsAnotherRatio(Plain):
    """Half a nat too high, and a KL that agrees with it."""

    def infer(self, parameters, given):
        draw = super().infer(parameters, given)
        more = 0.5 / draw.kl.shape[-1]
        return draw._replace(kl=draw.kl + more, log_ratio=draw.log_ratio + 0.5)


@breaks(
    "latent",
    "evaluation_changes_nothing",
    also=("gradients_reach_every_variable", "trains_ten_steps"),
)
class LearnsFromEvaluation(Plain):
    def __init__(self, latent_dim):
        super().__init__(latent_dim)
        self.calls = keras.Variable(0.0, trainable=False, name="calls")

    def infer(self, parameters, given):
        self.calls.assign(self.calls + 1.0)
        return super().infer(parameters, given)


@breaks("latent", "keeps_its_state_in_variables")
class CountsItsSteps(Plain):
    steps = 0

    def infer(self, parameters, given):
        self.steps += given.training
        draw = super().infer(parameters, given)
        return draw._replace(kl=draw.kl * (1.0 + 1e-4 * self.steps))


@breaks("latent", "stays_float32_in_mixed_precision")
class TakesFeaturesAsTheyAre(Plain):
    def heads(self, features):
        return {**super().heads(features), "brightest": ops.max(features, axis=-1)}


@breaks("latent", "gradients_reach_every_variable")
class HasADeadHead(Plain):
    def heads(self, features):
        parameters = super().heads(features)
        dead = layers.Dense(self.latent_dim, name="encoder_dead")(flattened(features, "dead_flat"))
        silent = layers.Rescaling(0.0, name="encoder_silent")(dead)
        mean = layers.Add(name="encoder_mean")([parameters["z_mean"], silent])
        return {**parameters, "z_mean": mean}
