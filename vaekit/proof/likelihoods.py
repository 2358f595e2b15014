"""Likelihoods of a pixel against their formulas in NumPy, and against what every law is.

All are of grey images. What a decoder gives at a place is one number, or one of each parameter.
"""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from vaekit.distributions import (
    Likelihood,
    LikelihoodName,
    OptimalGaussian,
    SampleableLikelihood,
    likelihood_named,
)
from vaekit.proof.claim import Claim, Comparison, near, within
from vaekit.testing import CheckSkipped
from vaekit.testing.training import array

_AREA = "likelihoods"
_SIGMA = 0.1
_SCALED = ("gaussian", "learned-gaussian", "pixel-gaussian", "laplace")
_DRAWS = 10_000
_LEAST = math.exp(-12.0)  # variance, which learned ones have added
_LEAST_SCALE = math.exp(-7.0) / 2.0  # of logistic laws

# Log p(x) of pixels x by parameters `(..., P)`.
Formula = Callable[[np.ndarray, np.ndarray], np.ndarray]


def claims_of_likelihoods() -> Iterator[Claim]:
    """The formula, the total, the mean and the sum over pixels of each likelihood."""
    for name in typing.get_args(LikelihoodName):
        for what, sentence, compare in (
            ("formula", "log p of a pixel is the formula's", _formula),
            ("total", "the probabilities of all that a pixel may be sum to 1", _total),
            ("mean", "the mean that is shown is the law's", _mean),
            ("image", "log p of an image is the sum of its pixels'", _sum),
            ("colour", "channels are independent, those of a mixture given its component", _colour),
            (
                "draws",
                "the mean of log p over draws is its sum over all that a pixel may be",
                _drawn,
            ),
        ):
            yield Claim(_AREA, f"{name}, {what}", sentence, partial(compare, name))
    yield Claim(
        _AREA,
        "optimal-gaussian, variance",
        "of equal batches, its variance becomes their mean squared error",
        _follows,
    )


def _normal(x: np.ndarray, mean: np.ndarray, variance: Any) -> np.ndarray:
    return -((x - mean) ** 2) / (2.0 * variance) - 0.5 * np.log(2.0 * math.pi * variance)


def _bernoulli(x: np.ndarray, p: np.ndarray) -> np.ndarray:
    white = 1.0 / (1.0 + np.exp(-p[..., 0]))
    return x * np.log(white) + (1.0 - x) * np.log(1.0 - white)


def _continuous_bernoulli(x: np.ndarray, p: np.ndarray) -> np.ndarray:
    share = 1.0 / (1.0 + np.exp(-p[..., 0]))
    constant = 2.0 * np.arctanh(1.0 - 2.0 * share) / (1.0 - 2.0 * share)
    return _bernoulli(x, p) + np.log(constant)


def _level(x: np.ndarray, raw_location: np.ndarray, raw_log_scale: np.ndarray) -> np.ndarray:
    """The logistic's mass within half a level of a pixel, with its tails at the ends."""
    scale = np.exp(np.log1p(_SIGMA * np.exp(raw_log_scale) / _LEAST_SCALE)) * _LEAST_SCALE
    location, level = 0.5 * (1.0 + raw_location), np.rint(255.0 * x)

    def up_to(edge: np.ndarray) -> np.ndarray:
        return 0.5 * (1.0 + np.tanh(0.5 * (edge / 255.0 - location) / scale))

    high = np.where(level == 255, 1.0, up_to(level + 0.5))
    return high - np.where(level == 0, 0.0, up_to(level - 0.5))


