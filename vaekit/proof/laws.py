"""Laws over z against their formulas in NumPy, and against their own draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from vaekit.distributions import (
    DiagonalNormal,
    Distribution,
    FullNormal,
    Mixture,
    StandardNormal,
    divergence,
    kl_standard_normal,
)
from vaekit.proof.claim import Claim, Comparison, near, within
from vaekit.testing.training import array

_AREA = "distributions"
_DRAWS = 20_000
_B, _D = 3, 4


class _Case(NamedTuple):
    """A law, the same density in NumPy, its mean `(B, D)` and its covariance `(B, D, D)`."""

    law: Distribution
    log_prob: Callable[[np.ndarray], np.ndarray]  # (N, B, D) -> (N, B)
    mean: np.ndarray
    covariance: np.ndarray


def claims_of_laws() -> Iterator[Claim]:
    """Draws, densities and divergences of the kit's laws."""
    for name, case in _cases().items():
        for what, sentence, compare in (
            ("log-density", "its log-density is the formula's, summed over dimensions", _density),
            ("mean", "the mean of its draws is its mean", _mean),
            ("covariance", "the covariance of its draws is its covariance", _covariance),
            ("noise", "`from_noise` of normal noise is of the law that it draws", _noise),
            ("tempered", "at temperature t deviations from the mean are t times as large", _cold),
        ):
            yield Claim(_AREA, f"{name}, {what}", sentence, partial(compare, case))
    yield Claim(
        _AREA,
        "KL from N(0, I)",
        "KL = 0.5 (mu^2 + sigma^2 - 1 - log sigma^2), by dimension",
        _kl_standard,
    )
    yield Claim(
        _AREA,
        "KL of diagonal normals",
        "KL = log(s2 / s1) + (s1^2 + (m1 - m2)^2) / (2 s2^2) - 0.5, by dimension",
        _kl_diagonal,
    )
    yield Claim(
        _AREA,
        "KL of a full normal",
        "KL(N(mu, S) || N(0, I)) = 0.5 (tr S + mu'mu - D - log det S)",
        _kl_full,
    )
    yield Claim(
        _AREA,
        "KL by draws",
        "the mean of log q(z) - log p(z) over draws of q is the KL of both normals",
        _kl_by_draws,
    )
    yield Claim(
        _AREA,
        "KL where there is no closed form",
        "it is the mean of the log-ratio over draws, as one unit",
        _kl_estimated,
    )
    yield Claim(
        _AREA,
        "gradient of a draw",
        "z = mu + sigma eps: dz/dmu = 1 and dz/dlog sigma^2 = (z - mu) / 2",
        _gradient_of_draws,
    )


def _values() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means and log-variances `(B, D)`, and lower triangles `(B, D, D)`."""
    rng = np.random.default_rng(0)
    mean, log_var = rng.normal(0.0, 1.0, (2, _B, _D)).astype("float32")
    tril = np.tril(rng.normal(0.0, 0.5, (_B, _D, _D)), -1) + np.exp(0.5 * log_var)[
        :, None
    ] * np.eye(_D)
    return mean, log_var, tril.astype("float32")


def _normal(z: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """log N(z; mean, covariance), by the determinant and the inverse."""
    away = z - mean
    squares = np.einsum("...i,...ij,...j->...", away, np.linalg.inv(covariance), away)
    log_det = np.linalg.slogdet(covariance)[1]
    return -0.5 * (mean.shape[-1] * math.log(2.0 * math.pi) + log_det + squares)


def _cases() -> dict[str, _Case]:
    mean, log_var, tril = _values()
    wide = np.exp(log_var)[:, None] * np.eye(_D)
    full = tril @ tril.transpose(0, 2, 1)
    zero, one = np.zeros((_B, _D)), np.broadcast_to(np.eye(_D), (_B, _D, _D))
    shares = np.array([0.2, 0.5, 0.3])

    def mixed(z: np.ndarray) -> np.ndarray:
        each = np.exp(_normal(z[..., None, :], mean, wide)) * shares
        return np.log(each.sum(axis=-1))

    centre = shares @ mean
    spread = np.einsum("c,cij->ij", shares, wide) + np.einsum(
        "c,ci,cj->ij", shares, mean - centre, mean - centre
    )
    mixture = Mixture(
        DiagonalNormal(ops.convert_to_tensor(mean), ops.convert_to_tensor(log_var)),
        ops.convert_to_tensor(np.log(shares).astype("float32")),
    )
    return {
        "standard normal": _Case(
            StandardNormal(_D), partial(_normal, mean=zero, covariance=one), zero, one
        ),
        "diagonal normal": _Case(
            DiagonalNormal(ops.convert_to_tensor(mean), ops.convert_to_tensor(log_var)),
            partial(_normal, mean=mean, covariance=wide),
            mean,
            wide,
        ),
        "full normal": _Case(
            FullNormal(ops.convert_to_tensor(mean), ops.convert_to_tensor(tril)),
            partial(_normal, mean=mean, covariance=full),
            mean,
            full,
        ),
        "mixture": _Case(
            mixture,
            mixed,
            np.broadcast_to(centre, (_B, _D)),
            np.broadcast_to(spread, (_B, _D, _D)),
        ),
    }


def _draws(law: Distribution, count: int = _DRAWS) -> np.ndarray:
    """`(count, B, D)`: of a single law, B columns of draws."""
    z = array(law.sample(keras.random.SeedGenerator(0), (count,)))
    if z.ndim == 3:
        return z
    return array(law.sample(keras.random.SeedGenerator(0), (count, _B)))


def _density(case: _Case) -> Comparison:
    z = _draws(case.law, 50)
    got = array(case.law.log_prob(ops.convert_to_tensor(z)))
    return near(case.log_prob(z.astype("float64")), got, rtol=1e-4, atol=1e-3)


def _mean(case: _Case) -> Comparison:
    z = _draws(case.law)
    return within(case.mean, z.mean(axis=0), z.std(axis=0) / math.sqrt(len(z)))


def _covariance(case: _Case) -> Comparison:
    return _of_covariance(_draws(case.law), case.mean, case.covariance)


def _of_covariance(z: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> Comparison:
    away = z - mean
    products = away[..., :, None] * away[..., None, :]
    return within(covariance, products.mean(axis=0), products.std(axis=0) / math.sqrt(len(z)))


def _noise(case: _Case) -> Comparison:
    size = case.law.noise_dim
    noise = np.random.default_rng(1).standard_normal((_DRAWS, _B, size or 1)).astype("float32")
    z = array(case.law.from_noise(ops.convert_to_tensor(noise)))
    return _of_covariance(z, case.mean, case.covariance)


def _cold(case: _Case) -> Comparison:
    """A mixture's components are tempered each, so its cold draws are held to their formula."""
    cold = case.law.tempered(0.5)
    assert cold is not None
    z = _draws(case.law, 50)
    if not isinstance(case.law, Mixture):
        expected = _normal(z.astype("float64"), case.mean, 0.25 * case.covariance)
    else:
        mean, log_var, _ = _values()
        wide = 0.25 * np.exp(log_var)[:, None] * np.eye(_D)
        each = np.exp(_normal(z[..., None, :].astype("float64"), mean, wide))
        expected = np.log((each * np.array([0.2, 0.5, 0.3])).sum(axis=-1))
    return near(expected, array(cold.log_prob(ops.convert_to_tensor(z))), rtol=1e-3, atol=1e-2)


