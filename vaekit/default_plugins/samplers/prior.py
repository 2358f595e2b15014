"""The sampler of every run that names none: its prior."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

import vaekit


class PriorSampler(vaekit.Sampler):
    """z ~ p(z), or p(z|label) where the prior goes by the class: nothing is fitted."""

    supports = None
    conditional = True
    fitted = False
    needs_prior = True
    has_temperature = True  # as far as the prior's law has one

    def __init__(self, latent_space: vaekit.LatentSpace) -> None:
        self._draws = latent_space.prior_draws

    def fit(self, encodings: vaekit.Encodings, seed: int) -> None:
        pass

    def sample(
        self, count: int, seed: int, temperature: float = 1.0, labels: np.ndarray | None = None
    ) -> np.ndarray:
        return self._draws(count, seed, temperature, labels)

    def state(self) -> Mapping[str, np.ndarray]:
        return {}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        pass


def prior(latent_space: vaekit.LatentSpace) -> vaekit.Sampler:
    """Draws of the run's prior, as Kingma and Welling sample (arXiv:1312.6114)."""
    return PriorSampler(latent_space)
