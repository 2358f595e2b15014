"""The latent of the Hamiltonian VAE."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import keras
import vaekit
from annotated_types import Ge, Gt, Lt
from keras import ops
from vaekit.distributions import divergence

from vaekit_geometry.hamiltonian_posterior import HamiltonianPosterior
from vaekit_geometry.leapfrog import Leapfrog
from vaekit_geometry.tempering import Tempering, TemperingName, tempering_named

# Steps don't grow beyond this while they are learned: trajectories break where they are too wide.
LONGEST_STEP = 0.5


class Hamiltonian(vaekit.NormalLatent):
    """q_0(z|x), a diagonal normal, and steps from there towards p(x, z); see `hamiltonian`."""

    needs_likelihood = True

    def __init__(self, latent_dim: int, tempering: Tempering, step_size: float) -> None:
        super().__init__(latent_dim)
        self.tempering = tempering
        share = step_size / LONGEST_STEP
        logit = keras.initializers.Constant(math.log(share / (1.0 - share)))
        self.step_logits = keras.Variable(logit, shape=(latent_dim,), name="step_size")

    def infer(self, parameters: Mapping[str, Any], given: vaekit.Given) -> vaekit.Draw:
        """The KL is of z and momentum together: that of q_0, and what the steps change of it."""
        base, prior = self.posterior(parameters), given.prior
        if prior.log_prob(parameters["z_mean"]) is None:
            raise vaekit.BuildError(
                f"Steps towards p(x, z) need the density of p(z), and {type(prior).__name__} tells "
                "none. Choose another prior."
            )
        posterior = HamiltonianPosterior(
            base,
            lambda z: -(given.log_likelihood(z) + prior.log_prob(z)),
            self.leapfrog(parameters, given),
            self.tempering,
            LONGEST_STEP * ops.sigmoid(self.step_logits.value),
        )
        trajectory = posterior.trajectory(given.seed, given.lead)
        start, end = trajectory.start.z, trajectory.end.z
        log_q = base.log_prob(start)
        log_ratio = log_q - prior.log_prob(end) + posterior.momentum_ratio(trajectory)
        without_steps = log_q - prior.log_prob(start)
        change = log_ratio - without_steps
        kl = ops.sum(divergence(base, prior, without_steps), axis=-1)
        kl = kl + (ops.mean(change, axis=0) if given.lead else change)
        return vaekit.Draw(
            end, posterior, prior, kl[:, None], log_ratio, report=self.report(parameters)
        )

    def leapfrog(self, parameters: Mapping[str, Any], given: vaekit.Given) -> Leapfrog:
        """What its trajectories go by."""
        return Leapfrog()


def hamiltonian(
    latent_dim: int,
    *,
    steps: Annotated[int, Ge(0)] = 3,
    step_size: Annotated[float, Gt(0), Lt(LONGEST_STEP)] = 0.05,
    tempering: TemperingName = "quadratic",
    beta_zero: Annotated[float, Gt(0), Lt(1)] = 0.3,
) -> vaekit.Latent:
    """A normal draw that leapfrog steps carry towards p(x, z), by the gradient of the likelihood.

    Caterini et al., "Hamiltonian Variational Auto-Encoder" (arXiv:1805.11328). It goes by log
    p(x|z) of the loss, which must declare a likelihood. Step sizes and temperatures are learned.
    What `encode` writes, the point and the saved random encoder are of the normal that the steps
    begin in: the steps need the decoder and the image.

    Args:
        steps: how many steps; 0 is the latent `normal`, of a vector.
        step_size: of each value of z, where learning begins.
        tempering: whether trajectories start hot, "quadratic" in the step or "free" to learn.
        beta_zero: the inverse temperature of the start, where learning begins.
    """
    if not steps:
        return vaekit.NormalLatent(latent_dim)
    return Hamiltonian(latent_dim, tempering_named(tempering, steps, beta_zero), step_size)
