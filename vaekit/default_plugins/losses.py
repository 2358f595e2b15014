"""The kit's losses. Each term is per image; `kl` is KL(q(z|x) || N(0, I)) in nats."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le
from keras import ops

import vaekit
from vaekit import distributions, schedules
from vaekit.distributions import LikelihoodName, likelihood_named

_PIXELS = (-3, -2, -1)


@dataclass(frozen=True)
class WeightedErrorLikelihood:
    """The Gaussian whose -log p(x|z) is `weight` x mean squared error plus a constant.

    Its variance is D / (2 weight) for images of D values.
    """

    weight: float
    scale = "mean"

    def log_prob(self, x: Any, reconstruction: Any) -> Any:
        """Log p(x|z) in nats, one value an image."""
        return self._gaussian(x.shape[-3:]).log_prob(x, reconstruction)

    def sample(self, reconstruction: Any, seed: Any) -> Any:
        """Images, of means."""
        return self._gaussian(reconstruction.shape[-3:]).sample(reconstruction, seed)

    def describe(self, image_shape: tuple[int, int, int]) -> str:
        """As `Gaussian.describe`."""
        return self._gaussian(image_shape).describe(image_shape)

    def _gaussian(self, image_shape: tuple[int, int, int]) -> distributions.Gaussian:
        return distributions.Gaussian(math.sqrt(math.prod(image_shape) / (2.0 * self.weight)))


class TutorialLoss(vaekit.Loss):
    """`reconstruction` = weight x mean squared error of an image, and `kl`."""

    posterior = prior = object

    def __init__(self, weight: float) -> None:
        self.weight = weight
        self.minimises = f"{weight:g} x mean squared error + KL"
        self.likelihood = WeightedErrorLikelihood(weight)

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        error = ops.mean(ops.square(x - output.reconstruction), axis=_PIXELS)
        return {"reconstruction": self.weight * error, "kl": output.kl}


def tutorial(*, weight: Annotated[float, Gt(0)] = 1000.0) -> vaekit.Loss:
    """The tutorial's loss: weight x mean squared error + 0.5 sum(mu^2 + sigma^2 - 1 - log sigma^2).

    Args:
        weight: factor of the mean squared error.
    """
    return TutorialLoss(weight)


class NegativeElbo(vaekit.Loss):
    """`reconstruction` = -E[log p(x|z)], averaged over the samples of z, and `kl`; both in nats."""

    posterior = prior = object
    bound = True
    minimises = "-log p(x|z) + KL, in nats"

    def __init__(self, likelihood: distributions.Likelihood, samples: int = 1) -> None:
        self.likelihood: distributions.Likelihood = likelihood
        self.scale = likelihood.scale
        self.samples = samples

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        return {"reconstruction": self.distortion(x, output), "kl": output.kl}

    def distortion(self, x: Any, output: vaekit.VAEOutput) -> Any:
        """-log p(x|z) in nats, averaged over the samples of z, `(B,)`."""
        log_prob = self.likelihood.log_prob(x, output.reconstruction)
        return -log_prob if self.samples == 1 else -ops.mean(log_prob, axis=0)


def elbo(
    *,
    likelihood: LikelihoodName = "bernoulli",
    sigma: Annotated[float, Gt(0)] = 0.1,
    samples: Annotated[int, Ge(1)] = 1,
) -> vaekit.Loss:
    """The negative evidence lower bound, in nats: -E_q[log p(x|z)] + KL(q(z|x) || N(0, I)).

    Kingma and Welling, arXiv:1312.6114, equation 10.

    Args:
        likelihood: p(x|z) of a pixel.
        sigma: scale of a pixel's law, for the likelihoods that have one.
        samples: draws of z for each image.
    """
    return NegativeElbo(likelihood_named(likelihood, sigma), samples)


class BetaLoss(NegativeElbo):
    """`reconstruction` in nats, and `weighted_kl` = kl_weight x KL; `kl_weight` goes by step."""

    minimises = "-log p(x|z) + kl_weight x KL, in nats"
    weighs_kl = True
    bound = False

    def __init__(self, likelihood: distributions.Likelihood, kl_weight: schedules.Schedule) -> None:
        super().__init__(likelihood)
        self.schedules = {"kl_weight": kl_weight}

    def __call__(self, x: Any, output: vaekit.VAEOutput) -> Mapping[str, Any]:
        return {
            "reconstruction": self.distortion(x, output),
            "weighted_kl": output.schedule["kl_weight"] * output.kl,
        }


def beta(
    *,
    beta: Annotated[float, Ge(0)] = 4.0,
    schedule: Literal["constant", "linear", "cyclical"] = "constant",
    steps: Annotated[int, Ge(1), Le(100_000_000)] = 5000,
    cycles: Annotated[int, Ge(1), Le(20)] = 4,
    ramp: Annotated[float, Gt(0), Le(1)] = 0.5,
    likelihood: LikelihoodName = "bernoulli",
    sigma: Annotated[float, Gt(0)] = 0.1,
) -> vaekit.Loss:
    """beta-VAE: -E_q[log p(x|z)] + beta KL(q(z|x) || N(0, I)), in nats where beta is 1.

    Higgins et al., "beta-VAE" (ICLR 2017), equation 4. The linear warm-up is Bowman et al.'s
    (arXiv:1511.06349), the cyclical schedule Fu et al.'s (arXiv:1903.10145).

    Args:
        beta: weight of the KL, at the end of the schedule.
        schedule: constant; linear, from 0 in `steps` steps; or cyclical, each cycle `steps` long.
        steps: length of the warm-up, or of one cycle, in training steps.
        cycles: number of cycles; afterwards the weight stays at beta.
        ramp: share of a cycle over which the weight grows.
        likelihood: p(x|z) of a pixel.
        sigma: scale of a pixel's law, for the likelihoods that have one.
    """
    kl_weight: schedules.Schedule
    if schedule == "constant":
        kl_weight = schedules.Constant(beta)
    elif schedule == "linear":
        kl_weight = schedules.Linear(beta, steps)
    else:
        kl_weight = schedules.Cyclical(beta, steps, cycles, ramp)
    return BetaLoss(likelihood_named(likelihood, sigma), kl_weight)


def sigma() -> vaekit.Loss:
    """The negative ELBO in nats, -log N(x; reconstruction, sigma^2) + KL(q(z|x) || N(0, I)).

    sigma^2 is the mean squared error of a pixel over the last batches of training, and is saved
    with the run: Rybkin et al., "Simple and Effective VAE Training with Calibrated Decoders"
    (arXiv:2006.13202). Any loss has this law as its likelihood `optimal-gaussian`.
    """
    return NegativeElbo(distributions.OptimalGaussian())
