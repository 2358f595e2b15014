"""Errors planted in the kit's mathematics: each is found, by a check that says what is wrong."""

from __future__ import annotations

import keras
import pytest
from keras import ops

from vaekit.default_plugins.metrics.log_weights import LogWeightSums
from vaekit.distributions import Bernoulli, DiagonalNormal, FullNormal, StandardNormal
from vaekit.distributions import normal as normal_laws
from vaekit.distributions.normal import normal_log_prob
from vaekit.engine.objectives import Objective
from vaekit.model import VAE
from vaekit.proof.claim import tried
from vaekit.proof.claims import claims
from vaekit.proof.extent import Extent
from vaekit.types import VAEOutput

pytestmark = pytest.mark.slow


def failures(*titles):
    """The titles of what doesn't hold, of the claims of these titles; there must be some."""
    chosen = [
        claim
        for claim in claims(Extent(quick=True))
        if any(f"{claim.area}: {claim.name}".startswith(title) for title in titles)
    ]
    assert chosen
    return [f.title for f in tried(chosen, "here") if f.status == "failed"]


def mean_for_sum(law, z):
    return ops.mean(normal_log_prob(z, law.z_mean, law.z_log_var), axis=-1)


def variance_for_deviation(law, seed, lead=()):
    mean, log_var = law
    noise = keras.random.normal((*lead, *ops.shape(mean)), dtype=mean.dtype, seed=seed)
    return mean + ops.exp(log_var) * noise


def stopped_mean(law, seed, lead=()):
    mean, log_var = law
    noise = keras.random.normal((*lead, *ops.shape(mean)), dtype=mean.dtype, seed=seed)
    return ops.stop_gradient(mean) + ops.exp(0.5 * log_var) * noise


def negative_kl(posterior):
    mean, log_var = posterior
    return -0.5 * (ops.square(mean) + ops.exp(log_var) - 1.0 - log_var)


def kl_without_a_half(law, other=None):
    if isinstance(other, StandardNormal):
        return normal_laws.kl_standard_normal(law)
    narrower = law.z_log_var - other.z_log_var
    apart = ops.square(law.z_mean - other.z_mean) * ops.exp(-other.z_log_var)
    return ops.exp(narrower) + apart - 1.0 - narrower


def wide_prior(law, z):
    return ops.sum(normal_log_prob(z, 0.0, 1.4), axis=-1)


def pixels_averaged(law, x, reconstruction):
    return ops.mean(x * reconstruction - ops.softplus(reconstruction), axis=(-3, -2, -1))


def always_in_training(vae, *args, training, **more):
    return original_call(vae, *args, training=True, **more)


def of_half_the_terms(objective, terms):
    return original_sum(objective, {**terms, "kl": 0.5 * terms["kl"]} if "kl" in terms else terms)


original_call, original_sum = VAE.__call__, Objective.sum

PLANTED = [
    (
        "mean for sum",
        DiagonalNormal,
        "log_prob",
        mean_for_sum,
        "distributions: diagonal normal, log",
    ),
    (
        "variance for deviation",
        DiagonalNormal,
        "sample",
        variance_for_deviation,
        "distributions: diagonal normal, covariance",
    ),
    ("KL's sign", normal_laws, "kl_standard_normal", negative_kl, "distributions: KL from N(0, I)"),
    ("a dropped half", DiagonalNormal, "kl", kl_without_a_half, "distributions: KL of diagonal"),
    (
        "a forgotten log-determinant",
        FullNormal,
        "_log_det",
        property(lambda law: ops.zeros_like(law.z_mean[..., 0])),
        "distributions: full normal, log-density",
    ),
    ("training mode", VAE, "__call__", always_in_training, "engine: evaluation is at rest"),
    (
        "prior variance",
        StandardNormal,
        "log_prob",
        wide_prior,
        "distributions: standard normal, log",
    ),
    (
        "KL averaged over latents",
        VAEOutput,
        "kl",
        property(lambda output: ops.mean(output.kl_by_unit, axis=-1)),
        "losses: elbo",
    ),
    ("a mean over pixels", Bernoulli, "log_prob", pixels_averaged, "likelihoods: bernoulli, image"),
    ("gradient of the mean", DiagonalNormal, "sample", stopped_mean, "distributions: gradient"),
    ("another weight of a term", Objective, "sum", of_half_the_terms, "engine: sums"),
    (
        "log p averaged before the log",
        LogWeightSums,
        "log_mean",
        property(lambda sums: sums.mean),
        "metrics: nll",
    ),
]


@pytest.mark.parametrize(
    ("where", "what", "wrong", "title"),
    [pytest.param(*planted, id=name) for name, *planted in PLANTED],
)
def test_a_planted_error_is_named(monkeypatch, where, what, wrong, title):
    monkeypatch.setattr(where, what, wrong)
    assert failures(title)


def test_nothing_is_wrong_with_the_kit_itself():
    assert failures(*{title for *_, title in PLANTED}) == []
