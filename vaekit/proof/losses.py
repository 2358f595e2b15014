"""The kit's losses and schedules against their equations in NumPy, at known outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from keras import ops

from vaekit import schedules
from vaekit.plugins import discover
from vaekit.proof.claim import Claim, Comparison, near
from vaekit.registry import KIT
from vaekit.testing import Subject
from vaekit.testing.loss_values import LossUnderCheck, a_batch
from vaekit.testing.training import array

_AREA = "losses"
_STEP = 130
_SCHEDULES: Mapping[str, tuple[schedules.Schedule, Mapping[int, float]]] = {
    "constant": (schedules.Constant(3.0), {0: 3.0, 10_000: 3.0}),
    "linear": (schedules.Linear(4.0, 200), {0: 0.0, 50: 1.0, 200: 4.0, 900: 4.0}),
    "cyclical": (
        schedules.Cyclical(4.0, 100, 2, 0.5),
        {0: 0.0, 25: 2.0, 75: 4.0, 100: 0.0, 125: 2.0, 200: 4.0, 1000: 4.0},
    ),
}


def claims_of_losses() -> Iterator[Claim]:
    """The terms of each of the kit's losses; the schedules."""
    for name, options, terms, equation in _LOSSES:
        chosen = "".join(f", {option}={value}" for option, value in options.items())
        yield Claim(_AREA, f"{name}{chosen}", equation, partial(_terms, name, options, terms))
    for name, (schedule, values) in _SCHEDULES.items():
        sentence = ", ".join(f"{value:g} at step {step}" for step, value in values.items())
        yield Claim(_AREA, f"schedule {name}", sentence, partial(_schedule, schedule, values))


class _Known:
    """What a loss is given, in NumPy, and what its equations take of it."""

    def __init__(self) -> None:
        batch = a_batch()
        self.x, self.reconstruction = (values.astype("float64") for values in batch[:2])
        mean, log_var = batch.z_mean.astype("float64"), batch.z_log_var.astype("float64")
        self.kl = 0.5 * (mean**2 + np.exp(log_var) - 1.0 - log_var).sum(axis=-1)

    def gaussian(self, sigma: float) -> np.ndarray:
        """-log N(x; reconstruction, sigma^2), summed over pixels."""
        squares = ((self.x - self.reconstruction) ** 2).sum(axis=(1, 2, 3))
        pixels = np.prod(self.x.shape[1:])
        return squares / (2.0 * sigma**2) + 0.5 * pixels * np.log(2.0 * np.pi * sigma**2)

    @property
    def bernoulli(self) -> np.ndarray:
        """-log p(x) of pixels whose logits are the reconstruction."""
        white = 1.0 / (1.0 + np.exp(-self.reconstruction))
        log_prob = self.x * np.log(white) + (1.0 - self.x) * np.log(1.0 - white)
        return -log_prob.sum(axis=(1, 2, 3))

    @property
    def mean_squares(self) -> np.ndarray:
        """The mean squared error of each image."""
        return ((self.x - self.reconstruction) ** 2).mean(axis=(1, 2, 3))


_LOSSES: tuple[tuple[str, dict[str, Any], Any, str], ...] = (
    (
        "tutorial",
        {"weight": 700.0},
        lambda k: {"reconstruction": 700.0 * k.mean_squares, "kl": k.kl},
        "reconstruction = weight x mean squared error; kl = KL(q || N(0, I)), summed over z",
    ),
    (
        "elbo",
        {},
        lambda k: {"reconstruction": k.bernoulli, "kl": k.kl},
        "reconstruction = -log p(x|z), summed over pixels; kl = KL, summed over z",
    ),
    (
        "elbo",
        {"likelihood": "gaussian", "sigma": 0.3},
        lambda k: {"reconstruction": k.gaussian(0.3), "kl": k.kl},
        "reconstruction = -log N(x; reconstruction, sigma^2), summed over pixels; kl = KL",
    ),
    (
        "elbo",
        {"likelihood": "gaussian", "sigma": 0.3, "samples": 3},
        lambda k: {"reconstruction": k.gaussian(0.3), "kl": k.kl},
        "of three equal draws it is what it is of one",
    ),
    (
        "beta",
        {"beta": 2.5},
        lambda k: {"reconstruction": k.bernoulli, "weighted_kl": 2.5 * k.kl},
        "weighted_kl = beta x KL",
    ),
    (
        "beta",
        {"beta": 2.0, "schedule": "linear", "steps": 4 * _STEP},
        lambda k: {"reconstruction": k.bernoulli, "weighted_kl": 0.5 * k.kl},
        "at a quarter of its warm-up, weighted_kl = beta / 4 x KL",
    ),
    (
        "sigma",
        {},
        lambda k: {"reconstruction": k.gaussian(1.0), "kl": k.kl},
        "before it has seen an error, reconstruction = -log N(x; reconstruction, 1); kl = KL",
    ),
)


def _terms(name: str, options: dict[str, Any], terms: Any, /) -> Comparison:
    subject = Subject(discover().registry.get("loss", f"{name}@{KIT}"))
    got = LossUnderCheck(subject, **options).terms(a_batch(), _STEP)
    expected = terms(_Known())
    if set(got) != set(expected):
        return Comparison(", ".join(expected), ", ".join(got), "the same terms", False)
    return near([expected[term] for term in expected], [got[term] for term in expected])


def _schedule(schedule: schedules.Schedule, values: Mapping[int, float]) -> Comparison:
    got = [float(array(schedule(ops.convert_to_tensor(step, dtype="int32")))) for step in values]
    return near([*values.values()], got)
