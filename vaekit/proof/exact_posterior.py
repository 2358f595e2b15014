"""A linear VAE whose posterior is exact: bounds on log p(x) are then log p(x) itself.

x = W z + b + sigma e with orthogonal columns of W has the posterior N(M^-1 W'(x - b), sigma^2 M^-1)
of a diagonal M = W'W + sigma^2 I, and p(x) = N(b, W W' + sigma^2 I): Tipping and Bishop,
"Probabilistic Principal Component Analysis" (1999), equations 4 and 7; Lucas et al., "Don't Blame
the ELBO!" (arXiv:1911.02469), section 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from vaekit.engine import Program
from vaekit.errors import BuildError
from vaekit.options import options_of
from vaekit.proof.claim import Claim, Comparison, near, within
from vaekit.proof.parts import installed
from vaekit.proof.small_vae import SHAPE, kit_part, program_of, scores, weights_of
from vaekit.registry import Component
from vaekit.testing import CheckSkipped, Subject

_SIGMA, _LATENTS, _IMAGES = 0.3, 2, 4


def claims_of_the_exact_posterior() -> Iterator[Claim]:
    """Of the weights of every draw, and of every registered loss that is a bound on log p(x)."""
    yield Claim(
        "engine",
        "weights at the exact posterior",
        "log p(x|z) - log q(z|x) + log p(z) is log p(x) at every z",
        _weights,
    )
    for part in installed("loss"):
        yield Claim(
            f"{part.kind} {part.name}",
            "bound at the exact posterior",
            "a bound is minus log p(x) where the posterior is exact, for one draw and for more",
            partial(_bound, part),
        )


class _Model(NamedTuple):
    """W `(D, z)`, b `(D,)`, images `(B, H, W, C)` and their log p(x) `(B,)`."""

    weights: np.ndarray
    bias: np.ndarray
    x: np.ndarray
    log_prob: np.ndarray


@lru_cache(maxsize=1)
def _model() -> _Model:
    rng = np.random.default_rng(0)
    size = math.prod(SHAPE)
    directions = np.linalg.qr(rng.normal(size=(size, _LATENTS)))[0]
    weights, bias = directions * np.array([1.5, 0.8]), rng.normal(0.5, 0.2, size)
    z, noise = rng.normal(size=(_IMAGES, _LATENTS)), rng.normal(size=(_IMAGES, size))
    x = z @ weights.T + bias + _SIGMA * noise
    covariance = weights @ weights.T + _SIGMA**2 * np.eye(size)
    away = x - bias
    squares = np.einsum("bi,ij,bj->b", away, np.linalg.inv(covariance), away)
    log_det = np.linalg.slogdet(covariance)[1]
    log_prob = -0.5 * (size * math.log(2.0 * math.pi) + log_det + squares)
    return _Model(weights, bias, x.reshape(_IMAGES, *SHAPE).astype("float32"), log_prob)


def _program(loss: Component, **options: Any) -> Program:
    """The VAE of the model, its posterior exact, with a loss."""
    gaussian = {"likelihood": "gaussian", "sigma": _SIGMA}
    program = program_of({"loss": loss}, _LATENTS, {"loss": {**gaussian, **options}})
    model = _model()
    precision = (model.weights**2).sum(axis=0) + _SIGMA**2
    to_mean = model.weights / precision
    values = {
        "encoder_mu/kernel": to_mean,
        "encoder_mu/bias": -model.bias @ to_mean,
        "encoder_log_variance/kernel": np.zeros_like(to_mean),
        "encoder_log_variance/bias": np.log(_SIGMA**2 / precision),
        "pixels/kernel": model.weights.T,
        "pixels/bias": model.bias,
    }
    for variable in program.vae.trainable_variables:
        variable.assign(values[variable.path].astype("float32"))
    return program


def _weights() -> Comparison:
    program = _program(kit_part("loss", "elbo"))
    weights = weights_of(program, _model().x, draws=50).log_weights
    return near(np.broadcast_to(_model().log_prob, weights.shape), weights, rtol=1e-4, atol=5e-3)


def _bound(part: Component) -> Comparison:
    given = options_of(part)
    if not {"likelihood", "sigma"} <= given.keys():
        raise CheckSkipped("its likelihood can't be chosen")
    try:
        if not getattr(Subject(part).make(**Subject(part).options), "bound", False):
            raise CheckSkipped("it doesn't say that it is a bound")
    except BuildError as error:
        raise CheckSkipped(str(error)) from error
    expected, got, errors = [], [], []
    for draws in (1, 5) if "samples" in given else (None,):
        program = _program(part, **({} if draws is None else {"samples": draws}))
        loss = scores(program, _model().x, 300)["loss"]
        expected.append(-_model().log_prob)
        got.append(loss.mean(axis=0))
        errors.append(loss.std(axis=0) / math.sqrt(len(loss)))
    return within(expected, got, np.array(errors) + 1e-3)
