"""log p(x) by importance sampling, with the model's own posterior to draw from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial, reduce
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Le

import vaekit
from vaekit.default_plugins.metrics.image_batches import rows_at_once
from vaekit.default_plugins.metrics.log_weights import LogWeightSums, sums_of

# Draws of an image at a time: many more than encoding it costs, few enough for a large image.
_DRAWS_AT_ONCE = 50
# By so much may log p still rise from K/2 to K, in nats: tables of this field are told to a tenth.
_SETTLED = 0.1
# Where half of the images rest on fewer draws than these, one more may change everything.
_FEWEST_EFFECTIVE = 5.0


class ImportanceSampling(vaekit.Metric):
    """log p(x) = log E_q[w], w = p(x|z) p(z) / q(z|x); see `nll`."""

    needs = ("likelihood", "density")

    def __init__(self, samples: int) -> None:
        self.samples = samples

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        first, second = self._halves(measurement)
        both = second if first is None else first + second
        if not np.isfinite(both.log_mean).all():
            image = int(np.argmin(np.isfinite(both.log_mean)))
            raise vaekit.UserError(
                f"Log p(x, z) of image {image} isn't finite at the draws of its posterior, so that "
                "its likelihood can't be told: look at that image, and at the run's loss."
            )
        k = self.samples
        halves = [half.log_mean for half in (first, second) if half is not None]
        risen = float(np.mean(both.log_mean - np.mean(halves, axis=0)))
        effective = float(np.median(both.effective_draws))
        estimator = f"importance sampling, K = {k}"
        nll = vaekit.Estimate.mean(
            -both.log_mean, "nats", "lower", estimator, self._note(risen, effective)
        )
        estimates = {
            "nll": nll,
            "elbo": vaekit.Estimate.mean(both.mean, "nats", "higher", f"mean of log w, K = {k}"),
            "bits_per_dim": _bits(nll, measurement.model),
            "effective_draws": vaekit.Estimate(
                effective,
                "draws",
                "higher",
                estimator="(sum w)^2 / sum w^2, median over images",
            ),
        }
        if first is not None:
            estimates["nll_half_draws"] = vaekit.Estimate.mean(
                -np.mean(halves, axis=0),
                "nats",
                "lower",
                f"importance sampling, K = {k // 2}, mean of the two halves",
            )
        return estimates

    def _halves(
        self, measurement: vaekit.Measurement
    ) -> tuple[LogWeightSums | None, LogWeightSums]:
        """Of the first half of each chunk of draws, and of the second; one draw has no first."""
        model, images = measurement.model, measurement.images
        rows = rows_at_once(model.image_shape)
        most = min(_DRAWS_AT_ONCE, rows)
        chunk = most if most >= self.samples else max(2, most - most % 2)
        tick = measurement.progress("importance sampling", self.samples * len(images.pixels))
        halves: dict[str, list[LogWeightSums]] = {"first": [], "second": []}
        for draws, repeats in ((chunk, self.samples // chunk), (self.samples % chunk, 1)):
            if not draws or not repeats:
                continue

            values = model.over_repeats(
                partial(_sums_of_halves, model, draws),
                images,
                repeats,
                batch=max(1, rows // draws),
                seed=measurement.seed + draws,  # another for the rest
                done=partial(_tell, tick, draws),
            )
            for name, sums in values.items():
                each = draws // 2 if name == "first" else draws - draws // 2
                halves[name].append(LogWeightSums.of(sums, each))
        first, second = (reduce(LogWeightSums.__add__, h) if h else None for h in halves.values())
        assert second is not None
        return first, second

    def _note(self, risen: float, effective: float) -> str:
        if self.samples == 1:
            return "One draw gives the ELBO, and can't tell how far it is below log p(x)."
        if risen > _SETTLED or effective < _FEWEST_EFFECTIVE:
            return (
                f"K isn't enough: log p(x) rose by {risen:.2g} nats from K/2 to K, and half of the "
                f"images rest on {effective:.3g} effective draws or fewer, so that it is still "
                "estimated too low."
            )
        return ""


def _tell(tick: Callable[[int], None], draws: int, images: int) -> None:
    tick(draws * images)


def _sums_of_halves(
    model: vaekit.TrainedModel, draws: int, x: Any, labels: Any, seed: Any
) -> dict[str, Any]:
    log_w = log_weights(model, x, labels, seed, draws)
    parts = {"first": log_w[: draws // 2], "second": log_w[draws // 2 :]}
    return {name: sums_of(part) for name, part in parts.items() if part.shape[0]}


def log_weights(model: vaekit.TrainedModel, x: Any, labels: Any, seed: Any, draws: int) -> Any:
    """Log w of so many draws of each image, `(draws, B)`, in nats."""
    assert model.likelihood is not None
    output = model.infer(x, labels, seed, draws)
    log_w = model.likelihood.log_prob(x, output.reconstruction) - output.log_ratio
    return log_w if draws > 1 else log_w[None]


def _bits(nll: vaekit.Estimate, model: vaekit.TrainedModel) -> vaekit.Estimate:
    values = math.prod(model.image_shape)
    note = nll.note
    if not getattr(model.likelihood, "discrete", False):
        density = (
            "The likelihood is a density of values in [0, 1]: it may be below 0, and can't be held "
            "against that of discrete pixels."
        )
        note = f"{note} {density}".strip()
    scale = 1.0 / (values * math.log(2.0))
    assert isinstance(nll.value, float)
    error = None if nll.error is None else nll.error * scale
    return nll._replace(value=nll.value * scale, unit="bits per dimension", error=error, note=note)


def nll(*, samples: Annotated[int, Ge(1), Le(1_000_000)] = 500) -> vaekit.Metric:
    """-log p(x) of held-out images, by importance sampling, and the ELBO beside it.

    log 1/K sum_k w_k with w = p(x|z) p(z) / q(z|x): Burda, Grosse and Salakhutdinov, "Importance
    Weighted Autoencoders" (arXiv:1509.00519), equation 8. It is below log p(x) on average, and
    rises towards it with K. The mean over an image's draws is taken first, and the logarithm after
    it; draws come in chunks, so that memory doesn't grow with K. Published figures have a K of 200
    to 5,000.

    Args:
        samples: K, draws of z for each image.
    """
    return ImportanceSampling(samples)
