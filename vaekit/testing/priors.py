"""The checks of a prior."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from vaekit.distributions import Distribution
from vaekit.testing.laws import (
    SPACES,
    require_density_of_draws,
    require_draws,
    require_same_law,
    require_unit_integral,
)
from vaekit.testing.prior_values import codes, new_prior, prior_of, small_priors
from vaekit.testing.subject import Subject
from vaekit.testing.supports import require_supported
from vaekit.testing.training import array, trained
from vaekit.testing.verdict import CheckSkipped, require, require_near

_DRAWS = 4_000
_DENSE_DRAWS = 40_000


def gives_a_law_of_its_size(subject: Subject) -> None:
    """Its law draws `(*lead, D)`, and tells log-densities `(...,)` of z `(..., D)`."""
    prior = prior_of(subject)
    law = prior.law()
    require(
        isinstance(law, Distribution),
        f"It gives a {type(law).__name__}, not a vaekit.Distribution.",
    )
    require_draws(law, prior.size, "It")
    made = prior.from_noise(5)
    if made is not None:
        shape = (5, prior.size)
        require(made.shape == shape, f"`from_noise` gives {made.shape}, not {shape}.")


def stays_in_its_support(subject: Subject) -> None:
    """Its draws are finite, and where z of the latents lies that it serves."""
    prior = prior_of(subject)
    require_supported(prior.support, prior.sample(500), "Its draw")


def follows_its_seed(subject: Subject) -> None:
    """One seed gives the same weights and draws twice; another gives others."""
    prior = prior_of(subject)
    first, again, other = (prior.sample(5, seed) for seed in (0, 0, 1))
    require(np.array_equal(first, again), "Under one seed, it draws another z the second time.")
    require(not np.array_equal(first, other), "Under two seeds, it draws the same z.")
    one, two = ([array(v) for v in new_prior(subject).own.variables] for _ in range(2))
    require(all(map(np.array_equal, one, two)), "Built twice under one seed, its weights differ.")


def densities_integrate_to_one(subject: Subject) -> None:
    """Where z has one or two dimensions, its density integrates to 1."""
    told = False
    for prior in small_priors(subject):
        draws = prior.sample(1000)
        if prior.tells_density:
            told = True
            require_unit_integral(SPACES[prior.support], prior.log_prob, draws)
    if not told:
        raise CheckSkipped("it tells no density")


def draws_have_their_density(subject: Subject) -> None:
    """Where z has one or two dimensions, its draws are as dense as its log-density says."""
    told = False
    for prior in small_priors(subject):
        draws = prior.sample(_DENSE_DRAWS)
        if prior.tells_density:
            told = True
            log_prob = prior.log_prob(draws)
            require_density_of_draws(SPACES[prior.support], draws, log_prob, "Its draws")
    if not told:
        raise CheckSkipped("it tells no density")


def noise_agrees_with_draws(subject: Subject) -> None:
    """What `from_noise` makes of normal noise, which is what is saved, is of the law it draws."""
    prior = prior_of(subject)
    made = prior.from_noise(_DRAWS)
    if made is None:
        raise CheckSkipped("it isn't made of normal noise")
    require_same_law(made, prior.sample(_DRAWS), "`from_noise` and `sample` are of different laws")


def goes_by_the_condition(subject: Subject) -> None:
    """A conditional prior has a law for each image, that of its own label."""
    prior = new_prior(subject)
    if not prior.prior.conditional:
        raise CheckSkipped("it doesn't go by a condition")
    prior.law(codes())  # builds what goes by the labels
    prior.disturb()  # which may well begin at nothing
    order = (2, 0, 1)
    straight, turned = prior.law(codes()), prior.law(codes(order))
    seed = keras.random.SeedGenerator(0)
    for lead in ((), (4,)):
        shape = tuple(straight.sample(seed, lead).shape)
        wanted = (*lead, 3, prior.size)
        require(shape == wanted, f"With 3 codes, it draws {shape}, not {wanted}.")
    same = ops.convert_to_tensor(np.repeat(prior.sample(1), 3, axis=0))
    told = straight.log_prob(same)
    if told is None:
        return
    by_label = array(told)
    require(by_label.shape == (3,), f"With 3 codes, its log-density has {by_label.shape}.")
    differ = np.ptp(by_label) > 1e-6
    require(differ, "Its density is the same for all labels, though it says it's conditional.")
    require_near(
        array(turned.log_prob(same)),
        by_label[list(order)],
        "An image's density depends on the labels of the others",
    )


def evaluation_changes_nothing(subject: Subject) -> None:
    """Making its law, and asking that for densities and draws, assigns none of its variables."""
    prior = prior_of(subject)
    with keras.StatelessScope() as scope:
        law = prior.law()
        law.log_prob(law.sample(keras.random.SeedGenerator(0), (3,)))
    assigned = [v.path for v in prior.own.variables if id(v) in scope.state_mapping]
    require(not assigned, f"Its law changes {', '.join(assigned)}, though a gradient moves it.")


def keeps_its_state_in_variables(subject: Subject) -> None:
    """Its variables put into a new one, that has the same law to the bit."""
    moved, restored = new_prior(subject), new_prior(subject)
    moved.disturb()
    for seed in range(3):
        moved.sample(3, seed)
    for variable, other in zip(moved.own.variables, restored.own.variables, strict=True):
        other.assign(array(variable))
    require(
        np.array_equal(moved.sample(20), restored.sample(20)),
        "Restored from its variables, it draws another z: what it has learned must be in Keras "
        "variables among its attributes.",
    )


def stays_float32(subject: Subject) -> None:
    """Its variables, draws and log-densities are float32, whatever the backbones compute in."""
    prior = prior_of(subject)
    z = prior.law().sample(keras.random.SeedGenerator(0), (3,))
    values = {v.path: v for v in prior.own.trainable}
    values |= {"draw": z, "log-density": prior.law().log_prob(z)}
    for name, value in values.items():
        dtype = "float32" if value is None else keras.backend.standardize_dtype(value.dtype)
        require(dtype == "float32", f"Its {name} is {dtype}, not float32.")


def gradients_reach_every_variable(subject: Subject) -> None:
    """Trained beside other parts, each of its weights moves and stays finite."""
    if not prior_of(subject).own.trainable:
        raise CheckSkipped("it has no weights")
    run = trained(subject)
    still = run.still(run.program.vae.parts["prior"])
    require(
        not still,
        f"Beside {run.beside}, no gradient reaches these weights: {', '.join(still)}. What no "
        "gradient is to move is made with trainable=False.",
    )
