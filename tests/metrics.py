"""A small metric, and a run that is measured by it."""

from __future__ import annotations

import vaekit
from tests.small_nets import SMALL_NETS

TINY = {
    "data": "digits",
    "limit": 40,
    "batch_size": 8,
    "epochs": 2,
    "latent_dim": 3,
    "loss": "elbo",
    **SMALL_NETS,
    "progress": False,
}


class Bound(vaekit.Metric):
    """The mean of log p(x|z) - log q(z|x) + log p(z) over draws of z: the ELBO, estimated."""

    needs = ("likelihood", "density")

    def __init__(self, samples):
        if samples < 1:
            raise vaekit.UserError(f"samples is {samples}; take at least 1.")
        self.samples = samples

    def __call__(self, measurement):
        model = measurement.model

        def bound(x, labels, seed):
            output = model.infer(x, labels, seed)
            return {"bound": model.log_likelihood(x, output.z, labels) - output.log_ratio}

        done = measurement.progress("drawing", self.samples * len(measurement.images.pixels))
        values = model.over_repeats(
            bound, measurement.images, self.samples, seed=measurement.seed, done=done
        )["bound"]
        text = f"{self.samples} draws an image"
        return {"bound": vaekit.Estimate.mean(values.mean(0), "nats", "higher", text, "By draws.")}


def bound(*, samples: int = 2):
    """The ELBO by draws.

    Args:
        samples: how many draws of z each image is given.
    """
    return Bound(samples)


@vaekit.hookimpl
def register_metrics(register):
    register("bound", bound, summary="The ELBO by draws.")
