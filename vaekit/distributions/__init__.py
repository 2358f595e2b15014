"""Laws over z and likelihoods of images: draws, log-densities and divergences, in nats."""

from vaekit.distributions.distribution import (
    Distribution,
    PointMass,
    by_rows,
    divergence,
    flat,
)
from vaekit.distributions.likelihoods import (
    Bernoulli,
    ContinuousBernoulli,
    DiscretizedLogistic,
    Gaussian,
    Laplace,
    LearnedGaussian,
    Likelihood,
    LikelihoodName,
    LogisticMixture,
    OptimalGaussian,
    ParameterLikelihood,
    PixelGaussian,
    likelihood_named,
)
from vaekit.distributions.mixture import Mixture
from vaekit.distributions.normal import (
    DiagonalNormal,
    FullNormal,
    Posterior,
    StandardNormal,
    kl_standard_normal,
    normal_log_prob,
    sample_normal,
)

__all__ = [
    "Bernoulli",
    "ContinuousBernoulli",
    "DiagonalNormal",
    "DiscretizedLogistic",
    "Distribution",
    "FullNormal",
    "Gaussian",
    "Laplace",
    "LearnedGaussian",
    "Likelihood",
    "LikelihoodName",
    "LogisticMixture",
    "Mixture",
    "OptimalGaussian",
    "ParameterLikelihood",
    "PixelGaussian",
    "PointMass",
    "Posterior",
    "StandardNormal",
    "by_rows",
    "divergence",
    "flat",
    "kl_standard_normal",
    "likelihood_named",
    "normal_log_prob",
    "sample_normal",
]
