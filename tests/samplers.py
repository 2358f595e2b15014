"""A small sampler, a run that has it, and parts that it doesn't serve."""

from __future__ import annotations

import numpy as np

import vaekit
from tests.small_nets import SMALL_NETS

TINY = {
    "data": "digits",
    "limit": 40,
    "batch_size": 8,
    "epochs": 2,
    "latent_dim": 3,
    **SMALL_NETS,
    "progress": False,
}


class OneNormal(vaekit.Sampler):
    """A normal law of the codes' mean and standard deviations, times `wide`."""

    conditional = True
    has_temperature = True

    def __init__(self, latent_space, wide):
        self.space, self.wide = latent_space, wide

    def fit(self, encodings, seed):
        jitter = 1e-3 * np.random.default_rng(seed).standard_normal(self.space.size)
        self.mean = encodings.flat.mean(0) + jitter
        self.scale = self.wide * encodings.flat.std(0)

    def sample(self, count, seed, temperature=1.0, labels=None):
        noise = np.random.default_rng(seed).standard_normal((count, self.space.size))
        return (self.mean + temperature * self.scale * noise).reshape(count, *self.space.shape)

    def state(self):
        return {"mean": self.mean, "scale": self.scale}

    def restore(self, state):
        self.mean, self.scale = state["mean"], state["scale"]


def one_normal(latent_space, *, wide: float = 1.0):
    """One normal law.

    Args:
        wide: what the standard deviations are multiplied by.
    """
    return OneNormal(latent_space, wide)


@vaekit.hookimpl
def register_samplers(register):
    register("one-normal", one_normal, summary="A normal law of the codes.")
