"""Bounds on log p(x) by annealed importance sampling, from below and from above."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, NamedTuple

import numpy as np
from annotated_types import Ge, Le
from keras import ops

import vaekit
from vaekit.default_plugins.metrics.hamiltonian import transition
from vaekit.default_plugins.metrics.image_batches import chosen, rows_at_once
from vaekit.default_plugins.metrics.random_loop import random_loop
from vaekit.distributions import SampleableLikelihood

# Where a sampler moves best: between half and nine tenths of the steps taken (Neal, section 5.4.4).
_ACCEPTANCE = 0.65
_FIRST_SIZE = 0.3
_ADAPTATION = 0.2  # of log size, by how far the acceptance is from that
_TUNING_CHAINS = 4
# Bounds that are further apart, in nats, leave log p open by more than tables differ.
_APART = 1.0


class Annealing(NamedTuple):
    """The laws f_b(z) = p(z) p(x|z)^b of a batch x, from the prior, b = 0, to the joint law, b = 1.

    log_prior, log_likelihood: z `(K, B, D)` -> `(K, B)`.
    temperatures: the b, `(T + 1,)`, rising.
    """

    log_prior: Callable[[Any], Any]
    log_likelihood: Callable[[Any], Any]
    temperatures: Any
    leapfrog_steps: int
    seed: Any

    @property
    def steps(self) -> int:
        return int(self.temperatures.shape[0]) - 1

    def moved(self, z: Any, number: Any, size: Any) -> tuple[Any, Any]:
        """A transition at the law of that number; see `hamiltonian.transition`."""
        b = ops.take(self.temperatures, number, axis=0)
        return transition(
            lambda z: self.log_prior(z) + b * self.log_likelihood(z),
            z,
            size,
            self.leapfrog_steps,
            self.seed,
        )

    def share(self, number: Any) -> Any:
        """By how much b rises to the law of that number."""
        ends = ops.take(self.temperatures, ops.stack([number - 1, number]), axis=0)
        return ends[1] - ends[0]

    def tuned_sizes(self, z: Any) -> Any:
        """The length of a leapfrog step at each law, `(T + 1, B)`, by chains of their own.

        Chains that measure must not also choose it: their weights would no longer have p(x) as
        their mean.
        """
        sizes = ops.full((self.steps + 1, z.shape[1]), _FIRST_SIZE)

        def step(number: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
            z, sizes = state
            size = ops.take(sizes, number, axis=0)
            z, acceptance = self.moved(z, number + 1, size)
            off = ops.mean(acceptance, axis=0) - _ACCEPTANCE
            size = size * ops.exp(_ADAPTATION * off)
            return z, ops.slice_update(sizes, (number + 1, 0), size[None])

        return random_loop(self.steps, step, (z, sizes), self.seed)[1]

    def forward(self, z: Any, sizes: Any) -> tuple[Any, Any]:
        """Log w of chains that begin at draws of the prior, `(K, B)`, and the share of steps taken.

        The mean of w is p(x): Neal, "Annealed Importance Sampling" (arXiv:physics/9803008).
        """

        def step(number: Any, state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
            z, log_w, taken = state
            log_w = log_w + self.share(number + 1) * self.log_likelihood(z)
            z, acceptance = self.moved(z, number + 1, ops.take(sizes, number + 1, axis=0))
            return z, log_w, taken + ops.mean(acceptance, axis=0)

        zeros = ops.zeros(z.shape[:2])
        _, log_w, taken = random_loop(self.steps, step, (z, zeros, zeros[0]), self.seed)
        return log_w, taken / self.steps

    def backward(self, z: Any, sizes: Any) -> Any:
        """Log w of chains that begin at a draw of p(z|x) and go back to the prior, `(K, B)`.

        The mean of 1/w is 1/p(x): Grosse, Ghahramani and Adams, "Sandwiching the marginal
        likelihood using bidirectional Monte Carlo" (arXiv:1511.02543).
        """

        def step(number: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
            z, log_w = state
            law = self.steps - number
            z, _ = self.moved(z, law, ops.take(sizes, law, axis=0))
            return z, log_w + self.share(law) * self.log_likelihood(z)

        return random_loop(self.steps, step, (z, ops.zeros(z.shape[:2])), self.seed)[1]


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
        both = isinstance(model.likelihood, SampleableLikelihood)
        tick = measurement.progress("annealed importance sampling", count * (1 + both))
        over = partial(
            model.over, images=images, batch=max(1, rows_at_once(model.image_shape) // self.chains)
        )
        real = over(partial(self._lower, model), seed=seed, done=tick)
        by = f"AIS from the prior, {self.steps:,} steps, {self.chains} chains, {count:,} images"
        slow = float(np.mean(real["acceptance"]))
        note = ""
        if slow < _ACCEPTANCE / 2:
            note = f"Only {slow:.0%} of the steps were taken: the bound may be far too low."
        estimates = {
            "log_p_lower_bound": vaekit.Estimate.mean(real["lower"], "nats", "higher", by, note),
            "acceptance": vaekit.Estimate.mean(
                real["acceptance"], "", "", "Hamiltonian Monte Carlo"
            ),
        }
        if not both:
            return estimates
        drawn = over(partial(self._both, model), seed=seed + 1, done=tick)
        gap = drawn["upper"] - drawn["lower"]
        open_note = ""
        if gap.mean() > _APART:
            open_note = f"The bounds don't meet: {gap.mean():.2g} nats apart. Take more steps."
        simulated = f"{by.replace('images', 'simulated images')}"
        backward = f"reverse {simulated}"
        return {
            **estimates,
            "simulated_lower_bound": vaekit.Estimate.mean(drawn["lower"], "nats", "", simulated),
            "simulated_upper_bound": vaekit.Estimate.mean(drawn["upper"], "nats", "", backward),
            "gap": vaekit.Estimate.mean(
                gap, "nats", "lower", "bidirectional Monte Carlo", open_note
            ),
        }

    def _lower(
        self, model: vaekit.TrainedModel, x: Any, labels: Any, seed: Any
    ) -> Mapping[str, Any]:
        output = model.infer(x, labels, seed)
        annealing = self._annealing(model, x, labels, seed)
        sizes = annealing.tuned_sizes(self._prior_draws(output, x, _TUNING_CHAINS))
        log_w, acceptance = annealing.forward(self._prior_draws(output, x, self.chains), sizes)
        return {"lower": self._log_mean(log_w), "acceptance": acceptance}

    def _both(
        self, model: vaekit.TrainedModel, x: Any, labels: Any, seed: Any
    ) -> Mapping[str, Any]:
        """Both bounds of images that the model draws, whose z is thus a draw of p(z|x)."""
        assert isinstance(model.likelihood, SampleableLikelihood)
        output = model.infer(x, labels, seed)
        assert output.decode is not None
        z = output.prior_draws()
        x = model.likelihood.sample(output.decode(z, training=False), seed)
        annealing = self._annealing(model, x, labels, seed)
        sizes = annealing.tuned_sizes(self._prior_draws(output, x, _TUNING_CHAINS))
        log_w, _ = annealing.forward(self._prior_draws(output, x, self.chains), sizes)
        start = ops.broadcast_to(z, (self.chains, *z.shape))
        return {
            "lower": self._log_mean(log_w),
            "upper": -self._log_mean(-annealing.backward(start, sizes)),
        }

    def _annealing(self, model: vaekit.TrainedModel, x: Any, labels: Any, seed: Any) -> Annealing:
        return Annealing(
            lambda z: model.log_prior(z, labels),
            lambda z: model.log_likelihood(x, z, labels),
            ops.convert_to_tensor(temperatures(self.steps)),
            self.leapfrog,
            seed,
        )

    def _prior_draws(self, output: vaekit.VAEOutput, x: Any, chains: int) -> Any:
        return ops.stack([output.prior_draws() for _ in range(chains)])

    def _log_mean(self, log_w: Any) -> Any:
        """Over chains: `(K, B)` -> `(B,)`."""
        return ops.logsumexp(log_w, axis=0) - math.log(self.chains)


def temperatures(steps: int) -> np.ndarray:
    """From 0 to 1 in so many steps, by a sigmoid from -4 to 4: close together at both ends.

    Grosse, Ghahramani and Adams (arXiv:1511.02543), section 6.2.
    """
    if steps == 1:
        return np.array([0.0, 1.0], "float32")
    sigmoid = 1.0 / (1.0 + np.exp(-np.linspace(-4.0, 4.0, steps + 1)))
    return ((sigmoid - sigmoid[0]) / (sigmoid[-1] - sigmoid[0])).astype("float32")


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