def _logistic(x: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.log(_level(x, p[..., 0], p[..., 1]))


def _logistic_mixture(x: np.ndarray, p: np.ndarray) -> np.ndarray:
    logits, locations, log_scales = np.split(p, 3, axis=-1)
    weights = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return np.log((weights * _level(x[..., None], locations, log_scales)).sum(axis=-1))


_FORMULAS: Mapping[str, Formula] = {
    "bernoulli": _bernoulli,
    "gaussian": lambda x, p: _normal(x, p[..., 0], _SIGMA**2),
    "optimal-gaussian": lambda x, p: _normal(x, p[..., 0], 1.0),  # before it has seen an error
    "learned-gaussian": lambda x, p: _normal(x, p[..., 0], _SIGMA**2 + _LEAST),
    "pixel-gaussian": lambda x, p: _normal(
        x, 1.0 / (1.0 + np.exp(-p[..., 0])), _SIGMA**2 * np.exp(p[..., 1]) + _LEAST
    ),
    "laplace": lambda x, p: -np.abs(x - p[..., 0]) / _SIGMA - np.log(2.0 * _SIGMA),
    "continuous-bernoulli": _continuous_bernoulli,
    "discretized-logistic": _logistic,
    "logistic-mixture": _logistic_mixture,
}


def _made(name: LikelihoodName) -> Likelihood:
    scaled = name in _SCALED or "logistic" in name
    return likelihood_named(name, _SIGMA) if scaled else likelihood_named(name)


def _parameters(law: Any, count: int) -> np.ndarray:
    """`(count, P)`, as a decoder might give them at so many places."""
    width = law.channels(1) if law.scale == "parameters" else 1
    values = np.random.default_rng(0).normal(0.3, 0.6, (count, width))
    return values.astype("float32")


def _support(name: str, law: Any) -> tuple[np.ndarray, np.ndarray]:
    """What a pixel may be, `(N,)`, and the weight of each in a sum or an integral."""
    if law.scale == "logits":
        return np.array([0.0, 1.0]), np.ones(2)
    if "logistic" in name:
        return np.arange(256) / 255.0, np.ones(256)
    low, high = (0.0, 1.0) if name == "continuous-bernoulli" else (-16.0, 16.0)
    edges = np.linspace(low, high, 200_001)
    return 0.5 * (edges[1:] + edges[:-1]), np.diff(edges)


def _log_prob(law: Likelihood, x: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """Of pixels `(N,)` each as an image, by parameters `(N, P)`."""
    images = ops.convert_to_tensor(x.astype("float32").reshape(-1, 1, 1, 1))
    given = ops.convert_to_tensor(parameters.reshape(len(x), 1, 1, -1))
    return array(law.log_prob(images, given)).astype("float64")


def _formula(name: LikelihoodName) -> Comparison:
    law = _made(name)
    p = _parameters(law, 40)
    x = np.random.default_rng(1).integers(0, 256, 40) / 255.0
    if law.scale == "logits":
        x = np.rint(x)
    return near(_FORMULAS[name](x, p.astype("float64")), _log_prob(law, x, p), rtol=1e-3, atol=1e-3)


def _masses(name: LikelihoodName) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of some pixels' laws: parameters `(P,)`, what the pixel may be and the mass there."""
    law = _made(name)
    x, weights = _support(name, law)
    for p in _parameters(law, 3):
        yield p, x, np.exp(_log_prob(law, x, np.tile(p, (len(x), 1)))) * weights


def _total(name: LikelihoodName) -> Comparison:
    totals = [mass.sum() for _, _, mass in _masses(name)]
    return near(np.ones(len(totals)), totals, rtol=1e-3)


def _mean(name: LikelihoodName) -> Comparison:
    law: Any = _made(name)
    expected, got = [], []
    for p, x, mass in _masses(name):
        if law.scale == "parameters":
            shown = array(law.mean(ops.convert_to_tensor(p.reshape(1, 1, 1, -1))))[0, 0, 0, 0]
        else:
            shown = p[0] if law.scale == "mean" else 1.0 / (1.0 + np.exp(-p[0]))
        expected.append((x * mass).sum())
        got.append(shown)
    # Of laws in levels, the mean is the integral's, half a level off at most.
    return near(expected, got, rtol=1e-3, atol=2e-3)


def _sum(name: LikelihoodName) -> Comparison:
    law = _made(name)
    p = _parameters(law, 6)
    x = np.rint(np.random.default_rng(2).random(6))
    single = _log_prob(law, x, p)
    images = ops.convert_to_tensor(x.astype("float32").reshape(1, 2, 3, 1))
    whole = array(law.log_prob(images, ops.convert_to_tensor(p.reshape(1, 2, 3, -1))))
    draws = ops.convert_to_tensor(np.stack([p.reshape(1, 2, 3, -1)] * 2))
    leading = array(law.log_prob(images, draws))
    return near(np.full(3, single.sum()), np.concatenate([whole, leading.ravel()]))


def _colour(name: LikelihoodName) -> Comparison:
    law: Any = _made(name)
    channels = 3
    width = law.channels(channels) if law.scale == "parameters" else channels
    p = np.random.default_rng(4).normal(0.3, 0.6, (1, width)).astype("float32")
    x = np.rint(np.random.default_rng(5).random((1, channels)))
    image = ops.convert_to_tensor(x.astype("float32").reshape(1, 1, 1, channels))
    got = array(law.log_prob(image, ops.convert_to_tensor(p.reshape(1, 1, 1, -1))))
    values = p[0].astype("float64")
    if name == "logistic-mixture":
        # Weights, then locations by channel, then scales by channel, of each component.
        parts = values.reshape(1 + 2 * channels, -1)
        shares = np.exp(parts[0]) / np.exp(parts[0]).sum()
        for number, pixel in enumerate(x[0]):
            shares = shares * _level(pixel, parts[1 + number], parts[1 + channels + number])
        return near(np.log(shares.sum()), got[0], rtol=1e-3)
    by_channel = values.reshape(-1, channels).T
    return near(_FORMULAS[name](x[0], by_channel).sum(), got[0], rtol=1e-3)


def _drawn(name: LikelihoodName) -> Comparison:
    law: Any = _made(name)
    if not isinstance(law, SampleableLikelihood):
        raise CheckSkipped("it can't be drawn from")
    expected, got, errors = [], [], []
    for p, x, mass in _masses(name):
        given = ops.convert_to_tensor(np.tile(p, (_DRAWS, 1, 1, 1)))
        drawn = array(law.sample(given, keras.random.SeedGenerator(0))).ravel()
        told = _log_prob(law, drawn, np.tile(p, (_DRAWS, 1)))
        log_p = _log_prob(law, x, np.tile(p, (len(x), 1)))
        expected += [(mass * np.where(mass > 0, log_p, 0.0)).sum(), (mass * x).sum()]
        got += [told.mean(), drawn.mean()]
        errors += [told.std() / _DRAWS**0.5, drawn.std() / _DRAWS**0.5]
    return within(expected, got, np.array(errors) + 4e-4)


def _follows() -> Comparison:
    law = _made("optimal-gaussian")
    if not isinstance(law, OptimalGaussian):
        raise CheckSkipped("the likelihood of that name is another")
    rng = np.random.default_rng(0)
    x, reconstruction = rng.random((2, 5, 4, 4, 1)).astype("float32")
    for _ in range(3):
        law.follow(ops.convert_to_tensor(x), ops.convert_to_tensor(reconstruction))
    variance = ((x - reconstruction) ** 2).mean()
    density = _normal(x.astype("float64"), reconstruction, variance).sum(axis=(1, 2, 3))
    got = law.log_prob(ops.convert_to_tensor(x), ops.convert_to_tensor(reconstruction))
    return near([variance, *density], [float(array(law.variance)), *array(got)])
