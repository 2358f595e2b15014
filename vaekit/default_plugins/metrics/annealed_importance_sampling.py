"""Bounds on log p(x) by annealed importance sampling, from below and from above."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from annotated_types import Ge, Le
from keras import ops

import vaekit
from vaekit.default_plugins.metrics.annealing import ACCEPTANCE, Annealing, temperatures
from vaekit.default_plugins.metrics.image_batches import chosen, rows_at_once
from vaekit.distributions import SampleableLikelihood

_TUNING_CHAINS = 4
# Bounds that are further apart, in nats, leave log p open by more than tables differ.
_APART = 1.0


class AnnealedImportanceSampling(vaekit.Metric):
    """See `ais`."""

    needs = ("likelihood", "density")
    supports = ("real",)

    def __init__(self, steps: int, chains: int, leapfrog: int, images: int) -> None:
        self.steps, self.chains, self.leapfrog, self.images = steps, chains, leapfrog, images

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        model, seed = measurement.model, measurement.seed
        images = chosen(measurement.images, self.images, seed)
        count = len(images.pixels)
        values = model.over(
            partial(self._bounds, model),
            images,
            batch=max(1, rows_at_once(model.image_shape) // (2 * self.chains)),
            seed=seed,
            done=measurement.progress("annealed importance sampling", count),
        )
        by = f"AIS from the prior, {self.steps:,} steps, {self.chains} chains, {count:,} "
        note, taken = "", float(values["acceptance"].mean())
        if taken < ACCEPTANCE / 2:
            note = f"Only {taken:.0%} of the steps were taken: the bound may be far too low."
        estimates = {
            "log_p_lower_bound": vaekit.Estimate.mean(
                values["lower"], "nats", "higher", f"{by}images", note
            ),
            "acceptance": vaekit.Estimate.mean(
                values["acceptance"], "", "", "Hamiltonian Monte Carlo"
            ),
        }
        if "simulated_upper" not in values:
            return estimates
        gap = values["simulated_upper"] - values["simulated_lower"]
        note = ""
        if gap.mean() > _APART:
            note = f"The bounds don't meet: {gap.mean():.2g} nats apart. Take more steps."
        return {
            **estimates,
            "simulated_lower_bound": vaekit.Estimate.mean(
                values["simulated_lower"], "nats", "", f"{by}simulated images"
            ),
            "simulated_upper_bound": vaekit.Estimate.mean(
                values["simulated_upper"], "nats", "", f"reverse {by}simulated images"
            ),
            "gap": vaekit.Estimate.mean(gap, "nats", "lower", "bidirectional Monte Carlo", note),
        }

    def _bounds(
        self, model: vaekit.TrainedModel, x: Any, labels: Any, seed: Any
    ) -> Mapping[str, Any]:
        """Of images, and of as many that the model draws, whose z is thus a draw of p(z|x)."""
        if not isinstance(model.likelihood, SampleableLikelihood):
            lower, acceptance, _ = self._forward(model, x, labels, seed)
            return {"lower": lower, "acceptance": acceptance}
        output = model.infer(x, labels, seed)
        assert output.decode is not None
        z, count = output.prior_draws(), x.shape[0]
        simulated = model.likelihood.sample(output.decode(z, training=False), seed)
        twice = None if labels is None else ops.concatenate([labels, labels])
        lower, acceptance, sizes = self._forward(
            model, ops.concatenate([x, simulated]), twice, seed
        )
        annealing = self._annealing(model, simulated, labels, seed)
        start = ops.broadcast_to(z, (self.chains, *z.shape))
        log_w = annealing.backward(start, sizes[:, count:])
        return {
            "lower": lower[:count],
            "acceptance": acceptance[:count],
            "simulated_lower": lower[count:],
            "simulated_upper": -self._log_mean(-log_w),
        }

    def _forward(
        self, model: vaekit.TrainedModel, x: Any, labels: Any, seed: Any
    ) -> tuple[Any, Any, Any]:
        """The lower bound, the share of steps taken, and the step sizes."""
        output = model.infer(x, labels, seed)
        annealing = self._annealing(model, x, labels, seed)
        sizes = annealing.tuned_sizes(_prior_draws(output, _TUNING_CHAINS))
        log_w, acceptance = annealing.forward(_prior_draws(output, self.chains), sizes)
        return self._log_mean(log_w), acceptance, sizes

    def _annealing(self, model: vaekit.TrainedModel, x: Any, labels: Any, seed: Any) -> Annealing:
        return Annealing(
            lambda z: model.log_prior(z, labels),
            lambda z: model.log_likelihood(x, z, labels),
            ops.convert_to_tensor(temperatures(self.steps)),
            self.leapfrog,
            seed,
        )

    def _log_mean(self, log_w: Any) -> Any:
        """Over chains: `(K, B)` -> `(B,)`."""
        return ops.logsumexp(log_w, axis=0) - math.log(self.chains)


def _prior_draws(output: vaekit.VAEOutput, chains: int) -> Any:
    return ops.stack([output.prior_draws() for _ in range(chains)])


def ais(
    *,
    steps: Annotated[int, Ge(1), Le(1_000_000)] = 500,
    chains: Annotated[int, Ge(1)] = 16,
    leapfrog: Annotated[int, Ge(1)] = 10,
    images: Annotated[int, Ge(1)] = 100,
) -> vaekit.Metric:
    """Bounds on log p(x) that don't hang on the encoder: annealed importance sampling.

    Chains of Hamiltonian Monte Carlo go from the prior to p(z|x). Their weights give a lower bound
    on log p(x); on images that the model drew itself, chains that go back from their z give an
    upper one, and the gap between the two says how far either can be off: Wu et al., "On the
    Quantitative Analysis of Decoder-Based Generative Models" (arXiv:1611.04273). Step sizes are
    tuned by chains of their own, so that both stay bounds.

    Args:
        steps: intermediate laws between prior and posterior; 10,000 in the paper.
        chains: independent chains of each image.
        leapfrog: leapfrog steps of a transition.
        images: how many images to measure on at most, drawn by the seed.
    """
    return AnnealedImportanceSampling(steps, chains, leapfrog, images)


ais.claims = {"options": {"steps": 8, "chains": 2, "images": 4}}  # type: ignore[attr-defined]
