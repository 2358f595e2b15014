"""What the ELBO is made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from annotated_types import Ge

import vaekit
from vaekit.default_plugins.metrics.aggregate_posterior import draws_of, surgery
from vaekit.default_plugins.metrics.image_batches import chosen

# A mutual information this near to log N, in nats, says little but that posteriors are apart.
_CEILING = 0.1


class ElboParts(vaekit.Metric):
    """See `elbo_parts`."""

    needs = ("likelihood", "density")
    fewest = 2

    def __init__(self, images: int) -> None:
        self.images = images

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        images = chosen(measurement.images, self.images, measurement.seed)
        count = len(images.pixels)
        draws = draws_of(measurement, images, partial(_parts, measurement.model))
        by_unit = draws.more["kl"].astype("float64")
        kl = vaekit.Estimate.mean(by_unit.sum(axis=1), "nats", "", "KL(q(z|x) || p(z))")
        figures = {
            "reconstruction": vaekit.Estimate.mean(
                -draws.more["log_likelihood"], "nats", "lower", "-log p(x|z), one draw an image"
            ),
            "kl_by_unit": vaekit.Estimate(
                by_unit.mean(axis=0).tolist(), "nats", estimator="KL(q(z|x) || p(z)) of each unit"
            ),
        }
        parts = surgery(measurement, draws, by_unit.sum(axis=1))
        if parts is None:
            note = (
                "The posterior only knows the density of its own draws, so that I(x; z) and the KL "
                "of the aggregate posterior can't be told."
            )
            return {**figures, "kl": kl._replace(note=note)}
        note = ""
        if parts.information.mean() > math.log(count) - _CEILING:
            note = (
                f"It is at its ceiling, log N of {count:,} images: hardly any two of their "
                "posteriors overlap."
            )
        return {
            **figures,
            "kl": kl,
            "mutual_information": vaekit.Estimate.mean(
                parts.information,
                "nats",
                "",
                f"log q(z|x) - log q(z), a draw of each of {count:,} images",
                note,
            ),
            "aggregate_kl": vaekit.Estimate.mean(
                parts.aggregate_kl, "nats", "lower", "KL(q(z|x) || p(z)) less I(x; z)"
            ),
        }


def _parts(model: vaekit.TrainedModel, output: vaekit.VAEOutput, x: Any) -> Mapping[str, Any]:
    assert model.likelihood is not None
    log_likelihood = model.likelihood.log_prob(x, output.reconstruction)
    return {"log_likelihood": log_likelihood, "kl": output.kl_by_unit}


def elbo_parts(*, images: Annotated[int, Ge(2)] = 5000) -> vaekit.Metric:
    """Reconstruction and KL, the KL by unit, and the two parts that it is the sum of.

    The mean KL from the prior is I(x; z), the mutual information of an image and its z, and KL(q(z)
    || p(z)), that of the aggregate posterior from the prior: Hoffman and Johnson, "ELBO surgery"
    (2016). I(x; z) is estimated by a draw of each image, as of He et al. (arXiv:1901.05534), with
    the mixture of all N posteriors as q(z): 0 where posteriors are alike, log N where they are
    apart.

    Args:
        images: how many to measure on at most, drawn by the seed; each is held against each.
    """
    return ElboParts(images)
