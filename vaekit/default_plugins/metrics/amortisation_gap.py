"""What each image's own posterior gains over the encoder's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt

import vaekit
from vaekit.default_plugins.metrics.image_batches import chosen, rows_at_once

_MEASURED_BY = 64  # draws of an image by which an ELBO is measured
# Of what is gained, in the second half of the steps: then more of them would gain more.
_STILL_RISING = 0.1


class AmortisationGap(vaekit.Metric):
    """See `amortisation_gap`."""

    needs = ("likelihood", "density", "free-parameters")

    def __init__(self, steps: int, learning_rate: float, draws: int, images: int) -> None:
        self.steps, self.learning_rate = steps, learning_rate
        self.draws, self.images = draws, images

    def __call__(self, measurement: vaekit.Measurement) -> Mapping[str, vaekit.Estimate]:
        model = measurement.model
        images = chosen(measurement.images, self.images, measurement.seed)
        count = len(images.pixels)

        def gained(x: Any, labels: Any, seed: Any) -> Mapping[str, Any]:
            refined = vaekit.refined_posteriors(
                model,
                x,
                labels,
                seed,
                steps=self.steps,
                learning_rate=self.learning_rate,
                draws=self.draws,
                measured_by=_MEASURED_BY,
            )
            return refined._asdict()

        values = model.over(
            gained,
            images,
            batch=max(1, rows_at_once(model.image_shape) // max(self.draws, _MEASURED_BY)),
            seed=measurement.seed,
            done=measurement.progress("amortisation gap", count),
        )
        gap = values["refined"] - values["encoder"]
        late = float(np.mean(values["refined"] - values["halfway"]))
        by = f"{self.steps:,} steps of Adam on each image's parameters, {count:,} images"
        drawn, note = f"{_MEASURED_BY} draws of each image", ""
        if late > _STILL_RISING * max(float(gap.mean()), 0.0) and late > 3.0 * _error(
            values["refined"] - values["halfway"]
        ):
            note = (
                f"The ELBO still rose by {late:.2g} nats in the second half of the steps: the gap "
                "is larger than this."
            )
        return {
            "amortisation_gap": vaekit.Estimate.mean(gap, "nats", "lower", by, note),
            "elbo": vaekit.Estimate.mean(values["encoder"], "nats", "higher", drawn),
            "improved_elbo": vaekit.Estimate.mean(
                values["refined"], "nats", "higher", f"{drawn}, {by}"
            ),
        }


def _error(values: np.ndarray) -> float:
    return float(values.std()) / math.sqrt(len(values))


def amortisation_gap(
    *,
    steps: Annotated[int, Ge(1)] = 200,
    learning_rate: Annotated[float, Gt(0)] = 0.03,
    draws: Annotated[int, Ge(1)] = 32,
    images: Annotated[int, Ge(1)] = 200,
) -> vaekit.Metric:
    """The ELBO that gradient steps on each image's own posterior gain, in nats.

    Cremer, Li and Duvenaud, "Inference Suboptimality in Variational Autoencoders"
    (arXiv:1801.03558), section 3: what the encoder loses by giving the parameters of all posteriors
    at once. The family of posteriors stays what it is; what a wider one would gain, the
    approximation gap, isn't in it.

    Args:
        steps: steps of Adam.
        learning_rate: the first step's length; it falls to 0.
        draws: of z for each image in a step.
        images: how many to measure on at most, drawn by the seed.
    """
    return AmortisationGap(steps, learning_rate, draws, images)


# By its defaults, a check would take minutes on a processor.
amortisation_gap.claims = {"options": {"steps": 8, "images": 8}}  # type: ignore[attr-defined]
