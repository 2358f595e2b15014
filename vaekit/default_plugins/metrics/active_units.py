"""Which values of z vary with the image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from annotated_types import Gt

import vaekit
from vaekit.active_units import ACTIVE_VARIANCE


class ActiveUnits(vaekit.Metric):
    """See `active_units`."""

    supports = ("real",)
    fewest = 2

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        images = measurement.images
        points = measurement.model.points(images).reshape(len(images.pixels), -1)
        variance = points.astype("float64").var(axis=0)
        active = int((variance > self.threshold).sum())
        estimator = f"Var_x E[z|x] > {self.threshold:g}"
        return {
            "active_units": vaekit.Estimate(active, "units", "", estimator=estimator),
            "active_share": vaekit.Estimate(active / len(variance), estimator=estimator),
            "variance_of_mean": vaekit.Estimate(variance.tolist(), estimator="Var_x E[z|x]"),
        }


def active_units(*, threshold: Annotated[float, Gt(0)] = ACTIVE_VARIANCE) -> vaekit.Metric:
    """How many values of z have a mean E[z|x] that varies over the images.

    Burda, Grosse and Salakhutdinov, "Importance Weighted Autoencoders" (arXiv:1509.00519), appendix
    C. E[z|x] is the point that stands for an image, as the latent tells it; of a map, each value
    counts.

    Args:
        threshold: the variance above which a value is active; 0.01 in the paper.
    """
    return ActiveUnits(threshold)
