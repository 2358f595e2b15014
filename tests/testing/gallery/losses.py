"""Losses: squared error and KL, and a fault."""

from __future__ import annotations

import keras
from keras import layers, ops

import vaekit
from tests.testing.gallery.shown import breaks
from vaekit import schedules


def squared(x, output):
    return ops.sum(ops.square(x - output.reconstruction), axis=(1, 2, 3))


def kl(output):
    return output.posterior.kl()


@breaks("loss", "terms_are_per_image")
def counts_on_two_images():
    def loss(x, output):
        error = ops.reshape(ops.square(x - output.reconstruction), (2, -1))
        divergence = ops.reshape(output.posterior.kl_by_unit(), (2, -1))
        return {"objective": ops.sum(error, axis=1) + ops.sum(divergence, axis=1)}

    return loss


@breaks("loss", "terms_are_finite")
def overflows():
    def loss(x, output):
        wild = 1e-9 * ops.sum(ops.exp(15.0 * output.posterior.z_log_var), axis=-1)
        return {"error": squared(x, output), "wild": wild, "kl": kl(output)}

    return loss


@breaks("loss", "order_of_images_changes_nothing")
def weighs_by_place():
    def loss(x, output):
        place = ops.cast(ops.arange(ops.shape(x)[0]), "float32")
        return {"error": squared(x, output) * (1.0 + place), "kl": kl(output)}

    return loss


@breaks("loss", "gives_the_same_twice")
def counts_its_calls():
    calls = []

    def loss(x, output):
        calls.append(1)
        return {"error": squared(x, output) * (1.0 + 1e-5 * len(calls)), "kl": kl(output)}

    return loss


_LAST = {}


@breaks("loss", "shares_no_state")
def has_the_last_one_s_options(*, weight: float = 2.0):
    """Broken.

    Args:
        weight: factor of the error, of this loss and of all others.
    """
    _LAST["weight"] = weight

    def loss(x, output):
        return {"error": _LAST["weight"] * squared(x, output), "kl": kl(output)}

    return loss


@breaks("loss", "gradients_reach_every_variable")
def learns_nothing_of_its_scale():
    log_scale = keras.Variable(0.0, name="log_scale")

    def loss(x, output):
        scale = ops.exp(ops.stop_gradient(log_scale))
        return {"error": squared(x, output) / scale, "kl": kl(output)}

    return loss


class Judge(vaekit.Adversary):
    def build(self, image_shape, latent_dim):
        return keras.Sequential([layers.Input((latent_dim,)), layers.Dense(1)])

    def optimizer(self):
        return keras.optimizers.Adam()

    def __call__(self, x, output, seed):
        pairs = ops.reshape(ops.square(output.adversary(output.z)), (2, -1))
        return {"judgement": ops.sum(pairs, axis=1)}


@breaks("loss", "terms_are_per_image")
def has_an_adversary_that_counts_on_two():
    def loss(x, output):
        return {"error": squared(x, output), "kl": kl(output)}

    loss.adversary = Judge()
    return loss


class TooShort:
    value = 1.0

    def __call__(self, step):
        return 0.9 * ops.minimum(1.0, ops.cast(step, "float32") / 10.0)


@breaks("loss", "schedules_reach_their_ends")
def never_gets_there():
    def loss(x, output):
        weighted = output.schedule["kl_weight"] * kl(output)
        return {"error": squared(x, output), "weighted_kl": weighted}

    loss.schedules = {"kl_weight": TooShort()}
    return loss


@breaks("loss", "every_option_has_an_effect")
def ignores_its_weight(*, weight: float = 1.0):
    """Broken.

    Args:
        weight: factor of the error, it says.
    """

    def loss(x, output):
        return {"error": squared(x, output), "kl": kl(output)}

    return loss


@breaks("loss", "every_option_has_an_effect")
def declares_a_weight_and_leaves_it(*, beta: float = 4.0):
    """Broken.

    Args:
        beta: weight of the KL, it says.
    """

    def loss(x, output):
        return {"error": squared(x, output), "kl": kl(output)}

    loss.schedules = {"kl_weight": schedules.Linear(beta, 100)}
    return loss


@breaks("loss", "exact_reconstruction_is_a_minimum")
def wants_brighter_images():
    def loss(x, output):
        brighter = output._replace(reconstruction=0.8 * output.reconstruction)
        return {"error": squared(x, brighter), "kl": kl(output)}

    return loss


@breaks("loss", "kl_agrees_with_monte_carlo")
def forgets_the_half():
    def loss(x, output):
        return {"error": squared(x, output), "kl": 2.0 * kl(output)}

    return loss


@breaks("loss", "trains_ten_steps")
def stops_the_gradient():
    def loss(x, output):
        return {
            "error": ops.stop_gradient(squared(x, output)),
            "kl": ops.stop_gradient(kl(output)),
        }

    return loss


@breaks("loss", "options_round_trip")
def has_half_a_sample(*, weight: int = 2.5):
    """Broken.

    Args:
        weight: factor of the error.
    """

    def loss(x, output):
        return {"error": weight * squared(x, output), "kl": kl(output)}

    return loss


@breaks("loss", "options_are_explained")
def says_nothing_of_its_weight(*, weight: float = 2.0):
    def loss(x, output):
        return {"error": weight * squared(x, output), "kl": kl(output)}

    return loss


@breaks("loss", "closed_forms_hold")
def is_another_than_it_states():
    def loss(x, output):
        return {"error": 2.0 * squared(x, output), "kl": kl(output)}

    return loss


is_another_than_it_states.closed_forms = lambda: {"twice 3": (6.0, 3.0)}