def _kl_standard() -> Comparison:
    mean, log_var, _ = _values()
    law = DiagonalNormal(ops.convert_to_tensor(mean), ops.convert_to_tensor(log_var))
    expected = 0.5 * (mean**2 + np.exp(log_var) - 1.0 - log_var)
    got = [law.kl(StandardNormal(_D)), law.kl_by_unit(), kl_standard_normal(law)]
    sums = np.broadcast_to(expected.sum(axis=-1, keepdims=True), (_B, _D))
    whole = np.broadcast_to(array(law.kl())[:, None], (_B, _D))
    return near([expected, expected, expected, sums], [*map(array, got), whole])


def _kl_diagonal() -> Comparison:
    mean, log_var, _ = _values()
    other = np.roll(mean, 1, axis=0), np.roll(log_var, 1, axis=0)
    s1, s2 = np.exp(0.5 * log_var), np.exp(0.5 * other[1])
    expected = np.log(s2 / s1) + (s1**2 + (mean - other[0]) ** 2) / (2.0 * s2**2) - 0.5
    one, two = (
        DiagonalNormal(*(ops.convert_to_tensor(part) for part in parts))
        for parts in ((mean, log_var), other)
    )
    return near(expected, array(one.kl(two)))


def _kl_full() -> Comparison:
    mean, _, tril = _values()
    covariance = tril @ tril.transpose(0, 2, 1)
    trace = np.trace(covariance, axis1=1, axis2=2)
    log_det = np.linalg.slogdet(covariance)[1]
    expected = 0.5 * (trace + (mean**2).sum(axis=-1) - _D - log_det)
    law = FullNormal(ops.convert_to_tensor(mean), ops.convert_to_tensor(tril))
    kl = law.kl(StandardNormal(_D))
    return near(expected[:, None], array(kl))


def _kl_by_draws() -> Comparison:
    cases = _cases()
    one, standard = cases["diagonal normal"].law, StandardNormal(_D)
    z, log_q = one.sample_and_log_prob(keras.random.SeedGenerator(0), (_DRAWS,))
    ratios = array(log_q).astype("float64") - array(standard.log_prob(z))
    kl = array(one.kl(standard)).sum(axis=-1)
    return within(kl, ratios.mean(axis=0), ratios.std(axis=0) / math.sqrt(_DRAWS))


def _kl_estimated() -> Comparison:
    cases = _cases()
    ratios = np.random.default_rng(0).normal(size=(7, _B)).astype("float32")
    kl = divergence(cases["full normal"].law, cases["mixture"].law, ops.convert_to_tensor(ratios))
    return near(ratios.mean(axis=0)[:, None], array(kl))


def _gradient_of_draws() -> Comparison:
    from vaekit.autodiff import gradient

    mean, log_var, _ = _values()

    def drawn(mean: np.ndarray, log_var: np.ndarray) -> object:
        law = DiagonalNormal(mean, log_var)
        return ops.sum(law.sample(keras.random.SeedGenerator(0)), axis=-1)

    mean_tensor, log_var_tensor = ops.convert_to_tensor(mean), ops.convert_to_tensor(log_var)
    z = array(DiagonalNormal(mean_tensor, log_var_tensor).sample(keras.random.SeedGenerator(0)))
    by_mean = gradient(lambda m: drawn(m, log_var_tensor), mean_tensor)
    by_log_var = gradient(lambda v: drawn(mean_tensor, v), log_var_tensor)
    expected = [np.ones_like(mean), 0.5 * (z - mean)]
    return near(expected, [array(by_mean), array(by_log_var)])
