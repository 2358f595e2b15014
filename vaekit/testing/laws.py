"""What two samples, a density and its draws say of each other, by statistics of a stated risk."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from vaekit.distributions import Distribution
from vaekit.testing.verdict import require

# How often a sound part fails one comparison of samples. A check makes at most some dozens.
FALSE_ALARM = 1e-9
# A mean is further than so many standard errors from what it estimates once in 10^9 times.
ERRORS = 6.1
# What a sum over a grid may be off, by the grid's own doing.
_COARSE = 0.01

LogProb = Callable[[np.ndarray], np.ndarray]  # points (N, D) -> (N,), nats


def require_draws(law: Distribution, size: int, whose: str) -> None:
    """Raise `AssertionError` unless a single law draws `(*lead, D)` and has log-densities `(...,)`.

    Its densities are asked for draws that have a leading axis.

    whose: the law, as a sentence begins with it: `It`, `Its prior`.
    """
    for lead in ((), (5,), (3, 5)):
        z = law.sample(keras.random.SeedGenerator(0), lead)
        shape = (*lead, size)
        require(
            tuple(z.shape) == shape,
            f"{whose} is asked for {lead} draws, and gives {tuple(z.shape)}, not {shape}.",
        )
        log_prob = law.log_prob(z) if lead else None
        if log_prob is not None:
            gives = tuple(log_prob.shape)
            require(gives == lead, f"Of z {shape}, its log-density has the shape {gives}.")


def require_same_law(one: np.ndarray, two: np.ndarray, sentence: str) -> None:
    """Raise `AssertionError` if samples `(N, D)` and `(M, D)` are of different laws.

    Kolmogorov's and Smirnov's two-sample test, along each axis and some other directions; a sound
    part fails one of them once in 10^9 times (`FALSE_ALARM`).

    sentence: without its full stop; what differs is added.
    """
    rng = np.random.default_rng(0)
    # Atoms that differ by rounding are the same: both samples are blurred alike, by a thousandth.
    blur = 1e-3 * np.abs(np.concatenate([one, two])).mean(axis=0) + 1e-6
    one, two = (sample + blur * rng.standard_normal(sample.shape) for sample in (one, two))
    size = one.shape[-1]
    oblique = rng.standard_normal((size, 4)) if size > 1 else np.empty((1, 0))
    directions = np.concatenate([np.eye(size), oblique], axis=1)
    allowed = math.sqrt(-0.5 * math.log(FALSE_ALARM / 2) * (1 / len(one) + 1 / len(two)))
    for direction in directions.T:
        a, b = np.sort(one @ direction), np.sort(two @ direction)
        every = np.concatenate([a, b])
        shares = (np.searchsorted(sample, every, side="right") / len(sample) for sample in (a, b))
        apart = float(np.abs(np.subtract(*shares)).max())
        require(
            apart <= allowed,
            f"{sentence}: their distributions are {apart:.3f} apart, where {allowed:.3f} may be "
            f"chance (means {a.mean():.3g} and {b.mean():.3g}, standard deviations {a.std():.3g} "
            f"and {b.std():.3g}).",
        )


class Space(NamedTuple):
    """Where laws of few dimensions are checked by their densities.

    sizes: the numbers of values of z for which that can be done.
    integral: of a density over the whole, where draws `(N, D)` say where it is.
    near: draws, a point -> which of the draws are near it, and the volume of what is near.
    """

    sizes: tuple[int, ...]
    integral: Callable[[LogProb, np.ndarray], float]
    near: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, float]]


def require_unit_integral(space: Space, log_prob: LogProb, draws: np.ndarray) -> None:
    """Raise `AssertionError` unless the density integrates to 1 over the space."""
    total = space.integral(log_prob, draws)
    size = draws.shape[-1]
    require(
        abs(total - 1.0) < _COARSE,
        f"For z of size {size}, its density integrates to {total:.4g}, not to 1.",
    )


def require_density_of_draws(
    space: Space, draws: np.ndarray, log_prob: np.ndarray, who: str
) -> None:
    """Raise `AssertionError` unless draws `(N, D)` have the density that is told of them.

    Of draws in a region of volume V, the mean of 1 / (V q(z)), others counting as 0, is 1. That is
    so around any point: it is looked at around the densest draw and around a middling one.
    """
    for point in draws[np.argsort(log_prob)[[-1, len(draws) // 2]]]:
        near, volume = space.near(draws, point)
        weights = np.where(near, np.exp(-log_prob) / volume, 0.0)
        mean, error = weights.mean(), weights.std() / math.sqrt(len(weights))
        require(
            abs(mean - 1.0) < ERRORS * error + _COARSE,
            f"{who} aren't as dense as its log-density says: around {point.round(2).tolist()} "
            f"there are {mean:.3g} times as many, with a standard error of {error:.2g}.",
        )


def _real_integral(log_prob: LogProb, draws: np.ndarray) -> float:
    """By a grid that is fine in the middle of the draws and reaches 200 times their spread."""
    low, centre, high = np.quantile(draws, (0.25, 0.5, 0.75), axis=0)
    spread = (high - low) / 1.35 + 1e-6
    size = draws.shape[-1]
    steps = np.linspace(-6.0, 6.0, 4001 if size == 1 else 501)
    axes = [c + s * np.sinh(steps) for c, s in zip(centre, spread, strict=True)]
    weights = [s * np.cosh(steps) * (steps[1] - steps[0]) for s in spread]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, size)
    volumes = np.prod(np.stack(np.meshgrid(*weights, indexing="ij")), axis=0).ravel()
    return float(np.sum(np.exp(log_prob(points.astype("float32"))) * volumes))


def _real_near(draws: np.ndarray, point: np.ndarray) -> tuple[np.ndarray, float]:
    """A box around the point that holds a fifth of the draws."""
    spread = draws.std(axis=0) + 1e-6
    away = (np.abs(draws - point) / spread).max(axis=-1)
    half = float(np.quantile(away, 0.2))
    return away <= half, float(np.prod(2.0 * half * spread))


def _sphere_integral(log_prob: LogProb, draws: np.ndarray) -> float:
    """By rings of equal height, which have equal surface in three dimensions; a ring in two."""
    angle = (np.arange(720) + 0.5) * (2.0 * np.pi / 720)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    surface = 2.0 * np.pi
    if draws.shape[-1] == 3:
        height = (np.arange(400) + 0.5) / 200 - 1.0
        wide = np.sqrt(1.0 - height**2)[:, None, None] * points
        heights = np.broadcast_to(height[:, None, None], (*wide.shape[:-1], 1))
        points, surface = np.concatenate([wide, heights], axis=-1).reshape(-1, 3), 4.0 * np.pi
    return float(np.exp(log_prob(points.astype("float32"))).mean() * surface)


def _sphere_near(draws: np.ndarray, point: np.ndarray) -> tuple[np.ndarray, float]:
    """A cap around the point that holds a fifth of the draws."""
    cosine = np.clip(draws @ point, -1.0, 1.0)
    least = float(np.quantile(cosine, 0.8))
    on_circle = draws.shape[-1] == 2
    return cosine >= least, 2.0 * math.acos(least) if on_circle else 2.0 * math.pi * (1.0 - least)


def _ball_integral(log_prob: LogProb, draws: np.ndarray) -> float:
    """Over the points of length below 1, on a grid that is finer the nearer it is to the rim."""
    steps = np.linspace(-6.0, 6.0, 2001)
    lengths, weights = np.tanh(steps), (steps[1] - steps[0]) / np.cosh(steps) ** 2
    points = lengths[:, None]
    if draws.shape[-1] == 2:
        angle = np.arange(360) * (np.pi / 360)  # a diameter for each, from rim to rim
        directions = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        points = (points[:, None] * directions).reshape(-1, 2)
        weights = np.repeat(weights * np.abs(lengths) * (np.pi / 360), 360)
    return float(np.sum(np.exp(log_prob(points.astype("float32"))) * weights))


def _ball_near(draws: np.ndarray, point: np.ndarray) -> tuple[np.ndarray, float]:
    """A ball around the point that holds a fifth of the draws, or touches the rim."""
    away = np.linalg.norm(draws - point, axis=-1)
    radius = min(float(np.quantile(away, 0.2)), 1.0 - float(np.linalg.norm(point)))
    return away <= radius, 2.0 * radius if draws.shape[-1] == 1 else math.pi * radius**2


# By `Latent.support`; of other supports the kit knows no measure.
SPACES = {
    "real": Space((1, 2), _real_integral, _real_near),
    "sphere": Space((2, 3), _sphere_integral, _sphere_near),
    "ball": Space((1, 2), _ball_integral, _ball_near),
}
