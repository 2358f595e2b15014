"""Samplers: one normal law of the codes, and a fault."""

from __future__ import annotations

import numpy as np

import vaekit
from tests.testing.gallery.shown import breaks


class OneNormal(vaekit.Sampler):
    """A normal of the codes' mean and standard deviations, of each class, without a fault."""

    conditional = True
    has_temperature = True

    def __init__(self, latent_space):
        self.space = latent_space

    def fit(self, encodings, seed):
        labels = np.zeros(len(encodings.points), int)
        if encodings.labels is not None:
            labels = encodings.labels
        groups = [encodings.flat[labels == label] for label in np.unique(labels)]
        self.mean = np.stack([group.mean(0) for group in groups])
        self.scale = np.stack([group.std(0) for group in groups])

    def sample(self, count, seed, temperature=1.0, labels=None):
        labels = np.zeros(count, int) if labels is None else labels
        z = self.mean[labels] + temperature * self.scale[labels] * self.noise(count, seed)
        return z.reshape(count, *self.space.shape)

    def noise(self, count, seed):
        return np.random.default_rng(seed).standard_normal((count, self.space.size))

    def state(self):
        return {"mean": self.mean, "scale": self.scale}

    def restore(self, state):
        self.mean, self.scale = state["mean"], state["scale"]


@breaks("sampler", "gives_z_in_its_shape")
class AddsAnAxis(OneNormal):
    def sample(self, count, seed, temperature=1.0, labels=None):
        return super().sample(count, seed, temperature, labels)[..., None]


@breaks("sampler", "stays_in_its_support", also=("temperature_changes_its_draws",))
class LeavesTheRealNumbers(OneNormal):
    def sample(self, count, seed, temperature=1.0, labels=None):
        z = super().sample(count, seed, temperature, labels)
        z[20:21] = np.inf
        return z


@breaks("sampler", "follows_its_seed", also=("state_comes_back",))
class DrawsFromTheProcess(OneNormal):
    def noise(self, count, seed):
        return np.random.standard_normal((count, self.space.size))


@breaks("sampler", "fit_follows_its_inputs")
class FitsByChance(OneNormal):
    def fit(self, encodings, seed):
        super().fit(encodings, seed)
        self.mean = self.mean + np.random.default_rng().standard_normal()


@breaks("sampler", "state_comes_back")
class ForgetsItsSpread(OneNormal):
    def restore(self, state):
        self.mean, self.scale = state["mean"], np.ones_like(state["mean"])


@breaks("sampler", "goes_by_the_labels")
class DrawsAnyClass(OneNormal):
    def sample(self, count, seed, temperature=1.0, labels=None):
        return super().sample(count, seed, temperature)


@breaks("sampler", "temperature_changes_its_draws")
class IgnoresTheTemperature(OneNormal):
    def sample(self, count, seed, temperature=1.0, labels=None):
        return super().sample(count, seed, labels=labels)
