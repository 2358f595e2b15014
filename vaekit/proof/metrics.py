"""The kit's estimates of log p(x) against an integral, where the posterior is far from exact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
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
    estimates = _Estimates()
    yield Claim(
        _AREA,
        "nll",
        "by draws of the prior, -log of the mean of p(x|z) is -log p(x), integrated",
        estimates.of_importance_sampling,
    )
    yield Claim(
        _AREA,
        "nll's elbo",
        "it is the mean of log p(x|z) over those draws",
        estimates.of_the_mean_of_logarithms,
    )
    if annealed:
        yield Claim(
            _AREA, "ais", "its lower bound is log p(x) or just below", estimates.of_annealing
        )


class _Case(NamedTuple):
    """A model whose posterior is its prior, images, their log p(x) `(B,)`, and draws."""

    model: ProgramModel
    x: np.ndarray
    log_evidence: np.ndarray
    weights: Weights

    def figures(self, name: str, **options: Any) -> Mapping[str, Estimate]:
        """What a metric of the kit gives of it."""
        images = Images(self.x)
        measurement = Measurement(model=self.model, images=images, training=lambda: images)
        metric = Subject(kit_part("metric", name)).make(**options)
        with seeded(0):
            figures: Mapping[str, Estimate] = metric(measurement)
        return figures


class _Estimates:
    """Of one case, which the first that asks for it makes."""

    @cached_property
    def _case(self) -> _Case:
        program, space = small_program({"loss": kit_part("loss", "elbo")})
        for variable in program.vae.parts["latent"]:  # z_mean and z_log_var become 0
            variable.assign(np.zeros_like(array(variable)))
        x = some_images()
        evidence = log_evidence(program, space, x)
        return _Case(ProgramModel(program, None, None), x, evidence, weights_of(program, x))

    @cached_property
    def _nll(self) -> Mapping[str, Estimate]:
        return self._case.figures("nll", samples=4000)

    def of_importance_sampling(self) -> Comparison:
        expected = self._case.log_evidence
        ratios = np.exp(self._case.weights.log_weights - expected)
        error = float((ratios.std(axis=0) / np.sqrt(len(ratios))).mean())
        return within(-expected.mean(), self._nll["nll"].value, error + 2e-3)

    def of_the_mean_of_logarithms(self) -> Comparison:
        logarithms = self._case.weights.log_weights
        error = float((logarithms.std(axis=0) / np.sqrt(len(logarithms))).mean())
        return within(logarithms.mean(), self._nll["elbo"].value, 2.0 * error)

    def of_annealing(self) -> Comparison:
        figures = self._case.figures("ais", chains=8, leapfrog=5, steps=200)
        expected, bound = self._case.log_evidence.mean(), figures["log_p_lower_bound"].value
        assert isinstance(bound, float)
        return holds(
            expected - 0.3 < bound < expected + 0.1,
            f"{expected:.6g}",
            f"{bound:.6g}",
            "0.3 below it, 0.1 above",
        )
