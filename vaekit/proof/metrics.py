"""The kit's estimates of log p(x) against an integral, where the posterior is far from exact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from vaekit.engine import ProgramModel
from vaekit.metric import Estimate, Measurement
from vaekit.model import seeded
from vaekit.proof.claim import Claim, Comparison, holds, within
from vaekit.proof.small_vae import (
    Weights,
    kit_part,
    log_evidence,
    small_program,
    some_images,
    weights_of,
)
from vaekit.testing import Subject
from vaekit.testing.training import array
from vaekit.types import Images

_AREA = "metrics"


def claims_of_metrics(*, annealed: bool) -> Iterator[Claim]:
    """Importance sampling; annealed importance sampling, which takes longer, if asked for."""
    yield Claim(
        _AREA,
        "nll",
        "by draws of the prior, -log of the mean of p(x|z) is -log p(x), integrated",
        _importance_sampling,
    )
    yield Claim(
        _AREA, "nll's elbo", "it is the mean of log p(x|z) over those draws", _mean_of_logarithms
    )
    if annealed:
        yield Claim(_AREA, "ais", "its lower bound is log p(x) or just below", _annealed)


class _Case(NamedTuple):
    """A model whose posterior is its prior, images, their log p(x) `(B,)`, and draws."""

    model: ProgramModel
    x: np.ndarray
    log_evidence: np.ndarray
    weights: Weights


@lru_cache(maxsize=1)
def _case() -> _Case:
    program, space = small_program({"loss": kit_part("loss", "elbo")})
    for variable in program.vae.parts["latent"]:  # z_mean and z_log_var become 0
        variable.assign(np.zeros_like(array(variable)))
    x = some_images()
    evidence = log_evidence(program, space, x)
    return _Case(ProgramModel(program, None, None), x, evidence, weights_of(program, x))


@lru_cache(maxsize=4)
def _figures(name: str, options: tuple[tuple[str, Any], ...]) -> Mapping[str, Estimate]:
    case = _case()
    images = Images(case.x)
    measurement = Measurement(model=case.model, images=images, training=lambda: images)
    metric = Subject(kit_part("metric", name)).make(**dict(options))
    with seeded(0):
        figures: Mapping[str, Estimate] = metric(measurement)
    return figures


_nll = partial(_figures, "nll", (("samples", 4000),))


def _importance_sampling() -> Comparison:
    case = _case()
    ratios = np.exp(case.weights.log_weights - case.log_evidence)
    error = float((ratios.std(axis=0) / np.sqrt(len(ratios))).mean())
    return within(-case.log_evidence.mean(), _nll()["nll"].value, error + 2e-3)


def _mean_of_logarithms() -> Comparison:
    logarithms = _case().weights.log_weights
    error = float((logarithms.std(axis=0) / np.sqrt(len(logarithms))).mean())
    return within(logarithms.mean(), _nll()["elbo"].value, 2.0 * error)


def _annealed() -> Comparison:
    figures = _figures("ais", (("chains", 8), ("leapfrog", 5), ("steps", 200)))
    expected, bound = _case().log_evidence.mean(), figures["log_p_lower_bound"].value
    assert isinstance(bound, float)
    return holds(
        expected - 0.3 < bound < expected + 0.1,
        f"{expected:.6g}",
        f"{bound:.6g}",
        "0.3 below it, 0.1 above",
    )
