"""Whether the aggregate posterior is the prior: where it isn't, the prior has holes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge

import vaekit
from vaekit.default_plugins.metrics.aggregate_posterior import draws_of, surgery
from vaekit.default_plugins.metrics.image_batches import chosen
from vaekit.default_plugins.metrics.two_samples import two_sample_test


class PriorHole(vaekit.Metric):
    """See `prior_hole`."""

    needs = ("density",)
    fewest = 10

    def __init__(self, images: int, permutations: int) -> None:
        self.images, self.permutations = images, permutations

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        seed = measurement.seed
        images = chosen(measurement.images, self.images, seed)
        draws = draws_of(measurement, images, _prior_draws_and_kl)
        test = two_sample_test(
            draws.z, draws.more["prior_draws"], self.permutations, np.random.default_rng(seed)
        )
        count = len(draws.z)
        by = f"MMD, normal kernel of the median distance, {count:,} draws of each"
        figures = {
            "squared_mmd": vaekit.Estimate(test.squared_mmd, "", "lower", estimator=by),
            "p_value": vaekit.Estimate(
                test.p_value, "", "higher", estimator=f"{by}, {self.permutations:,} permutations"
            ),
        }
        parts = surgery(measurement, draws, draws.more["kl"])
        if parts is None:
            return figures
        return {
            **figures,
            "aggregate_kl": vaekit.Estimate.mean(
                parts.aggregate_kl,
                "nats",
                "lower",
                f"KL(q(z|x) || p(z)) less I(x; z), q(z) the mixture of {count:,} posteriors",
            ),
        }


def _prior_draws_and_kl(output: vaekit.VAEOutput, x: Any) -> Mapping[str, Any]:
    return {"prior_draws": output.prior_draws(), "kl": output.kl}


def prior_hole(
    *,
    images: Annotated[int, Ge(10)] = 1000,
    permutations: Annotated[int, Ge(19)] = 500,
) -> vaekit.Metric:
    """A two-sample test of the aggregate posterior q(z) against the prior p(z).

    A draw of each image's posterior against as many of the prior, by their maximum mean
    discrepancy; a small p-value says that the two differ, so that z from the prior may decode to
    what no image is like: Rosca, Lakshminarayanan and Mohamed, "Distribution Matching in
    Variational Inference" (arXiv:1802.06847). How far they are apart is told in nats, too, by the
    mean KL of an image less I(x; z); see `elbo-parts`.

    Args:
        images: how many to draw z of at most, drawn by the seed.
        permutations: how many times the draws are mixed for the p-value, which is no smaller than
            one over so many.
    """
    return PriorHole(images, permutations)
